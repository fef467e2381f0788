//! systemd, really booted from a root in namespaces of its own, so that units run as they will on a host. The network
//! is this machine's; everything else that systemd might change here is its own or read-only.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::output;

/// Makes the mounts of the root and becomes its first program. $1 is the root.
const INIT: &str = r#"
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs dev
for name in null zero full random urandom tty; do
    : >"dev/$name"
    mount --bind "/dev/$name" "dev/$name"
done
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mkdir -p mnt/host
pivot_root . mnt/host
umount -l /mnt/host
container=other exec /lib/systemd/systemd --unit=multi-user.target
"#;

/// A booted system; ends with this value.
pub struct Booted {
    unshare: Child,
    /// The first program of the system, as this one sees it.
    init: String,
    /// Where its control groups are.
    group: PathBuf,
}

impl Booted {
    /// Boots a root in which systemd is installed.
    ///
    /// # Errors
    /// What does not work here, or there.
    pub fn start(root: &Path) -> Result<Booted, String> {
        let group = unified()?.join(format!("rollcall-dist-{}", std::process::id()));
        std::fs::create_dir(&group).map_err(|e| format!("{}: {e}", group.display()))?;
        let enter = format!("echo $$ >{}/cgroup.procs && exec \"$@\"", group.display());
        let mut command = Command::new("sh");
        command.args(["-c", &enter, "sh", "unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup"]);
        command.args(["--fork", "--kill-child", "sh", "-c", INIT, "init"]).arg(root);
        let unshare = command.stdin(Stdio::null()).spawn().map_err(|e| format!("unshare: {e}"))?;
        let mut booted = Booted { unshare, init: String::new(), group };
        let until = Instant::now() + Duration::from_secs(90);
        while Instant::now() < until {
            if let Ok(Some(status)) = booted.unshare.try_wait() {
                return Err(format!("systemd does not start ({status})"));
            }
            booted.find_init();
            // It answers "running", or "degraded" for a unit that has nothing to do with this.
            let state = booted.command(&["systemctl", "is-system-running"]).output();
            let state = state.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
            if state.is_ok_and(|state| state == "running" || state == "degraded") {
                return Ok(booted);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        Err("systemd does not get to work within 90 s".to_owned())
    }

    fn find_init(&mut self) {
        let pid = self.unshare.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        self.init = children.unwrap_or_default().trim().to_owned();
    }

    /// A command inside.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.init, "-m", "-p", "-u", "-i", "-C", "-r", "-w", "--"]).args(words);
        command.stdin(Stdio::null());
        command
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        self.find_init();
        // With the first program everything inside ends. What cannot be ended or removed does no harm.
        let _ = Command::new("kill").args(["-KILL", &self.init]).status();
        let _ = self.unshare.wait();
        let _ = output(
            Command::new("find").arg(&self.group).args(["-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]),
        );
    }
}

/// Where the control groups of version 2 are mounted.
fn unified() -> Result<PathBuf, String> {
    let mounts = std::fs::read_to_string("/proc/mounts").map_err(|e| format!("/proc/mounts: {e}"))?;
    let mut lines = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let place = lines.find_map(|words| match words[..] {
        [_, place, "cgroup2", ..] => Some(PathBuf::from(place)),
        _ => None,
    });
    place.ok_or_else(|| "control groups of version 2 are not mounted".to_owned())
}
