//! The columns of the two CSV registries, as `breachscope help case` prints them.

/// A column of a registry.
#[derive(Debug, Clone, Copy)]
pub struct RegistryColumn {
    /// Its name in the header.
    pub name: &'static str,
    /// Whether the header must have it; its values may still be empty where nothing is known.
    pub required: bool,
    /// Whether it holds times, RFC 3339 with an offset.
    pub time: bool,
    /// What it means.
    pub what: &'static str,
}

const fn text(name: &'static str, what: &'static str) -> RegistryColumn {
    RegistryColumn {
        name,
        required: true,
        time: false,
        what,
    }
}

const fn optional(name: &'static str, what: &'static str) -> RegistryColumn {
    RegistryColumn {
        name,
        required: false,
        time: false,
        what,
    }
}

const fn time(name: &'static str, required: bool, what: &'static str) -> RegistryColumn {
    RegistryColumn {
        name,
        required,
        time: true,
        what,
    }
}

/// The key inventory: one row a key and custodian.
pub const KEY_INVENTORY: &[RegistryColumn] = &[
    text("key_id", "The key (`kid`); never empty."),
    text(
        "issuer",
        "The issuer (`iss`) whose tokens it signs; never empty.",
    ),
    time("created_at", true, "When it was made."),
    time("activated_at", false, "When it began to sign."),
    time(
        "rotated_at",
        false,
        "When another took its place for new tokens.",
    ),
    time("retired_at", true, "When it was withdrawn."),
    time("revoked_at", false, "When it was declared compromised."),
    text("custodian", "Who held it, a name or a role."),
    time("custodian_left_at", true, "When that custodian left."),
    text("stored_in", "Where that custodian kept it."),
    optional(
        "issuers",
        "The issuers whose tokens it may sign, beside `issuer`; here and in the next columns, with `;` or blanks between values. Empty where nothing is known. A token outside is forged, as with [[signing_key]].",
    ),
    optional("audiences", "The audiences (`aud`) for which it may sign."),
    optional(
        "customer_kinds",
        "The kinds of customers for whom it may sign, as `token_customer_kind` has them.",
    ),
    optional(
        "algorithms",
        "The algorithms (`alg`) that it may sign with.",
    ),
];

/// The account registry: one row an account, closed ones too.
pub const ACCOUNT_REGISTRY: &[RegistryColumn] = &[
    text(
        "account",
        "The account, spelled as in the logs; never empty. One that a log has with zeros before it (`0215`) is `possible` at most.",
    ),
    text(
        "person",
        "The person who holds it; never empty, the same for all accounts of one person.",
    ),
    text("region", "Where the person lives, as the company knows it."),
    time("opened_at", true, "When it was opened."),
    time(
        "closed_at",
        true,
        "When it was closed; empty while it is open.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Accounts, Interner, Keys};

    /// Whether each column of `table` must be in the header exactly if the table says so.
    fn holds(table: &[RegistryColumn], load: impl Fn(&str) -> bool) {
        let row = |left_out: Option<&str>| {
            let there = table.iter().filter(|one| Some(one.name) != left_out);
            let (mut header, mut values) = (Vec::new(), Vec::new());
            for column in there {
                header.push(column.name);
                values.push(if column.time {
                    "2025-01-01T00:00:00+09:00"
                } else {
                    "x"
                });
            }
            format!("{}\n{}\n", header.join(","), values.join(","))
        };
        assert!(load(&row(None)), "all columns");
        for column in table {
            assert_eq!(
                load(&row(Some(column.name))),
                !column.required,
                "{}",
                column.name
            );
        }
    }

    #[test]
    fn the_loaders_want_the_columns_that_the_tables_say() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("registry.csv");
        let written = |text: &str| std::fs::write(&path, text).expect("written");
        holds(KEY_INVENTORY, |text| {
            written(text);
            Keys::load(&path).is_ok()
        });
        let frames = dir.path().join("frames");
        holds(ACCOUNT_REGISTRY, |text| {
            written(text);
            Accounts::load(&path, &Interner::default(), &frames).is_ok()
        });
    }
}
