//! DescribeHistoryAccounts and DescribeAccountStatistics: what changed on one host, and which names are how common.

use std::sync::Arc;

use model::{Host, HostEntry, TenantId, rules};
use roster::AccountsSnapshot;
use store::{AccountEvent, EventFilter, Kind, Kinds, Reader, StoreError};
use wire::cwp::{
    AccountStatistics, DescribeAccountStatisticsRequest, DescribeAccountStatisticsResponse,
    DescribeHistoryAccountsRequest, DescribeHistoryAccountsResponse, Filter, HistoryAccount,
};
use wire::{Body, Code, Error};

use super::Printer;
use super::page;
use crate::{Caller, Service};

/// Answers DescribeHistoryAccounts: the changes of accounts on one host, newest first; accounts of its oldest known
/// state count as made when they were first seen. Logins are no changes here.
///
/// # Errors
/// `InvalidParameter` for a filter, `InvalidParameterValue` for the limit.
pub async fn accounts(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeHistoryAccountsRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let wanted = Wanted::of(request.filters.as_deref().unwrap_or_default(), true)?;
    let (snapshot, tenant) = (service.tenant(caller)?.accounts.snapshot(), caller.tenant);
    let found = service
        .read(move |reader| {
            let Some(quuid) = host_called(reader, tenant, &snapshot, &request.uuid)? else { return Ok(None) };
            History::read(reader, tenant, &snapshot, quuid, &wanted, offset, limit)
        })
        .await?;
    let Some(history) = found else {
        return Body::new(&DescribeHistoryAccountsResponse { total_count: 0, history_accounts: Vec::new() });
    };
    let printer = Printer::new(service.now(), service.today(), service.zone());
    let rows = history.rows.iter().map(|row| HistoryAccount {
        id: row.id,
        uuid: history.host.uuid.as_str().into(),
        machine_ip: history.host.private_ip.as_str().into(),
        machine_name: history.host.name.as_str().into(),
        username: row.name.as_str().into(),
        modify_type: row.what.into(),
        modify_time: printer.millis(row.at).into(),
    });
    Body::new(&DescribeHistoryAccountsResponse {
        total_count: history.total,
        history_accounts: rows.collect(),
    })
}

/// Which accounts, of which hosts, the filters mean.
#[derive(Debug, Default)]
struct Wanted {
    names: Vec<String>,
    exact: bool,
    addresses: Vec<String>,
}

impl Wanted {
    /// `Username` is a part of the name unless `ExactMatch` is set.
    fn of(filters: &[Filter], addresses: bool) -> Result<Self, Error> {
        let bad = |en: String, zh: String| Error::new(Code::InvalidParameter).field("Filters").detail(en, zh);
        let mut wanted = Wanted::default();
        for Filter { name, values, exact_match } in filters {
            if values.is_empty() || values.len() > search::cwp::MAX_VALUES {
                return Err(bad(format!("{name}: 1 to 5 values"), format!("{name}：应有 1 至 5 个值")));
            }
            match name.as_str() {
                "Username" => {
                    wanted.names.clone_from(values);
                    wanted.exact = exact_match.unwrap_or(false);
                }
                "MachineIp" if addresses => wanted.addresses.clone_from(values),
                _ => return Err(bad(format!("{name}: no such filter"), format!("{name}：不支持的过滤条件"))),
            }
        }
        Ok(wanted)
    }

    fn takes(&self, name: &str) -> bool {
        let fits = |wanted: &String| if self.exact { name == wanted } else { name.contains(wanted.as_str()) };
        self.names.is_empty() || self.names.iter().any(fits)
    }

    fn takes_host(&self, host: &Host) -> bool {
        let has =
            |part: &String| [&host.private_ip, &host.wan_ip].iter().any(|ip| ip.contains(part.as_str()));
        self.addresses.is_empty() || self.addresses.iter().any(has)
    }
}

/// The host with an agent id, present or removed.
fn host_called(
    reader: &mut dyn Reader,
    tenant: TenantId,
    snapshot: &AccountsSnapshot,
    uuid: &str,
) -> Result<Option<String>, StoreError> {
    if uuid.is_empty() {
        return Ok(None);
    }
    let present = snapshot.hosts().find(|view| view.state().host.uuid == uuid);
    if let Some(host) = present {
        return Ok(Some(host.state().host.quuid.clone()));
    }
    Ok(reader.removed_hosts(tenant)?.into_iter().find(|quuid| rules::uuid(quuid) == uuid))
}

/// A page of the changes of a host.
struct History {
    host: Host,
    total: u64,
    rows: Vec<Change>,
}

struct Change {
    id: u64,
    name: String,
    what: &'static str,
    at: model::Millis,
}

impl History {
    fn read(
        reader: &mut dyn Reader,
        tenant: TenantId,
        snapshot: &AccountsSnapshot,
        quuid: String,
        wanted: &Wanted,
        offset: usize,
        limit: usize,
    ) -> Result<Option<Self>, StoreError> {
        let oldest = reader.oldest(tenant, &quuid)?.unwrap_or_default();
        let host = match snapshot.host(&quuid) {
            Some(view) => view.state().host.clone(),
            None => oldest.state.host.clone(),
        };
        if !wanted.takes_host(&host) {
            return Ok(None);
        }
        let changes = Kind::ALL.into_iter().map(|(kind, _)| kind).filter(|kind| *kind != Kind::LastLogin);
        let filter = EventFilter {
            quuid: Some(quuid),
            names: wanted.names.clone(),
            parts: !wanted.exact,
            kinds: Kinds::of(changes),
            ..EventFilter::default()
        };
        let (events, later) = reader.events(tenant, &filter, offset as u64, limit as u64)?;
        let first = first_ones(&oldest, wanted);
        let total = later + first.len() as u64;
        let mut rows: Vec<Change> = events.iter().map(change).collect();
        let skipped = offset.saturating_sub(usize::try_from(later).unwrap_or(usize::MAX));
        let room = limit - rows.len().min(limit);
        rows.extend(first.into_iter().skip(skipped).take(room));
        Ok(Some(History { host, total, rows }))
    }
}

fn change(event: &AccountEvent) -> Change {
    let what = if event.kinds.has(Kind::New) {
        "CREATE"
    } else if event.kinds.has(Kind::Vanished) {
        "DELETE"
    } else {
        "MODIFY"
    };
    Change { id: event.seq, name: event.name.clone(), what, at: event.at }
}

/// The accounts of the oldest known state, the latest first. They have no events, so their numbers are made of their
/// names, beyond those of all events.
fn first_ones(oldest: &HostEntry, wanted: &Wanted) -> Vec<Change> {
    const BEYOND: u64 = 1 << 52;
    let number = |name: &str| {
        let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
        BEYOND | (id.as_u64_pair().0 & (BEYOND - 1))
    };
    let accounts = oldest.accounts.iter().filter(|account| wanted.takes(&account.name));
    let mut first: Vec<Change> = accounts
        .map(|account| Change {
            id: number(&account.name),
            name: account.name.clone(),
            what: "CREATE",
            at: account.first_seen,
        })
        .collect();
    first.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.name.cmp(&b.name)));
    first
}

/// Answers DescribeAccountStatistics: how many hosts have an account of each name, most first.
///
/// # Errors
/// `InvalidParameter` for a filter, `InvalidParameterValue` for the limit.
pub async fn statistics(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAccountStatisticsRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let wanted = Wanted::of(request.filters.as_deref().unwrap_or_default(), false)?;
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let mut counts: Vec<_> = snapshot.names("").into_iter().filter(|(name, _)| wanted.takes(name)).collect();
    counts.sort_unstable_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
    let names = counts.iter().skip(offset).take(limit);
    let names =
        names.map(|(name, hosts)| AccountStatistics { username: (*name).into(), machine_num: *hosts as u64 });
    Body::new(&DescribeAccountStatisticsResponse {
        total_count: counts.len() as u64,
        account_statistics: names.collect(),
    })
}
