//! Packages of the agent that hosts may fetch, and the script that installs the right one. Everything here is public:
//! it holds no secret, names only files that lie directly in one directory, and reads nothing else.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::Download;

const SCRIPT: &str = include_str!("install.sh");
/// Most packages looked at, and the largest: more is no directory of packages.
const MOST: usize = 256;
const LARGEST: u64 = 256 << 20;

/// One package.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    name: String,
    /// What the script finds out about its host: the kind of package and the architecture.
    system: String,
    changed: SystemTime,
    bytes: u64,
}

/// A directory of packages.
pub struct Packages {
    dir: PathBuf,
    /// Certificates (PEM) agents are to trust; empty for the public ones.
    certificates: String,
    /// Hashes by what was hashed.
    hashes: Mutex<HashMap<String, (Package, String)>>,
}

impl Packages {
    /// The packages in a directory, which need not exist. `certificates` is what agents are to trust in place of the
    /// public certificates.
    pub fn new(dir: PathBuf, certificates: Option<&str>) -> Packages {
        let certificates = certificates.map(only_certificates).unwrap_or_default();
        Packages { dir, certificates, hashes: Mutex::default() }
    }

    /// The packages there are, the newest of each kind and architecture.
    fn list(&self) -> Vec<Package> {
        let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten().take(MOST);
        let mut newest: HashMap<String, Package> = HashMap::new();
        for package in entries.filter_map(|entry| package(&entry)) {
            let known = newest.get(&package.system);
            if known.is_none_or(|known| (known.changed, &known.name) < (package.changed, &package.name)) {
                newest.insert(package.system.clone(), package);
            }
        }
        let mut packages: Vec<Package> = newest.into_values().collect();
        packages.sort_by(|a, b| a.system.cmp(&b.system));
        packages
    }

    /// A package by its name; `None` for anything else.
    pub fn open(&self, name: &str) -> Option<Download> {
        let package = self.list().into_iter().find(|package| package.name == name)?;
        let file = File::open(self.dir.join(&package.name)).ok()?;
        let bytes = file.metadata().ok()?.len();
        Some(Download { file, file_name: package.name, bytes, content_type: "application/octet-stream" })
    }

    /// The script that installs the agent from the server at this address; `None` without packages.
    pub fn script(&self, server: &str) -> Option<String> {
        let known: Vec<_> = self.list().into_iter().filter_map(|p| Some((self.hash(&p)?, p))).collect();
        if known.is_empty() || server.is_empty() {
            return None;
        }
        let case = |(sum, package): &(String, Package)| {
            format!("    '{}') name='{}' sum={sum} ;;", package.system, package.name)
        };
        let cases: Vec<String> = known.iter().map(case).collect();
        let script = SCRIPT
            .replace("@SERVER@", &server.replace('\'', "%27"))
            .replace("@CERTIFICATES@", &self.certificates)
            .replace("@PACKAGES@", &cases.join("\n"));
        Some(script)
    }

    /// One line for the shell of root on a host, which installs the agent and enrols it. It names the hash of the script,
    /// which names those of the packages: whatever comes from elsewhere is not run, also where the host does not know
    /// the server's certificate yet.
    pub fn command(&self, server: &str, token: &str) -> Option<String> {
        let sum = hex::encode(Sha256::digest(self.script(server)?));
        let server = server.replace('\'', "%27");
        let untrusted = if self.certificates.is_empty() { "" } else { "k" };
        Some(format!(
            "(f=$(mktemp) && trap 'rm -f \"$f\"' EXIT && curl -fsS{untrusted} -o \"$f\" '{server}/install.sh' && \
             echo \"{sum}  $f\" | sha256sum -c --quiet && ROLLCALL_ENROL_TOKEN={token} sh \"$f\")"
        ))
    }

    fn hash(&self, package: &Package) -> Option<String> {
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, hash)) = hashes.get(&package.system).filter(|(known, _)| known == package) {
            return Some(hash.clone());
        }
        let hashed = self.open(&package.name).and_then(|found| sha256(found.file));
        let hash = hashed.or_else(|| {
            tracing::warn!(package = package.name, "a package cannot be read; hosts do not get it");
            None
        })?;
        hashes.insert(package.system.clone(), (package.clone(), hash.clone()));
        Some(hash)
    }
}

fn sha256(file: File) -> Option<String> {
    let (mut file, mut hash, mut buffer) = (file.take(LARGEST), Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Some(hex::encode(hash.finalize())),
            Ok(count) => hash.update(buffer.get(..count)?),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// A file of the directory, if it is a package of the agent by its name and kind.
fn package(entry: &std::fs::DirEntry) -> Option<Package> {
    let name = entry.file_name().into_string().ok()?;
    let system = system(&name)?;
    // Of the entry itself: a symbolic link is none.
    let meta = entry.metadata().ok()?;
    let good = meta.is_file() && (1..=LARGEST).contains(&meta.len());
    good.then_some(())?;
    Some(Package { name, system, changed: meta.modified().ok()?, bytes: meta.len() })
}

/// For which hosts a package is, by its name: `rollcall-agent_0.1.0_amd64.deb`, or
/// `rollcall-agent-0.1.0-x86_64-linux.tar.gz`.
fn system(name: &str) -> Option<String> {
    let safe = |c: char| c.is_ascii_alphanumeric() || "._+~-".contains(c);
    if name.len() > 128 || !name.chars().all(safe) {
        return None;
    }
    let (kind, architecture) = if let Some(rest) = name.strip_prefix("rollcall-agent_") {
        ("deb", rest.strip_suffix(".deb")?.rsplit_once('_')?.1)
    } else {
        let rest = name.strip_prefix("rollcall-agent-")?.strip_suffix("-linux.tar.gz")?;
        ("tar.gz", rest.rsplit_once('-')?.1)
    };
    (!architecture.is_empty()).then(|| format!("{kind} {architecture}"))
}

/// The certificates of a PEM file and nothing else that may be in it, least of all a key.
fn only_certificates(pem: &str) -> String {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in pem.lines().map(str::trim) {
        match line {
            "-----BEGIN CERTIFICATE-----" => inside = true,
            "-----END CERTIFICATE-----" if inside => {
                inside = false;
                lines.push(line);
                continue;
            }
            _ => {}
        }
        let safe = line.chars().all(|c| c.is_ascii_alphanumeric() || "+/= -".contains(c));
        if inside && safe {
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_for_which_hosts() {
        assert_eq!(system("rollcall-agent_0.1.0_amd64.deb").as_deref(), Some("deb amd64"));
        assert_eq!(system("rollcall-agent-0.1.0-x86_64-linux.tar.gz").as_deref(), Some("tar.gz x86_64"));
        for other in [
            "rollcall_0.1.0_amd64.deb",
            "rollcall-agent_0.1.0_.deb",
            "rollcall-agent_amd64.deb",
            "rollcall-agent_0'1_amd64.deb",
            "rollcall-agent_0.1.0_am/64.deb",
            "master.key",
            "",
        ] {
            assert_eq!(system(other), None, "{other}");
        }
    }

    #[test]
    fn only_packages_in_the_directory_are_given_out() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("packages");
        std::fs::create_dir(&dir).unwrap();
        let empty = Packages::new(dir.join("none"), None);
        assert!(empty.script("https://x").is_none() && empty.command("https://x", "t").is_none());
        let name = "rollcall-agent_0.1.0_amd64.deb";
        std::fs::write(place.path().join(name), "elsewhere").unwrap();
        std::os::unix::fs::symlink(place.path().join(name), dir.join("rollcall-agent_0.1.0_arm64.deb"))
            .unwrap();
        std::fs::write(dir.join("secret"), "secret").unwrap();
        let packages = Packages::new(
            dir.clone(),
            Some(
                "junk\n-----BEGIN CERTIFICATE-----\nAAAA\n'x\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nBBBB\n",
            ),
        );
        assert!(packages.script("https://x").is_none());
        std::fs::write(dir.join(name), "abc").unwrap();
        assert_eq!(packages.open(name).unwrap().bytes, 3);
        for bad in [
            "",
            "secret",
            "../secret",
            "/etc/passwd",
            "rollcall-agent_0.1.0_arm64.deb",
            &format!("../{name}"),
        ] {
            assert!(packages.open(bad).is_none(), "{bad}");
        }
        let script = packages.script("https://x").unwrap();
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(script.contains(&format!("'deb amd64') name='{name}' sum={sum} ;;")), "{script}");
        assert!(
            script.contains("\nAAAA\n") && !script.contains("BBBB") && !script.contains("'x"),
            "{script}"
        );
        let command = packages.command("https://x", "rct1.a.b").unwrap();
        assert!(command.contains(&hex::encode(Sha256::digest(&script))) && command.contains("-fsSk"));
        std::fs::write(dir.join(name), "abcd").unwrap();
        assert_ne!(packages.script("https://x").unwrap(), script, "what was hashed has changed");
    }
}
