//! Lists as they are read: little more than a report may hold is ever kept of one, however many members its text has.
//! [`super::accept`] then refuses it; it is not refused here, so that the answer names the list.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A list of which at most `MOST` members, and one more, are kept.
pub(super) fn list<'de, D, T, const MOST: usize>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    from.deserialize_seq(List::<T, MOST>(PhantomData))
}

/// The same of members by name.
pub(super) fn map<'de, D, T, const MOST: usize>(from: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    from.deserialize_map(Named::<T, MOST>(PhantomData))
}

struct List<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for List<T, MOST> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Vec<T>, A::Error> {
        let mut kept = Vec::new();
        while kept.len() <= MOST {
            match members.next_element()? {
                Some(member) => kept.push(member),
                None => return Ok(kept),
            }
        }
        while members.next_element::<IgnoredAny>()?.is_some() {}
        Ok(kept)
    }
}

struct Named<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Named<T, MOST> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<BTreeMap<String, T>, A::Error> {
        let mut kept = BTreeMap::new();
        while kept.len() <= MOST {
            match members.next_entry()? {
                Some((name, member)) => drop(kept.insert(name, member)),
                None => return Ok(kept),
            }
        }
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{FactsError, HostReport, Limits, accept};

    fn read(text: &str) -> HostReport {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn one_more_than_allowed_is_kept_and_refused() {
        let members = |count: usize, member: &str| vec![member; count].join(",");
        let twice = |limit: usize, member: &str| members(2 * limit, member);
        let report = read(&format!(r#"{{"format":1,"accounts":[{}]}}"#, twice(Limits::ACCOUNTS, "{}")));
        assert_eq!(report.accounts.len(), Limits::ACCOUNTS + 1);
        let refused = accept(report);
        assert!(matches!(refused, Err(FactsError::TooMany { what: "accounts", .. })), "{refused:?}");
        for (of, what, limit) in [
            (r#""keys":{"keys":["#, "authorized keys", Limits::KEYS),
            (r#""sudo":{"grants":["#, "sudo grants", Limits::GRANTS),
            (r#""ssh":{"conditional":["#, "conditional blocks", Limits::BLOCKS),
        ] {
            let text = format!(r#"{{"format":1,"accounts":[{{"name":"a",{of}{}]}}}}]}}"#, twice(limit, "{}"));
            let refused = accept(read(&text));
            assert!(
                matches!(refused, Err(FactsError::TooMany { what: w, count, .. }) if (w, count) == (what, limit + 1))
            );
        }
        let sections: Vec<_> = (0..500).map(|n| format!(r#""s{n}":{{}}"#)).collect();
        let report = read(&format!(r#"{{"format":1,"sections":{{{}}}}}"#, sections.join(",")));
        assert_eq!(report.sections.len(), Limits::SECTIONS + 1);
        assert!(accept(report).is_err());
        let report =
            read(r#"{"format":1,"accounts":[{"name":"a","groups":["x","y"]}],"sections":{"passwd":{}}}"#);
        assert_eq!((report.accounts[0].groups.len(), report.sections.len()), (2, 1));
    }
}
