//! One account as any source of Windows tells it, and what of it becomes facts. The two sources write the same flags
//! with different numbers; both are turned into [`Flags`] here.

use model::facts::{
    AccountFacts, Evidence, HashClass, LastLogin, LoginRecord, Origin, PasswordFacts, WindowsFacts,
};

use crate::{Groups, Name, Sid, time};

/// RID of the guest account every Windows has.
pub const GUEST: u32 = 501;

/// What flags say of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// Switched off.
    pub disabled: bool,
    /// It may have an empty password, whatever the policy says.
    pub password_not_required: bool,
    /// Its password stays valid, whatever the policy says.
    pub password_never_expires: bool,
    /// Locked after too many wrong passwords.
    pub locked_out: bool,
}

impl Flags {
    /// From the account control bits of the security account manager.
    pub fn from_acb(bits: u16) -> Self {
        Flags {
            disabled: bits & 0x0001 != 0,
            password_not_required: bits & 0x0004 != 0,
            password_never_expires: bits & 0x0200 != 0,
            locked_out: bits & 0x0400 != 0,
        }
    }

    /// From the user flags (`UF_*`) of the network management functions.
    pub fn from_uf(bits: u32) -> Self {
        Flags {
            disabled: bits & 0x0002 != 0,
            password_not_required: bits & 0x0020 != 0,
            password_never_expires: bits & 0x1_0000 != 0,
            locked_out: bits & 0x0010 != 0,
        }
    }
}

/// The state of an account. Times are seconds since 1970, `None` is never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Its flags.
    pub flags: Flags,
    /// The number Windows will log it on with; another one than its own means that somebody forged it.
    pub effective_rid: u32,
    /// RID of its primary group.
    pub primary_group: Option<u32>,
    /// Last login.
    pub last_login: Option<i64>,
    /// When the password was set last; `None` also when it is to be changed at the next login.
    pub password_set: Option<i64>,
    /// When the account expires.
    pub expires: Option<i64>,
}

/// One local account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Its number in the machine's domain; 0, which is nobody's, when it is not known.
    pub rid: u32,
    /// Name.
    pub name: Name,
    /// Full name.
    pub full_name: String,
    /// Comment.
    pub comment: String,
    /// Folder of its profile, else the home folder it was given; may be empty.
    pub home: String,
    /// Its state; `None` when that could not be read.
    pub state: Option<State>,
}

/// How long passwords live on this host, in days; `None` is for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Longest life.
    pub max_days: Option<i64>,
    /// Shortest life.
    pub min_days: Option<i64>,
}

impl Account {
    /// Its identifier, when its number and that of the machine are known.
    pub fn sid(&self, machine: Option<&Sid>) -> Option<Sid> {
        machine.filter(|_| self.rid != 0).map(|machine| machine.child(self.rid))
    }

    /// Its facts. `machine` is the identifier of the machine, `source` names the section last logins come from.
    pub fn facts(
        &self,
        machine: Option<&Sid>,
        groups: &Groups,
        policy: Option<Policy>,
        source: &str,
    ) -> AccountFacts {
        let state = self.state.as_ref();
        let flags = state.map(|state| state.flags);
        let sid = self.sid(machine);
        AccountFacts {
            name: self.name.shown.clone(),
            name_raw: self.name.raw.clone(),
            sid: sid.as_ref().map(Sid::to_string),
            gecos: self.comment.clone(),
            home: self.home.clone(),
            groups: sid.map(|sid| groups.names_of(&sid)).unwrap_or_default(),
            origin: Origin::Windows,
            password: state.map(|state| state.password(policy)).unwrap_or_default(),
            last_login: state.map(|state| state.login(source)).unwrap_or_default(),
            windows: Some(WindowsFacts {
                kind: groups.kind(machine, self),
                // Domain accounts are kept by the domain's controllers: what a host keeps is its own.
                domain: Some(false),
                enabled: flags.map(|flags| !flags.disabled),
                full_name: self.full_name.clone(),
                locked_out: flags.map(|flags| flags.locked_out),
                password_required: flags.map(|flags| !flags.password_not_required),
                password_never_expires: flags.map(|flags| flags.password_never_expires),
            }),
            ..AccountFacts::default()
        }
    }
}

impl State {
    /// The ages of the password. Its class stays unknown: the entry that would tell is never read.
    fn password(&self, policy: Option<Policy>) -> PasswordFacts {
        let expires = !self.flags.password_never_expires;
        let last_change = match self.password_set {
            Some(at) => Some(time::day(at)),
            // No time at all means that it must be changed at the next login, unless it need not.
            None => expires.then_some(0),
        };
        PasswordFacts {
            evidence: Evidence::Ok,
            class: HashClass::Unknown,
            last_change,
            min: policy.and_then(|policy| policy.min_days),
            max: policy.and_then(|policy| policy.max_days).filter(|_| expires),
            expire: self.expires.map(time::day_after),
            ..PasswordFacts::default()
        }
    }

    fn login(&self, source: &str) -> LastLogin {
        let record = self.last_login.filter(|at| *at > 0).map(|time| LoginRecord {
            time,
            source: source.to_owned(),
            ..LoginRecord::default()
        });
        LastLogin { evidence: Evidence::Ok, record }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numberings_mean_the_same() {
        let all = Flags {
            disabled: true,
            password_not_required: true,
            password_never_expires: true,
            locked_out: true,
        };
        assert_eq!((Flags::from_acb(0x0605), Flags::from_uf(0x1_0032)), (all, all));
        // An ordinary account: ACB_NORMAL, UF_NORMAL_ACCOUNT | UF_SCRIPT.
        assert_eq!((Flags::from_acb(0x10), Flags::from_uf(0x201)), Default::default());
        for (acb, uf) in [(0x1, 0x2), (0x4, 0x20), (0x200, 0x1_0000), (0x400, 0x10)] {
            assert_eq!(Flags::from_acb(acb), Flags::from_uf(uf));
            assert_ne!(Flags::from_acb(acb), Flags::default());
        }
    }

    #[test]
    fn a_password_ages_by_the_policy_unless_it_need_not() {
        let policy = Some(Policy { max_days: Some(42), min_days: Some(1) });
        let mut state = State { password_set: Some(10 * time::DAY + 5), ..State::default() };
        let row = state.password(policy);
        assert_eq!(
            (row.last_change, row.max, row.min, row.class),
            (Some(10), Some(42), Some(1), HashClass::Unknown)
        );
        state.flags.password_never_expires = true;
        assert_eq!(state.password(policy).max, None);
        state.password_set = None;
        assert_eq!(state.password(policy).last_change, None, "never set, and that is all right");
        state.flags.password_never_expires = false;
        assert_eq!(state.password(policy).last_change, Some(0), "to be changed at the next login");
        assert_eq!(state.password(None).max, None);
    }

    #[test]
    fn unreadable_is_unknown() {
        let facts =
            Account { name: "x".into(), ..Account::default() }.facts(None, &Groups::default(), None, "sam");
        let windows = facts.windows.unwrap();
        assert_eq!((windows.enabled, windows.locked_out, windows.password_required), (None, None, None));
        assert_eq!((facts.last_login.evidence, facts.password.evidence), Default::default());
        assert_eq!(facts.sid, None);
    }
}
