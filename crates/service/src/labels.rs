//! Tags and remarks of a tenant's hosts in memory, following the store.

use std::collections::{BTreeMap, HashMap};

use model::{Labels as Stored, TagsChanged};

/// A tag on a host, as lists show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attached<'a> {
    /// Number of the relation.
    pub id: u64,
    /// The tag.
    pub tag: u64,
    /// Its name.
    pub name: &'a str,
}

/// The labels of one tenant.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// Names of tags.
    tags: BTreeMap<u64, String>,
    /// Relation and tag, by host; relations in order.
    hosts: HashMap<Box<str>, Vec<(u64, u64)>>,
    remarks: HashMap<Box<str>, Box<str>>,
    clear_after_days: u32,
}

impl Labels {
    /// Takes what is stored.
    pub fn new(stored: Stored) -> Self {
        let mut labels = Labels { clear_after_days: stored.clear_after_days, ..Labels::default() };
        let Stored { tags, host_tags, remarks, .. } = stored;
        labels.apply(&TagsChanged { put: tags, attached: host_tags, ..TagsChanged::default() });
        remarks.into_iter().for_each(|(quuid, remark)| labels.remark(quuid, &remark));
        labels
    }

    /// Applies a change of tags.
    pub fn apply(&mut self, changed: &TagsChanged) {
        for tag in &changed.put {
            self.tags.insert(tag.id, tag.name.clone());
        }
        if !changed.gone.is_empty() {
            self.tags.retain(|id, _| !changed.gone.contains(id));
            self.hosts.retain(|_, tags| {
                tags.retain(|(_, tag)| !changed.gone.contains(tag));
                !tags.is_empty()
            });
        }
        for host_tag in &changed.detached {
            if let Some(tags) = self.hosts.get_mut(host_tag.quuid.as_str()) {
                tags.retain(|(id, _)| *id != host_tag.id);
                if tags.is_empty() {
                    self.hosts.remove(host_tag.quuid.as_str());
                }
            }
        }
        for host_tag in &changed.attached {
            self.hosts.entry(host_tag.quuid.as_str().into()).or_default().push((host_tag.id, host_tag.tag));
        }
    }

    /// Sets a remark; an empty one is none.
    pub fn remark(&mut self, quuid: String, remark: &str) {
        if remark.is_empty() {
            self.remarks.remove(quuid.as_str());
        } else {
            self.remarks.insert(quuid.into(), remark.into());
        }
    }

    /// Forgets a host.
    pub fn forget(&mut self, quuid: &str) {
        self.hosts.remove(quuid);
        self.remarks.remove(quuid);
    }

    /// Sets after how many days silent hosts are cleared away.
    pub fn set_clear_rule(&mut self, days: u32) {
        self.clear_after_days = days;
    }

    /// After how many days silent hosts are cleared away; 0 is never.
    pub fn clear_after_days(&self) -> u32 {
        self.clear_after_days
    }

    /// All tags by number.
    pub fn tags(&self) -> impl Iterator<Item = (u64, &str)> {
        self.tags.iter().map(|(id, name)| (*id, name.as_str()))
    }

    /// The name of a tag; `None` when there is no such tag.
    pub fn tag(&self, id: u64) -> Option<&str> {
        self.tags.get(&id).map(String::as_str)
    }

    /// The tags of a host, in the order in which they were put on it.
    pub fn of_host(&self, quuid: &str) -> impl Iterator<Item = Attached<'_>> {
        let named = |(id, tag): &(u64, u64)| Some(Attached { id: *id, tag: *tag, name: self.tags.get(tag)? });
        self.hosts.get(quuid).into_iter().flatten().filter_map(named)
    }

    /// Whether a host has any of these tags.
    pub fn has_any(&self, quuid: &str, wanted: &[u64]) -> bool {
        self.hosts.get(quuid).is_some_and(|tags| tags.iter().any(|(_, tag)| wanted.contains(tag)))
    }

    /// Every relation with a tag: its number and the host, by number.
    pub fn with_tag(&self, tag: u64) -> Vec<(u64, &str)> {
        let mut found: Vec<(u64, &str)> = self
            .hosts
            .iter()
            .filter_map(|(quuid, tags)| Some((tags.iter().find(|(_, other)| *other == tag)?.0, &**quuid)))
            .collect();
        found.sort_unstable();
        found
    }

    /// How many of the hosts that `counts` says yes to have each tag.
    pub fn counts(&self, counts: impl Fn(&str) -> bool) -> HashMap<u64, u64> {
        let mut found = HashMap::new();
        for (_, tags) in self.hosts.iter().filter(|(quuid, _)| counts(quuid)) {
            for (_, tag) in tags {
                *found.entry(*tag).or_default() += 1;
            }
        }
        found
    }

    /// The remark of a host; empty when there is none.
    pub fn remark_of(&self, quuid: &str) -> &str {
        self.remarks.get(quuid).map_or("", |remark| remark)
    }
}

#[cfg(test)]
mod tests {
    use model::{HostTag, Tag};

    use super::*;

    fn tags(labels: &Labels, quuid: &str) -> Vec<(u64, String)> {
        labels.of_host(quuid).map(|a| (a.id, a.name.to_owned())).collect()
    }

    #[test]
    fn follows_the_store() {
        let tag = |id, name: &str| Tag { id, name: name.into() };
        let on = |id, tag, quuid: &str| HostTag { id, tag, quuid: quuid.into() };
        let mut labels = Labels::new(Stored {
            tags: vec![tag(1, "web"), tag(2, "db")],
            host_tags: vec![on(1, 2, "a"), on(2, 1, "a"), on(3, 1, "b")],
            remarks: vec![("a".into(), "old".into())],
            clear_after_days: 3,
        });
        assert_eq!(tags(&labels, "a"), [(1, "db".into()), (2, "web".into())]);
        assert_eq!(labels.with_tag(1), [(2, "a"), (3, "b")]);
        assert_eq!(labels.counts(|quuid| quuid != "b"), [(1, 1), (2, 1)].into());
        assert_eq!((labels.remark_of("a"), labels.remark_of("b"), labels.clear_after_days()), ("old", "", 3));
        labels.apply(&TagsChanged {
            put: vec![tag(1, "www")],
            gone: vec![2],
            detached: vec![on(3, 1, "b")],
            attached: vec![on(4, 1, "c")],
        });
        assert_eq!(tags(&labels, "a"), [(2, "www".into())]);
        assert!(!labels.has_any("b", &[1]) && labels.has_any("c", &[7, 1]) && labels.tag(2).is_none());
        labels.forget("a");
        assert!(tags(&labels, "a").is_empty() && labels.remark_of("a").is_empty());
    }
}
