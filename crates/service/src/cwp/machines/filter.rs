//! The filters of machine lists. All of these actions take the union of their documented filters; nulls among the
//! values do not count.

use std::collections::HashSet;

use model::{Host, HostState, Millis};
use roster::{AccountsSnapshot, HostOrder, HostSet, HostView};
use search::{Field, accounts as a};
use wire::cwp::{Filter, Filters};
use wire::{Code, Error};

use super::record::{BASIC, KIND, REGION, os_number};
use crate::clock::DAY_MILLIS;
use crate::labels::Labels;

/// Most filters of one call, and most values of one of them but for ids.
const FILTERS_MAX: usize = 5;
const VALUES_MAX: usize = 5;
/// Most ids of a filter of them; most filters and values of the older form, for which no bound is documented.
const IDS_MAX: usize = 100;
/// "Added within the last 15 days".
const LATELY: Millis = 15 * DAY_MILLIS;

/// One filter as it was sent, of either form.
struct Given {
    name: String,
    values: Vec<String>,
    exact: bool,
}

/// Which hosts an action is about. Keeps nothing of the request, so that an export can hold it.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    tests: Vec<Test>,
    /// The instant for which states count, and from how long without contact a host is offline.
    now: Millis,
    offline_after: Millis,
}

#[derive(Debug)]
enum Test {
    Address(Vec<String>, bool),
    Name(Vec<String>, bool),
    Keyword(Vec<String>),
    Instance(Vec<String>),
    Id(HashSet<String>),
    Os(Vec<String>),
    Tag(Vec<u64>),
    New(bool),
    Online(bool),
    Nothing,
}

impl Finder {
    /// All hosts, as seen at `now`.
    pub fn new(now: Millis, offline_after: Millis) -> Self {
        Finder { tests: Vec::new(), now, offline_after }
    }

    /// Narrows to hosts of a zone type and region, which are all or none: every host is outside the vendor's cloud.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a zone type that does not exist.
    pub fn zone(&mut self, kind: Option<&str>, region: Option<&str>) -> Result<(), Error> {
        let kind = kind.filter(|kind| !kind.is_empty()).unwrap_or(KIND);
        if !["CVM", "BM", "ECM", "LH", "Other"].contains(&kind) {
            let words = ("one of CVM, BM, ECM, LH, Other", "应为 CVM、BM、ECM、LH 或 Other");
            return Err(Error::new(Code::InvalidParameterValue)
                .field("MachineType")
                .detail(words.0, words.1));
        }
        let region = region.filter(|region| !region.is_empty()).unwrap_or(REGION);
        self.none_unless(kind == KIND && region == REGION);
        Ok(())
    }

    /// Narrows to hosts of some projects. All hosts are of project 0.
    pub fn projects(&mut self, ids: Option<&[u64]>) {
        self.none_unless(ids.is_none_or(|ids| ids.is_empty() || ids.contains(&0)));
    }

    /// Finds nothing unless this holds.
    pub fn none_unless(&mut self, holds: bool) {
        if !holds {
            self.tests.push(Test::Nothing);
        }
    }

    /// Narrows by filters: a host has to match all, and any value within one.
    ///
    /// # Errors
    /// `InvalidParameter`, `InvalidParameter.ParsingError`, `InvalidParameterValue`.
    pub fn filters(&mut self, filters: Option<Vec<Filter>>) -> Result<(), Error> {
        let given = filters.into_iter().flatten();
        let given =
            given.map(|f| Given { name: f.name, values: f.values, exact: f.exact_match.unwrap_or(false) });
        self.add(given.collect(), FILTERS_MAX, VALUES_MAX)
    }

    /// The same for filters of the older form, whose `ExactMatch` is to be ignored.
    ///
    /// # Errors
    /// As [`filters`](Self::filters).
    pub fn old_filters(&mut self, filters: Option<Vec<Filters>>) -> Result<(), Error> {
        let given = filters.into_iter().flatten();
        let given = given.map(|f| Given { name: f.name, values: f.values, exact: false });
        self.add(given.collect(), IDS_MAX, IDS_MAX)
    }

    fn add(&mut self, given: Vec<Given>, filters_max: usize, values_max: usize) -> Result<(), Error> {
        if given.len() > filters_max {
            return Err(refused(Code::InvalidParameter, "", "too many filters", "过滤条件过多"));
        }
        for filter in given {
            self.add_one(filter, values_max)?;
        }
        Ok(())
    }

    fn add_one(&mut self, Given { name, values, exact }: Given, values_max: usize) -> Result<(), Error> {
        let values_max = if name == "Quuid" { IDS_MAX } else { values_max };
        if values.is_empty() || values.len() > values_max {
            let (en, zh) = (format!("1 to {values_max} values"), format!("应有 1 到 {values_max} 个值"));
            return Err(refused(Code::InvalidParameter, &name, &en, &zh));
        }
        let folded = || values.iter().map(|value| value.to_lowercase()).collect();
        let test = match name.as_str() {
            "Ips" => Test::Address(values, exact),
            "Names" if exact => Test::Name(values, true),
            "Names" => Test::Name(folded(), false),
            "Keywords" => Test::Keyword(folded()),
            "InstanceIds" | "InstanceID" => Test::Instance(values),
            "Quuid" => Test::Id(values.into_iter().collect()),
            "Os" => Test::Os(values),
            "TagId" => Test::Tag(numbers(&name, &values)?),
            _ => return self.add_states(&name, &values),
        };
        self.tests.push(test);
        Ok(())
    }

    /// Filters on states: each value stands for all hosts, none, or those of one kind.
    fn add_states(&mut self, name: &str, values: &[String]) -> Result<(), Error> {
        let any = |yes: Option<Test>| Ok::<Option<Test>, ()>(yes);
        let read = |value: &str| match (name, value) {
            ("AgentStatus" | "Status" | "MachineStatus", "ALL") => any(None),
            ("AgentStatus" | "Status", "ONLINE") | ("MachineStatus", "RUNNING") => {
                any(Some(Test::Online(true)))
            }
            ("AgentStatus" | "Status", "OFFLINE") => any(Some(Test::Online(false))),
            ("AgentStatus" | "Status", "UNINSTALLED" | "SHUTDOWN")
            | ("MachineStatus", "STOPPED" | "EXPIRED")
            | ("Risk", "yes") => any(Some(Test::Nothing)),
            ("Version", BASIC | "UnFlagship") => any(None),
            (
                "Version",
                "PRO_VERSION" | "Flagship" | "ProtectedMachines" | "PRO_POST_PAY" | "PRO_PRE_PAY",
            ) => any(Some(Test::Nothing)),
            ("AddedOnTheFifteen", "1") => any(Some(Test::New(true))),
            ("AddedOnTheFifteen", "0") => any(Some(Test::New(false))),
            _ => Err(()),
        };
        if !["AgentStatus", "Status", "MachineStatus", "Version", "Risk", "AddedOnTheFifteen"].contains(&name)
        {
            return Err(refused(Code::InvalidParameter, name, "no such filter", "不支持的过滤条件"));
        }
        let mut some = Vec::new();
        for value in values {
            match read(value) {
                Ok(None) => return Ok(()),
                Ok(Some(Test::Nothing)) => {}
                Ok(Some(test)) => some.push(test),
                Err(()) => {
                    return Err(refused(
                        Code::InvalidParameterValue,
                        name,
                        "no such value",
                        "取值不在允许范围内",
                    ));
                }
            }
        }
        // Two different kinds of the same state are everything.
        let both = |one: &Test, other: &Test| match (one, other) {
            (Test::Online(a), Test::Online(b)) | (Test::New(a), Test::New(b)) => a != b,
            _ => false,
        };
        if some.iter().any(|one| some.iter().any(|other| both(one, other))) {
            return Ok(());
        }
        self.tests.push(some.pop().unwrap_or(Test::Nothing));
        Ok(())
    }

    /// Whether a host is in contact.
    pub fn online(&self, host: &HostState) -> bool {
        self.now.saturating_sub(host.contact.last_report()) < self.offline_after
    }

    /// Whether a host was first heard of within the last 15 days.
    pub fn is_new(&self, host: &HostState) -> bool {
        self.now.saturating_sub(host.first_report) < LATELY
    }

    /// Whether all hosts match.
    pub fn is_all(&self) -> bool {
        self.tests.is_empty()
    }

    /// The hosts of a snapshot that match, by id.
    pub fn find<'s: 'f, 'f>(
        &'f self,
        snapshot: &'s AccountsSnapshot,
        labels: &'f Labels,
    ) -> impl Iterator<Item = HostView<'s>> {
        let sets: Vec<Vec<HostSet<'f>>> = self.tests.iter().map(|test| test.sets(snapshot)).collect();
        snapshot.hosts_by(HostOrder::Id).filter(move |host| {
            self.tests.iter().zip(&sets).all(|(test, sets)| match sets.is_empty() {
                true => self.passes(test, host.state(), labels),
                false => sets.iter().any(|set| set.has(host)),
            })
        })
    }

    /// Whether a host matches.
    pub fn fits(&self, state: &HostState, labels: &Labels) -> bool {
        self.tests.iter().all(|test| self.passes(test, state, labels))
    }

    fn passes(&self, test: &Test, state: &HostState, labels: &Labels) -> bool {
        let host = &state.host;
        match test {
            Test::Tag(wanted) => labels.has_any(&host.quuid, wanted),
            Test::New(wanted) => self.is_new(state) == *wanted,
            Test::Online(wanted) => self.online(state) == *wanted,
            Test::Nothing => false,
            texts => texts.fields().iter().any(|(_, text)| texts.takes(text(host))),
        }
    }
}

/// A text of a host, and the field it is found by in the roster.
type Text = (Field, fn(&Host) -> &str);

const NAME: Text = (a::MACHINE_NAME, |host| &host.name);
const PRIVATE_IP: Text = (a::MACHINE_IP, |host| &host.private_ip);
const WAN_IP: Text = (a::WAN_IP, |host| &host.wan_ip);
const INSTANCE: Text = (a::INSTANCE_ID, |host| &host.instance_id);
const QUUID: Text = (a::QUUID, |host| &host.quuid);
const OS: Text = (a::OS_INFO, |host| &host.os_info);

impl Test {
    /// The texts any of which has to pass; none for tests of other things.
    fn fields(&self) -> &'static [Text] {
        match self {
            Test::Address(..) => &[PRIVATE_IP, WAN_IP],
            Test::Name(..) => &[NAME],
            Test::Keyword(_) => &[NAME, PRIVATE_IP, WAN_IP, INSTANCE, QUUID],
            Test::Instance(_) => &[INSTANCE],
            Test::Id(_) => &[QUUID],
            Test::Os(_) => &[OS],
            Test::Tag(_) | Test::New(_) | Test::Online(_) | Test::Nothing => &[],
        }
    }

    /// Whether a text of a host passes.
    fn takes(&self, text: &str) -> bool {
        match self {
            Test::Address(wanted, true) | Test::Name(wanted, true) | Test::Instance(wanted) => {
                wanted.iter().any(|wanted| wanted == text)
            }
            Test::Address(wanted, false) => wanted.iter().any(|part| text.contains(part.as_str())),
            Test::Name(wanted, false) | Test::Keyword(wanted) => contains(text, wanted),
            Test::Id(wanted) => wanted.contains(text),
            Test::Os(wanted) => {
                let number = os_number(text);
                wanted.iter().any(|value| value == text || value.parse() == Ok(number))
            }
            Test::Tag(_) | Test::New(_) | Test::Online(_) | Test::Nothing => false,
        }
    }

    /// The hosts with each of these texts.
    fn sets<'s>(&'s self, snapshot: &'s AccountsSnapshot) -> Vec<HostSet<'s>> {
        let set = |(field, _): &Text| snapshot.hosts_where(*field, |text| self.takes(text));
        self.fields().iter().map(set).collect()
    }
}

/// Whether a text has any of the parts, which are in lower case, in whatever case.
fn contains(text: &str, parts: &[String]) -> bool {
    if text.is_ascii() && !text.bytes().any(|b| b.is_ascii_uppercase()) {
        return parts.iter().any(|part| text.contains(part.as_str()));
    }
    let folded = text.to_lowercase();
    parts.iter().any(|part| folded.contains(part.as_str()))
}

fn numbers(name: &str, values: &[String]) -> Result<Vec<u64>, Error> {
    let number = |value: &String| {
        value
            .trim()
            .parse()
            .map_err(|_| refused(Code::InvalidParameterParsingError, name, "not a number", "不是数字"))
    };
    values.iter().map(number).collect()
}

fn refused(code: Code, name: &str, en: &str, zh: &str) -> Error {
    let error = Error::new(code).field("Filters");
    if name.is_empty() {
        return error.detail(en.to_owned(), zh.to_owned());
    }
    error.detail(format!("{name}: {en}"), format!("{name}：{zh}"))
}

#[cfg(test)]
mod tests {
    use model::{Contact, HostTag, Labels as Stored, Tag};
    use proptest::prelude::*;

    use super::*;

    const NOW: Millis = 100 * DAY_MILLIS;

    fn host(last: Millis, first: Millis) -> HostState {
        let host = Host {
            quuid: "q-1".into(),
            name: "Web-1".into(),
            private_ip: "10.0.0.1".into(),
            wan_ip: "8.8.8.8".into(),
            instance_id: "ins-1".into(),
            os_info: "Debian 12".into(),
            ..Host::default()
        };
        HostState { host, first_report: first, contact: Contact::new(last, last), ..HostState::default() }
    }

    fn labels() -> Labels {
        Labels::new(Stored {
            tags: vec![Tag { id: 7, name: "web".into() }],
            host_tags: vec![HostTag { id: 1, tag: 7, quuid: "q-1".into() }],
            ..Stored::default()
        })
    }

    fn filter(name: &str, values: &[&str], exact: bool) -> Filter {
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        Filter { name: name.into(), values, exact_match: Some(exact) }
    }

    fn found(filters: &[Filter]) -> Result<bool, Code> {
        let mut finder = Finder::new(NOW, 900_000);
        finder.filters(Some(filters.to_vec())).map_err(|e| e.code())?;
        Ok(finder.fits(&host(NOW - 1000, NOW - LATELY + 1), &labels()))
    }

    #[test]
    fn each_filter() {
        let os = os_number("Debian 12").to_string();
        for (name, value, exact, expected) in [
            ("Ips", "10.0", false, true),
            ("Ips", "10.0", true, false),
            ("Ips", "8.8.8.8", true, true),
            ("Names", "wEB", false, true),
            ("Names", "Web-1", true, true),
            ("Names", "web-1", true, false),
            ("Keywords", "Q-1", false, true),
            ("Keywords", "ubuntu", false, false),
            ("InstanceIds", "ins-1", false, true),
            ("InstanceIds", "ins", false, false),
            ("Quuid", "q-1", false, true),
            ("Quuid", "q", false, false),
            ("Os", os.as_str(), false, true),
            ("Os", "Debian 12", false, true),
            ("Os", "1", false, false),
            ("TagId", "7", false, true),
            ("TagId", "8", false, false),
            ("AgentStatus", "ONLINE", false, true),
            ("Status", "OFFLINE", false, false),
            ("AgentStatus", "UNINSTALLED", false, false),
            ("MachineStatus", "ALL", false, true),
            ("MachineStatus", "RUNNING", false, true),
            ("MachineStatus", "EXPIRED", false, false),
            ("Version", BASIC, false, true),
            ("Version", "Flagship", false, false),
            ("Risk", "yes", false, false),
            ("AddedOnTheFifteen", "1", false, true),
            ("AddedOnTheFifteen", "0", false, false),
        ] {
            assert_eq!(found(&[filter(name, &[value], exact)]), Ok(expected), "{name} {value}");
        }
        assert_eq!(found(&[filter("Status", &["ONLINE", "OFFLINE"], false)]), Ok(true));
        assert_eq!(found(&[filter("Status", &["UNINSTALLED", "ONLINE"], false)]), Ok(true));
        assert_eq!(found(&[filter("Quuid", &["q-1"], false), filter("Names", &["db"], false)]), Ok(false));
    }

    #[test]
    fn mistakes() {
        let many: Vec<&str> = vec!["x"; 101];
        for (name, values, code) in [
            ("Nonsense", &many[..1], Code::InvalidParameter),
            ("Names", &many[..6], Code::InvalidParameter),
            ("Quuid", &many[..], Code::InvalidParameter),
            ("Names", &[], Code::InvalidParameter),
            ("TagId", &many[..1], Code::InvalidParameterParsingError),
            ("AgentStatus", &many[..1], Code::InvalidParameterValue),
            ("Version", &many[..1], Code::InvalidParameterValue),
        ] {
            assert_eq!(found(&[filter(name, values, false)]), Err(code), "{name}");
        }
        assert_eq!(found(&vec![filter("Names", &["x"], false); 6]), Err(Code::InvalidParameter));
        assert_eq!(found(&[filter("Quuid", &many[..100], false)]), Ok(false));
    }

    #[test]
    fn silence_and_zones() {
        let finder = Finder::new(NOW, 900_000);
        assert!(finder.online(&host(NOW - 899_999, 0)) && !finder.online(&host(NOW - 900_000, 0)));
        assert!(finder.online(&host(NOW + 5, 0)), "a clock that was set back");
        for (kind, region, all) in [
            (None, None, true),
            (Some("Other"), Some("ap-others"), true),
            (Some("Other"), Some("ap-guangzhou"), false),
            (Some("CVM"), Some("ap-others"), false),
        ] {
            let mut finder = Finder::new(NOW, 900_000);
            finder.zone(kind, region).unwrap();
            assert_eq!(finder.is_all(), all, "{kind:?} {region:?}");
        }
        assert_eq!(
            Finder::new(NOW, 1).zone(Some("X"), None).unwrap_err().code(),
            Code::InvalidParameterValue
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(name in "[A-Za-z]{0,12}|Names|TagId|Os|Keywords", values: Vec<String>, exact: bool) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let _any = found(&[filter(&name, &values, exact)]);
        }
    }
}
