//! What the words of an identity log mean: whether an event handed a token out, took one back, or failed.
//!
//! A word that decides stands on a list, of its format or of the case file; a word on none is *unknown*. It
//! is never taken for success, for an issuance or for a proof that somebody was there, and the run says how
//! often it came.

/// What an event of an identity log did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    /// It handed a token out, or let somebody in.
    Granted,
    /// It failed, so it handed nothing out and let nobody in.
    Refused,
    /// It took a token back, or ended a session.
    Revoked,
    /// It did something else, such as a change of a password.
    Other,
    /// A word of it is on no list.
    Unknown,
}

impl Meaning {
    /// All meanings.
    pub const ALL: [Meaning; 5] = [
        Meaning::Granted,
        Meaning::Refused,
        Meaning::Revoked,
        Meaning::Other,
        Meaning::Unknown,
    ];

    /// The name in the column `meaning`.
    pub const fn name(self) -> &'static str {
        match self {
            Meaning::Granted => "granted",
            Meaning::Refused => "refused",
            Meaning::Revoked => "revoked",
            Meaning::Other => "other",
            Meaning::Unknown => "unknown",
        }
    }

    /// The meaning of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meaning| meaning.name() == name)
    }
}

/// The words of one log format. A text that ends with `*` stands for all that begin with the rest of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct FormatWords {
    /// Texts of its events.
    pub events: &'static [(&'static str, Meaning)],
    /// What every other event means, where the product has very many that are neither.
    pub other_events: Option<Meaning>,
    /// Texts of its outcomes.
    pub outcomes: &'static [(&'static str, Meaning)],
    /// What every other outcome means, where the log names none but failures.
    pub other_outcomes: Option<Meaning>,
}

/// The lists of one source: what the case file says of it, and what its format knows.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Whole texts of events and outcomes that the case file lists, folded, each with its meaning.
    listed: Vec<(String, Meaning)>,
    of_format: FormatWords,
}

impl Words {
    /// The lists of a source; `listed` are the texts that its case file names.
    pub fn new(
        listed: impl IntoIterator<Item = (String, Meaning)>,
        of_format: FormatWords,
    ) -> Self {
        let folded = |(text, meaning): (String, Meaning)| (fold(&text), meaning);
        Words {
            listed: listed.into_iter().map(folded).collect(),
            of_format,
        }
    }

    /// What an event with this outcome did; a text that the log does not have says nothing.
    pub fn meaning(&self, event: Option<&str>, outcome: Option<&str>) -> Meaning {
        let event = event.map_or(Meaning::Granted, |event| self.of_event(event));
        let outcome = outcome.map_or(Meaning::Granted, |outcome| self.of_outcome(outcome));
        match (event, outcome) {
            (Meaning::Refused, _) | (_, Meaning::Refused) => Meaning::Refused,
            (Meaning::Unknown, _) | (_, Meaning::Unknown) => Meaning::Unknown,
            (Meaning::Other, _) | (_, Meaning::Other) => Meaning::Other,
            (Meaning::Revoked, _) | (_, Meaning::Revoked) => Meaning::Revoked,
            (Meaning::Granted, Meaning::Granted) => Meaning::Granted,
        }
    }

    /// What an event means by its own text.
    pub fn of_event(&self, event: &str) -> Meaning {
        self.of(event, self.of_format.events, self.of_format.other_events)
    }

    /// What an outcome means by its own text.
    pub fn of_outcome(&self, outcome: &str) -> Meaning {
        let FormatWords {
            outcomes,
            other_outcomes,
            ..
        } = self.of_format;
        self.of(outcome, outcomes, other_outcomes)
    }

    /// What a text means: by the case file, by the format, by its words.
    fn of(&self, text: &str, known: &[(&str, Meaning)], other: Option<Meaning>) -> Meaning {
        let folded = fold(text);
        let listed = self.listed.iter().find(|(known, _)| *known == folded);
        let is = |known: &str| match known.strip_suffix('*') {
            Some(begin) => text.starts_with(begin),
            None => text == known,
        };
        let of_format = known.iter().find(|(known, _)| is(known));
        listed
            .map(|(_, meaning)| *meaning)
            .or(of_format.map(|(_, meaning)| *meaning))
            .or(other)
            .unwrap_or_else(|| by_words(text, &folded))
    }
}

fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// What a text means by the words in it.
///
/// A word for failure decides wherever it stands (`CODE_TO_TOKEN_ERROR`), then one for taking back, then one
/// for handing out. Korean, Japanese and Chinese set no blanks, so their words are looked for in the text.
fn by_words(text: &str, folded: &str) -> Meaning {
    let words = split(text);
    let has = |list: &[&str]| {
        let is_word = |word: &&str| words.iter().any(|own| own == word);
        list.iter()
            .any(|word| match word.is_ascii() || !is_unspaced(word) {
                true => is_word(word),
                false => folded.contains(word),
            })
    };
    // `no_error` is no failure.
    let denied = |at: usize| at > 0 && matches!(&*words[at - 1], "no" | "without");
    let failed = |(at, word): (usize, &String)| REFUSED.contains(&word.as_str()) && !denied(at);
    let is_denied = (1..words.len()).any(|at| denied(at) && REFUSED.contains(&&*words[at]));
    match () {
        () if words.iter().enumerate().any(failed) => Meaning::Refused,
        () if !is_denied
            && REFUSED
                .iter()
                .any(|word| is_unspaced(word) && folded.contains(word)) =>
        {
            Meaning::Refused
        }
        () if has(REVOKED) => Meaning::Revoked,
        () if has(LOOKED_AT) => Meaning::Other,
        () if is_denied || has(GRANTED) => Meaning::Granted,
        () if has(OTHER) => Meaning::Other,
        () => by_number(folded),
    }
}

/// An HTTP status says how a request for a token ended; no other number is known to mean anything.
fn by_number(text: &str) -> Meaning {
    match text.parse::<u16>() {
        Ok(200..=299) => Meaning::Granted,
        Ok(400..=599) => Meaning::Refused,
        _ => Meaning::Unknown,
    }
}

/// The words of a text, folded; `LoginFailed` has two.
fn split(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_small = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = c.is_lowercase();
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a word is of a script that sets no blanks between words.
fn is_unspaced(word: &str) -> bool {
    word.chars().all(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'))
}

/// Words for what failed. Most are what products write; the others are the same in other languages.
const REFUSED: &[&str] = &[
    "fail",
    "failed",
    "fails",
    "failure",
    "failing",
    "error",
    "errors",
    "err",
    "denied",
    "deny",
    "denial",
    "reject",
    "rejected",
    "refuse",
    "refused",
    "false",
    "unsuccessful",
    "unsuccessfully",
    "invalid",
    "blocked",
    "block",
    "locked",
    "lockout",
    "unauthorized",
    "unauthorised",
    "forbidden",
    "expired",
    "abort",
    "aborted",
    "declined",
    "timeout",
    "nok",
    "ko",
    "bad",
    "wrong",
    "mismatch",
    "unknown",
    "실패",
    "거부",
    "거절",
    "오류",
    "에러",
    "차단",
    "불가",
    "만료",
    "잠김",
    "失敗",
    "失败",
    "拒否",
    "拒絶",
    "拒绝",
    "エラー",
    "错误",
    "錯誤",
    "無効",
    "无效",
    "禁止",
    "期限切れ",
    "fehlgeschlagen",
    "fehler",
    "abgelehnt",
    "verweigert",
    "ungültig",
    "gesperrt",
    "échec",
    "échoué",
    "échouée",
    "erreur",
    "refusé",
    "refusée",
    "rejeté",
    "rejetée",
    "fallo",
    "fallido",
    "fallida",
    "denegado",
    "denegada",
    "rechazado",
    "rechazada",
    "falha",
    "falhou",
    "negado",
    "negada",
    "recusado",
    "fallito",
    "fallita",
    "errore",
    "negato",
    "rifiutato",
    "ошибка",
    "отказ",
    "неудача",
    "отклонено",
    "mislukt",
    "geweigerd",
];

/// Words for taking a token back or ending a session.
const REVOKED: &[&str] = &[
    "revoke",
    "revoked",
    "revokes",
    "revocation",
    "logout",
    "logoff",
    "signout",
    "signoff",
    "invalidate",
    "invalidated",
    "terminate",
    "terminated",
    "로그아웃",
    "폐기",
    "회수",
    "철회",
    "ログアウト",
    "失効",
    "取消",
    "注销",
    "登出",
    "吊销",
    "撤销",
    "abgemeldet",
    "abmeldung",
    "widerrufen",
    "widerruf",
    "déconnexion",
    "révoqué",
    "révoquée",
    "revocado",
    "revocada",
    "revogado",
    "revogada",
    "uitgelogd",
    "ingetrokken",
    "выход",
    "отозван",
];

/// Words for looking at a token, which hands none out.
const LOOKED_AT: &[&str] = &[
    "introspect",
    "introspection",
    "introspected",
    "validate",
    "validation",
    "userinfo",
];

/// Words for what identity systems do beside.
const OTHER: &[&str] = &[
    "register",
    "registered",
    "registration",
    "update",
    "updated",
    "change",
    "changed",
    "delete",
    "deleted",
    "remove",
    "removed",
    "verify",
    "verified",
    "send",
    "sent",
    "view",
    "read",
    "list",
    "config",
    "profile",
    "password",
    "email",
    "consent",
    "start",
    "started",
    "begin",
    "attempt",
    "request",
    "requested",
    "info",
    "impersonate",
    "impersonated",
    "enroll",
    "enrolled",
    "unlock",
    "action",
];

/// Words for handing a token out or letting somebody in.
const GRANTED: &[&str] = &[
    "success",
    "succeeded",
    "succeed",
    "successful",
    "successfully",
    "ok",
    "true",
    "allow",
    "allowed",
    "pass",
    "passed",
    "accepted",
    "accept",
    "granted",
    "grant",
    "issue",
    "issued",
    "issuance",
    "mint",
    "minted",
    "create",
    "created",
    "generate",
    "generated",
    "refresh",
    "refreshed",
    "renew",
    "renewed",
    "renewal",
    "exchange",
    "exchanged",
    "token",
    "tokens",
    "login",
    "logon",
    "signin",
    "authenticate",
    "authenticated",
    "authentication",
    "authorize",
    "authorized",
    "authorise",
    "authorised",
    "completed",
    "complete",
    "done",
    "성공",
    "발급",
    "로그인",
    "승인",
    "허용",
    "갱신",
    "완료",
    "인증",
    "成功",
    "発行",
    "許可",
    "ログイン",
    "更新",
    "签发",
    "颁发",
    "登录",
    "登入",
    "允许",
    "發行",
    "erfolg",
    "erfolgreich",
    "ausgestellt",
    "angemeldet",
    "anmeldung",
    "erteilt",
    "erneuert",
    "succès",
    "réussi",
    "réussie",
    "émis",
    "émise",
    "accordé",
    "connexion",
    "éxito",
    "exitoso",
    "exitosa",
    "emitido",
    "emitida",
    "concedido",
    "sucesso",
    "riuscito",
    "emesso",
    "успех",
    "успешно",
    "выдан",
    "вход",
    "gelukt",
    "geslaagd",
    "uitgegeven",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(event: Option<&str>, outcome: Option<&str>) -> Meaning {
        Words::default().meaning(event, outcome)
    }

    #[test]
    fn words_of_many_products_and_languages_are_known() {
        use Meaning::{Granted, Refused, Revoked, Unknown};
        for (text, meaning) in [
            ("issued", Granted),
            ("TOKEN_ISSUED", Granted),
            ("CODE_TO_TOKEN", Granted),
            ("성공", Granted),
            ("토큰 발급", Granted),
            ("LoginSucceeded", Granted),
            ("200", Granted),
            ("CODE_TO_TOKEN_ERROR", Refused),
            ("LOGIN_ERROR", Refused),
            ("LoginFailed", Refused),
            ("refresh failed: expired", Refused),
            ("실패", Refused),
            ("発行失敗", Refused),
            ("Anmeldung fehlgeschlagen", Refused),
            ("ÉCHEC", Refused),
            ("401", Refused),
            ("no_error", Granted),
            ("INTROSPECT_TOKEN", Meaning::Other),
            ("UPDATE_PROFILE", Meaning::Other),
            ("token_revoked", Revoked),
            ("로그아웃", Revoked),
            ("user.session.end.logout", Revoked),
            ("ulykkes", Unknown),
            ("7", Unknown),
            ("tokenish", Unknown),
            ("", Unknown),
        ] {
            assert_eq!(of(Some(text), None), meaning, "{text}");
            assert_eq!(of(None, Some(text)), meaning, "{text}");
        }
        assert_eq!(
            of(None, None),
            Granted,
            "a log without such fields has issuances alone"
        );
    }

    #[test]
    fn a_failure_wins_over_what_was_tried_and_the_unknown_over_the_good() {
        assert_eq!(of(Some("issue"), Some("실패")), Meaning::Refused);
        assert_eq!(of(Some("revoke"), Some("failed")), Meaning::Refused);
        assert_eq!(of(Some("revoke"), Some("success")), Meaning::Revoked);
        assert_eq!(of(Some("issue"), Some("gelungen?")), Meaning::Unknown);
        assert_eq!(of(Some("frobnicate"), Some("success")), Meaning::Unknown);
    }

    #[test]
    fn the_lists_of_the_case_file_and_the_format_come_first() {
        const FORMAT: FormatWords = FormatWords {
            events: &[("se*", Meaning::Granted)],
            other_events: None,
            outcomes: &[("0", Meaning::Granted)],
            other_outcomes: Some(Meaning::Refused),
        };
        let listed = [
            ("Gelungen".to_string(), Meaning::Granted),
            ("issued".to_string(), Meaning::Refused),
        ];
        let words = Words::new(listed, FORMAT);
        assert_eq!(words.meaning(None, Some(" gelungen")), Meaning::Granted);
        assert_eq!(words.meaning(Some("ISSUED"), None), Meaning::Refused);
        assert_eq!(words.meaning(Some("seacft"), Some("0")), Meaning::Granted);
        assert_eq!(words.meaning(Some("seacft"), Some("1")), Meaning::Refused);
    }
}
