//! Hosts that leave: removed by an operator, or cleared away after a long silence; and the remark of a host.

use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::{ClearedHost, Millis};
use store::Change;
use wire::cwp::{
    DeleteMachineClearHistoryRequest, DeleteMachineClearHistoryResponse, DeleteMachineRequest,
    DeleteMachineResponse, DescribeMachineClearHistoryRequest, DescribeMachineClearHistoryResponse, Filters,
    MachineClearHistory, ModifyMachineAutoClearConfigRequest, ModifyMachineAutoClearConfigResponse,
    ModifyMachineRemarkRequest, ModifyMachineRemarkResponse, RemoveMachineRequest, RemoveMachineResponse,
};
use wire::{Body, Code, Error, Service as Wire};

use super::machines::by_uuid;
use super::page;
use crate::{Caller, Service, checks, errors, times};

/// Longest silence that can be asked for, in days.
const CLEAR_MAX: u64 = 30;
/// Most entries of one call.
const ENTRIES_MAX: usize = 100;
/// Most texts to look for.
const KEYWORDS_MAX: usize = 100;

/// Answers DeleteMachine: the host leaves the lists; its history stays.
///
/// # Errors
/// `ResourceNotFound`.
pub async fn delete(
    service: &Arc<Service>,
    caller: &Caller,
    request: DeleteMachineRequest,
) -> Result<Body, Error> {
    let quuid = {
        let snapshot = service.tenant(caller)?.accounts.snapshot();
        let state = by_uuid(&snapshot, &request.uuid);
        state.ok_or_else(|| Error::new(Code::ResourceNotFound).field("Uuid"))?.host.quuid.clone()
    };
    write(service, caller, "DeleteMachine", &quuid, Change::DeleteHost { quuid: quuid.clone() }).await?;
    Body::new(&DeleteMachineResponse {})
}

/// Answers RemoveMachine: the same for a host that is offline.
///
/// # Errors
/// `ResourceNotFound`, `OperationDenied` while it is in contact.
pub async fn remove(
    service: &Arc<Service>,
    caller: &Caller,
    request: RemoveMachineRequest,
) -> Result<Body, Error> {
    let quuid = request.quuid;
    {
        let snapshot = service.tenant(caller)?.accounts.snapshot();
        let missing = |field: &'static str| Error::new(Code::ResourceNotFound).field(field);
        let state = snapshot.host(&quuid).ok_or_else(|| missing("Quuid"))?.state();
        if !request.uuid.is_empty() && state.host.uuid != request.uuid {
            return Err(missing("Uuid"));
        }
        if service.finder().online(state) {
            let error = Error::new(Code::OperationDenied);
            return Err(error.detail("the host is online", "主机在线"));
        }
    }
    write(service, caller, "RemoveMachine", &quuid, Change::DeleteHost { quuid: quuid.clone() }).await?;
    Body::new(&RemoveMachineResponse {})
}

/// Answers ModifyMachineRemark.
///
/// # Errors
/// `ResourceNotFound`, `InvalidParameterValue` for more than 512 characters.
pub async fn remark(
    service: &Arc<Service>,
    caller: &Caller,
    request: ModifyMachineRemarkRequest,
) -> Result<Body, Error> {
    let remark = request.remark.unwrap_or_default();
    if !checks::description(&remark) {
        return Err(Error::new(Code::InvalidParameterValue).field("Remark").detail(
            "at most 512 characters, none of them control characters",
            "最多 512 个字符，且不含控制字符",
        ));
    }
    let change = Change::SetRemark { quuid: request.quuid.clone(), remark };
    write(service, caller, "ModifyMachineRemark", &request.quuid, change).await?;
    Body::new(&ModifyMachineRemarkResponse {})
}

/// Answers ModifyMachineAutoClearConfig: after how many days of silence hosts are cleared away; 0 is never.
///
/// # Errors
/// `InvalidParameterValue` above 30.
pub async fn clear_rule(
    service: &Arc<Service>,
    caller: &Caller,
    request: ModifyMachineAutoClearConfigRequest,
) -> Result<Body, Error> {
    let days = u32::try_from(request.clear_rule.min(CLEAR_MAX + 1)).unwrap_or(u32::MAX);
    if request.clear_rule > CLEAR_MAX {
        let error = Error::new(Code::InvalidParameterValue).field("ClearRule");
        return Err(error.detail("at most 30 days", "最多 30 天"));
    }
    let change = Change::SetClearRule { days };
    write(service, caller, "ModifyMachineAutoClearConfig", &days.to_string(), change).await?;
    Body::new(&ModifyMachineAutoClearConfigResponse {})
}

async fn write(
    service: &Service,
    caller: &Caller,
    action: &str,
    target: &str,
    change: Change,
) -> Result<(), Error> {
    let written = service.write(caller, action, target, change).await;
    written.map(drop).map_err(|error| errors::write(Wire::Cwp, error))
}

/// Answers DescribeMachineClearHistory: hosts that were cleared away.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameterValue`.
pub async fn cleared(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeMachineClearHistoryRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let wanted = Wanted::new(request.filters.unwrap_or_default(), service.zone())?;
    let value = |field: &'static str| Error::new(Code::InvalidParameterValue).field(field);
    let key: fn(&ClearedHost) -> Millis = match request.by.as_deref().unwrap_or_default() {
        "" | "AutoClearTime" => |host| host.cleared,
        "AgentLastOfflineTime" => |host| host.last_report,
        _ => return Err(value("By").detail("no such sort key", "不支持的排序字段")),
    };
    let descending = match request.order.as_deref().unwrap_or_default() {
        "" => false,
        order if order.eq_ignore_ascii_case("asc") => false,
        order if order.eq_ignore_ascii_case("desc") => true,
        _ => return Err(value("Order").detail("ASC or DESC", "应为 ASC 或 DESC")),
    };
    let mut hosts = service.cleared_hosts(caller).await?;
    hosts.retain(|host| wanted.fits(host));
    hosts.sort_by_key(|host| (key(host), host.id));
    if descending {
        hosts.reverse();
    }
    let calendar = times::Calendar::new(service.zone());
    let time = |at| times::text(calendar.millis(at)).into();
    let entry = |host: &ClearedHost| MachineClearHistory {
        id: host.id,
        instance_id: host.instance_id.clone().into(),
        instance_name: host.name.clone().into(),
        public_ip: host.wan_ip.clone().into(),
        private_ip: host.private_ip.clone().into(),
        agent_last_offline_time: time(host.last_report),
        create_time: time(host.cleared),
    };
    let list = hosts.iter().skip(offset).take(limit).map(entry).collect();
    Body::new(&DescribeMachineClearHistoryResponse { total_count: hosts.len() as u64, list })
}

/// Which entries are asked for.
#[derive(Default)]
struct Wanted {
    keywords: Vec<Vec<String>>,
    between: Option<(Millis, Millis)>,
}

impl Wanted {
    fn new(filters: Vec<Filters>, zone: &TimeZone) -> Result<Self, Error> {
        let refused = |code, name: &str, en: &str, zh: &str| {
            let error = Error::new(code).field("Filters");
            error.detail(format!("{name}: {en}"), format!("{name}：{zh}"))
        };
        let mut wanted = Self::default();
        for Filters { name, values, .. } in filters {
            if values.is_empty() || values.len() > KEYWORDS_MAX || wanted.keywords.len() >= KEYWORDS_MAX {
                return Err(refused(Code::InvalidParameter, &name, "1 to 100 values", "应有 1 到 100 个值"));
            }
            match name.as_str() {
                "Keywords" => wanted.keywords.push(values.iter().map(|v| v.to_lowercase()).collect()),
                "TimeBetween" => {
                    let between = between(&values, zone).ok_or_else(|| {
                        let form = "two times such as 2026-01-31 08:00:00, the first not after the second";
                        let zh = "应为两个形如 2026-01-31 08:00:00 的时间，且开始不晚于结束";
                        refused(Code::InvalidParameterValue, &name, form, zh)
                    })?;
                    wanted.between = Some(between);
                }
                _ => {
                    return Err(refused(Code::InvalidParameter, &name, "no such filter", "不支持的过滤条件"));
                }
            }
        }
        Ok(wanted)
    }

    fn fits(&self, host: &ClearedHost) -> bool {
        let texts = [&host.name, &host.wan_ip, &host.private_ip, &host.instance_id].map(|t| t.to_lowercase());
        let named =
            |parts: &Vec<String>| parts.iter().any(|part| texts.iter().any(|text| text.contains(part)));
        self.keywords.iter().all(named)
            && self.between.is_none_or(|(from, to)| (from..=to).contains(&host.cleared))
    }
}

/// Two times, both included; a day as an end is its whole.
fn between(values: &[String], zone: &TimeZone) -> Option<(Millis, Millis)> {
    let [from, to] = values else { return None };
    let instant = |at: DateTime| Some(at.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond());
    let read = |text: &str, late: bool| match Date::strptime("%Y-%m-%d", text) {
        Ok(day) if late => instant(day.tomorrow().ok()?.at(0, 0, 0, 0)).map(|end| end - 1),
        Ok(day) => instant(day.at(0, 0, 0, 0)),
        Err(_) => {
            let at = instant(DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?)?;
            Some(if late { at + 999 } else { at })
        }
    };
    let (from, to) = (read(from.trim(), false)?, read(to.trim(), true)?);
    (from <= to).then_some((from, to))
}

/// Answers DeleteMachineClearHistory: removes entries, all or none.
///
/// # Errors
/// `ResourceNotFound` when one does not exist, `InvalidParameterValue` for none or more than 100.
pub async fn forget(
    service: &Arc<Service>,
    caller: &Caller,
    request: DeleteMachineClearHistoryRequest,
) -> Result<Body, Error> {
    if request.ids.is_empty() || request.ids.len() > ENTRIES_MAX {
        let error = Error::new(Code::InvalidParameterValue).field("Ids");
        return Err(error.detail("1 to 100 entries", "应为 1 到 100 项"));
    }
    let target = request.ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    let change = Change::ForgetCleared { ids: request.ids };
    write(service, caller, "DeleteMachineClearHistory", &target, change).await?;
    Body::new(&DeleteMachineClearHistoryResponse {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_between() {
        let read = |from: &str, to: &str| between(&[from.into(), to.into()], &TimeZone::UTC);
        assert_eq!(read("1970-01-01", "1970-01-01"), Some((0, 86_399_999)));
        assert_eq!(read("1970-01-01 00:00:01", "1970-01-01 00:00:01"), Some((1000, 1999)));
        for (from, to) in
            [("1970-01-02", "1970-01-01"), ("x", "1970-01-01"), ("1970-13-01", "1970-01-01"), ("", "")]
        {
            assert_eq!(read(from, to), None, "{from} {to}");
        }
        assert_eq!(read("9999-12-31", "9999-12-31"), None, "no calendar has the end of that day");
        assert_eq!(between(&["1970-01-01".into()], &TimeZone::UTC), None);
    }
}
