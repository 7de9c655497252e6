//! What the issuance log can say, on logs written out here.

use super::*;

const SECOND: i64 = 1_000_000;

fn coverage(log: IssuerLog) -> Coverage {
    Coverage {
        issuers: BTreeMap::from([("a".to_string(), log)]),
        tolerance: 5 * SECOND,
        witnesses_wanted: 20,
    }
}

fn numbered() -> IssuerLog {
    IssuerLog {
        last: 1000 * SECOND,
        numbered: true,
        holes: vec![Hole {
            from: 100 * SECOND,
            to: 200 * SECOND,
            missing: Some(3),
            basis: Basis::Sequence,
        }]
        .into(),
        ..IssuerLog::default()
    }
}

fn all(witnesses: impl Iterator<Item = Witness>) -> [Witnesses; 1] {
    [Witnesses::from([(
        ("a".to_string(), None),
        witnesses.collect(),
    )])]
}

fn witnesses(heard: usize, lacking: usize) -> [Witnesses; 1] {
    all((0..heard).map(|n| Witness {
        issued_at: (300 + n as i64) * SECOND,
        recorded: n >= lacking,
    }))
}

#[test]
fn absence_means_something_only_where_the_log_is_complete() {
    let coverage = coverage(numbered());
    let status = |issuer, at: i64| coverage.at(issuer, None, at * SECOND).status;
    assert_eq!([50, 94].map(|at| status("a", at)), [Status::Complete; 2]);
    assert_eq!([96, 205].map(|at| status("a", at)), [Status::Hole; 2]);
    assert_eq!(status("a", 206), Status::Complete);
    assert_eq!(
        [-1, 1001].map(|at| status("a", at)),
        [Status::OutsideLog; 2]
    );
    assert_eq!(status("b", 50), Status::NotLogged);
}

#[test]
fn clocks_that_disagree_widen_a_hole() {
    let coverage = coverage(IssuerLog {
        skew: 240 * SECOND,
        ..numbered()
    });
    assert_eq!(coverage.at("a", None, 440 * SECOND).status, Status::Hole);
    assert_eq!(
        coverage.at("a", None, 441 * SECOND).status,
        Status::Complete
    );
}

#[test]
fn a_key_that_the_log_never_names_is_not_covered() {
    let named = IssuerLog {
        names_keys: true,
        keys: BTreeSet::from([AccountKey(1)]),
        ..numbered()
    };
    let coverage = coverage(named);
    let status = |key| coverage.at("a", Some(AccountKey(key)), 50 * SECOND).status;
    assert_eq!(
        [status(1), status(2)],
        [Status::Complete, Status::KeyNotNamed]
    );
}

#[test]
fn the_honest_population_contradicts_numbers_that_hide_a_loss() {
    let at = |lacking| {
        let mut coverage = coverage(numbered());
        coverage.hear(witnesses(30, lacking));
        coverage.at("a", None, 315 * SECOND).status
    };
    assert_eq!(at(0), Status::Complete);
    assert_eq!(at(1), Status::Complete, "a damaged line");
    assert_eq!(at(2), Status::Contradicted);
}

#[test]
fn without_numbers_the_honest_population_must_show_the_log() {
    let at = |heard: usize, lacking| {
        let mut coverage = coverage(IssuerLog {
            numbered: false,
            ..numbered()
        });
        coverage.hear(witnesses(heard, lacking));
        coverage.at("a", None, 315 * SECOND)
    };
    let shown = Cover::of(Status::Complete, Basis::HonestPopulation);
    assert_eq!(at(30, 0), shown);
    assert_eq!(at(20, 0), shown);
    assert_eq!(at(19, 0).status, Status::NotShown);
    assert_eq!(at(0, 0).status, Status::NotShown);
    assert_eq!(
        at(30, 1).status,
        Status::NotShown,
        "one lost record is one too many"
    );
}

#[test]
fn logs_that_write_ids_or_claims_in_two_ways_are_not_compared() {
    let with = |absent, agree, differ| {
        let mut coverage = coverage(IssuerLog {
            kinds: BTreeSet::from([IdKind::Own]),
            ..numbered()
        });
        let meeting = Meeting {
            absent,
            agree,
            differ,
            ..Meeting::default()
        };
        coverage.compare(BTreeMap::from([("a".to_string(), meeting)]));
        let status = coverage.of("a", None, IdKind::Own, 50 * SECOND).status;
        (status, coverage.comparable("a"))
    };
    assert_eq!(with(1000, 1, 0), (Status::Complete, true));
    assert_eq!(
        with(1000, 0, 0),
        (Status::NotShown, true),
        "no id ever meets a record"
    );
    assert_eq!(with(19, 0, 0), (Status::Complete, true), "too few to say");
    assert_eq!(with(0, 6, 24), (Status::Complete, true));
    assert_eq!(with(0, 5, 24), (Status::Complete, false));
    let prefixes = coverage(numbered())
        .of("a", None, IdKind::Prefix, 50 * SECOND)
        .status;
    assert_eq!(
        prefixes,
        Status::NotShown,
        "ids of a kind that the log does not have"
    );
}

#[test]
fn witnesses_inside_a_hole_say_nothing() {
    let mut coverage = coverage(numbered());
    let lost = |n: i64| Witness {
        issued_at: (150 + n) * SECOND,
        recorded: false,
    };
    coverage.hear(all((0..30).map(lost)));
    assert_eq!(
        coverage.at("a", None, 210 * SECOND).status,
        Status::Complete
    );
}

/// A log without numbers, and 30 witnesses of one key around the moments 300 to 330.
fn of_keys(keys: &[(u64, usize)], names_keys: bool, logged: &[u64]) -> Coverage {
    let mut coverage = coverage(IssuerLog {
        numbered: false,
        names_keys,
        keys: logged.iter().map(|key| AccountKey(*key)).collect(),
        ..numbered()
    });
    let heard = keys.iter().map(|(key, lacking)| {
        let own = (0..30).map(|n| Witness {
            issued_at: (300 + n as i64) * SECOND,
            recorded: n >= *lacking,
        });
        let of_key = ("a".to_string(), Some(AccountKey(*key)));
        Witnesses::from([(of_key, own.collect())])
    });
    coverage.hear(heard);
    coverage
}

#[test]
fn what_honest_tokens_show_of_a_log_holds_for_all_its_keys() {
    let status = |coverage: &Coverage, key| {
        let at = 315 * SECOND;
        coverage.at("a", Some(AccountKey(key)), at).status
    };
    // Nobody honest uses key 2 any more.
    let unnamed = of_keys(&[(1, 0)], false, &[]);
    assert_eq!(
        [1, 2].map(|key| status(&unnamed, key)),
        [Status::Complete; 2]
    );
    for names_keys in [true, false] {
        let named = of_keys(&[(1, 0)], names_keys, &[1, 2]);
        let seen = [1, 2, 3].map(|key| status(&named, key));
        let expected = [Status::Complete, Status::Complete, Status::KeyNotNamed];
        assert_eq!(seen, expected);
    }
    // The tokens of key 2 come from a second data centre, whose log is not here.
    let second = of_keys(&[(1, 0), (2, 30)], false, &[]);
    let seen = [1, 2, 3].map(|key| status(&second, key));
    let expected = [Status::Complete, Status::Contradicted, Status::Complete];
    assert_eq!(seen, expected);
}
