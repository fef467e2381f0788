//! What every engine behind `store::Store` has to keep, written against the trait alone. A new engine adds a [`Rig`]
//! and calls [`run`].

mod agents;
mod groups;
mod history;
mod hosts;
mod import;
mod labels;
mod model_check;
mod people;
mod records;

use std::sync::Arc;

use model::facts::{AccountFacts, Evidence, HostReport, Section, section};
use model::{AccountView, HostEntry, Person, PersonStatus, TenantId};
use store::{Change, Effect, Facts, FirstKey, HostUpdate, PersonKey, Refusal, Share, Store, Write, Written};

/// Makes stores of one engine.
pub trait Rig {
    /// An empty store, apart from all others.
    fn fresh(&mut self) -> Box<dyn Store>;
    /// The store last made by `fresh`, opened again. The caller has dropped it.
    fn reopen(&mut self) -> Box<dyn Store>;
    /// An empty store with room for this many people, hosts and pending tasks in each tenant.
    fn limited(&mut self, most: u64) -> Box<dyn Store>;
}

/// All scenarios.
pub fn run(rig: &mut dyn Rig) {
    people::run(rig);
    groups::run(rig);
    import::run(rig);
    labels::run(rig);
    hosts::run(rig);
    history::run(rig);
    records::run(rig);
    agents::run(rig);
    model_check::run(rig);
}

/// The first tenant.
pub const ONE: TenantId = TenantId(1);
/// The second tenant.
pub const TWO: TenantId = TenantId(2);

/// A fresh store with two tenants.
pub fn two_tenants(rig: &mut dyn Rig) -> Box<dyn Store> {
    let mut store = rig.fresh();
    with_two_tenants(store.as_mut());
    store
}

/// Makes the tenants [`ONE`] and [`TWO`].
pub fn with_two_tenants(store: &mut dyn Store) {
    for name in ["default", "other"] {
        done(store, new_tenant(name));
    }
}

pub fn new_tenant(name: &str) -> Write {
    let first_key =
        FirstKey { secret_id: format!("AKID-{name}"), name: "first".into(), sealed_secret: vec![1, 2, 3] };
    let change = Change::CreateTenant { name: name.into(), first_key, root_org_node: format!("root-{name}") };
    Write::new(ONE, change)
}

/// One write in a group of its own, at instant 1000.
pub fn one(store: &mut dyn Store, write: Write) -> Result<Written, Refusal> {
    store.commit(&[write], 1000).unwrap().remove(0)
}

/// A write that has to succeed.
pub fn done(store: &mut dyn Store, write: Write) -> Effect {
    one(store, write).unwrap().effect
}

/// A write that has to be refused.
pub fn refused(store: &mut dyn Store, write: Write) -> Refusal {
    one(store, write).unwrap_err()
}

pub fn person(name: &str) -> Person {
    Person {
        id: format!("id-{name}"),
        user_name: name.into(),
        display_name: name.to_uppercase(),
        phone: None,
        email: None,
        status: PersonStatus::Normal,
        description: None,
        created: 10,
        updated: 10,
        last_login: None,
        group_ids: Vec::new(),
        org_node: "root".into(),
        secondary_org_nodes: Vec::new(),
        data_source: "SELF_CREATE".into(),
        expires: None,
        activated: Some(10),
        password_needs_reset: false,
        password_hash: None,
        administrator: false,
    }
}

pub fn create(tenant: TenantId, person: Person) -> Write {
    Write::new(tenant, Change::CreatePerson(person))
}

pub fn id(text: &str) -> PersonKey {
    PersonKey::Id(text.into())
}

pub fn name(text: &str) -> PersonKey {
    PersonKey::Name(text.into())
}

pub fn people(store: &mut dyn Store, tenant: TenantId) -> Vec<Person> {
    let mut of = |share| {
        let mut some = Vec::new();
        store.each_person(tenant, share, &mut |person| some.push(person)).unwrap();
        some
    };
    let all = of(Share::ALL);
    let shares: Vec<Person> = (0..3).flat_map(|number| of(Share { number, of: 3 })).collect();
    assert_eq!(shares, all, "the shares together have all");
    all
}

/// A report with these accounts whose list was read whole, or not.
pub fn report(collected_at: i64, accounts: &[&str], whole: bool) -> HostReport {
    let evidence = if whole { Evidence::Ok } else { Evidence::Denied };
    let account = |name: &&str| AccountFacts { name: (*name).into(), uid: Some(7), ..Default::default() };
    HostReport {
        format: 1,
        collected_at,
        sections: [(section::PASSWD.to_owned(), Section { evidence, ..Default::default() })].into(),
        accounts: accounts.iter().map(account).collect(),
        ..Default::default()
    }
}

pub fn put_host(tenant: TenantId, quuid: &str, received: i64, report: HostReport) -> Write {
    let facts = Facts::new(report).unwrap();
    let update = HostUpdate::new(quuid, &facts, received).unwrap();
    Write::new(tenant, Change::PutHost(Box::new(update)))
}

/// A host as a start finds it.
pub fn loaded(store: &mut dyn Store, tenant: TenantId) -> Vec<HostEntry> {
    let mut all = Vec::new();
    let owned =
        |account: &AccountView<'_>| serde_json::from_value(serde_json::to_value(account).unwrap()).unwrap();
    let each = &mut |state, accounts: &[AccountView<'_>]| {
        all.push(HostEntry { state: Arc::new(state), accounts: accounts.iter().map(owned).collect() });
    };
    store.each_host(tenant, each).unwrap();
    all
}
