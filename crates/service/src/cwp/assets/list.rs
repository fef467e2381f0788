//! DescribeAssetMachineList: resources of the hosts, a page at a time.

use std::sync::Arc;

use wire::cwp::{DescribeAssetMachineListRequest, DescribeAssetMachineListResponse};
use wire::{Body, Error};

use super::record;
use super::select::Selection;
use crate::cwp::page;
use crate::cwp::{Printer, machines};
use crate::{Caller, Service};

/// Answers DescribeAssetMachineList. Filters, order and numbers are answered from memory; the model of the processors
/// is read from the store for the hosts of the page.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameterValue`.
pub async fn list(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAssetMachineListRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let filters = request.filters.unwrap_or_default();
    let selection = Selection::new(&filters, request.by.as_deref(), request.order.as_deref())?;
    let tenant = service.tenant(caller)?;
    let snapshot = tenant.accounts.snapshot();
    let (hosts, total) = selection.page(&snapshot, offset, limit);
    let quuids = hosts.iter().map(|state| state.host.quuid.clone()).collect();
    let facts = service.host_facts(caller, quuids).await?;
    let printer = Printer::new(service.now(), service.today(), service.zone());
    let labels = tenant.labels();
    let machines = hosts.iter().zip(facts).map(|(state, facts)| {
        let cpu = facts.unwrap_or_default().machine.cpu_model;
        record::base(&printer, state, cpu, machines::tags(&labels, &state.host.quuid))
    });
    Body::new(&DescribeAssetMachineListResponse { total: total as u64, machines: machines.collect() })
}
