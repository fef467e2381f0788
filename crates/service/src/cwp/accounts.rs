//! The operating-system accounts on all hosts: the list, one account, its keys, counts by name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use model::facts::AccountFacts;
use model::{AccountView, HostEntry, HostState, Millis, rules};
use roster::{AccountsSnapshot, Page};
use search::{Filter, Query, Sort};
use wire::cwp::{
    AssetKeyVal, AssetUserDetail, AssetUserKeyInfo, DescribeAssetUserCountRequest,
    DescribeAssetUserCountResponse, DescribeAssetUserInfoRequest, DescribeAssetUserInfoResponse,
    DescribeAssetUserKeyListRequest, DescribeAssetUserKeyListResponse, DescribeAssetUserListRequest,
    DescribeAssetUserListResponse,
};
use wire::{Body, Code, Error};

use super::record::{Printer, code, flag};
use super::{Plan, PlanError, page};
use crate::as_of::{Moment, day_of};
use crate::{Caller, Service, times};

/// Answers DescribeAssetUserList: filters, order, page and total; with `AsOf`, of that instant.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameter.DateRange`, `InvalidParameter.ParsingError`, `InvalidParameterValue`.
pub async fn list(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAssetUserListRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let filters = request.filters.unwrap_or_default();
    let Moment { accounts: snapshot, now, today } =
        service.moment(caller.tenant, request.as_of.as_deref()).await?;
    let zone = service.zone();
    let by = request.by.as_deref();
    let (quuid, order) = (request.quuid.as_deref(), request.order.as_deref());
    let plan = Plan::new(quuid, &filters, by, order, today, zone, &snapshot).map_err(PlanError::of_list)?;
    let query = Query { filter: plan.filter, sort: plan.sort, offset, limit, total: true };
    let Page { rows, total } = snapshot.search(&query);
    let printer = Printer::new(now, today, zone);
    let users = rows
        .iter()
        .filter_map(|row| snapshot.get(*row))
        .map(|(host, account)| printer.record(host, &account));
    Body::new(&DescribeAssetUserListResponse {
        total: total.unwrap_or_default() as u64,
        users: users.collect(),
    })
}

/// Answers DescribeAssetUserInfo: the full record of one account; with `AsOf`, of that instant.
///
/// # Errors
/// `ResourceNotFound` when there is no such account, `InvalidParameterValue` for `AsOf`.
pub async fn describe(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAssetUserInfoRequest,
) -> Result<Body, Error> {
    if let Some(as_of) = request.as_of.filter(|text| !text.is_empty()) {
        let past = past(service, caller, as_of, request.quuid, request.name).await?;
        fits(&past.entry.state, &request.uuid)?;
        let mut accounts = past.entry.accounts.iter();
        let account = accounts.find(|a| a.name == past.facts.name).ok_or_else(|| missing("Name"))?;
        let printer = Printer::new(past.at, day_of(past.at), service.zone());
        let user = detail(&printer, &past.entry.state, &account.view(), &past.facts);
        return Body::new(&DescribeAssetUserInfoResponse { user: Some(user) });
    }
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let (host, account) = find(&snapshot, &request.quuid, &request.uuid, &request.name)?;
    let facts = facts(service, caller, &request.quuid, &request.name).await?;
    let printer = Printer::new(service.now(), service.today(), service.zone());
    Body::new(&DescribeAssetUserInfoResponse { user: Some(detail(&printer, host, &account, &facts)) })
}

/// One account by host and name. `Uuid` names the agent; it has to fit when it is given.
fn find<'s>(
    snapshot: &'s AccountsSnapshot,
    quuid: &str,
    uuid: &str,
    name: &str,
) -> Result<(&'s HostState, AccountView<'s>), Error> {
    let host = snapshot.host(quuid).ok_or_else(|| missing("Quuid"))?;
    fits(host.state(), uuid)?;
    Ok((host.state(), host.account(name).ok_or_else(|| missing("Name"))?))
}

fn fits(state: &HostState, uuid: &str) -> Result<(), Error> {
    if uuid.is_empty() || uuid == state.host.uuid { Ok(()) } else { Err(missing("Uuid")) }
}

/// An account as it was.
struct PastAccount {
    at: Millis,
    entry: HostEntry,
    facts: AccountFacts,
}

/// One account at an instant, of its host alone: nothing else is made again.
async fn past(
    service: &Arc<Service>,
    caller: &Caller,
    as_of: String,
    quuid: String,
    name: String,
) -> Result<PastAccount, Error> {
    let (service, tenant) = (Arc::clone(service), caller.tenant);
    let made = tokio::task::spawn_blocking(move || {
        let at = service.instant(tenant, &as_of)?;
        let found = service.reader().account_at(tenant, &quuid, &name, at).map_err(Error::internal)?;
        let (entry, facts) = found.ok_or_else(|| missing("Quuid"))?;
        Ok(PastAccount { at, entry, facts: facts.ok_or_else(|| missing("Name"))? })
    });
    made.await.map_err(Error::internal)?
}

/// The facts of an account, which only the store keeps.
async fn facts(
    service: &Arc<Service>,
    caller: &Caller,
    quuid: &str,
    name: &str,
) -> Result<AccountFacts, Error> {
    let record = service.host_record(caller, quuid).await?.ok_or_else(|| missing("Quuid"))?;
    record.report.accounts.into_iter().find(|a| a.name == name).ok_or_else(|| missing("Name"))
}

fn missing(field: &'static str) -> Error {
    Error::new(Code::ResourceNotFound).field(field)
}

fn detail<'a>(
    printer: &Printer<'_>,
    state: &'a HostState,
    account: &AccountView<'a>,
    facts: &'a AccountFacts,
) -> AssetUserDetail<'a> {
    let record = printer.record(state, account);
    let detail = rules::detail(facts, printer.today());
    AssetUserDetail {
        machine_ip: record.machine_ip,
        machine_name: record.machine_name,
        uuid: record.uuid,
        quuid: record.quuid,
        uid: record.uid,
        gid: record.gid,
        status: record.status,
        is_root: record.is_root,
        last_login_time: record.last_login_time,
        name: record.name,
        user_type: code(account.user_type.map(|t| t as u16)),
        is_domain: flag(account.is_domain),
        is_ssh_login: record.is_ssh_login,
        home_path: record.home_path,
        shell: record.shell,
        shell_login_status: record.shell_login_status,
        password_change_time: record.password_change_time,
        password_due_time: record.password_due_time,
        password_lock_days: record.password_lock_days,
        remark: detail.remark.into(),
        group_name: detail.group_name.into(),
        disable_time: Cow::Owned(times::text(detail.disable_day.and_then(times::day))),
        last_login_terminal: detail.last_login_terminal.into(),
        // There is no base of places here; an address stays an address.
        last_login_loc: "".into(),
        last_login_ip: detail.last_login_ip.into(),
        password_warn_days: detail.password_warn_days.into(),
        password_change_type: flag(detail.password_changeable),
        keys: facts.keys.keys.iter().map(key).collect(),
        update_time: record.update_time,
    }
}

fn key(key: &model::facts::AuthorizedKey) -> AssetUserKeyInfo<'_> {
    AssetUserKeyInfo {
        value: key.blob.as_str().into(),
        comment: key.comment.as_str().into(),
        encrypt_type: key.algorithm.as_str().into(),
    }
}

/// Answers DescribeAssetUserKeyList: a page of the public keys of one account; with `AsOf`, of that instant.
///
/// # Errors
/// `ResourceNotFound`, `InvalidParameterValue` for the limit or `AsOf`.
pub async fn keys(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAssetUserKeyListRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let facts = if let Some(as_of) = request.as_of.filter(|text| !text.is_empty()) {
        let past = past(service, caller, as_of, request.quuid, request.name).await?;
        fits(&past.entry.state, &request.uuid)?;
        past.facts
    } else {
        let snapshot = service.tenant(caller)?.accounts.snapshot();
        find(&snapshot, &request.quuid, &request.uuid, &request.name)?;
        facts(service, caller, &request.quuid, &request.name).await?
    };
    let all = &facts.keys.keys;
    let keys = all.iter().skip(offset).take(limit).map(key).collect();
    Body::new(&DescribeAssetUserKeyListResponse { keys, total: all.len() as u64 })
}

/// Answers DescribeAssetUserCount: how many hosts have an account of each name, most first. `Name` is a part of the
/// account name.
///
/// # Errors
/// `InvalidParameterValue` for `AsOf`.
pub async fn count(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAssetUserCountRequest,
) -> Result<Body, Error> {
    let Moment { accounts: snapshot, now, today } =
        service.moment(caller.tenant, request.as_of.as_deref()).await?;
    let printer = Printer::new(now, today, service.zone());
    let users = by_name(&snapshot, &printer, &request.name.unwrap_or_default(), usize::MAX);
    Body::new(&DescribeAssetUserCountResponse { users })
}

/// The most frequent account names that contain `part`, most first.
pub(super) fn by_name<'s>(
    snapshot: &'s AccountsSnapshot,
    printer: &Printer<'_>,
    part: &str,
    most: usize,
) -> Vec<AssetKeyVal<'s>> {
    let seen = Seen::of(snapshot, printer.new_ones());
    let mut counts: Vec<_> = snapshot.names(part).into_iter().collect();
    counts.sort_unstable_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
    let users = counts.into_iter().take(most).map(|(name, value)| AssetKeyVal {
        key: name.into(),
        value: value as i64,
        desc: "none".into(),
        new_count: seen.new_of(name, value) as i64,
    });
    users.collect()
}

/// How many accounts of each name are new, or are not: whichever are fewer, for each is looked at.
struct Seen<'s> {
    counts: HashMap<&'s str, usize>,
    new: bool,
}

impl<'s> Seen<'s> {
    fn of(snapshot: &'s AccountsSnapshot, new_ones: Filter) -> Self {
        let all = Query { filter: new_ones, sort: Sort::NATURAL, offset: 0, limit: 0, total: true };
        let total = snapshot.search(&all).total.unwrap_or_default();
        let new = total <= snapshot.len() / 2;
        let filter = if new { all.filter } else { Filter::Not(Box::new(all.filter)) };
        let mut counts = HashMap::new();
        let Ok(()) = snapshot.visit(&filter, &Sort::NATURAL, |row| {
            if let Some((_, account)) = snapshot.get(row) {
                *counts.entry(account.name).or_default() += 1;
            }
            Ok::<(), Infallible>(())
        });
        Seen { counts, new }
    }

    /// The new ones of the `all` accounts with this name.
    fn new_of(&self, name: &str, all: usize) -> usize {
        let counted = self.counts.get(name).copied().unwrap_or_default();
        if self.new { counted } else { all.saturating_sub(counted) }
    }
}
