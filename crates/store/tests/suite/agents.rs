//! Enrolment tokens, agents and scans.

use model::{AgentState, Credential, EnrolmentToken, KeyState, Role, Scan, ScanState};
use store::{AgentChange, AgentSeen, Approval, Enrolment, NewScan};

use super::*;

pub fn run(rig: &mut dyn Rig) {
    uses_and_expiry(rig);
    the_same_agent_again(rig);
    another_agent_waits(rig);
    a_replaced_agent_loses_its_key(rig);
    revoked_agents_come_back_as_pending(rig);
    a_deleted_host_takes_its_agent_along(rig);
    a_cleared_host_does_not(rig);
    tokens_end_and_stay_apart(rig);
    scans(rig);
}

fn key(tenant: TenantId, id: &str, role: Role) -> Credential {
    Credential {
        secret_id: id.into(),
        tenant,
        name: "n".into(),
        role,
        state: KeyState::Enabled,
        sealed_secret: vec![7],
        token_hash: None,
        expires: None,
        created: 5,
    }
}

fn token(id: &str, uses_left: Option<u64>, expires: Option<i64>) -> Write {
    let token = EnrolmentToken {
        secret_id: id.into(),
        tenant: ONE,
        name: "web".into(),
        tags: vec!["a".into(), "b".into()],
        uses_left,
        uses: 0,
        expires,
        revoked: false,
        created: 5,
    };
    Write::new(ONE, Change::CreateToken { token, key: key(ONE, id, Role::Enrol) })
}

fn enrol(tenant: TenantId, token: &str, machine: &str, instance: u8, secret_id: &str) -> Write {
    let enrolment = Enrolment {
        token: token.into(),
        machine: machine.into(),
        instance: [instance; 32],
        host_name: format!("host {instance}"),
        version: "1".into(),
        os_info: "Debian".into(),
        key: key(tenant, secret_id, Role::Agent),
    };
    Write::new(tenant, Change::Enrol(Box::new(enrolment)))
}

fn agent(effect: Effect) -> AgentChange {
    let Effect::Agent(change) = effect else { panic!("{effect:?}") };
    AgentChange::clone(&change)
}

fn keys(store: &mut dyn Store) -> Vec<String> {
    store.credentials().unwrap().into_iter().filter(|k| k.tenant == ONE).map(|k| k.secret_id).collect()
}

fn uses_and_expiry(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    done(store.as_mut(), token("once", Some(1), None));
    done(store.as_mut(), token("late", None, Some(1000)));
    assert_eq!(refused(store.as_mut(), token("once", None, None)), Refusal::KeyTaken);
    let change = agent(done(store.as_mut(), enrol(ONE, "once", "m1", 1, "k1")));
    assert_eq!((change.agent.state, change.agent.quuid.as_str()), (AgentState::Active, "m1"));
    assert_eq!(change.token.map(|t| (t.uses_left, t.uses)), Some((Some(0), 1)));
    assert_eq!(refused(store.as_mut(), enrol(ONE, "once", "m2", 2, "k2")), Refusal::TokenSpent);
    assert_eq!(refused(store.as_mut(), enrol(ONE, "late", "m2", 2, "k2")), Refusal::TokenSpent);
    assert_eq!(refused(store.as_mut(), enrol(ONE, "none", "m2", 2, "k2")), Refusal::TokenNotFound);
    assert_eq!(refused(store.as_mut(), enrol(TWO, "late", "m2", 2, "k2")), Refusal::TokenNotFound);
    assert_eq!(keys(store.as_mut()), ["AKID-default", "k1", "late", "once"], "a refused one leaves nothing");
    drop(store);
    let mut store = rig.reopen();
    let tokens = store.enrolment_tokens().unwrap();
    assert_eq!((tokens[1].uses_left, tokens[1].uses, tokens[1].tags.len()), (Some(0), 1, 2));
    assert_eq!(store.agents().unwrap(), [change.agent]);
}

fn the_same_agent_again(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    done(store.as_mut(), token("once", Some(1), None));
    let first = agent(done(store.as_mut(), enrol(ONE, "once", "m1", 1, "k1")));
    let again = agent(done(store.as_mut(), enrol(ONE, "once", "m1", 1, "k2")));
    assert_eq!((&again.agent, again.key, again.token), (&first.agent, None, None));
    assert_eq!(keys(store.as_mut()), ["AKID-default", "k1", "once"]);
    let seen = AgentSeen { id: first.agent.id, last_poll: 50, version: "2".into() };
    done(store.as_mut(), Write::new(ONE, Change::AgentsSeen(vec![seen.clone()])));
    let earlier = AgentSeen { last_poll: 40, version: "1".into(), ..seen };
    done(store.as_mut(), Write::new(ONE, Change::AgentsSeen(vec![earlier])));
    let stored = &store.agents().unwrap()[0];
    assert_eq!((stored.last_poll, stored.version.as_str()), (50, "2"));
}

fn another_agent_waits(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    done(store.as_mut(), token("any", Some(2), None));
    let first = agent(done(store.as_mut(), enrol(ONE, "any", "m", 1, "k1"))).agent;
    let second = agent(done(store.as_mut(), enrol(ONE, "any", "m", 2, "k2")));
    assert_eq!((second.agent.state, second.agent.quuid.as_str()), (AgentState::Pending, ""));
    assert!(second.key.is_none() && second.token.is_some_and(|t| t.uses_left == Some(0)));
    let again = agent(done(store.as_mut(), enrol(ONE, "any", "m", 2, "k3")));
    assert_eq!((again.agent.id, again.agent.state), (second.agent.id, AgentState::Pending));
    let id = second.agent.id;
    let separate = |tenant, id| {
        let key = key(tenant, "k4", Role::Agent);
        let approval = Approval { agent: id, separate: Some("own".into()), key };
        Write::new(tenant, Change::ApproveAgent(Box::new(approval)))
    };
    assert_eq!(refused(store.as_mut(), separate(TWO, id)), Refusal::AgentNotFound);
    assert_eq!(refused(store.as_mut(), separate(ONE, first.id)), Refusal::AgentNotPending);
    let approved = agent(done(store.as_mut(), separate(ONE, id)));
    assert_eq!((approved.agent.quuid.as_str(), approved.before), ("own", None));
    assert_eq!(refused(store.as_mut(), separate(ONE, id)), Refusal::AgentNotPending);
    assert_eq!(keys(store.as_mut()), ["AKID-default", "any", "k1", "k4"]);
    let other = Write::new(TWO, Change::RevokeAgent { id });
    assert_eq!(refused(store.as_mut(), other), Refusal::AgentNotFound);
}

fn a_replaced_agent_loses_its_key(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    done(store.as_mut(), token("any", None, None));
    let first = agent(done(store.as_mut(), enrol(ONE, "any", "m", 1, "k1"))).agent;
    let second = agent(done(store.as_mut(), enrol(ONE, "any", "m", 2, "k2"))).agent;
    let approval = Approval { agent: second.id, separate: None, key: key(ONE, "k3", Role::Agent) };
    let change = agent(done(store.as_mut(), Write::new(ONE, Change::ApproveAgent(Box::new(approval)))));
    assert_eq!((change.agent.quuid.as_str(), change.agent.secret_id.as_str()), ("m", "k3"));
    let before = change.before.unwrap();
    assert_eq!((before.id, before.state, before.secret_id.as_str()), (first.id, AgentState::Revoked, "k1"));
    assert_eq!(keys(store.as_mut()), ["AKID-default", "any", "k3"]);
}

fn revoked_agents_come_back_as_pending(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    done(store.as_mut(), token("any", Some(2), None));
    let id = agent(done(store.as_mut(), enrol(ONE, "any", "m", 1, "k1"))).agent.id;
    let change = agent(done(store.as_mut(), Write::new(ONE, Change::RevokeAgent { id })));
    assert_eq!(change.agent.state, AgentState::Revoked);
    assert_eq!(change.before.map(|b| b.secret_id).as_deref(), Some("k1"));
    assert_eq!(keys(store.as_mut()), ["AKID-default", "any"]);
    let again = agent(done(store.as_mut(), enrol(ONE, "any", "m", 1, "k2")));
    assert_eq!((again.agent.id, again.agent.state), (id, AgentState::Pending));
    assert!(again.token.is_some_and(|t| t.uses_left == Some(0)));
}

fn a_deleted_host_takes_its_agent_along(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    done(store.as_mut(), token("any", None, None));
    done(store.as_mut(), enrol(ONE, "any", "m", 1, "k1"));
    done(store.as_mut(), put_host(ONE, "m", 10, report(10, &["root"], true)));
    done(store.as_mut(), put_host(TWO, "m", 10, report(10, &["root"], true)));
    done(store.as_mut(), Write::new(TWO, Change::DeleteHost { quuid: "m".into() }));
    assert_eq!(keys(store.as_mut()), ["AKID-default", "any", "k1"], "a host of another tenant");
    done(store.as_mut(), Write::new(ONE, Change::DeleteHost { quuid: "m".into() }));
    assert_eq!(keys(store.as_mut()), ["AKID-default", "any"]);
    assert_eq!(store.agents().unwrap()[0].state, AgentState::Revoked);
}

fn a_cleared_host_does_not(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    done(store.as_mut(), token("any", None, None));
    done(store.as_mut(), enrol(ONE, "any", "m", 1, "k1"));
    done(store.as_mut(), put_host(ONE, "m", 10, report(10, &["root"], true)));
    let host = model::ClearedHost { quuid: "m".into(), last_report: 10, ..model::ClearedHost::default() };
    done(store.as_mut(), Write::new(ONE, Change::ClearHost(host)));
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(keys(store.as_mut()), ["AKID-default", "any", "k1"]);
    assert_eq!(store.agents().unwrap()[0].state, AgentState::Active);
    assert_eq!(store.removed_hosts(ONE).unwrap(), ["m"]);
    done(store.as_mut(), put_host(ONE, "m", 2000, report(2000, &["root"], true)));
    assert_eq!(store.host_at(ONE, "m", 999).unwrap().unwrap().accounts.len(), 1, "with its history");
}

fn tokens_end_and_stay_apart(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    done(store.as_mut(), token("any", None, None));
    let revoke = |tenant, id: &str| Write::new(tenant, Change::RevokeToken { secret_id: id.into() });
    assert_eq!(refused(store.as_mut(), revoke(TWO, "any")), Refusal::TokenNotFound);
    assert_eq!(refused(store.as_mut(), revoke(ONE, "AKID-default")), Refusal::TokenNotFound);
    done(store.as_mut(), revoke(ONE, "any"));
    assert_eq!(keys(store.as_mut()), ["AKID-default"]);
    assert_eq!(refused(store.as_mut(), enrol(ONE, "any", "m", 1, "k1")), Refusal::TokenSpent);
    // Long after, it is not even listed any more.
    let late = 100 * 24 * 3_600_000;
    store.commit(&[token("next", None, None)], late).unwrap().remove(0).unwrap();
    let left: Vec<_> = store.enrolment_tokens().unwrap().into_iter().map(|t| t.secret_id).collect();
    assert_eq!(left, ["next"]);
}

fn scan(effect: Effect) -> Scan {
    let Effect::Scan(scan) = effect else { panic!("{effect:?}") };
    Scan::clone(&scan)
}

fn scans(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let start = |tenant| {
        let new = NewScan { owner: "k".into(), hosts: vec!["a".into(), "b".into()] };
        Write::new(tenant, Change::StartScan(new))
    };
    let end = |tenant, id| Write::new(tenant, Change::EndScan { id, state: ScanState::Stopped, answered: 1 });
    let first = scan(done(store.as_mut(), start(ONE)));
    assert_eq!((first.id, first.asked, first.started, first.state), (1, 2, 1000, ScanState::Running));
    assert_eq!(scan(done(store.as_mut(), start(TWO))).id, 2);
    assert_eq!(refused(store.as_mut(), end(TWO, 1)), Refusal::ScanNotFound);
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(store.scans().unwrap()[0], first);
    let ended = scan(done(store.as_mut(), end(ONE, 1)));
    let expected = Scan { state: ScanState::Stopped, hosts: vec![], answered: 1, ended: Some(1000), ..first };
    assert_eq!(ended, expected);
    assert_eq!(refused(store.as_mut(), end(ONE, 1)), Refusal::ScanEnded);
    assert_eq!(store.scans().unwrap()[0], expected);
}
