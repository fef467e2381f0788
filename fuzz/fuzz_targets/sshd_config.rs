//! Any bytes as sshd_config and an included file (cut at 0xFF); then what is in force and how an account logs in.

#![no_main]

use collect::config_files::MemoryFiles;
use collect::sshd::{Hash, Keys, Shell, Subject, evaluate, load, login};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.split(|&byte| byte == 0xff);
    let mut next = || parts.next().unwrap_or_default();
    let files = MemoryFiles::new()
        .with("/etc/ssh/sshd_config", next())
        .with("/etc/ssh/sshd_config.d/a.conf", next());
    let config = load(&files, "/etc/ssh/sshd_config");
    let groups = ["carol".to_owned(), "ops".to_owned()];
    for (name, uid) in [("carol", 1002), ("root", 0)] {
        let subject = Subject { name, uid, groups: &groups };
        let evaluation = evaluate(&config, subject, None);
        let answer = login(&evaluation, subject, Hash::Usable, Keys::Plain, Shell::Ok);
        assert!(answer.login_type().is_none_or(|kind| kind <= 3));
    }
});
