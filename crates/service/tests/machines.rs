//! Machine lists tell what is known of hosts and their agents; scans and synchronisations say how they stand.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

mod common;

use common::{MINUTE, Rig};
use model::Role;
use serde_json::{Value, json};

const START: i64 = 1_790_000_000_000;

/// An agent that has enrolled and reported a kernel and a system; its host and key.
fn agent(rig: &Rig, name: &str, digit: &str, system: &str) -> (String, String) {
    let token = rig.ask("CreateEnrolmentToken", &json!({}));
    let who = json!({
        "MachineId": digit.repeat(32), "InstanceKey": digit.repeat(64), "HostName": name, "AgentVersion": "1.2.3",
    });
    let made = rig.call_as(Role::Enrol, token["SecretId"].as_str().unwrap(), "EnrolHost", &who).unwrap();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    report(rig, &text("Quuid"), name, system);
    (text("Quuid"), text("SecretId"))
}

fn report(rig: &Rig, quuid: &str, name: &str, system: &str) {
    let report = json!({
        "format": 1, "collected_at": rig.now(), "sections": {"passwd": {"evidence": "ok"}},
        "host": {
            "quuid": quuid, "hostname": name, "os_name": system, "machine": {"kernel": format!("6.1-{name}")},
            "addresses": [{"ip": "10.0.0.9", "interface": "eth0"}],
        },
        "accounts": [{"name": "ann", "uid": 7}],
    });
    rig.ask("ReportHost", &json!({"Report": report.to_string()}));
}

fn poll(rig: &Rig, (quuid, key): &(String, String)) {
    rig.call_as(Role::Agent, key, "PollAgent", &json!({"Quuid": quuid})).unwrap();
}

/// Each host's values of some fields, by name.
fn fields(list: &Value, name: &str, fields: &[&str]) -> Vec<String> {
    let mut rows: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let values: Vec<String> = fields.iter().map(|f| row[*f].to_string().replace('"', "")).collect();
            format!("{} {}", row[name].as_str().unwrap(), values.join(" "))
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn kernels_and_agents_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START, |_| ());
    let (quuid, _) = agent(&rig, "web", "a", "Debian 12");
    report(&rig, "q-db", "db", "Debian 13");
    let zone = json!({"MachineType": "Other", "MachineRegion": "ap-others"});
    let listed = rig.ask("DescribeMachines", &zone);
    let shown =
        fields(&listed["Machines"], "MachineName", &["KernelVersion", "AgentVersion", "HasAssetScan"]);
    assert_eq!(shown, ["db 6.1-db  0", "web 6.1-web 1.2.3 1"]);
    let simple = rig.ask("DescribeMachinesSimple", &zone);
    assert_eq!(fields(&simple["Machines"], "MachineName", &["KernelVersion"]), ["db 6.1-db", "web 6.1-web"]);
    let infos = rig.ask("DescribeHostInfo", &json!({"QuuidList": ["q-db", quuid]}));
    assert_eq!(fields(&infos["HostInfoList"], "AliasName", &["KernelVersion"]), ["db 6.1-db", "web 6.1-web"]);
    let import = json!({"MachineList": ["web"], "ImportType": "Name"});
    let import = rig.ask("DescribeImportMachineInfo", &import);
    assert_eq!(
        fields(&import["EffectiveMachineInfoList"], "MachineName", &["KernelVersion"]),
        ["web 6.1-web"]
    );
    let one = rig.ask("DescribeMachineInfo", &json!({"Quuid": quuid}));
    assert_eq!((&one["AgentVersion"], &one["HasAssetScan"]), (&json!("1.2.3"), &json!(1)));
    rig.service.stop();
}

#[test]
fn accounts_are_found_by_the_name_and_the_number_of_a_system() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START, |_| ());
    report(&rig, "q-a", "a", "Debian 12");
    report(&rig, "q-b", "b", "Debian 13");
    let systems = rig.ask("DescribeMachineOsList", &json!({}));
    let number = |name: &str| {
        let mut list = systems["List"].as_array().unwrap().iter();
        list.find(|s| s["Name"] == name).unwrap()["MachineOSType"].to_string()
    };
    let (twelve, thirteen) = (number("Debian 12"), number("Debian 13"));
    for (values, hosts) in [
        (json!(["Debian 12"]), vec!["q-a"]),
        (json!([twelve]), vec!["q-a"]),
        (json!([thirteen, "Debian 12"]), vec!["q-a", "q-b"]),
        (json!(["12"]), vec![]),
    ] {
        let list = rig.ask("DescribeAssetUserList", &json!({"Filters": [{"Name": "Os", "Values": values}]}));
        let found = fields(&list["Users"], "Quuid", &[]);
        assert_eq!(found.iter().map(|row| row.trim()).collect::<Vec<_>>(), hosts, "{values}");
    }
    rig.service.stop();
}

#[test]
fn only_what_is_collected_can_be_scanned() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START, |_| ());
    let host = agent(&rig, "web", "a", "Debian 12");
    poll(&rig, &host);
    let kinds = rig.ask("DescribeAssetTypes", &json!({}));
    let kinds: Vec<&Value> = kinds["Types"].as_array().unwrap().iter().map(|kind| &kind["Id"]).collect();
    for other in [json!([0]), json!([3]), json!([kinds[0], 99])] {
        let refused = rig.refused("ScanAsset", &json!({"AssetTypeIds": other}));
        assert_eq!(refused, "InvalidParameter.IllegalRequest", "{other}");
    }
    assert!(rig.ask("ScanAsset", &json!({"AssetTypeIds": kinds}))["TaskId"].as_u64().unwrap() > 0);
    rig.service.stop();
}

#[test]
fn a_synchronisation_waits_for_the_agents() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START, |_| ());
    let sync = |begin: bool| {
        let answer = rig.ask("SyncMachines", &json!({"Sync": begin}));
        let ended = answer["LatestEndTime"] != "";
        (answer["State"].as_str().unwrap().to_owned(), ended)
    };
    let is = |state: &str, ended: bool| (state.to_owned(), ended);
    assert_eq!(sync(false), is("NOTASK", false));
    assert_eq!(sync(true), is("FINISHED", true), "there is nobody to wait for");
    let agents = [agent(&rig, "web", "a", "Debian 12"), agent(&rig, "db", "b", "Debian 12")];
    let silent = agent(&rig, "gone", "c", "Debian 12");
    poll(&rig, &silent);
    rig.pass(60 * MINUTE);
    agents.iter().for_each(|agent| poll(&rig, agent));
    rig.pass(1000);
    assert_eq!(sync(true), is("SYNCING", false));
    rig.pass(1000);
    poll(&rig, &agents[0]);
    assert_eq!(sync(false), is("SYNCING", false));
    assert_eq!(sync(true), is("SYNCING", false), "the same one");
    poll(&rig, &agents[1]);
    assert_eq!(sync(false), is("FINISHED", true), "whoever is offline is not waited for");
    rig.pass(1000);
    assert_eq!(sync(true), is("SYNCING", false), "another one");
    rig.pass(MINUTE);
    assert_eq!(sync(false), is("FINISHED", true));
    rig.service.stop();
}
