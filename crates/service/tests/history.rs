//! The past through the API: lists as of an instant are the lists of that instant, events tell what changed, and what
//! is older than history is kept is refused.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

mod common;

use std::path::Path;

use common::{DAY, HOUR, MINUTE, Rig};
use serde_json::{Value, json};

const START: i64 = 1_790_000_000_000;

fn open(dir: &Path, at: i64) -> Rig {
    Rig::open(dir, at, |settings| {
        settings.zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        settings.history_keep = 30 * DAY;
    })
}

fn list(rig: &Rig, params: Value) -> Value {
    let mut list = rig.ask("DescribeAssetUserList", &params);
    // The order in which hosts were laid out is nobody's business.
    let users = list["Users"].as_array_mut().unwrap();
    users.sort_by_key(|user| format!("{} {}", user["Quuid"], user["Name"]));
    list
}

/// Time passes, with the server listening in the last hour of it.
fn pass_listening(rig: &Rig, millis: i64) {
    rig.pass(millis - HOUR);
    rig.service.sweep();
    rig.pass(HOUR);
}

/// What happens to the hosts, one step an hour.
fn step(rig: &Rig, number: usize) {
    let _told = match number {
        0 => rig.report("a", &[("root", "/bin/sh"), ("anna", "/bin/sh")]),
        1 => rig.report("b", &[("root", "/bin/sh")]),
        2 => rig.report("a", &[("root", "/bin/zsh"), ("carl", "/bin/sh")]),
        3 => rig.report("b", &[("root", "/bin/sh"), ("eve", "/bin/sh")]),
        4 => rig.report("c", &[("root", "/bin/sh")]),
        5 => rig.report("a", &[("root", "/bin/zsh"), ("carl", "/bin/sh"), ("anna", "/bin/sh")]),
        _ => rig.report("b", &[("root", "/bin/dash"), ("eve", "/bin/sh")]),
    };
}

#[test]
fn lists_of_the_past_are_those_there_were() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = open(dir.path(), START);
    let mut seen =
        vec![(rig.at(), list(&rig, json!({})), rig.call("DescribeAssetUserCount", &json!({})).unwrap())];
    for number in 0..7 {
        rig.pass(HOUR);
        step(&rig, number);
        rig.pass(1);
        seen.push((rig.at(), list(&rig, json!({})), rig.call("DescribeAssetUserCount", &json!({})).unwrap()));
        if number == 4 {
            let now = rig.now();
            rig.service.stop();
            drop(rig);
            rig = open(dir.path(), now);
        }
    }
    rig.pass(3 * DAY);
    for (at, listed, counts) in &seen {
        assert_eq!(&list(&rig, json!({"AsOf": at})), listed, "as of {at}");
        assert_eq!(&rig.call("DescribeAssetUserCount", &json!({"AsOf": at})).unwrap(), counts, "as of {at}");
    }
    let (at, listed, _) = &seen[3];
    let of_a =
        list(&rig, json!({"AsOf": at, "Quuid": "a", "Filters": [{"Name": "Name", "Values": ["carl"]}]}));
    assert_eq!(
        of_a["Users"][0],
        listed["Users"].as_array().unwrap().iter().find(|u| u["Name"] == "carl").unwrap().clone()
    );
    for (at, listed, _) in &seen {
        one_account(&rig, at, listed);
    }
    for (bad, why) in
        [("2099-01-01 00:00:00", "InvalidParameterValue: "), ("yesterday", "InvalidParameterValue: ")]
    {
        let refused = rig.call("DescribeAssetUserList", &json!({"AsOf": bad})).unwrap_err();
        assert!(refused.starts_with(why) && refused.contains("AsOf"), "{refused}");
    }
    rig.service.stop();
}

/// The record of one account as of an instant has what the list of that instant has; one that was not there is not
/// found.
fn one_account(rig: &Rig, at: &str, listed: &Value) {
    let users = listed["Users"].as_array().unwrap();
    for (quuid, name) in [("a", "root"), ("a", "anna"), ("b", "eve"), ("c", "root")] {
        let asked = json!({"Quuid": quuid, "Uuid": "", "Name": name, "AsOf": at});
        let Some(user) = users.iter().find(|u| u["Quuid"] == quuid && u["Name"] == name) else {
            for action in ["DescribeAssetUserInfo", "DescribeAssetUserKeyList"] {
                assert_eq!(rig.refused(action, &asked), "ResourceNotFound", "{name} on {quuid} as of {at}");
            }
            continue;
        };
        let one = rig.ask("DescribeAssetUserInfo", &asked)["User"].clone();
        for field in ["Uuid", "Uid", "Shell", "Status", "PasswordStatus", "UpdateTime", "HomePath"] {
            let (one, user) = (one.get(field), user.get(field));
            assert!(one.is_none() || one == user, "{field} of {name} on {quuid} as of {at}");
        }
        assert_eq!((&one["Shell"], &one["Remark"]), (&user["Shell"], &json!("of the host")));
        assert_eq!(rig.ask("DescribeAssetUserKeyList", &asked)["Total"], 0);
        let mut other = asked.clone();
        other["Uuid"] = json!("other");
        assert_eq!(rig.refused("DescribeAssetUserInfo", &other), "ResourceNotFound");
    }
}

#[test]
fn events_and_the_history_of_a_host() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    for number in 0..7 {
        rig.pass(HOUR);
        step(&rig, number);
    }
    let events = rig.call("ListAccountEvents", &json!({})).unwrap();
    let told: Vec<_> = events["Events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| format!("{} {} {}", e["Quuid"].as_str().unwrap(), e["Name"].as_str().unwrap(), e["Kinds"]))
        .collect();
    assert_eq!(
        told,
        [
            "b root [\"shell\"]",
            "a anna [\"new\"]",
            "b eve [\"new\"]",
            "a root [\"shell\"]",
            "a carl [\"new\"]",
            "a anna [\"vanished\"]",
        ]
    );
    let shell = &events["Events"][0];
    assert_eq!(
        (&shell["Before"]["Shell"], &shell["After"]["Shell"]),
        (&json!("/bin/sh"), &json!("/bin/dash"))
    );
    assert_eq!((&events["Events"][1]["Before"], &events["Events"][5]["After"]), (&Value::Null, &Value::Null));
    assert_eq!(shell["Digest"].as_str().unwrap().len(), 32);
    let total = |params: Value| rig.call("ListAccountEvents", &params).unwrap()["Total"].clone();
    assert_eq!(total(json!({"Kinds": ["new", "vanished"]})), 4);
    assert_eq!(total(json!({"Name": "root", "Quuid": "a"})), 1);
    assert_eq!(total(json!({"Start": rig.at()})), 1);
    assert!(rig.call("ListAccountEvents", &json!({"Kinds": ["x"]})).unwrap_err().contains("Kinds"));

    let uuid = list(&rig, json!({"Quuid": "a"}))["Users"][0]["Uuid"].clone();
    let history = |params: Value| {
        let answer = rig.call("DescribeHistoryAccounts", &params).unwrap();
        let row =
            |r: &Value| format!("{} {}", r["ModifyType"].as_str().unwrap(), r["Username"].as_str().unwrap());
        let rows: Vec<_> = answer["HistoryAccounts"].as_array().unwrap().iter().map(row).collect();
        (answer["TotalCount"].as_u64().unwrap(), rows)
    };
    let all = ["CREATE anna", "MODIFY root", "CREATE carl", "DELETE anna", "CREATE anna", "CREATE root"];
    assert_eq!(history(json!({"Uuid": uuid})), (6, all.map(str::to_owned).to_vec()));
    for offset in 0..7 {
        let page = history(json!({"Uuid": uuid, "Offset": offset, "Limit": 2})).1;
        assert_eq!(page, all.iter().skip(offset).take(2).map(|s| (*s).to_owned()).collect::<Vec<_>>());
    }
    let anna = json!({"Uuid": uuid, "Filters": [{"Name": "Username", "Values": ["ann"]}]});
    assert_eq!(history(anna).0, 3);
    assert_eq!(history(json!({"Uuid": "nobody"})), (0, vec![]));
    let statistics = rig.call("DescribeAccountStatistics", &json!({"Limit": 1})).unwrap();
    assert_eq!(statistics["TotalCount"], 4);
    assert_eq!(statistics["AccountStatistics"], json!([{"Username": "root", "MachineNum": 3}]));
    rig.service.stop();
}

#[test]
fn what_is_older_than_history_is_kept_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    let mut seen = Vec::new();
    for number in 0..7 {
        pass_listening(&rig, 6 * DAY);
        step(&rig, number);
        seen.push((rig.now(), rig.at(), list(&rig, json!({}))));
    }
    rig.service.sweep();
    let horizon = rig.now() - 30 * DAY;
    for (millis, at, listed) in &seen {
        let answer = rig.call("DescribeAssetUserList", &json!({"AsOf": at}));
        if *millis < horizon {
            let refused = answer.unwrap_err();
            assert!(refused.contains("history is there from 20"), "{refused}");
        } else {
            assert_eq!(&list(&rig, json!({"AsOf": at})), listed, "as of {at}");
        }
    }
    let left = rig.call("ListAccountEvents", &json!({})).unwrap();
    assert_eq!(left["Total"], 6, "the first change came at the horizon");
    pass_listening(&rig, 12 * DAY);
    rig.service.sweep();
    assert_eq!(rig.call("ListAccountEvents", &json!({})).unwrap()["Total"], 3);
    assert_eq!(&list(&rig, json!({"AsOf": seen[5].1})), &seen[5].2);
    rig.service.stop();
}

#[test]
fn clocks_that_jump_lose_no_history() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    let mut seen = Vec::new();
    for number in 0..3 {
        pass_listening(&rig, 2 * HOUR);
        step(&rig, number);
        seen.push((rig.at(), list(&rig, json!({}))));
    }
    let events = rig.ask("ListAccountEvents", &json!({}));
    // Ten years ahead and back, as a clock does that is set right: rounds of the server in between, and no report.
    for jump in [3650 * DAY, -3650 * DAY] {
        rig.pass(jump);
        for _minute in 0..50 {
            rig.pass(MINUTE);
            rig.service.sweep();
        }
    }
    assert_eq!(rig.ask("ListAccountEvents", &json!({})), events);
    for (at, listed) in &seen {
        assert_eq!(&list(&rig, json!({"AsOf": at})), listed, "as of {at}");
    }
    // Changes that are told while the clock is behind come after those there were, and after them as well.
    rig.pass(-DAY);
    step(&rig, 3);
    let behind = list(&rig, json!({}));
    rig.pass(2 * DAY);
    assert_eq!(list(&rig, json!({}))["Total"], behind["Total"]);
    let numbers = |answer: &Value| -> Vec<u64> {
        answer["Events"].as_array().unwrap().iter().map(|e| e["Id"].as_u64().unwrap()).collect()
    };
    let all = rig.ask("ListAccountEvents", &json!({"Limit": 100}));
    assert!(all["Total"].as_u64() > events["Total"].as_u64());
    assert!(numbers(&all).is_sorted_by(|a, b| a > b));
    rig.service.stop();
}
