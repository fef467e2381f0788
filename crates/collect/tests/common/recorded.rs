//! What the test scripts in the source packages of sudo and OpenSSH give to the programs they test: the scripts are
//! run with stand-ins for these programs, which keep the files they are given and the questions they are asked.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; a panic there is its report")]

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{MemoryFiles, Source, oracle};

/// The unpacked source package, where `cargo xtask oracles` has fetched it.
pub fn tree(package: &str) -> Option<PathBuf> {
    let found = std::fs::read_dir(oracle::cache().join("sources")).into_iter().flatten().flatten();
    let start = format!("{package}-");
    found
        .map(|entry| entry.path())
        .find(|path| path.is_dir() && path.file_name().unwrap().to_string_lossy().starts_with(&start))
}

fn script(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Every file below the directory.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// The files below a directory, where they are, with their owners and modes.
pub fn memory(dir: &Path) -> MemoryFiles {
    files(dir).into_iter().fold(MemoryFiles::new(), |files, path| {
        let (bytes, meta) = (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap());
        let source = Source { bytes, uid: meta.uid(), gid: meta.gid(), mode: meta.mode() & 0o7777 };
        files.with_source(path.to_str().unwrap(), source)
    })
}

/// The directories in `kept`, in the order in which they were made.
fn kept(dir: &Path) -> Vec<PathBuf> {
    let mut kept: Vec<(std::time::SystemTime, PathBuf)> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (std::fs::metadata(&path).unwrap().modified().unwrap(), path))
        .collect();
    kept.sort();
    kept.into_iter().map(|(_, path)| path).collect()
}

fn scripts(dir: &Path) -> Vec<PathBuf> {
    files(dir).into_iter().filter(|path| path.extension().is_some_and(|end| end == "sh")).collect()
}

/// Keeps a policy as `policy`, and the script's directory as `dir` if the policy names it, with the paths mended.
const KEEP_POLICY: &str = "#!/bin/sh
case \" $* \" in *' ldif '*|*' LDIF '*) cat; exit;; esac
d=$(mktemp -d \"$KEPT/XXXXXXXX\"); chmod 755 $d
for last; do :; done
case $0 in *testsudoers) last=;; esac
if [ -f \"$last\" ]; then cat \"$last\"; else cat; fi > $d/policy
grep -qF \"$HERE\" $d/policy || exit 0
cp -r \"$HERE\" $d/dir
grep -rlF \"$HERE\" $d | xargs sed -i \"s#$HERE#$d/dir#g\"
";

/// The policies in sudo's own tests: the scripts' own, and the scanner's. Each is a
/// directory with a file `policy`.
pub fn sudo_policies(tree: &Path, work: &Path) -> Vec<PathBuf> {
    let from = tree.join("plugins/sudoers/regress");
    let (kept_in, regress) = (work.join("kept"), work.join("regress"));
    std::fs::create_dir_all(&kept_in).unwrap();
    let copied = Command::new("cp").arg("-r").arg(&from).arg(&regress).status().unwrap();
    assert!(copied.success());
    for name in ["cvtsudoers", "testsudoers", "visudo"] {
        script(&work.join(name), KEEP_POLICY);
    }
    for group in ["cvtsudoers", "testsudoers", "visudo"] {
        let here = regress.join(group);
        for test in scripts(&here) {
            let run = Command::new("timeout")
                .args(["20", "sh"])
                .arg(test)
                .current_dir(work)
                .env("KEPT", &kept_in)
                .env("HERE", &here)
                .env("TESTDIR", &here)
                .envs(["cvtsudoers", "testsudoers", "visudo"].map(|n| (n.to_uppercase(), work.join(n))))
                .stdin(Stdio::null())
                .output();
            assert!(run.unwrap().status.code() != Some(124), "a test script does not end");
        }
    }
    let mut found = kept(&kept_in);
    found.extend(plain_sudo_policies(tree, work));
    found
}

/// The policies sudo's scanner is tested with.
pub fn plain_sudo_policies(tree: &Path, work: &Path) -> Vec<PathBuf> {
    let wanted = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.ends_with(".in") || (oracle::long() && name.ends_with(".ldif2sudo.ok"))
    };
    let plain = files(&tree.join("plugins/sudoers/regress/sudoers"));
    let keep = |(i, path): (usize, PathBuf)| {
        let dir = work.join(format!("plain{i}"));
        std::fs::create_dir(&dir).unwrap();
        std::fs::copy(path, dir.join("policy")).unwrap();
        dir
    };
    plain.into_iter().filter(wanted).enumerate().map(keep).collect()
}

/// OpenSSH's test scripts that make configurations of the server.
const SSHD_SCRIPTS: [&str; 26] = [
    "addrmatch",
    "allow-deny-users",
    "authinfo",
    "banner",
    "cert-hostkey",
    "cert-userkey",
    "cfgmatch",
    "cfgmatchlisten",
    "cfgparse",
    "channel-timeout",
    "connection-timeout",
    "envpass",
    "exit-status",
    "forcecommand",
    "forward-control",
    "hostbased",
    "hostkey-agent",
    "key-options",
    "keys-command",
    "keytype",
    "limit-keytype",
    "login-timeout",
    "multipubkey",
    "principals-command",
    "reexec",
    "servcfginclude",
];

/// Stands for sshd and for ssh: keeps the configurations as they are, the name of the one that is used, and what is
/// asked of it.
const KEEP_CONFIG: &str = r#"#!/bin/sh
f=$OBJ/sshd_config; q=
pid=$(printf %s "$*" | sed -n 's/.*> *\([^ ;]*pid\);.*/\1/p')
[ -z "$pid" ] || : > "$pid"
while [ $# -gt 0 ]; do
  case $1 in
    -f|-tf|-Tf) f=$2; shift;;
    -F) case $2 in *proxy*) f=$OBJ/sshd_proxy;; esac; shift;;
    -C) q=$q,$2; shift;;
  esac
  shift
done
[ -f "$f" ] || exit 0
d=$(mktemp -d "$KEPT/XXXXXXXX")
cp "$OBJ"/*sshd_* "$OBJ"/host.* "$d"
printf %s "${f##*/}" > "$d/main"; printf %s "$q" > "$d/question"
find "$d" -name '*sshd_*' -exec sed -i "s#$OBJ#$d#g" {} +
"#;

/// What the scripts expect of the file that starts them; programs that take long or do harm do nothing.
const PRELUDE: &str = r#"
fatal() { : > "${pidfile:-/dev/null}"; }; fail() { :; }; trace() { :; }; verbose() { :; }; save_debug_log() { :; }; skip() { :; }
config_defined() { true; }; sleep() { :; }; kill() { false; }; start_sshd() { "$SSHD" "$@"; }; stop_sshd() { :; }
cd "$OBJ"
cat > sshd_config <<EOF
	StrictModes no
	Port 4242
	AddressFamily inet
	ListenAddress 127.0.0.1
	PidFile $OBJ/pidfile
	AuthorizedKeysFile $OBJ/authorized_keys_%u
	LogLevel DEBUG3
	AcceptEnv _XXX_TEST_*
	AcceptEnv _XXX_TEST
	Subsystem sftp /usr/lib/sftp-server
	UsePAM yes
	HostKey $OBJ/host.ssh-ed25519
EOF
cp sshd_config sshd_proxy; : > ssh_config; : > ssh_proxy; : > known_hosts
. "$SCRIPT"
"#;

/// The configurations of sshd in OpenSSH's own tests, each a directory with the file named in its `main`, and what is
/// asked of it in `question`. Each once.
pub fn sshd_configs(tree: &Path, work: &Path) -> Vec<PathBuf> {
    let kept_in = work.join("kept");
    std::fs::create_dir(&kept_in).unwrap();
    script(&work.join("keep"), KEEP_CONFIG);
    let host = work.join("host.ssh-ed25519");
    let key = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&host).status();
    assert!(key.unwrap().success());
    for name in SSHD_SCRIPTS {
        let obj = work.join(name);
        std::fs::create_dir(&obj).unwrap();
        std::fs::copy(&host, obj.join("host.ssh-ed25519")).unwrap();
        let mut command = Command::new("timeout");
        command
            .args(["30", "unshare", "-m", "sh", "-c"])
            .arg(format!("mount -t tmpfs tmpfs /run; {PRELUDE}"))
            .env("SCRIPT", tree.join("regress").join(format!("{name}.sh")))
            .env("SRC", tree.join("regress"))
            .env("OBJ", &obj)
            .env("KEPT", &kept_in);
        for program in ["SSHD", "REAL_SSHD", "SSH"] {
            command.env(program, work.join("keep"));
        }
        for program in ["SSHKEYGEN", "SSHADD", "SSHAGENT", "SCP", "SFTP", "SSHKEYSCAN"] {
            command.env(program, "true");
        }
        command.env("SSH_KEYTYPES", "ssh-ed25519 ssh-rsa").envs([("USER", "alice"), ("LOGNAME", "alice")]);
        command.envs([("SUDO", "env"), ("PORT", "4242"), ("PIDFILE", "/run/pidfile")]);
        // One that takes too long has been heard as far as it came.
        command.stdin(Stdio::null()).output().unwrap();
    }
    let mut seen = std::collections::HashSet::new();
    kept(&kept_in).into_iter().filter(|dir| seen.insert(content(dir))).collect()
}

/// What a kept configuration says, wherever it is kept.
fn content(dir: &Path) -> String {
    let text = |path: &PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let whole: String =
        files(dir).iter().filter(|path| !path.ends_with("host.ssh-ed25519")).map(text).collect();
    whole.replace(dir.to_str().unwrap(), "")
}
