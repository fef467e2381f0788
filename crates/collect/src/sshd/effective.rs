//! The keywords that decide about logins, with their values in force. Values that are set twice keep the first.

use std::collections::VecDeque;

use super::parse::Place;

/// PermitRootLogin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootLogin {
    /// `yes`.
    Yes,
    /// `prohibit-password` and `without-password`.
    ProhibitPassword,
    /// `forced-commands-only`.
    ForcedCommandsOnly,
    /// `no`.
    No,
}

/// OpenSSH version, where defaults differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u16,
    /// Second number.
    pub minor: u16,
}

/// An entry of an allow or deny list with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// `user`, `user@host` or group pattern.
    pub pattern: String,
    /// Where it stands.
    pub place: Place,
}

/// The keywords in force for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// UsePAM; default no (upstream).
    pub use_pam: bool,
    /// PasswordAuthentication; default yes.
    pub password: bool,
    /// KbdInteractiveAuthentication, also as ChallengeResponseAuthentication; default **yes** upstream.
    pub kbd_interactive: bool,
    /// PubkeyAuthentication; default yes.
    pub pubkey: bool,
    /// PermitEmptyPasswords; default no.
    pub permit_empty: bool,
    /// StrictModes; default yes.
    pub strict_modes: bool,
    /// HostbasedAuthentication; default no.
    pub hostbased: bool,
    /// GSSAPIAuthentication; default no.
    pub gssapi: bool,
    /// PermitRootLogin; default prohibit-password, before 7.0 yes.
    pub root_login: RootLogin,
    /// AuthorizedKeysFile, unexpanded; default two files below the home directory.
    pub keys_files: Vec<String>,
    /// AuthorizedKeysCommand, unless none.
    pub keys_command: Option<String>,
    /// TrustedUserCAKeys, unless none.
    pub trusted_ca: Option<String>,
    /// AuthorizedPrincipalsFile, unless none.
    pub principals_file: Option<String>,
    /// AuthenticationMethods: alternatives, each a list of methods that are all needed; empty means any one method.
    pub methods: Vec<Vec<String>>,
    /// ForceCommand, unless none.
    pub force_command: Option<String>,
    /// ChrootDirectory, unless none: sshd then does not look at the shell.
    pub chroot: Option<String>,
    /// AllowUsers.
    pub allow_users: Vec<Listed>,
    /// DenyUsers.
    pub deny_users: Vec<Listed>,
    /// AllowGroups.
    pub allow_groups: Vec<Listed>,
    /// DenyGroups.
    pub deny_groups: Vec<Listed>,
}

/// Values as set so far in one pass; `None` and empty lists are not set.
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    flags: [Option<bool>; FLAGS.len()],
    root_login: Option<RootLogin>,
    keys_files: Option<Vec<String>>,
    strings: [Option<String>; STRINGS.len()],
    methods: Option<Vec<String>>,
    lists: [Vec<Listed>; LISTS.len()],
}

/// Yes-or-no keywords with their aliases, in the order of [`Set::flags`], and whether they may stand in a Match block.
const FLAGS: [(&[&str], bool); 8] = [
    (&["usepam"], false),
    (&["passwordauthentication"], true),
    (&["kbdinteractiveauthentication", "challengeresponseauthentication", "skeyauthentication"], true),
    (&["pubkeyauthentication", "dsaauthentication"], true),
    (&["permitemptypasswords"], true),
    (&["strictmodes"], false),
    (&["hostbasedauthentication"], true),
    (&["gssapiauthentication"], true),
];

const STRINGS: [&str; 5] = [
    "authorizedkeyscommand",
    "trustedusercakeys",
    "authorizedprincipalsfile",
    "forcecommand",
    "chrootdirectory",
];

const LISTS: [&str; 4] = ["allowusers", "denyusers", "allowgroups", "denygroups"];

impl Set {
    /// Whether the setting has a sound value; the error is what sshd would complain about.
    pub(super) fn check(keyword: &str, arguments: &VecDeque<String>, place: &Place) -> Result<(), String> {
        Self::default().take(keyword, arguments, place, true)
    }

    /// Whether the keyword takes any number of values that are kept.
    pub(super) fn is_list(keyword: &str) -> bool {
        LISTS.contains(&keyword) || matches!(keyword, "authorizedkeysfile" | "authenticationmethods")
    }

    /// Takes a setting; `active` is false inside a block that is not in force, where it is only checked.
    pub(super) fn take(
        &mut self,
        keyword: &str,
        arguments: &VecDeque<String>,
        place: &Place,
        active: bool,
    ) -> Result<(), String> {
        let first = arguments.front().map(String::as_str).unwrap_or_default();
        if let Some((slot, (_, in_match))) =
            self.flags.iter_mut().zip(FLAGS).find(|(_, (names, _))| names.contains(&keyword))
        {
            if !active && !in_match {
                return Ok(());
            }
            let value = match first {
                _ if first.eq_ignore_ascii_case("yes") => true,
                _ if first.eq_ignore_ascii_case("no") => false,
                _ => return Err(format!("bad value {first} of {keyword}")),
            };
            if active {
                slot.get_or_insert(value);
            }
            return Ok(());
        }
        if !active && keyword != "permitrootlogin" {
            return Ok(());
        }
        if let Some(at) = STRINGS.iter().position(|name| *name == keyword) {
            if let Some(slot) = self.strings.get_mut(at) {
                slot.get_or_insert_with(|| first.to_owned());
            }
        } else if let Some(at) = LISTS.iter().position(|name| *name == keyword) {
            let listed = |pattern: &String| Listed { pattern: pattern.clone(), place: place.clone() };
            if let Some(slot) = self.lists.get_mut(at) {
                slot.extend(arguments.iter().map(listed));
            }
        } else if keyword == "permitrootlogin" {
            let value = root_login(first).ok_or_else(|| format!("bad value {first} of {keyword}"))?;
            if active {
                self.root_login.get_or_insert(value);
            }
        } else if keyword == "authorizedkeysfile" {
            self.keys_files.get_or_insert_with(|| arguments.iter().cloned().collect());
        } else if keyword == "authenticationmethods" {
            self.methods.get_or_insert_with(|| arguments.iter().cloned().collect());
        }
        Ok(())
    }

    /// What a Match pass set replaces what the global pass set.
    pub(super) fn overlay(mut self, over: Self) -> Self {
        for ((slot, value), (_, in_match)) in self.flags.iter_mut().zip(over.flags).zip(FLAGS) {
            *slot = value.filter(|_| in_match).or(*slot);
        }
        for (slot, value) in self.strings.iter_mut().zip(over.strings) {
            *slot = value.or(slot.take());
        }
        for (slot, value) in self.lists.iter_mut().zip(over.lists) {
            if !value.is_empty() {
                *slot = value;
            }
        }
        self.root_login = over.root_login.or(self.root_login);
        self.keys_files = over.keys_files.or(self.keys_files);
        self.methods = over.methods.or(self.methods);
        self
    }

    /// Fills in the defaults.
    pub(super) fn finish(self, version: Option<Version>) -> Effective {
        let [use_pam, password, kbd, pubkey, empty, strict, hostbased, gssapi] = self.flags;
        let none = |value: Option<String>| value.filter(|value| !value.eq_ignore_ascii_case("none"));
        let [keys_command, trusted_ca, principals_file, force_command, chroot] = self.strings.map(none);
        let [allow_users, deny_users, allow_groups, deny_groups] = self.lists;
        let old = version.is_some_and(|version| version < Version { major: 7, minor: 0 });
        let root_default = if old { RootLogin::Yes } else { RootLogin::ProhibitPassword };
        let two_files = || vec![".ssh/authorized_keys".to_owned(), ".ssh/authorized_keys2".to_owned()];
        let methods = self.methods.unwrap_or_default();
        let any = methods.len() == 1 && methods.first().is_some_and(|m| m.eq_ignore_ascii_case("any"));
        let split = |list: &String| list.split(',').map(str::to_owned).collect();
        Effective {
            use_pam: use_pam.unwrap_or(false),
            password: password.unwrap_or(true),
            kbd_interactive: kbd.unwrap_or(true),
            pubkey: pubkey.unwrap_or(true),
            permit_empty: empty.unwrap_or(false),
            strict_modes: strict.unwrap_or(true),
            hostbased: hostbased.unwrap_or(false),
            gssapi: gssapi.unwrap_or(false),
            root_login: self.root_login.unwrap_or(root_default),
            keys_files: self.keys_files.unwrap_or_else(two_files),
            keys_command,
            trusted_ca,
            principals_file,
            methods: if any { Vec::new() } else { methods.iter().map(split).collect() },
            force_command,
            chroot,
            allow_users,
            deny_users,
            allow_groups,
            deny_groups,
        }
    }
}

fn root_login(value: &str) -> Option<RootLogin> {
    let values = [
        ("yes", RootLogin::Yes),
        ("no", RootLogin::No),
        ("prohibit-password", RootLogin::ProhibitPassword),
        ("without-password", RootLogin::ProhibitPassword),
        ("forced-commands-only", RootLogin::ForcedCommandsOnly),
    ];
    values.iter().find(|(name, _)| value.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}
