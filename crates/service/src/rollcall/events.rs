//! What changed of accounts: pages of events, each with the account before and after in the words of the lists.

use std::borrow::Cow;
use std::sync::Arc;

use model::facts::{AccountFacts, HostFacts, Os, print_digest};
use model::{Day, LoginType, Millis, PasswordStatus, rules};
use roster::AccountsSnapshot;
use search::time::print_time;
use store::{AccountEvent, EventFilter, Kind, Kinds};
use wire::rollcall::{
    AccountEvent as WireEvent, AccountState, ListAccountEventsRequest, ListAccountEventsResponse,
};
use wire::{Body, Code, Error, Nullable};

use super::page;
use crate::cwp::{Printer, code, flag};
use crate::{Caller, Service, as_of, times};

/// Lists events, newest first.
///
/// # Errors
/// `InvalidParameterValue` for the limit, a kind or a time.
pub async fn list(
    service: &Arc<Service>,
    caller: &Caller,
    request: ListAccountEventsRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let filter = filter(service, request)?;
    let (snapshot, tenant) = (service.tenant(caller)?.accounts.snapshot(), caller.tenant);
    let (from, (events, total)) = service
        .read(move |reader| {
            Ok((reader.history_from(tenant)?, reader.events(tenant, &filter, offset as u64, limit as u64)?))
        })
        .await?;
    let shown: Vec<Shown> = events.iter().map(|event| Shown::of(service, &snapshot, event)).collect();
    let events = events.iter().zip(&shown).map(|(event, shown)| shown.event(event)).collect();
    let history_from = if from > 0 { print_time(from) } else { String::new() };
    Body::new(&ListAccountEventsResponse { total, events, history_from: history_from.into() })
}

fn bad(field: &'static str, en: &'static str, zh: &'static str) -> Error {
    Error::new(Code::InvalidParameterValue).field(field).detail(en, zh)
}

fn filter(service: &Service, request: ListAccountEventsRequest) -> Result<EventFilter, Error> {
    let kind = |name: &String| {
        Kind::named(name).ok_or_else(|| bad("Kinds", "no such kind of change", "不支持的变更类型"))
    };
    let kinds = request.kinds.unwrap_or_default().iter().map(kind).collect::<Result<Vec<_>, _>>()?;
    let instant = |field: &'static str, text: Option<String>| match text.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => times::parse(&text, service.zone()).map(Some).ok_or_else(|| {
            bad(
                field,
                "a time such as 2026-01-31 12:00:00 or 2026-01-31T12:00:00Z",
                "应为 2026-01-31 12:00:00 或 2026-01-31T12:00:00Z 形式的时间",
            )
        }),
    };
    Ok(EventFilter {
        quuid: request.quuid.filter(|quuid| !quuid.is_empty()),
        names: request.name.filter(|name| !name.is_empty()).into_iter().collect(),
        parts: false,
        kinds: Kinds::of(kinds),
        from: instant("Start", request.start)?,
        until: instant("End", request.end)?,
    })
}

/// An event with what is shown of it.
struct Shown {
    name: String,
    address: String,
    before: Option<Side>,
    after: Option<Side>,
}

/// An account as it was on one side of an event.
struct Side {
    state: AccountState<'static>,
}

impl Shown {
    fn of(service: &Service, snapshot: &AccountsSnapshot, event: &AccountEvent) -> Self {
        let host = snapshot.host(&event.quuid);
        let host = host.as_ref().map(|view| &view.state().host);
        let printer = Printer::new(event.at, as_of::day_of(event.at), service.zone());
        let side = |facts: &Option<AccountFacts>| {
            let facts = facts.as_ref()?;
            let windows = host.is_some_and(|host| host.windows) || facts.windows.is_some();
            Some(Side { state: state(&printer, facts, windows, event.first_seen) })
        };
        Shown {
            name: host.map(|host| host.name.clone()).unwrap_or_default(),
            address: host.map(|host| host.private_ip.clone()).unwrap_or_default(),
            before: side(&event.before),
            after: side(&event.after),
        }
    }

    fn event<'a>(&'a self, event: &'a AccountEvent) -> WireEvent<'a> {
        let side = |side: &'a Option<Side>| match side {
            Some(side) => Nullable::Value(side.state.clone()),
            None => Nullable::Null,
        };
        WireEvent {
            id: event.seq,
            time: print_time(event.at).into(),
            quuid: event.quuid.as_str().into(),
            machine_name: self.name.as_str().into(),
            machine_ip: self.address.as_str().into(),
            name: event.name.as_str().into(),
            kinds: event.kinds.names().map(Cow::Borrowed).collect(),
            first_time: print_time(event.first_seen).into(),
            digest: print_digest(event.digest).into(),
            before: side(&self.before),
            after: side(&self.after),
        }
    }
}

/// An account as the lists would have shown it on the day of the printer. What the host as a whole said of logins is
/// left out: these are the account's own changes.
fn state(printer: &Printer<'_>, facts: &AccountFacts, windows: bool, seen: Millis) -> AccountState<'static> {
    let os = if windows { Os::Windows } else { Os::Linux };
    let host = HostFacts { os, nologin: Some(false), ..HostFacts::default() };
    let account = rules::account(facts, &host, seen);
    let states = account.view().states(printer.today());
    let detail = rules::detail(facts, printer.today());
    let day = |day: Option<Day>| Cow::Owned(times::text(day.and_then(times::day)));
    AccountState {
        uid: account.uid.to_string().into(),
        gid: account.gid.map_or_else(String::new, |gid| gid.to_string()).into(),
        group_name: detail.group_name.into(),
        home_path: account.home.into(),
        shell: account.shell.into(),
        shell_login_status: states.shell_login.into(),
        status: states.enabled.into(),
        login_type: code(states.login_type.map(LoginType::code)),
        is_ssh_login: flag(states.ssh_login),
        is_sudo: flag(account.is_sudo),
        user_type: code(account.user_type.map(|kind| kind as u16)),
        password_status: code(states.password.map(PasswordStatus::code)),
        password_change_time: day(account.password_changed),
        password_due_time: day(account.password_due),
        disable_time: day(detail.disable_day),
        last_login_time: printer.last_login(account.last_login).into(),
        remark: detail.remark.into(),
        sudo_rules: facts
            .sudo
            .grants
            .iter()
            .map(|g| format!("({}) {}", g.runas, g.commands).into())
            .collect(),
        keys: facts.keys.keys.iter().map(|k| words([&k.algorithm, &k.fingerprint, &k.comment])).collect(),
    }
}

fn words(parts: [&String; 3]) -> Cow<'static, str> {
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    Cow::Owned(parts.join(" "))
}
