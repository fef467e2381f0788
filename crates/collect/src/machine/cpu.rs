//! proc(5) cpuinfo: blocks of `key : value`, one for each processor.

use std::collections::HashSet;

use crate::text::text_lines;

/// What cpuinfo says; empty or `None` where it is silent, as on ARM, where it names neither packages nor cores.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// `model name`; `cpu` (POWER) or `Model` (boards) elsewhere.
    pub model: String,
    /// Processors the system schedules on.
    pub processors: Option<u32>,
    /// Physical cores.
    pub cores: Option<u32>,
    /// Processor packages.
    pub sockets: Option<u32>,
}

/// Parses cpuinfo.
pub fn cpuinfo(bytes: &[u8]) -> Cpu {
    let (mut model, mut board) = (String::new(), String::new());
    let mut processors = 0_u32;
    let (mut packages, mut cores) = (HashSet::new(), HashSet::new());
    let mut package = String::new();
    for line in text_lines(bytes) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key.trim() {
            // s390x says `processor 0: …` in one line.
            "processor" => processors = processors.saturating_add(1),
            key if key.starts_with("processor ") => processors = processors.saturating_add(1),
            "model name" | "cpu" if model.is_empty() => value.clone_into(&mut model),
            "Model" => value.clone_into(&mut board),
            "physical id" => {
                value.clone_into(&mut package);
                packages.insert(package.clone());
            }
            "core id" => {
                cores.insert((package.clone(), value.to_owned()));
            }
            _ => {}
        }
    }
    let count = |number: usize| u32::try_from(number).ok().filter(|number| *number > 0);
    Cpu {
        model: if model.is_empty() { board } else { model },
        processors: Some(processors).filter(|number| *number > 0),
        cores: count(cores.len()),
        sockets: count(packages.len()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_packages_of_two_cores() {
        let block = |n: u32, package: u32, core: u32| {
            format!(
                "processor\t: {n}\nmodel name\t: Xeon\nphysical id\t: {package}\ncore id\t\t: {core}\ncpu cores\t: 2\n\n"
            )
        };
        let text: String = (0..8).map(|n| block(n, n / 4, n % 2)).collect();
        let expected = Cpu { model: "Xeon".into(), processors: Some(8), cores: Some(4), sockets: Some(2) };
        assert_eq!(cpuinfo(text.as_bytes()), expected);
    }

    #[test]
    fn arm_is_silent() {
        let text = b"processor\t: 0\nBogoMIPS\t: 48.00\nCPU part\t: 0xd0c\n\nprocessor\t: 1\n\nModel\t\t: Raspberry Pi 4\n";
        let expected = Cpu { model: "Raspberry Pi 4".into(), processors: Some(2), ..Cpu::default() };
        assert_eq!(cpuinfo(text), expected);
        assert_eq!(cpuinfo(b""), Cpu::default());
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, lines in prop::collection::vec("(processor|core id|model name)?[: \t]{0,3}.{0,5}", 0..20)) {
            cpuinfo(&bytes);
            let cpu = cpuinfo(lines.join("\n").as_bytes());
            prop_assert!(cpu.processors != Some(0));
        }
    }
}
