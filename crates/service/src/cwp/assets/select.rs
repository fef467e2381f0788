//! Which hosts a list of resources shows, and in which order.

use model::{HostState, Resources};
use roster::{AccountsSnapshot, HostOrder};
use search::cwp::{MAX_FILTERS, MAX_VALUES};
use search::text::Folded;
use wire::cwp::Filter;
use wire::{Code, Error};

use super::load::{cpu_class, share_class};

/// Filters and order.
#[derive(Debug)]
pub(super) struct Selection {
    tests: Vec<Test>,
    by: By,
    descending: bool,
}

/// One filter; any of its values may match.
#[derive(Debug)]
enum Test {
    Address(Vec<String>),
    AddressPart(Vec<String>),
    Name(Vec<String>),
    NamePart(Vec<Folded>),
    Instance(Vec<String>),
    Quuid(Vec<String>),
    Os(Vec<String>),
    Windows(Vec<bool>),
    /// The class of a load.
    Load(fn(&Resources) -> usize, Vec<usize>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Id,
    FirstTime,
    Partitions,
}

/// The key of an order with the beginning of the id, which decides nearly always where keys are equal.
type Key = (u64, u64);

impl Selection {
    /// Reads filters and order.
    ///
    /// # Errors
    /// `InvalidParameter` for filters that do not exist or are too many, `InvalidParameterValue` for their values and
    /// for the order.
    pub fn new(filters: &[Filter], by: Option<&str>, order: Option<&str>) -> Result<Self, Error> {
        if filters.len() > MAX_FILTERS {
            return Err(refused(Code::InvalidParameter, "", "at most 5 filters", "最多 5 个过滤条件"));
        }
        let wrong = |field: &'static str, en: &'static str, zh: &'static str| {
            Error::new(Code::InvalidParameterValue).field(field).detail(en, zh)
        };
        let by = match by.unwrap_or_default() {
            "" => By::Id,
            "FirstTime" => By::FirstTime,
            "PartitionCount" => By::Partitions,
            _ => return Err(wrong("By", "no such sort key", "不支持的排序字段")),
        };
        let descending = match order.unwrap_or_default() {
            "" => false,
            order if order.eq_ignore_ascii_case("asc") => false,
            order if order.eq_ignore_ascii_case("desc") => true,
            _ => return Err(wrong("Order", "asc or desc", "应为 asc 或 desc")),
        };
        Ok(Selection { tests: filters.iter().map(test).collect::<Result<_, _>>()?, by, descending })
    }

    /// The hosts of a page and how many there are on all pages. Only those of the page are put in order.
    pub fn page<'s>(
        &self,
        snapshot: &'s AccountsSnapshot,
        offset: usize,
        limit: usize,
    ) -> (Vec<&'s HostState>, usize) {
        if self.tests.is_empty() && self.by == By::Id {
            return self.page_of_all(snapshot, offset, limit);
        }
        let hosts = snapshot.hosts().map(|host| host.state());
        let mut found: Vec<(Key, &HostState)> =
            hosts.filter(|host| self.fits(host)).map(|host| (self.key(host), host)).collect();
        let total = found.len();
        let end = offset.saturating_add(limit).min(total);
        let start = offset.min(total);
        let order = |(a, x): &(Key, &HostState), (b, y): &(Key, &HostState)| {
            let ascending = a.cmp(b).then_with(|| x.host.quuid.cmp(&y.host.quuid));
            if self.descending { ascending.reverse() } else { ascending }
        };
        if end < total {
            found.select_nth_unstable_by(end, order);
        }
        found.truncate(end);
        if start < end {
            found.select_nth_unstable_by(start, order);
        }
        let mut page = found.split_off(start);
        page.sort_unstable_by(order);
        (page.into_iter().map(|(_, host)| host).collect(), total)
    }

    /// A page of all hosts by id, for which nothing but the page has to be looked at.
    fn page_of_all<'s>(
        &self,
        snapshot: &'s AccountsSnapshot,
        offset: usize,
        limit: usize,
    ) -> (Vec<&'s HostState>, usize) {
        let total = snapshot.hosts_len();
        let (start, end) = (offset.min(total), offset.saturating_add(limit).min(total));
        let skipped = if self.descending { total - end } else { start };
        let hosts = snapshot.hosts_by(HostOrder::Id).skip(skipped).take(end - start);
        let mut page: Vec<_> = hosts.map(|host| host.state()).collect();
        if self.descending {
            page.reverse();
        }
        (page, total)
    }

    fn key(&self, host: &HostState) -> Key {
        let key = match self.by {
            By::Id => 0,
            // Instants before 1970 do not occur; they would come last.
            By::FirstTime => host.first_report.cast_unsigned(),
            By::Partitions => host.resources.partitions.unwrap_or(0).into(),
        };
        let mut start = [0; 8];
        start.iter_mut().zip(host.host.quuid.bytes()).for_each(|(to, from)| *to = from);
        (key, u64::from_be_bytes(start))
    }

    fn fits(&self, state: &HostState) -> bool {
        let host = &state.host;
        let addresses = [&host.private_ip, &host.wan_ip];
        self.tests.iter().all(|test| match test {
            Test::Address(wanted) => addresses.iter().any(|ip| wanted.contains(ip)),
            Test::AddressPart(parts) => {
                parts.iter().any(|part| addresses.iter().any(|ip| ip.contains(part.as_str())))
            }
            Test::Name(wanted) => wanted.contains(&host.name),
            Test::NamePart(parts) => parts.iter().any(|part| part.is_within(&host.name)),
            Test::Instance(wanted) => wanted.contains(&host.instance_id),
            Test::Quuid(wanted) => wanted.contains(&host.quuid),
            Test::Os(wanted) => wanted.contains(&host.os_info),
            Test::Windows(wanted) => wanted.contains(&host.windows),
            Test::Load(class, wanted) => wanted.contains(&class(&state.resources)),
        })
    }
}

fn refused(code: Code, name: &str, en: &str, zh: &str) -> Error {
    let error = Error::new(code).field("Filters");
    if name.is_empty() {
        return error.detail(en.to_owned(), zh.to_owned());
    }
    error.detail(format!("{name}: {en}"), format!("{name}：{zh}"))
}

fn test(filter: &Filter) -> Result<Test, Error> {
    let Filter { name, values, exact_match } = filter;
    let values = values.clone();
    if values.is_empty() {
        let (en, zh) = ("at least one value is needed", "至少需要一个值");
        return Err(refused(Code::InvalidParameter, name, en, zh));
    }
    if values.len() > MAX_VALUES {
        return Err(refused(Code::InvalidParameter, name, "at most 5 values", "最多 5 个值"));
    }
    let exact = exact_match.unwrap_or(false);
    Ok(match name.as_str() {
        "IP" if exact => Test::Address(values),
        "IP" => Test::AddressPart(values),
        "MachineName" if exact => Test::Name(values),
        "MachineName" => Test::NamePart(values.iter().map(|value| Folded::new(value)).collect()),
        "InstanceID" => Test::Instance(values),
        "Quuid" => Test::Quuid(values),
        "Os" => Test::Os(values),
        "OsType" => Test::Windows(each(name, &values, os_type)?),
        "CpuLoad" => Test::Load(|has| cpu_class(has.cpu_load()), each(name, &values, class)?),
        "MemLoad" => Test::Load(|has| share_class(has.usage.memory), each(name, &values, class)?),
        "DiskLoad" => Test::Load(|has| share_class(has.usage.disk), each(name, &values, class)?),
        _ => return Err(refused(Code::InvalidParameter, name, "no such filter", "不支持的过滤条件")),
    })
}

fn each<T>(name: &str, values: &[String], read: fn(&str) -> Option<T>) -> Result<Vec<T>, Error> {
    let one = |value: &String| {
        let wrong = || refused(Code::InvalidParameterValue, name, "no such value", "取值不在允许范围内");
        read(value.trim()).ok_or_else(wrong)
    };
    values.iter().map(one).collect()
}

fn os_type(value: &str) -> Option<bool> {
    let windows = value.eq_ignore_ascii_case("windows");
    (windows || value.eq_ignore_ascii_case("linux")).then_some(windows)
}

/// A class of loads: 0 to 4. No processor load is of class 4, which only the export documents.
fn class(value: &str) -> Option<usize> {
    value.parse().ok().filter(|class| *class <= 4)
}
