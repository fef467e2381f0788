//! Tenants, keys and export tasks.

use model::{Credential, ExportFormat, ExportTask, KeyState, Role, TaskState};
use store::{Change, Effect, NewTask, Refusal, Write};

use super::*;

pub fn run(rig: &mut dyn Rig) {
    tenants(rig);
    keys_come_back(rig);
    an_admin_key_stays(rig);
    task_states_never_go_back(rig);
    leases(rig);
    task_numbers_are_given_once(rig);
    quota(rig);
}

fn tenants(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    assert_eq!(refused(store.as_mut(), new_tenant("other")), Refusal::TenantTaken);
    let mut clash = new_tenant("third");
    if let Change::CreateTenant { first_key, .. } = &mut clash.change {
        first_key.secret_id = "AKID-other".into();
    }
    assert_eq!(refused(store.as_mut(), clash), Refusal::KeyTaken);
    drop(store);
    let mut store = rig.reopen();
    let tenants = store.tenants().unwrap();
    let seen: Vec<_> = tenants.iter().map(|t| (t.id, t.name.as_str(), t.created)).collect();
    assert_eq!(seen, [(ONE, "default", 1000), (TWO, "other", 1000)]);
    let keys = store.credentials().unwrap();
    assert_eq!((keys[1].secret_id.as_str(), keys[1].tenant, keys[1].role), ("AKID-other", TWO, Role::Admin));
}

fn key(id: &str, role: Role) -> Credential {
    Credential {
        secret_id: id.into(),
        tenant: ONE,
        name: "n".into(),
        role,
        state: KeyState::Enabled,
        sealed_secret: vec![0, 255],
        token_hash: None,
        expires: None,
        created: 5,
    }
}

fn put(key: &Credential) -> Write {
    Write::new(ONE, Change::PutCredential(key.clone()))
}

fn set(id: &str, state: KeyState) -> Write {
    Write::new(ONE, Change::SetKeyState { secret_id: id.into(), state })
}

fn delete(id: &str) -> Write {
    Write::new(ONE, Change::DeleteCredential { secret_id: id.into() })
}

fn keys_come_back(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let temporary =
        Credential { token_hash: Some([9; 32]), expires: Some(99), ..key("temporary", Role::Auditor) };
    done(store.as_mut(), put(&temporary));
    done(store.as_mut(), put(&key("agent", Role::Agent)));
    done(store.as_mut(), put(&key("agent", Role::Operator)));
    done(store.as_mut(), set("agent", KeyState::Disabled));
    assert_eq!(refused(store.as_mut(), put(&key("AKID-other", Role::Agent))), Refusal::KeyTaken);
    let other = Credential { tenant: TWO, ..key("x", Role::Agent) };
    assert_eq!(refused(store.as_mut(), put(&other)), Refusal::OtherTenant);
    drop(store);
    let mut store = rig.reopen();
    let keys: Vec<_> = store.credentials().unwrap().into_iter().filter(|k| k.tenant == ONE).collect();
    let agent = Credential { state: KeyState::Disabled, ..key("agent", Role::Operator) };
    assert!(keys[1] == agent && keys[2] == temporary, "{keys:?}");
    done(store.as_mut(), delete("agent"));
    assert_eq!(refused(store.as_mut(), delete("agent")), Refusal::KeyNotFound);
    assert_eq!(refused(store.as_mut(), set("agent", KeyState::Enabled)), Refusal::KeyNotFound);
}

fn an_admin_key_stays(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let store = store.as_mut();
    done(store, put(&Credential { expires: Some(99), ..key("temporary", Role::Admin) }));
    for write in [
        delete("AKID-default"),
        set("AKID-default", KeyState::Disabled),
        put(&key("AKID-default", Role::Operator)),
    ] {
        assert_eq!(refused(store, write), Refusal::LastAdminKey);
    }
    done(store, set("AKID-default", KeyState::Enabled));
    done(store, put(&key("second", Role::Admin)));
    done(store, set("AKID-default", KeyState::Disabled));
    assert_eq!(refused(store, delete("second")), Refusal::LastAdminKey);
    done(store, delete("AKID-default"));
}

fn new_task(tenant: TenantId) -> Write {
    let task = NewTask {
        owner: "k".into(),
        kind: "ExportAssetUserList".into(),
        request: "{}".into(),
        format: ExportFormat::Xlsx,
        file_name: "f.xlsx".into(),
        lease_until: Some(7),
    };
    Write::new(tenant, Change::CreateTask(task))
}

fn task(effect: Effect) -> ExportTask {
    let Effect::Task(task) = effect else { panic!("{effect:?}") };
    (*task).clone()
}

fn update(tenant: TenantId, task: &ExportTask) -> Write {
    Write::new(tenant, Change::UpdateTask(task.clone()))
}

fn task_states_never_go_back(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let created = task(done(store.as_mut(), new_task(ONE)));
    assert_eq!((created.id, created.state, created.created), (1, TaskState::Pending, 1000));
    let progress = ExportTask { rows: 5, bytes: u64::MAX, owner: "thief".into(), ..created.clone() };
    let progress = task(done(store.as_mut(), update(ONE, &progress)));
    assert_eq!((progress.rows, progress.owner.as_str(), progress.lease_until), (5, "k", Some(7)));
    let expire = Write::new(ONE, Change::ExpireTask { id: 1, reason: "gone".into() });
    assert_eq!(refused(store.as_mut(), expire.clone()), Refusal::TaskEnded);
    let finished = ExportTask { state: TaskState::Finished, bytes: 9, ..progress.clone() };
    let finished = task(done(store.as_mut(), update(ONE, &finished)));
    assert_eq!((finished.ended, finished.lease_until), (Some(1000), None));
    for state in [TaskState::Pending, TaskState::Finished, TaskState::Error] {
        let back = ExportTask { state, ..progress.clone() };
        assert_eq!(refused(store.as_mut(), update(ONE, &back)), Refusal::TaskEnded);
    }
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(store.tasks().unwrap(), std::slice::from_ref(&finished));
    let expired = task(done(store.as_mut(), expire.clone()));
    assert_eq!((expired.state, expired.error.as_deref()), (TaskState::Error, Some("gone")));
    assert_eq!(refused(store.as_mut(), expire), Refusal::TaskEnded);
    assert_eq!(refused(store.as_mut(), update(TWO, &progress)), Refusal::OtherTenant);
    let foreign = ExportTask { tenant: TWO, ..progress.clone() };
    assert_eq!(refused(store.as_mut(), update(TWO, &foreign)), Refusal::TaskNotFound);
    let nobody = ExportTask { id: u64::MAX, ..progress };
    assert_eq!(refused(store.as_mut(), update(ONE, &nobody)), Refusal::TaskNotFound);
}

fn leases(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let id = task(done(store.as_mut(), new_task(ONE))).id;
    let lease = |seen, until| Write::new(ONE, Change::LeaseTask { id, seen, until });
    assert_eq!(task(done(store.as_mut(), lease(Some(7), 20))).lease_until, Some(20));
    assert_eq!(refused(store.as_mut(), lease(Some(7), 30)), Refusal::TaskLeased, "somebody was faster");
    assert_eq!(refused(store.as_mut(), lease(None, 30)), Refusal::TaskLeased);
    done(store.as_mut(), lease(Some(20), 30));
    let foreign = Write::new(TWO, Change::LeaseTask { id, seen: Some(30), until: 40 });
    assert_eq!(refused(store.as_mut(), foreign), Refusal::TaskNotFound);
}

fn task_numbers_are_given_once(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    assert_eq!(task(done(store.as_mut(), new_task(ONE))).id, 1);
    assert_eq!(task(done(store.as_mut(), new_task(TWO))).id, 2);
    let delete = Write::new(TWO, Change::DeleteTask { id: 2 });
    done(store.as_mut(), delete.clone());
    assert_eq!(refused(store.as_mut(), delete), Refusal::TaskNotFound);
    drop(store);
    assert_eq!(task(done(rig.reopen().as_mut(), new_task(TWO))).id, 3);
}

fn quota(rig: &mut dyn Rig) {
    let mut store = rig.limited(1);
    with_two_tenants(store.as_mut());
    let first = task(done(store.as_mut(), new_task(ONE)));
    let quota = Refusal::Quota { what: "pending tasks", limit: 1 };
    assert_eq!(refused(store.as_mut(), new_task(ONE)), quota);
    done(store.as_mut(), update(ONE, &ExportTask { state: TaskState::Error, ..first }));
    done(store.as_mut(), new_task(ONE));
}
