//! One Debian package: a staged tree, a control file, and `dpkg-deb`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Place, Program, empty, install, output, portable, run_step, write};

/// Makes the package of a program and answers its path.
///
/// # Errors
/// The first step that failed.
pub fn package(place: &Place, program: &Program, binary: &Path) -> Result<PathBuf, String> {
    let stage = place.dist.join(format!("{}.stage", program.name));
    empty(&stage)?;
    install(binary, &stage.join("usr/bin").join(program.name), 0o755)?;
    let unit = format!("{}.service", program.name);
    install(
        &place.root.join("packaging/systemd").join(&unit),
        &stage.join("usr/lib/systemd/system").join(&unit),
        0o644,
    )?;
    let documents = stage.join("usr/share/doc").join(program.name);
    for document in program.documents {
        let from = place.root.join(document);
        let name = from.file_name().unwrap_or_default();
        let to = if *document == "LICENSE" { documents.join("copyright") } else { documents.join(name) };
        install(&from, &to, 0o644)?;
    }
    let scripts = place.root.join("packaging/debian").join(program.name);
    for script in ["postinst", "prerm", "postrm"] {
        install(&scripts.join(script), &stage.join("DEBIAN").join(script), 0o755)?;
    }
    let architecture = output(Command::new("dpkg").arg("--print-architecture"))?;
    let control = control(&scripts.join("control"), binary, &stage, &architecture, place.native)?;
    write(&stage.join("DEBIAN/control"), control.as_bytes(), 0o644)?;
    let package =
        place.dist.join(format!("{}_{}_{architecture}.deb", program.name, env!("CARGO_PKG_VERSION")));
    run_step(
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Zxz", "--build"])
            .arg(&stage)
            .arg(&package)
            .env("SOURCE_DATE_EPOCH", &place.epoch),
    )?;
    Ok(package)
}

fn control(
    template: &Path,
    binary: &Path,
    stage: &Path,
    architecture: &str,
    native: bool,
) -> Result<String, String> {
    let text = std::fs::read_to_string(template).map_err(|e| format!("{}: {e}", template.display()))?;
    let program = std::fs::read(binary).map_err(|e| format!("{}: {e}", binary.display()))?;
    let (major, minor) = glibc(&program).ok_or("the binary names no version of glibc")?;
    println!("{} needs glibc {major}.{minor}", binary.display());
    if !native && (major, minor) > portable::GLIBC {
        return Err(format!("{} was to be linked for glibc {:?}", binary.display(), portable::GLIBC));
    }
    // Debian 10 and Ubuntu 18.04 have the same library under another name.
    let unwinding = if names(&program, b"libgcc_s.so.1") { ", libgcc-s1 | libgcc1" } else { "" };
    let size = output(Command::new("du").args(["-sk", "--apparent-size", "--exclude=DEBIAN"]).arg(stage))?;
    let size = size.split_whitespace().next().unwrap_or("0").to_owned();
    Ok(text
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace("{architecture}", architecture)
        .replace("{libraries}", &format!("libc6 (>= {major}.{minor}){unwinding}"))
        .replace("{size}", &size))
}

fn names(program: &[u8], library: &[u8]) -> bool {
    program.windows(library.len()).any(|window| window == library)
}

/// The newest version of glibc a program asks for: the largest of its `GLIBC_2.x` names.
fn glibc(program: &[u8]) -> Option<(u32, u32)> {
    const MARK: &[u8] = b"GLIBC_";
    let mut newest = None;
    for at in
        program.windows(MARK.len()).enumerate().filter(|(_, w)| *w == MARK).map(|(at, _)| at + MARK.len())
    {
        let end =
            program.get(at..)?.iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        let version = std::str::from_utf8(program.get(at..at + end)?).ok()?;
        let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
        if let (Some(Some(major)), Some(Some(minor))) = (parts.next(), parts.next()) {
            newest = newest.max(Some((major, minor)));
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_counts() {
        assert_eq!(glibc(b"xGLIBC_2.4\0GLIBC_2.34\0GLIBC_2.3.4\0GLIBC_PRIVATE"), Some((2, 34)));
        assert_eq!(glibc(b"nothing"), None);
    }
}
