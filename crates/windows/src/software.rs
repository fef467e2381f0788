//! The SOFTWARE hive: name and version of the system, folders of profiles.

use std::collections::HashMap;

use model::facts::Limits;

use crate::hive::Hive;

/// Where name, version and profiles are.
const VERSION: &str = r"Microsoft\Windows NT\CurrentVersion";

/// What the hive says; empty is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Software {
    /// Name and version.
    pub product: Product,
    /// Folders of profiles by security identifier.
    pub profiles: HashMap<String, String>,
}

/// Name and version of Windows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Product {
    /// Such as `Windows Server 2022 Standard 21H2`.
    pub name: String,
    /// Such as `10.0.20348`.
    pub version: String,
}

/// Reads the hive; `None` when it has no such key, so it is another hive or a damaged one.
pub fn read(hive: Hive<'_>) -> Option<Software> {
    let key = hive.key(VERSION).ok()??;
    let text = |name: &str| key.value(name).ok().flatten()?.text();
    let number = |name: &str| key.value(name).ok().flatten()?.number();
    let mut profiles = HashMap::new();
    let list = key.subkey("ProfileList").ok().flatten().map(|list| list.subkeys()).unwrap_or_default();
    for profile in list.into_iter().flatten().take(Limits::ACCOUNTS) {
        let folder = profile.value("ProfileImagePath").ok().flatten().and_then(|value| value.text());
        profiles.extend(folder.map(|folder| (profile.name().to_owned(), folder)));
    }
    Some(Software { product: product(text, number), profiles })
}

/// Name and version from the values of the version's key, however they are read.
pub fn product(text: impl Fn(&str) -> Option<String>, number: impl Fn(&str) -> Option<u32>) -> Product {
    let build = text("CurrentBuildNumber").or_else(|| text("CurrentBuild")).unwrap_or_default();
    let mut name = text("ProductName").unwrap_or_default();
    // Windows 11 still calls itself 10 there; its builds begin with 22000.
    if build.parse::<u32>().is_ok_and(|build| build >= 22_000) && name.starts_with("Windows 10") {
        name.replace_range(..10, "Windows 11");
    }
    if let Some(release) =
        text("DisplayVersion").or_else(|| text("CSDVersion")).filter(|text| !text.is_empty())
    {
        name = format!("{name} {release}").trim_start().to_owned();
    }
    let version = match number("CurrentMajorVersionNumber").zip(number("CurrentMinorVersionNumber")) {
        Some((major, minor)) => Some(format!("{major}.{minor}")),
        None => text("CurrentVersion"),
    };
    let parts = [version.unwrap_or_default(), build];
    Product { name, version: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pairs: &[(&str, &str)]) -> Product {
        let text =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, text)| (*text).to_owned());
        product(text, |name| text(name)?.parse().ok())
    }

    #[test]
    fn eleven_is_called_eleven() {
        let ten =
            [("ProductName", "Windows 10 Pro"), ("CurrentBuildNumber", "19045"), ("DisplayVersion", "22H2")];
        assert_eq!(named(&ten).name, "Windows 10 Pro 22H2");
        let eleven = [
            ("ProductName", "Windows 10 Pro"),
            ("CurrentBuildNumber", "22631"),
            ("CurrentVersion", "6.3"),
            ("CurrentMajorVersionNumber", "10"),
            ("CurrentMinorVersionNumber", "0"),
        ];
        assert_eq!(named(&eleven), Product { name: "Windows 11 Pro".into(), version: "10.0.22631".into() });
    }

    #[test]
    fn old_ones_and_nothing() {
        let seven = [
            ("ProductName", "Windows 7 Professional"),
            ("CSDVersion", "Service Pack 1"),
            ("CurrentVersion", "6.1"),
            ("CurrentBuild", "7601"),
        ];
        assert_eq!(
            named(&seven),
            Product { name: "Windows 7 Professional Service Pack 1".into(), version: "6.1.7601".into() }
        );
        assert_eq!(named(&[]), Product::default());
    }
}
