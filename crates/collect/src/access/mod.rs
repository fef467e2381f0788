//! Joins the policy evaluators (`sudoers`, `sshd`, `keys`) with the accounts of the host: what each may do with sudo,
//! what the SSH server makes of it, and which keys it has.

mod key_files;
mod keys;
mod ssh;
mod sudo;

pub use keys::key_fact;
pub use sudo::{sudo_facts, sudo_section};

use std::collections::BTreeMap;
use std::sync::Arc;

use model::facts::{AccountFacts, Section, section};

use crate::{account_files::AccountFiles, addresses::Interface, etc::passwd, root::Root};

/// The policies of a host, read once and asked for every account.
#[derive(Debug)]
pub struct Access {
    sudo: sudo::Sudo,
    ssh: ssh::Ssh,
    keys: keys::Keys,
}

impl Access {
    /// Reads the policies. `now` is in seconds since the epoch.
    pub fn read(
        root: &Arc<Root>,
        files: &AccountFiles,
        hostname: &str,
        interfaces: &[Interface],
        now: i64,
    ) -> Access {
        Access {
            sudo: sudo::Sudo::read(root, files, hostname, interfaces),
            ssh: ssh::Ssh::read(root),
            keys: keys::Keys::new(Arc::clone(root), files, now),
        }
    }

    /// Fills in what the policies say of the next account; its keys are left for [`Access::fill_keys`]. `groups` are all
    /// its groups, the primary one first.
    pub fn fill(&mut self, row: &passwd::Row, groups: &[(String, u32)], facts: &mut AccountFacts) {
        facts.sudo = self.sudo.facts(row, groups);
        let in_force = self.ssh.in_force(row, groups);
        let gids: Vec<u32> = std::iter::once(row.gid).chain(groups.iter().map(|(_, gid)| *gid)).collect();
        self.keys.want(row, gids, &in_force.keys_files, in_force.strict);
        facts.ssh = in_force.facts;
    }

    /// Fills in the keys of all the accounts that were filled before, in the same order.
    pub fn fill_keys(&mut self, accounts: &mut [AccountFacts]) {
        self.keys.fill(accounts);
    }

    /// Evidence for each policy.
    pub fn into_sections(self) -> BTreeMap<String, Section> {
        BTreeMap::from([
            (section::SUDOERS.to_owned(), self.sudo.section),
            (section::SSHD.to_owned(), self.ssh.section),
            (section::KEYS.to_owned(), self.keys.into_section()),
        ])
    }
}
