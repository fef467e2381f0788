//! Import of people by user name. All rows are judged by the state after all of them, then written, or none is.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Person, PersonPatch, PersonStatus};

use super::people::{Stored, Unique, public};
use super::tenants::Size;
use super::{Context, Done, int};
use crate::{Effect, ImportProblem, Imported, PersonImport, Refusal, StoreError};

/// One row and what it would do.
struct Plan {
    before: Option<Stored>,
    after: Person,
}

impl Plan {
    fn is_change(&self) -> bool {
        self.before.as_ref().is_none_or(|before| before.person != self.after)
    }
}

/// Which rows are compared with the people who are there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judge {
    /// All of them.
    All,
    /// Those of people who exist; the unique indexes see to the others when they are inserted.
    Existing,
}

impl Context<'_> {
    pub(super) fn import_people(&self, rows: &[PersonImport], dry_run: bool, size: Size) -> Done<Effect> {
        let (plans, mut problems) = self.plan(rows)?;
        let judge = if dry_run { Judge::All } else { Judge::Existing };
        let (found, handovers) = self.judge(&plans, judge)?;
        let fine = problems.is_empty() && found.is_empty() && self.judge_quota(&plans, size).next().is_none();
        // Most imports have no problem, and asking four indexes about each new person beforehand costs as much as
        // the insert. So it is tried; if that fails all is undone and each row is judged, to name every problem.
        if !fine || !(dry_run || self.write_plans(&plans, handovers)?) {
            self.undo()?;
            problems.extend(self.judge(&plans, Judge::All)?.0);
            problems.extend(self.judge_quota(&plans, size));
            problems.sort_by_key(|problem| problem.row);
            if problems.is_empty() {
                return Err(StoreError::damaged("indexes of people", "they disagree on who has what").into());
            }
            return Err(Refusal::Import(problems).into());
        }
        let mut imported = Imported::default();
        for plan in &plans {
            match &plan.before {
                None => imported.created += 1,
                Some(_) if plan.is_change() => imported.updated += 1,
                Some(_) => imported.unchanged += 1,
            }
        }
        if !dry_run {
            imported.people =
                plans.into_iter().filter(Plan::is_change).map(|plan| public(plan.after)).collect();
        }
        Ok(Effect::Imported(Arc::new(imported)))
    }

    /// What each row would do, and what is wrong with rows whatever the others do.
    fn plan(&self, rows: &[PersonImport]) -> Done<(Vec<Plan>, Vec<ImportProblem>)> {
        let mut plans = Vec::with_capacity(rows.len());
        let mut problems = Vec::new();
        let found = self.find_people(rows.iter().map(|row| row.user_name.as_str()))?;
        for ((row, import), before) in rows.iter().enumerate().zip(found) {
            let after = match &before {
                None => created(import, self.now),
                Some(stored) => {
                    if import.id.as_ref().is_some_and(|id| *id != stored.person.id) {
                        problems.push(ImportProblem { row, refusal: Refusal::IdDiffers });
                    }
                    changed(&stored.person, import, self.now)
                }
            };
            plans.push(Plan { before, after });
        }
        Ok((plans, problems))
    }

    /// Finds values two people would have. Also returns whether a person who exists takes over what another gives up.
    fn judge(&self, plans: &[Plan], which: Judge) -> Done<(Vec<ImportProblem>, bool)> {
        let mut problems = Vec::new();
        let mut by_name = HashMap::with_capacity(plans.len());
        let mut claims = HashMap::new();
        let mut handovers = false;
        for (row, plan) in plans.iter().enumerate() {
            if by_name.insert(plan.after.user_name.as_str(), row).is_some() {
                problems.push(ImportProblem { row, refusal: Refusal::UserNameTaken });
            }
        }
        let judged = |plan: &Plan| which == Judge::All || plan.before.is_some();
        for (row, plan) in plans.iter().enumerate().filter(|(_, plan)| judged(plan)) {
            for (attribute, value) in plan.claims() {
                let twice = claims.insert((attribute, value), row).is_some();
                let keeper =
                    self.owner(attribute, value)?.map(|(_, name)| by_name.get(name.as_str()).copied());
                let taken = match keeper {
                    None => false,
                    Some(None) => true,
                    Some(Some(other)) => plans.get(other).is_some_and(|p| p.value(attribute) == Some(value)),
                };
                handovers |= keeper.is_some();
                if twice || taken {
                    problems.push(ImportProblem { row, refusal: attribute.refusal() });
                }
            }
        }
        Ok((problems, handovers))
    }

    /// The new people for whom there is no room.
    fn judge_quota(&self, plans: &[Plan], size: Size) -> impl Iterator<Item = ImportProblem> {
        let limit = self.limits.people;
        let free = usize::try_from(limit.saturating_sub(size.people)).unwrap_or(usize::MAX);
        let created = plans.iter().enumerate().filter(|(_, plan)| plan.before.is_none());
        created
            .skip(free)
            .map(move |(row, _)| ImportProblem { row, refusal: Refusal::Quota { what: "people", limit } })
    }

    /// Writes all; false, with some of it written, when a new person has what somebody else has.
    fn write_plans(&self, plans: &[Plan], handovers: bool) -> Done<bool> {
        let changed = || plans.iter().filter_map(|plan| Some((plan.before.as_ref()?, &plan.after)));
        if handovers {
            // What is handed over is let go of first: no two people have it at any moment.
            for (before, after) in changed() {
                if before.person.phone != after.phone || before.person.email != after.email {
                    self.set_contacts(before.seq, None, None)?;
                }
            }
        }
        for (before, after) in changed() {
            if before.person != *after {
                self.update_person(before.seq, &before.person, after)?;
            }
        }
        let created = plans.iter().filter(|plan| plan.before.is_none());
        let number = created.clone().count();
        if !self.insert_people(self.next_people(number)?, created.map(|plan| &plan.after))? {
            return Ok(false);
        }
        self.count_people(int(u64::try_from(number).unwrap_or(u64::MAX)))?;
        Ok(true)
    }
}

impl Plan {
    /// The value of an attribute after the import.
    fn value(&self, attribute: Unique) -> Option<&str> {
        match attribute {
            Unique::Id => Some(&self.after.id),
            Unique::UserName => Some(&self.after.user_name),
            Unique::Phone => self.after.phone.as_deref(),
            Unique::Email => self.after.email.as_deref(),
        }
    }

    /// Values the row wants and does not have yet.
    fn claims(&self) -> impl Iterator<Item = (Unique, &str)> {
        let has = |attribute| {
            let before = &self.before.as_ref()?.person;
            match attribute {
                Unique::Id => Some(before.id.as_str()),
                Unique::UserName => Some(before.user_name.as_str()),
                Unique::Phone => before.phone.as_deref(),
                Unique::Email => before.email.as_deref(),
            }
        };
        [Unique::Id, Unique::Phone, Unique::Email]
            .into_iter()
            .filter_map(|attribute| Some((attribute, self.value(attribute)?)))
            .filter(move |(attribute, value)| has(*attribute) != Some(value))
    }
}

fn created(row: &PersonImport, now: i64) -> Person {
    let row = row.clone();
    let status = row.status.unwrap_or(PersonStatus::Normal);
    let created = row.created.unwrap_or(now);
    Person {
        id: row.id.unwrap_or(row.new_id),
        display_name: row.display_name.unwrap_or_else(|| row.user_name.clone()),
        user_name: row.user_name,
        phone: row.phone,
        email: row.email,
        status,
        description: row.description,
        created,
        updated: row.updated.unwrap_or(now),
        last_login: row.last_login,
        group_ids: Vec::new(),
        org_node: row.org_node,
        secondary_org_nodes: Vec::new(),
        data_source: "IMPORT".to_owned(),
        expires: None,
        activated: (status == PersonStatus::Normal).then_some(created),
        password_needs_reset: false,
        password_hash: None,
        administrator: false,
    }
}

/// The person after the row: only what differs is applied, so that a row without news leaves all as it was.
fn changed(before: &Person, row: &PersonImport, now: i64) -> Person {
    fn news<T: Clone + PartialEq>(row: &Option<T>, has: Option<&T>) -> Option<T> {
        row.as_ref().filter(|value| Some(*value) != has).cloned()
    }
    let patch = PersonPatch {
        display_name: news(&row.display_name, Some(&before.display_name)),
        description: news(&row.description, before.description.as_ref()),
        phone: news(&row.phone, before.phone.as_ref()).map(Some),
        email: news(&row.email, before.email.as_ref()).map(Some),
        status: news(&row.status, Some(&before.status)),
        created: news(&row.created, Some(&before.created)),
        last_login: news(&row.last_login, before.last_login.as_ref()),
        updated: news(&row.updated, Some(&before.updated)),
        ..PersonPatch::default()
    };
    let mut after = before.clone();
    if patch != PersonPatch::default() {
        // A row that brings the update time as it is (with other news) keeps it.
        PersonPatch { updated: row.updated, ..patch }.apply(&mut after, now);
    }
    after
}
