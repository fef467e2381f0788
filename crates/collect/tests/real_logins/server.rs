//! sshd on loopback with files of its own bound over the real ones, and the client that tries to log in.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::world::{NAMES, World};

/// Clients at a time.
const CLIENTS: usize = 6;

/// Kinds of keys people have.
pub const KINDS: [(&str, &str); 4] = [("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "256"), ("rsa", "1024")];

/// Keys of the clients and of the server, and a file of keys everybody may use.
pub struct Keys {
    dir: tempfile::TempDir,
    /// Public keys, a line each, as in [`KINDS`].
    pub public: Vec<String>,
}

impl Keys {
    pub fn make() -> Keys {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let make = |name: &str, kind: &str, bits: &str| {
            let arguments = ["-q", "-t", kind, "-b", bits, "-N", "", "-C", name, "-f"];
            assert!(Command::new("ssh-keygen").args(arguments).arg(path(name)).status().unwrap().success());
            std::fs::read_to_string(path(name).with_extension("pub")).unwrap().trim_end().to_owned()
        };
        make("host", "ed25519", "256");
        let everybody = make("probe", "ed25519", "256");
        let public =
            KINDS.iter().enumerate().map(|(i, (kind, bits))| make(&format!("k{i}"), kind, bits)).collect();
        // Each key also signs a certificate of itself, for those who trust it as an authority.
        for i in 0..KINDS.len() {
            let mut sign = Command::new("ssh-keygen");
            sign.args(["-q", "-I", "oracle", "-n", &NAMES.join(","), "-s"]).arg(path(&format!("k{i}")));
            assert!(sign.arg(path(&format!("k{i}.pub"))).status().unwrap().success());
        }
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::write(path("everybody"), format!("{everybody}\n")).unwrap();
        std::fs::write(path("ask"), "#!/bin/sh\nprintf '%s\\n' \"$ORACLE_SECRET\"\n").unwrap();
        std::fs::set_permissions(path("ask"), PermissionsExt::from_mode(0o755)).unwrap();
        Keys { dir, public }
    }

    /// The file of keys everybody may use.
    pub fn probe(&self) -> String {
        self.path("everybody")
    }

    pub fn directory(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }
}

/// Which keys the client offers.
pub enum Credentials<'a> {
    All(&'a Keys),
    Probe(&'a Keys),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    Key,
    Password,
    Both,
}

pub struct Attempt<'a> {
    pub name: &'a str,
    pub password: &'a str,
    pub from: &'a str,
    pub how: Try,
}

/// What came of an attempt.
#[derive(Clone)]
pub struct Heard {
    pub how: Try,
    code: Option<i32>,
    said: String,
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let noise = ["Permanently added", "Transferred:", "Bytes per second"];
        let lines = self.said.lines().filter(|line| !noise.iter().any(|n| line.contains(n)));
        write!(f, "{:?} {:?} {:?}", self.how, self.code, lines.collect::<Vec<_>>().join(" | "))
    }
}

impl Heard {
    /// Authentication passed, whatever the shell did then.
    pub fn admitted(&self) -> bool {
        self.code.is_some_and(|code| code != 255) || self.asks_for_change()
    }

    /// A session came about, or would if the password were changed first.
    pub fn works(&self, shell_refuses: bool) -> bool {
        self.said.contains("LOGIN-OK") || (self.asks_for_change() && !shell_refuses)
    }

    /// PAM wants a new password first: at once where it may ask (keyboard-interactive), else of the session.
    pub fn asks_for_change(&self) -> bool {
        self.said.contains("Password change required")
            || self.said.contains("The password has not been changed")
    }

    /// The client was let in by the method that asks for nothing.
    pub fn without_asking(&self) -> bool {
        self.said.contains("using \"none\"")
    }

    /// The attempt says nothing.
    pub fn trouble(&self) -> bool {
        self.code.is_none() || self.code == Some(124) || self.said.contains("Connection refused")
    }
}

/// A running sshd; stopped when dropped.
pub struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have stopped by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts sshd in the world with another configuration and other account files; `None` when it refuses to.
    pub fn start(world: &World, config: &str, files: [&str; 2]) -> Option<Server> {
        let log = world.root.dir.path().join("log.now");
        for _ in 0..5 {
            let server = Self::try_start(world, config, files);
            // Somebody else may have taken the port meanwhile.
            if server.is_some() || !std::fs::read_to_string(&log).unwrap().contains("already in use") {
                return server;
            }
        }
        None
    }

    fn try_start(world: &World, config: &str, [passwd, shadow]: [&str; 2]) -> Option<Server> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root = world.root.dir.path();
        std::fs::write(root.join("passwd.now"), passwd).unwrap();
        std::fs::write(root.join("shadow.now"), shadow).unwrap();
        let fixed = format!(
            "HostKey {}\nPidFile none\nListenAddress 127.0.0.1:{port}\nMaxStartups 100\nMaxAuthTries 20\n\
             LoginGraceTime 20\nUseDNS no\nPrintMotd no\n{}",
            world.keys.join("host").display(),
            penalties(world.base.as_deref())
        );
        std::fs::write(root.join("config.now"), fixed + config).unwrap();
        let child = Command::new("unshare")
            .args(["-m", "sh", "-c", &script(world)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(root.join("log.now")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Server { child, port };
        let said = || std::fs::read_to_string(root.join("log.now")).unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if said().contains("Server listening on") {
                return Some(server);
            }
            if server.child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("sshd does not answer: {}", said());
    }

    /// Tries everything, a few at a time; what came of it, by account.
    pub fn hear(&self, attempts: &[Attempt<'_>], with: &Credentials<'_>) -> BTreeMap<String, Vec<Heard>> {
        let left = Mutex::new(attempts.iter());
        let heard = Mutex::new(BTreeMap::<String, Vec<Heard>>::new());
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    loop {
                        let next = left.lock().unwrap().next();
                        let Some(attempt) = next else { break };
                        let result = self.attempt(attempt, with);
                        heard.lock().unwrap().entry(attempt.name.to_owned()).or_default().push(result);
                    }
                });
            }
        });
        heard.into_inner().unwrap()
    }

    fn attempt(&self, attempt: &Attempt<'_>, with: &Credentials<'_>) -> Heard {
        let (keys, offered) = match with {
            Credentials::All(keys) => (keys, (0..KINDS.len()).map(|i| format!("k{i}")).collect()),
            Credentials::Probe(keys) => (keys, vec!["probe".to_owned()]),
        };
        let methods = match attempt.how {
            Try::Key => "publickey",
            Try::Password => "password,keyboard-interactive",
            Try::Both => "publickey,password,keyboard-interactive",
        };
        let mut command = Command::new("timeout");
        command.args(["30", "ssh", "-F", "none", "-T", "-p", &self.port.to_string(), "-b", attempt.from]);
        for option in [
            &format!("PreferredAuthentications={methods}"),
            "NumberOfPasswordPrompts=1",
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "GlobalKnownHostsFile=/dev/null",
            "LogLevel=VERBOSE",
        ] {
            command.args(["-o", option]);
        }
        if attempt.how == Try::Password {
            command.args(["-o", "PubkeyAuthentication=no"]);
        } else {
            for key in &offered {
                command.args(["-i", &keys.path(key)]);
            }
        }
        let mut child = command
            .args(["-l", attempt.name, "127.0.0.1", "echo LOGIN-OK"])
            .env("SSH_ASKPASS", keys.path("ask"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("ORACLE_SECRET", attempt.password)
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut said, mut errors) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        let code = child.wait().unwrap().code();
        Heard { how: attempt.how, code, said: said + &errors }
    }
}

/// Puts the world's files over those of the machine, or of another release, and starts the server there.
fn script(world: &World) -> String {
    let root = world.root.dir.path().display();
    let nologin = if world.nologin { "touch $B/run/nologin;" } else { "" };
    let (base, enter) = match &world.base {
        None => (String::new(), String::new()),
        Some(base) => {
            let (base, keys) = (base.display(), world.keys.display());
            let enter = format!(
                "mount --rbind /proc $B/proc; mount --rbind /dev $B/dev; mount -t tmpfs tmpfs $B/tmp
                 for d in {root} {keys}; do mkdir -p $B$d; mount --bind $d $B$d; done"
            );
            (base.to_string(), enter)
        }
    };
    let chroot = if base.is_empty() { "" } else { "chroot $B" };
    format!(
        "set -e; B={base}; cd {root}; chmod 0640 shadow.now; {enter}
         mount --bind passwd.now $B/etc/passwd; mount --bind shadow.now $B/etc/shadow
         mount --bind etc/group $B/etc/group; mount --bind home $B/home
         mount -t tmpfs tmpfs $B/run; mkdir -p $B/run/sshd; {nologin}
         exec {chroot} /usr/sbin/sshd -D -e -f {root}/config.now"
    )
}

/// Newer servers make clients wait that failed before.
fn penalties(base: Option<&Path>) -> &'static str {
    let arguments = ["/usr/sbin/sshd", "-T", "-f", "/dev/null", "-o", "PerSourcePenalties=no"];
    let mut command = Command::new("chroot");
    let said = command.arg(base.unwrap_or(Path::new("/"))).args(arguments).output().unwrap().stderr;
    let unknown = String::from_utf8_lossy(&said).to_lowercase().contains("bad configuration option");
    if unknown { "" } else { "PerSourcePenalties no\n" }
}
