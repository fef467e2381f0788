//! How many assets of each kind there are, and how many of them are new today.

use std::sync::Arc;

use roster::AccountsSnapshot;
use search::{Query, Sort};
use wire::cwp::{
    AssetKeyVal, AssetType, DescribeAssetHostTotalCountRequest, DescribeAssetHostTotalCountResponse,
    DescribeAssetInfoRequest, DescribeAssetInfoResponse, DescribeAssetTotalCountRequest,
    DescribeAssetTotalCountResponse, DescribeAssetTypeTopRequest, DescribeAssetTypeTopResponse,
    DescribeAssetTypesRequest, DescribeAssetTypesResponse,
};
use wire::{Body, Error};

use super::find;
use crate::cwp::{Printer, accounts};
use crate::{Caller, Service};

/// The kinds that are collected, by the numbers ScanAsset knows them by.
const COLLECTED: [&str; 2] = ["system", "account"];
/// The kinds that are not; they are counted as none.
const OTHERS: [&str; 14] = [
    "port",
    "app",
    "process",
    "database",
    "webapp",
    "webservice",
    "webframe",
    "weblocation",
    "jar",
    "initservice",
    "plantask",
    "env",
    "coremodule",
    "package",
];
/// How many values of a kind are its top.
const TOP: usize = 5;

/// All of something, and those that are new today.
#[derive(Clone, Copy)]
struct Count {
    all: usize,
    new: usize,
}

/// Hosts and accounts.
fn counts(snapshot: &AccountsSnapshot, printer: &Printer<'_>) -> (Count, Count) {
    let mut hosts = Count { all: 0, new: 0 };
    for host in snapshot.hosts() {
        hosts.all += 1;
        hosts.new += usize::from(printer.is_new(host.state().first_report));
    }
    let new = Query { filter: printer.new_ones(), sort: Sort::NATURAL, offset: 0, limit: 0, total: true };
    let new = snapshot.search(&new).total.unwrap_or_default();
    (hosts, Count { all: snapshot.len(), new })
}

fn keys(hosts: Count, accounts: Count) -> Vec<AssetKeyVal<'static>> {
    let none = Count { all: 0, new: 0 };
    let collected = COLLECTED.into_iter().zip([hosts, accounts]);
    let all = collected.chain(OTHERS.into_iter().map(|kind| (kind, none)));
    let key = |(kind, count): (&'static str, Count)| AssetKeyVal {
        key: kind.into(),
        value: count.all as i64,
        desc: "none".into(),
        new_count: count.new as i64,
    };
    all.map(key).collect()
}

/// Answers DescribeAssetTotalCount.
///
/// # Errors
/// None of its own.
pub async fn total_count(
    service: &Arc<Service>,
    caller: &Caller,
    _request: DescribeAssetTotalCountRequest,
) -> Result<Body, Error> {
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let printer = Printer::new(service.now(), service.today(), service.zone());
    let (hosts, accounts) = counts(&snapshot, &printer);
    Body::new(&DescribeAssetTotalCountResponse { types: keys(hosts, accounts) })
}

/// Answers DescribeAssetHostTotalCount: the same of one host.
///
/// # Errors
/// `ResourceNotFound`.
pub async fn host_total_count(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAssetHostTotalCountRequest,
) -> Result<Body, Error> {
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let host = find(&snapshot, &request.quuid, &request.uuid)?;
    let printer = Printer::new(service.now(), service.today(), service.zone());
    let new = host.accounts().filter(|account| printer.is_new(account.first_seen)).count();
    let system = Count { all: 1, new: printer.is_new(host.state().first_report).into() };
    Body::new(&DescribeAssetHostTotalCountResponse { types: keys(system, Count { all: host.len(), new }) })
}

/// Answers DescribeAssetTypeTop: the most frequent account names.
///
/// # Errors
/// None of its own.
pub async fn type_top(
    service: &Arc<Service>,
    caller: &Caller,
    _request: DescribeAssetTypeTopRequest,
) -> Result<Body, Error> {
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let printer = Printer::new(service.now(), service.today(), service.zone());
    let user = accounts::by_name(&snapshot, &printer, "", TOP);
    Body::new(&DescribeAssetTypeTopResponse { user, ..DescribeAssetTypeTopResponse::default() })
}

/// Answers DescribeAssetTypes: the kinds that are collected.
///
/// # Errors
/// None of its own.
pub async fn types(
    _service: &Arc<Service>,
    _caller: &Caller,
    _request: DescribeAssetTypesRequest,
) -> Result<Body, Error> {
    let kind = |(id, name): (u64, &'static str)| AssetType { id, name: name.into() };
    Body::new(&DescribeAssetTypesResponse { types: (1..).zip(COLLECTED).map(kind).collect() })
}

/// Whether a kind is one that DescribeAssetTypes lists.
pub(crate) fn collected(id: u64) -> bool {
    (1..).zip(COLLECTED).any(|(known, _)| known == id)
}

/// Answers DescribeAssetInfo.
///
/// # Errors
/// None of its own.
pub async fn info(
    service: &Arc<Service>,
    caller: &Caller,
    _request: DescribeAssetInfoRequest,
) -> Result<Body, Error> {
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let printer = Printer::new(service.now(), service.today(), service.zone());
    let (hosts, accounts) = counts(&snapshot, &printer);
    Body::new(&DescribeAssetInfoResponse {
        machine_count: hosts.all as u64,
        machine_new_count: hosts.new as i64,
        account_count: accounts.all as u64,
        account_new_count: accounts.new as i64,
        ..DescribeAssetInfoResponse::default()
    })
}
