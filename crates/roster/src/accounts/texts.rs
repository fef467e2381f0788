//! Conditions on the texts of hosts. A text that many hosts have is looked at once, and those of all hosts lie close
//! together: a look at every host's own state would wait for memory most of the time.

use std::collections::BTreeSet;

use search::Field;

use super::loading::{OF_HOSTS, OfHost};
use super::{AccountsSnapshot, HostView, Inside};
use crate::column::Dictionary;

/// The hosts of a snapshot one of whose texts passes a condition.
pub struct HostSet<'s> {
    /// Whether each text passes, by code, and who has which.
    merged: Option<(Vec<bool>, &'s Dictionary)>,
    text: OfHost,
    passes: Box<dyn Fn(&str) -> bool + 's>,
}

impl HostSet<'_> {
    /// Whether a host of the snapshot is one of them.
    pub fn has(&self, host: &HostView<'_>) -> bool {
        match (&host.0, &self.merged) {
            (Inside::Main { index, .. }, Some((codes, texts))) => {
                codes.get(texts.code(*index)).is_some_and(|passes| *passes)
            }
            _ => (self.passes)((self.text)(host.state())),
        }
    }
}

impl AccountsSnapshot {
    /// The hosts whose text in `field`, one of `search::accounts` that belongs to hosts, passes; none have any other.
    pub fn hosts_where<'s>(&'s self, field: Field, passes: impl Fn(&str) -> bool + 's) -> HostSet<'s> {
        let none: OfHost = |_| "";
        let Some((place, text)) = of_hosts(field) else {
            return HostSet { merged: None, text: none, passes: Box::new(|_| false) };
        };
        let texts = self.0.main.of_hosts(place);
        let merged = texts.map(|texts| (texts.values().map(|(text, _)| passes(text)).collect(), texts));
        HostSet { merged, text, passes: Box::new(passes) }
    }

    /// The texts that hosts have in `field`, see [`hosts_where`](Self::hosts_where).
    pub fn texts_of_hosts(&self, field: Field) -> BTreeSet<&str> {
        let Some((place, text)) = of_hosts(field) else { return BTreeSet::new() };
        let (main, delta) = (&self.0.main, &self.0.delta);
        let Some(texts) = main.of_hosts(place) else { return BTreeSet::new() };
        let mut counts: Vec<u32> = texts.values().map(|(_, count)| count).collect();
        for index in delta.keys().filter_map(|key| main.index(key)) {
            if let Some(count) = counts.get_mut(texts.code(index as u32)) {
                *count = count.saturating_sub(1);
            }
        }
        let left = texts.values().zip(counts).filter(|(_, count)| *count > 0).map(|((text, _), _)| text);
        left.chain(delta.items().map(|(_, entry)| text(&entry.state))).collect()
    }
}

fn of_hosts(field: Field) -> Option<(usize, OfHost)> {
    let place = OF_HOSTS.iter().position(|(known, _)| *known == field)?;
    OF_HOSTS.get(place).map(|(_, text)| (place, *text))
}
