//! Tags, remarks, days and cleared hosts: what operators note of hosts lives as long as the host does.

use model::{ClearedHost, HostDay, HostTag, Tag, TagsChanged};
use store::{Change, Effect, Refusal, Write};

use super::*;

pub fn run(rig: &mut dyn Rig) {
    tags_of_hosts(rig);
    names_are_unique(rig);
    tags_by_name(rig);
    labels_go_with_the_host(rig);
    silent_hosts_are_cleared(rig);
    days_are_counted_anew(rig);
    quota(rig);
}

fn with_hosts(rig: &mut dyn Rig) -> Box<dyn Store> {
    let mut store = two_tenants(rig);
    for host in ["a", "b"] {
        done(store.as_mut(), put_host(ONE, host, 10, report(10, &["root"], true)));
    }
    store
}

fn write(change: Change) -> Write {
    Write::new(ONE, change)
}

fn tags(effect: Effect) -> TagsChanged {
    let Effect::Tags(changed) = effect else { panic!("{effect:?}") };
    (*changed).clone()
}

fn edit(id: Option<u64>, name: &str, hosts: &[&str]) -> Write {
    let quuids = hosts.iter().map(|h| (*h).to_owned()).collect();
    write(Change::EditTag { id, name: name.into(), quuids })
}

fn tag(id: u64, name: &str) -> Tag {
    Tag { id, name: name.into() }
}

fn on(id: u64, tag: u64, quuid: &str) -> HostTag {
    HostTag { id, tag, quuid: quuid.into() }
}

fn tags_of_hosts(rig: &mut dyn Rig) {
    let mut store = with_hosts(rig);
    let made = tags(done(store.as_mut(), edit(None, "web", &["a", "b", "a"])));
    assert_eq!((made.put, made.attached), (vec![tag(1, "web")], vec![on(1, 1, "a"), on(2, 1, "b")]));
    done(store.as_mut(), edit(None, "db", &[]));
    let again = tags(done(store.as_mut(), edit(Some(1), "www", &["a"])));
    assert_eq!((again.put, again.attached), (vec![tag(1, "www")], vec![]), "it is on the host already");
    let set = |tags: &[u64]| write(Change::SetHostTags { quuid: "a".into(), tags: tags.to_vec() });
    let set_two = tags(done(store.as_mut(), set(&[2, 2])));
    assert_eq!((set_two.detached, set_two.attached), (vec![on(1, 1, "a")], vec![on(3, 2, "a")]));
    assert_eq!(refused(store.as_mut(), set(&[2, 9])), Refusal::TagNotFound);
    let off = write(Change::DeleteHostTag { id: 2 });
    assert_eq!(tags(done(store.as_mut(), off.clone())).detached, [on(2, 1, "b")]);
    assert_eq!(refused(store.as_mut(), off), Refusal::TagNotFound);
    let foreign = Write::new(TWO, Change::DeleteHostTag { id: 3 });
    assert_eq!(refused(store.as_mut(), foreign), Refusal::TagNotFound);
    drop(store);
    let mut store = rig.reopen();
    let labels = store.labels(ONE).unwrap();
    assert_eq!((labels.tags, labels.host_tags), (vec![tag(1, "www"), tag(2, "db")], vec![on(3, 2, "a")]));
    assert_eq!(store.labels(TWO).unwrap(), model::Labels::default());
    let delete = |ids: &[u64]| write(Change::DeleteTags { ids: ids.to_vec() });
    assert_eq!(refused(store.as_mut(), delete(&[2, 9])), Refusal::TagNotFound, "all or none");
    assert_eq!(store.labels(ONE).unwrap().host_tags.len(), 1);
    assert_eq!(tags(done(store.as_mut(), delete(&[2, 1]))).gone, [1, 2]);
    assert_eq!(store.labels(ONE).unwrap(), model::Labels::default());
    assert_eq!(tags(done(store.as_mut(), edit(None, "web", &[]))).put, [tag(3, "web")], "given once");
    store.check().unwrap();
}

fn names_are_unique(rig: &mut dyn Rig) {
    let mut store = with_hosts(rig);
    done(store.as_mut(), edit(None, "web", &[]));
    done(store.as_mut(), edit(None, "db", &[]));
    assert_eq!(refused(store.as_mut(), edit(None, "web", &[])), Refusal::TagTaken);
    assert_eq!(refused(store.as_mut(), edit(Some(2), "web", &[])), Refusal::TagTaken);
    assert_eq!(refused(store.as_mut(), edit(Some(9), "new", &[])), Refusal::TagNotFound);
    assert_eq!(refused(store.as_mut(), edit(None, "new", &["a", "nobody"])), Refusal::HostNotFound);
    done(store.as_mut(), edit(Some(2), "db", &[]));
    assert_eq!(store.labels(ONE).unwrap().tags, [tag(1, "web"), tag(2, "db")]);
    done(store.as_mut(), Write { tenant: TWO, ..edit(None, "web", &[]) });
}

fn tags_by_name(rig: &mut dyn Rig) {
    let mut store = with_hosts(rig);
    done(store.as_mut(), edit(None, "web", &[]));
    let add = |quuid: &str, names: &[&str]| {
        let names = names.iter().map(|n| (*n).to_owned()).collect();
        write(Change::AddTags { quuid: quuid.into(), names })
    };
    let added = tags(done(store.as_mut(), add("b", &["web", "new", "web"])));
    assert_eq!((added.put, added.attached), (vec![tag(2, "new")], vec![on(1, 1, "b"), on(2, 2, "b")]));
    let seq = store.change_seq(ONE).unwrap();
    assert_eq!(tags(done(store.as_mut(), add("b", &["web"]))), TagsChanged::default());
    assert_eq!(store.change_seq(ONE).unwrap(), seq);
    assert_eq!(refused(store.as_mut(), add("nobody", &["web"])), Refusal::HostNotFound);
}

fn labels_go_with_the_host(rig: &mut dyn Rig) {
    let mut store = with_hosts(rig);
    let remark =
        |quuid: &str, text: &str| write(Change::SetRemark { quuid: quuid.into(), remark: text.into() });
    done(store.as_mut(), edit(None, "web", &["a", "b"]));
    for text in ["first", "second"] {
        done(store.as_mut(), remark("a", text));
    }
    done(store.as_mut(), remark("b", "x"));
    done(store.as_mut(), remark("b", ""));
    assert_eq!(refused(store.as_mut(), remark("nobody", "x")), Refusal::HostNotFound);
    done(store.as_mut(), put_host(ONE, "a", 20, report(20, &["ann"], true)));
    drop(store);
    let mut store = rig.reopen();
    let labels = store.labels(ONE).unwrap();
    assert_eq!((labels.remarks, labels.host_tags.len()), (vec![("a".into(), "second".into())], 2));
    done(store.as_mut(), write(Change::DeleteHost { quuid: "a".into() }));
    let labels = store.labels(ONE).unwrap();
    assert_eq!((labels.remarks.len(), labels.host_tags), (0, vec![on(2, 1, "b")]));
    store.check().unwrap();
}

fn silent_hosts_are_cleared(rig: &mut dyn Rig) {
    let mut store = with_hosts(rig);
    done(store.as_mut(), write(Change::SetClearRule { days: 7 }));
    let clear = |last_report| {
        write(Change::ClearHost(ClearedHost {
            quuid: "a".into(),
            name: "alpha".into(),
            last_report,
            ..ClearedHost::default()
        }))
    };
    assert_eq!(refused(store.as_mut(), clear(9)), Refusal::HostNotFound, "heard of since");
    let Effect::HostDeleted { quuid, with_agent } = done(store.as_mut(), clear(10)) else { panic!() };
    assert_eq!((quuid.as_str(), with_agent), ("a", false));
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(
        (store.labels(ONE).unwrap().clear_after_days, store.labels(TWO).unwrap().clear_after_days),
        (7, 0)
    );
    let cleared = store.cleared(ONE).unwrap();
    let seen: Vec<_> = cleared.iter().map(|c| (c.id, c.name.as_str(), c.last_report, c.cleared)).collect();
    assert_eq!(seen, [(1, "alpha", 10, 1000)]);
    assert_eq!((loaded(store.as_mut(), ONE).len(), store.cleared(TWO).unwrap().len()), (1, 0));
    let forget = |tenant| Write::new(tenant, Change::ForgetCleared { ids: vec![1] });
    assert_eq!(refused(store.as_mut(), forget(TWO)), Refusal::HostNotFound);
    done(store.as_mut(), forget(ONE));
    assert!(store.cleared(ONE).unwrap().is_empty());
}

fn days_are_counted_anew(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let day = |day, hosts, online| HostDay { day, hosts, online };
    for counted in [day(100, 5, 4), day(101, 6, 1), day(101, 6, 2), day(1200, 1, 1)] {
        done(store.as_mut(), write(Change::PutHostDay(counted)));
    }
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(store.host_days(ONE, 0, 9999).unwrap(), [day(1200, 1, 1)], "old days are forgotten");
    done(store.as_mut(), write(Change::PutHostDay(day(1100, 6, 2))));
    assert_eq!(store.host_days(ONE, 1100, 1199).unwrap(), [day(1100, 6, 2)]);
    assert_eq!(store.host_days(TWO, 0, 9999).unwrap(), []);
}

fn quota(rig: &mut dyn Rig) {
    let mut store = rig.limited(1);
    with_two_tenants(store.as_mut());
    done(store.as_mut(), edit(None, "web", &[]));
    assert_eq!(refused(store.as_mut(), edit(None, "db", &[])), Refusal::Quota { what: "tags", limit: 1 });
    done(store.as_mut(), edit(Some(1), "db", &[]));
    done(store.as_mut(), put_host(ONE, "h", 1, report(1, &[], true)));
    let add = write(Change::AddTags { quuid: "h".into(), names: vec!["db".into(), "more".into()] });
    assert_eq!(refused(store.as_mut(), add), Refusal::Quota { what: "tags", limit: 1 });
    assert!(store.labels(ONE).unwrap().host_tags.is_empty(), "nothing of it is left");
}
