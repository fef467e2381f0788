//! Who is in which local group, and what that makes an account: administrator, guest or neither.

use std::collections::BTreeMap;

use model::facts::{Limits, WindowsKind};

use crate::{Account, Sid, account::GUEST};

/// RID of Administrators in the built-in domain.
pub const ADMINISTRATORS: u32 = 544;
/// RID of Guests in the built-in domain.
pub const GUESTS: u32 = 546;

/// Members of the local groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// Names of the groups of each member.
    names: BTreeMap<Sid, Vec<String>>,
    /// Members of Administrators; `None` when they could not be read.
    administrators: Option<Vec<Sid>>,
    /// Members of Guests; likewise.
    guests: Option<Vec<Sid>>,
}

impl Groups {
    /// Adds a group whose members are known. `builtin` is its number when it is one of the built-in domain.
    pub fn add(&mut self, name: &str, builtin: Option<u32>, members: Vec<Sid>) {
        for member in &members {
            let names = self.names.entry(member.clone()).or_default();
            if names.len() < Limits::GROUPS && names.iter().all(|known| known != name) {
                names.push(name.to_owned());
            }
        }
        match builtin {
            Some(ADMINISTRATORS) => self.administrators = Some(members),
            Some(GUESTS) => self.guests = Some(members),
            _ => {}
        }
    }

    /// Whether both groups that decide about the kind are known.
    pub fn is_complete(&self) -> bool {
        self.administrators.is_some() && self.guests.is_some()
    }

    /// Names of the groups an account is directly in.
    pub fn names_of(&self, sid: &Sid) -> Vec<String> {
        self.names.get(sid).cloned().unwrap_or_default()
    }

    /// Administrator if it is a member of Administrators, also by a forged number, by its primary group or by a group
    /// everybody is in; guest if it is a member of Guests or the guest account; else standard.
    pub fn kind(&self, machine: Option<&Sid>, account: &Account) -> WindowsKind {
        let machine = machine.filter(|_| account.rid != 0);
        let (Some(machine), Some(administrators)) = (machine, &self.administrators) else {
            return WindowsKind::Unknown;
        };
        let own = [account.rid, account.state.as_ref().map_or(account.rid, |state| state.effective_rid)];
        let primary = account.state.as_ref().and_then(|state| state.primary_group);
        let mine: Vec<Sid> = own.into_iter().chain(primary).map(|rid| machine.child(rid)).collect();
        if administrators.iter().any(|member| mine.contains(member) || everybody().contains(member)) {
            return WindowsKind::Administrator;
        }
        match &self.guests {
            _ if account.rid == GUEST => WindowsKind::Guest,
            Some(guests) if guests.iter().any(|member| mine.contains(member)) => WindowsKind::Guest,
            Some(_) => WindowsKind::Standard,
            None => WindowsKind::Unknown,
        }
    }
}

/// Groups every local account is in once it has logged on: Everyone, Interactive, Authenticated Users, Local account.
fn everybody() -> [Sid; 4] {
    [Sid::everyone(), Sid::nt(&[4]), Sid::nt(&[11]), Sid::nt(&[113])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;

    fn machine() -> Sid {
        Sid::nt(&[21, 1, 2, 3])
    }

    fn groups(administrators: &[Sid], guests: &[Sid]) -> Groups {
        let mut groups = Groups::default();
        groups.add("Administrators", Some(ADMINISTRATORS), administrators.to_vec());
        groups.add("Guests", Some(GUESTS), guests.to_vec());
        groups
    }

    fn account(rid: u32, effective_rid: u32) -> Account {
        let state = State { effective_rid, primary_group: Some(513), ..State::default() };
        Account { rid, state: Some(state), ..Account::default() }
    }

    fn kind(groups: &Groups, rid: u32) -> WindowsKind {
        groups.kind(Some(&machine()), &account(rid, rid))
    }

    #[test]
    fn membership_makes_the_kind() {
        let groups = groups(
            &[machine().child(500), machine().child(501)],
            &[machine().child(501), machine().child(7)],
        );
        assert_eq!(kind(&groups, 500), WindowsKind::Administrator);
        assert_eq!(kind(&groups, 501), WindowsKind::Administrator, "rights before guesthood");
        assert_eq!(kind(&groups, 7), WindowsKind::Guest);
        assert_eq!(kind(&groups, 1000), WindowsKind::Standard);
        assert_eq!(groups.names_of(&machine().child(501)), ["Administrators", "Guests"]);
    }

    #[test]
    fn hidden_ways_to_be_an_administrator_count() {
        let one = groups(&[machine().child(500)], &[]);
        assert_eq!(
            one.kind(Some(&machine()), &account(1000, 500)),
            WindowsKind::Administrator,
            "forged number"
        );
        assert_eq!(
            kind(&groups(&[machine().child(513)], &[]), 1000),
            WindowsKind::Administrator,
            "primary group"
        );
        for all in everybody() {
            assert_eq!(kind(&groups(&[all], &[]), 1000), WindowsKind::Administrator);
        }
        let other = Sid::nt(&[21, 9, 9, 9]);
        assert_eq!(
            kind(&groups(&[other.child(1000)], &[]), 1000),
            WindowsKind::Standard,
            "another machine's"
        );
    }

    #[test]
    fn what_is_not_known_decides_nothing() {
        assert_eq!(kind(&Groups::default(), 1000), WindowsKind::Unknown);
        let mut half = Groups::default();
        half.add("Administrators", Some(ADMINISTRATORS), vec![machine().child(500)]);
        assert!(!half.is_complete());
        assert_eq!(kind(&half, 500), WindowsKind::Administrator);
        assert_eq!(kind(&half, 501), WindowsKind::Guest, "by its number alone");
        assert_eq!(kind(&half, 1000), WindowsKind::Unknown);
        assert_eq!(half.kind(None, &account(500, 500)), WindowsKind::Unknown);
        assert_eq!(kind(&groups(&[], &[]), 0), WindowsKind::Unknown, "no number");
    }
}
