//! Any bytes as /etc/sudoers, cut at 0xFF into a main file and two it may include; then the rights of an account.

#![no_main]

use collect::config_files::MemoryFiles;
use collect::sudoers::{Account, Host, MAX_COMMANDS, MAX_GRANTS, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.split(|&byte| byte == 0xff);
    let mut next = || parts.next().unwrap_or_default();
    let files = MemoryFiles::new()
        .with("/etc/sudoers", next())
        .with("/etc/sudoers.d/a", next())
        .with("/etc/sudoers.d/b", next());
    let host = Host {
        names: vec!["web1.example.com".to_owned()],
        addresses: "10.1.2.3/16".parse().ok().map(|net| vec![net]),
        superusers: vec!["root".to_owned()],
    };
    let policy = read(&files, &host);
    let groups = [("alice".to_owned(), 1000), ("ops".to_owned(), 1100)];
    let rights = policy.rights(Account { name: "alice", uid: 1000, groups: &groups }, &host);
    assert!(rights.grants.len() <= MAX_GRANTS);
    assert!(rights.grants.iter().all(|grant| grant.line > 0 && grant.commands.len() <= MAX_COMMANDS));
});
