//! The headline figures, recounted from the raw lines by another route: a DOM parser for JSON, string
//! splitting for the issuance clock, plain sets, no frame and no code of the pipeline.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::support::Replica;

fn lines(case: &Path, source: &str) -> Vec<Value> {
    let mut files: Vec<_> = std::fs::read_dir(case.join("evidence").join(source))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let mut bytes = Vec::new();
        flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap())
            .read_to_end(&mut bytes)
            .unwrap();
        all.extend(
            bytes
                .split(|byte| *byte == b'\n')
                .filter_map(|line| serde_json::from_slice(line).ok()),
        );
    }
    all
}

fn seconds(time: &Value) -> i64 {
    time.as_str()
        .unwrap()
        .parse::<jiff::Timestamp>()
        .unwrap()
        .as_second()
}

#[test]
fn headline_figures_by_another_route() {
    for (scale, seed) in [(0.00003, 1), (0.00006, 77)] {
        let replica = Replica::new(scale, seed, true);
        let figures = replica.figures(3);
        let case = replica.case();

        // Who was issued what, and between which records numbers are missing.
        let mut issued: HashMap<String, String> = HashMap::new();
        let mut by_number: BTreeMap<u64, i64> = BTreeMap::new();
        for line in lines(&case, "issuance") {
            issued.insert(
                line["jti"].as_str().unwrap().into(),
                line["sub"].as_str().unwrap().into(),
            );
            by_number.insert(line["seq"].as_u64().unwrap(), seconds(&line["time"]));
        }
        let numbers: Vec<(u64, i64)> = by_number.into_iter().collect();
        let holes: Vec<(i64, i64)> = numbers
            .windows(2)
            .filter(|pair| pair[1].0 > pair[0].0 + 1)
            .map(|pair| (pair[0].1 - 5, pair[1].1 + 6))
            .collect();
        assert_eq!(holes.len(), 4);

        let accounts: HashSet<String> = std::fs::read_to_string(case.join("registry/accounts.csv"))
            .unwrap()
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap().to_string())
            .collect();
        let served: HashMap<String, (String, u64)> = lines(&case, "application")
            .into_iter()
            .map(|line| {
                let value = (
                    line["member"].as_str().unwrap().to_string(),
                    line["items"].as_u64().unwrap(),
                );
                (line["rid"].as_str().unwrap().to_string(), value)
            })
            .collect();

        let mut tokens: [BTreeSet<(String, String)>; 3] = Default::default();
        let mut addresses: BTreeSet<String> = BTreeSet::new();
        let mut unknown: BTreeSet<String> = BTreeSet::new();
        let mut views: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
        let mut exposed: BTreeMap<&str, [BTreeSet<String>; 2]> = BTreeMap::new();
        let mut requests = BTreeSet::new();
        let (mut forged_requests, mut without_record) = (0, 0);
        let lines: Vec<Value> = ["gateway-a", "gateway-b"]
            .iter()
            .flat_map(|node| lines(&case, node))
            .collect();
        for line in &lines {
            let pass = &line["pass"];
            let Some(id) = pass["jti"].as_str() else {
                continue;
            };
            let subject = pass["sub"].as_str().unwrap();
            let issued_at = pass["iat"].as_i64().unwrap();
            let logged = pass["iss"].as_str() == Some("https://login.shop.example");
            let in_hole = holes
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&issued_at));
            let verdict = match issued.get(id) {
                Some(owner) if owner == subject => 2,
                Some(_) => 0,
                None if logged && !in_hole => 0,
                None => 1,
            };
            without_record += u64::from(!issued.contains_key(id));
            tokens[verdict].insert((id.to_string(), subject.to_string()));
            let request_id = line["rid"].as_str().unwrap();
            if verdict != 0 || !requests.insert(request_id) {
                continue;
            }
            forged_requests += 1;
            addresses.insert(line["client"].as_str().unwrap().to_string());
            if !accounts.contains(subject) {
                unknown.insert(subject.to_string());
            }
            let page = match line["path"].as_str().unwrap() {
                "/member/information/edit" => "my-information",
                "/member/addresses" => "delivery-address-list",
                "/member/addresses/1/edit" => "delivery-address-edit",
                "/member/orders" => "order-list",
                other => panic!("the attacker asked for {other}"),
            };
            if line["status"] != 200 {
                continue;
            }
            let (from_bound, account) = match served.get(request_id) {
                Some((_, 0)) => continue,
                Some((account, _)) => (0, account.clone()),
                None if line["bytes"].as_u64().unwrap() >= 200 => (1, subject.to_string()),
                None => continue,
            };
            for bound in from_bound..2 {
                views.entry(page).or_default()[bound] += 1;
                exposed.entry(page).or_default()[bound].insert(account.clone());
            }
        }

        assert_eq!(figures["tokens.forged"][0], tokens[0].len() as u64);
        assert_eq!(figures["tokens.indeterminate"][0], tokens[1].len() as u64);
        assert_eq!(figures["tokens.legitimate"][0], tokens[2].len() as u64);
        let disclosure = std::fs::read_to_string(replica.out().join("disclosure.json")).unwrap();
        let disclosure: Value = serde_json::from_str(&disclosure).unwrap();
        assert_eq!(disclosure["uses_without_record"], without_record);
        assert_eq!(figures["requests.forged"][0], forged_requests);
        assert_eq!(figures["fleet.addresses"][0], addresses.len() as u64);
        assert_eq!(figures["subjects.nonexistent"][0], unknown.len() as u64);
        assert_eq!(views.len(), 4);
        for (page, counts) in views {
            assert_eq!(
                figures[&format!("page.{page}.views")][..2],
                counts,
                "{page}"
            );
            let sets = &exposed[page];
            let accounts = [sets[0].len() as u64, sets[1].len() as u64];
            assert_eq!(
                figures[&format!("page.{page}.accounts")][..2],
                accounts,
                "{page}"
            );
        }
    }
}
