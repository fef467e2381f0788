//! How many hosts there are: by state, by provider, and day by day.

use std::sync::Arc;

use jiff::civil::Date;
use model::{Day, HostDay};
use wire::cwp::{
    AssetKeyVal, CloudFromCnt, DescribeAssetRecentMachineInfoRequest, DescribeAssetRecentMachineInfoResponse,
    DescribeGeneralStatRequest, DescribeGeneralStatResponse, DescribeMachineGeneralRequest,
    DescribeMachineGeneralResponse,
};
use wire::{Body, Code, Error};

use super::machines::days_since;
use crate::{Caller, Service};

/// Days of one question.
const DAYS_MAX: i32 = 1098;

/// Answers DescribeGeneralStat: hosts by state. Editions and risks are the vendor's and count nothing.
///
/// # Errors
/// `InvalidParameterValue` for an unknown zone type.
pub async fn general(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeGeneralStatRequest,
) -> Result<Body, Error> {
    let mut finder = service.finder();
    finder.zone(request.machine_type.as_deref(), request.machine_region.as_deref())?;
    let tenant = service.tenant(caller)?;
    let (snapshot, labels) = (tenant.accounts.snapshot(), tenant.labels());
    let (mut all, mut online, mut new, mut first) = (0, 0, 0, None);
    for view in finder.find(&snapshot, &labels) {
        let state = view.state();
        all += 1;
        online += u64::from(finder.online(state));
        new += u64::from(finder.is_new(state));
        first = Some(first.map_or(state.first_report, |first: i64| first.min(state.first_report)));
    }
    Body::new(&DescribeGeneralStatResponse {
        machines_all: all,
        agents_all: all,
        agents_online: online,
        agents_offline: all - online,
        agents_basic: all,
        offline: all - online,
        protect_days: first.map_or(0, |first| days_since(service, first)),
        added_on_the_fifteen: new,
        ..DescribeGeneralStatResponse::default()
    })
}

/// Answers DescribeMachineGeneral: hosts by provider, all of them counting as being in data centres of one's own, and
/// how many more there are than yesterday.
///
/// # Errors
/// None of its own.
pub async fn overview(
    service: &Arc<Service>,
    caller: &Caller,
    _request: DescribeMachineGeneralRequest,
) -> Result<Body, Error> {
    let today = service.local_day();
    let yesterday = service.host_days(caller, today.saturating_sub(1), today.saturating_sub(1)).await?;
    let tenant = service.tenant(caller)?;
    let all = tenant.accounts.snapshot().hosts_len() as u64;
    // Without a count of yesterday nothing is said about the change.
    let more = yesterday.first().map_or(0, |day| all.cast_signed() - day.hosts.cast_signed());
    let clear_hours = u64::from(tenant.labels().clear_after_days()) * 24;
    Body::new(&DescribeMachineGeneralResponse {
        machine_cnt: all,
        idc_machine_cnt: all,
        base_machine_cnt: all,
        compare_yesterday_machine_cnt: more,
        machine_destroy_after_offline_hours: clear_hours,
        cloud_from: vec![CloudFromCnt { cloud_from: 1, machine_cnt: all.cast_signed() }],
        ..DescribeMachineGeneralResponse::default()
    })
}

/// Answers DescribeAssetRecentMachineInfo: hosts day by day. Days on which nothing was counted are left out.
///
/// # Errors
/// `InvalidParameter.DateRange`.
pub async fn trend(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAssetRecentMachineInfoRequest,
) -> Result<Body, Error> {
    let days = days(service, caller, &request.begin_date, &request.end_date, DAYS_MAX).await?;
    let list = |count: fn(&HostDay) -> u64| {
        let day = |day: &HostDay| AssetKeyVal {
            key: print_day(day.day).into(),
            value: i64::try_from(count(day)).unwrap_or(i64::MAX),
            desc: "none".into(),
            new_count: 0,
        };
        days.iter().map(day).collect::<Vec<_>>()
    };
    Body::new(&DescribeAssetRecentMachineInfoResponse {
        total_list: list(|day| day.hosts),
        live_list: list(|day| day.online),
        offline_list: list(|day| day.hosts.saturating_sub(day.online)),
        // Risks are not judged here.
        risk_list: list(|_| 0),
    })
}

/// The counted days from `begin` to `end`, with today as it is now.
///
/// # Errors
/// `InvalidParameter.DateRange`.
pub(crate) async fn days(
    service: &Arc<Service>,
    caller: &Caller,
    begin: &str,
    end: &str,
    most: i32,
) -> Result<Vec<HostDay>, Error> {
    let wrong = |field: &'static str| Error::new(Code::InvalidParameterDateRange).field(field);
    let form = |field| wrong(field).detail("a date such as 2026-01-31", "应为形如 2026-01-31 的日期");
    let first = read_day(begin).ok_or_else(|| form("BeginDate"))?;
    let last = read_day(end).ok_or_else(|| form("EndDate"))?;
    if last < first || last - first >= most {
        let en = format!("not before BeginDate, and at most {most} days");
        let zh = format!("不早于 BeginDate，且最多 {most} 天");
        return Err(wrong("EndDate").detail(en, zh));
    }
    let mut days = service.host_days(caller, first, last).await?;
    let today = service.local_day();
    if (first..=last).contains(&today) {
        days.retain(|day| day.day != today);
        days.push(service.count_hosts(&*service.tenant(caller)?));
        days.sort_by_key(|day| day.day);
    }
    Ok(days)
}

/// Days since 1970-01-01 of a date.
fn read_day(text: &str) -> Option<Day> {
    let date = Date::strptime("%Y-%m-%d", text.trim()).ok()?;
    Some((date - Date::constant(1970, 1, 1)).get_days())
}

/// A day as a date.
pub(crate) fn print_day(day: Day) -> String {
    let date = Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(day));
    date.map(|date| date.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        for (text, day) in [("1970-01-01", 0), ("2026-11-22", 20_779), ("2024-02-29", 19_782)] {
            assert_eq!((read_day(text), print_day(day).as_str()), (Some(day), text));
        }
        for bad in ["", "2026-13-01", "2026-02-30", "20260101", "2026-01-01 00:00:00", "x"] {
            assert_eq!(read_day(bad), None, "{bad}");
        }
    }
}
