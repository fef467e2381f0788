//! Builds host roots in temporary directories.
#![allow(dead_code, reason = "each test file uses a part")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use model::facts::{AccountFacts, HostReport};

/// Where the samples made by the real tools lie.
pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub struct HostRoot {
    pub dir: tempfile::TempDir,
}

impl HostRoot {
    pub fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
        HostRoot { dir }
    }

    /// Shells and an SSH server, and the account files of the samples.
    pub fn sample() -> Self {
        let mut root = Self::empty();
        for program in ["/bin/bash", "/bin/sh", "/usr/sbin/nologin", "/usr/sbin/sshd"] {
            root = root.file(program, b"#!", 0o755);
        }
        root.file("/etc/passwd", &fixture("passwd"), 0o644)
            .file("/etc/group", &fixture("group"), 0o644)
            .file("/etc/shadow", &fixture("shadow"), 0o640)
            .file("/etc/shells", b"/bin/sh\n/bin/bash\n", 0o644)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    fn parent(&self, path: &str) -> PathBuf {
        let full = self.path(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        full
    }

    pub fn file(self, path: &str, bytes: &[u8], mode: u32) -> Self {
        let full = self.parent(path);
        std::fs::write(&full, bytes).unwrap();
        std::fs::set_permissions(&full, PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    pub fn link(self, target: &str, path: &str) -> Self {
        symlink(target, self.parent(path)).unwrap();
        self
    }

    pub fn fifo(self, path: &str) -> Self {
        let full = self.parent(path);
        let _ = std::fs::remove_file(&full);
        rustix::fs::mknodat(rustix::fs::CWD, &full, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        self
    }

    pub fn owner(self, path: &str, uid: u32) -> Self {
        std::os::unix::fs::chown(self.path(path), Some(uid), Some(uid)).unwrap();
        self
    }

    pub fn options(&self) -> collect::Options {
        collect::Options {
            root: Some(self.dir.path().to_owned()),
            hostname: Some("web1".into()),
            now: Some(1_700_000_000_000),
            ..collect::Options::default()
        }
    }

    pub fn scan(&self) -> HostReport {
        collect::scan(&self.options()).unwrap()
    }
}

pub fn account<'a>(report: &'a HostReport, name: &str) -> &'a AccountFacts {
    report.accounts.iter().find(|account| account.name == name).unwrap_or_else(|| panic!("no account {name}"))
}

/// Files made by a test belong to who runs it; sudo and sshd only trust root's.
pub fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: needs root");
    }
    root
}

/// `YYYY-MM-DD` of a day (Howard Hinnant's algorithm).
pub fn civil(day: i32) -> String {
    let z = i64::from(day) + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    format!("{:04}-{m:02}-{d:02}", yoe + era * 400 + i64::from(m <= 2))
}
