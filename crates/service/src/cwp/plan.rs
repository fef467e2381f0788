//! What the account list and its export have in common: host, filters and order as one plan, checked whole before
//! anything happens. The two actions answer a broken one with different codes (semantics B1, B4).

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::tz::TimeZone;
use model::Day;
use roster::AccountsSnapshot;
use search::accounts::OS_INFO;
use search::cwp::{Context, Given, Refusal, RefusalKind, SortRefusal};
use search::{Filter, Sort, cwp};
use wire::cwp::Filter as WireFilter;
use wire::{Code, Error};

use super::machines::os_number;

/// The filter whose values are those of DescribeMachineOsList: names, or their numbers.
const OS: &str = "Os";

/// Which accounts, in which order.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub filter: Filter,
    pub sort: Sort,
}

/// What is wrong with a plan.
pub(crate) enum PlanError {
    /// A filter.
    Filter(Refusal),
    /// The sort key or the direction.
    Sort(SortRefusal),
}

impl Plan {
    /// Builds the plan for a snapshot. `today` is the UTC day that states are judged by, `zone` the one whose days dates
    /// mean.
    pub fn new(
        quuid: Option<&str>,
        filters: &[WireFilter],
        by: Option<&str>,
        order: Option<&str>,
        today: Day,
        zone: &TimeZone,
        snapshot: &AccountsSnapshot,
    ) -> Result<Plan, PlanError> {
        let systems = systems(filters, snapshot);
        let given: Vec<Given<'_>> = filters
            .iter()
            .map(|f| Given {
                name: &f.name,
                values: f.values.iter().flat_map(|value| meant(f, value, &systems)).collect(),
                exact: f.exact_match.unwrap_or(false),
            })
            .collect();
        let mut filter = cwp::filters(&given, Context { today, zone }).map_err(PlanError::Filter)?;
        if let Some(quuid) = quuid.filter(|q| !q.is_empty()) {
            filter = Filter::all_of([filter, cwp::of_host(quuid)]);
        }
        let sort = cwp::sort(by, order).map_err(PlanError::Sort)?;
        Ok(Plan { filter, sort })
    }
}

/// Names of operating systems by the numbers of DescribeMachineOsList.
type Systems<'s> = HashMap<u64, BTreeSet<&'s str>>;

/// The systems whose numbers are asked for.
fn systems<'s>(filters: &[WireFilter], snapshot: &'s AccountsSnapshot) -> Systems<'s> {
    let asked = filters.iter().filter(|f| f.name == OS).flat_map(|f| &f.values);
    let asked: HashSet<u64> = asked.filter_map(|value| value.parse().ok()).collect();
    let mut found = Systems::new();
    if asked.is_empty() {
        return found;
    }
    for name in snapshot.texts_of_hosts(OS_INFO) {
        let number = os_number(name);
        if asked.contains(&number) {
            found.entry(number).or_default().insert(name);
        }
    }
    found
}

/// The texts a value means: those of a system for its number, else itself.
fn meant<'a>(filter: &WireFilter, value: &'a str, systems: &Systems<'a>) -> Vec<Option<&'a str>> {
    let number = (filter.name == OS).then(|| value.parse::<u64>().ok()).flatten();
    match number.and_then(|number| systems.get(&number)) {
        Some(names) => names.iter().map(|name| Some(*name)).collect(),
        None => vec![Some(value)],
    }
}

impl PlanError {
    /// The error of DescribeAssetUserList.
    pub fn of_list(self) -> Error {
        let code = match &self {
            PlanError::Filter(Refusal { kind: RefusalKind::DateRange, .. }) => {
                Code::InvalidParameterDateRange
            }
            PlanError::Filter(Refusal { kind: RefusalKind::NotANumber, .. }) => {
                Code::InvalidParameterParsingError
            }
            PlanError::Filter(Refusal { kind: RefusalKind::OutOfRange, .. }) | PlanError::Sort(_) => {
                Code::InvalidParameterValue
            }
            PlanError::Filter(_) => Code::InvalidParameter,
        };
        self.with(code)
    }

    /// The error of ExportAssetUserList, which knows only two codes for its input.
    pub fn of_export(self) -> Error {
        let code = match &self {
            PlanError::Filter(Refusal { kind: RefusalKind::DateRange, .. }) => {
                Code::InvalidParameterDateRange
            }
            _ => Code::InvalidParameter,
        };
        self.with(code)
    }

    fn with(self, code: Code) -> Error {
        let error = Error::new(code);
        match self {
            PlanError::Sort(SortRefusal::By) => {
                error.field("By").detail("no such sort key", "不支持的排序字段")
            }
            PlanError::Sort(SortRefusal::Order) => {
                error.field("Order").detail("asc or desc", "应为 asc 或 desc")
            }
            PlanError::Filter(Refusal { name, kind }) => {
                let (en, zh) = words(kind);
                if name.is_empty() {
                    return error.field("Filters").detail(en, zh);
                }
                error.field("Filters").detail(format!("{name}: {en}"), format!("{name}：{zh}"))
            }
        }
    }
}

/// What a filter's mistake is called, in English and Chinese.
fn words(kind: RefusalKind) -> (&'static str, &'static str) {
    match kind {
        RefusalKind::UnknownName => ("no such filter", "不支持的过滤条件"),
        RefusalKind::TooManyFilters => ("at most 5 filters", "最多 5 个过滤条件"),
        RefusalKind::TooManyValues => ("at most 5 values", "最多 5 个值"),
        RefusalKind::EmptyValues => ("at least one value is needed", "至少需要一个值"),
        RefusalKind::NotANumber => ("not a number", "不是数字"),
        RefusalKind::OutOfRange => ("no such value", "取值不在允许范围内"),
        RefusalKind::DateRange => (
            "a date such as 2021-01-11, the start not after the end",
            "应为 2021-01-11 形式的日期，且开始不晚于结束",
        ),
    }
}
