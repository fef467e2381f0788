//! The running Windows as [`Api`]: what is asked, in terms of the calls in `net`.

use model::facts::Address;
use windows_sys::Win32::System::Registry::{RRF_RT_REG_DWORD, RRF_RT_REG_SZ};

use super::{Api, NetError, Users, net};
use crate::{
    bytes::u32_at,
    software::{self, Product},
    text::utf16,
};

/// Where name, version and profiles are.
const VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";

/// The system this program runs on.
pub struct Running;

impl Api for Running {
    fn users(&self) -> Result<Users, NetError> {
        net::users()
    }

    fn machine(&self) -> Result<Vec<u8>, NetError> {
        net::machine()
    }

    fn groups(&self) -> Result<Vec<Vec<u8>>, NetError> {
        net::groups()
    }

    fn members(&self, group: &[u8]) -> Result<Vec<Vec<u8>>, NetError> {
        net::members(group)
    }

    fn builtin_name(&self, rid: u32) -> Result<Vec<u8>, NetError> {
        let [a, b, c, d] = rid.to_le_bytes();
        net::name_of(&[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, a, b, c, d])
    }

    fn password_ages(&self) -> Result<(u32, u32), NetError> {
        net::password_ages()
    }

    fn host(&self) -> (String, Product, Vec<Address>) {
        let number = |name: &str| u32_at(&net::registry(VERSION, name, RRF_RT_REG_DWORD)?, 0);
        (net::hostname(), software::product(|name| text(VERSION, name), number), addresses())
    }

    fn machine_guid(&self) -> Option<String> {
        text(r"SOFTWARE\Microsoft\Cryptography", "MachineGuid")
    }

    fn profile(&self, sid: &str) -> Option<String> {
        text(&format!(r"{VERSION}\ProfileList\{sid}"), "ProfileImagePath")
    }
}

fn text(key: &str, value: &str) -> Option<String> {
    // This alone also gives texts with environment variables, with those put in.
    let data = net::registry(key, value, RRF_RT_REG_SZ)?;
    utf16(&data).split('\0').next().map(str::to_owned)
}

/// Addresses of its interfaces, loopback left out; none when they cannot be read.
fn addresses() -> Vec<Address> {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    let others = all.into_iter().filter(|one| !one.is_loopback());
    others.map(|one| Address { ip: one.ip().to_string(), interface: one.name }).collect()
}
