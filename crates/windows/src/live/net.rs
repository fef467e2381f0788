//! The calls into Windows, and nothing else: what the answers mean is in the module above.
//!
//! With `folder` the only place of the project with `unsafe`: the accounts of a running Windows are only to be had
//! from its C interface. Each function makes one call, copies what it answers into owned values while the buffer lives,
//! and frees the buffer. Pointers come from Windows alone and are checked for null; no text is longer than
//! [`MAX_TEXT`].
#![allow(unsafe_code, reason = "the C interface of Windows")]

use std::{ffi::c_void, ptr};

use windows_sys::Win32::{
    NetworkManagement::NetManagement::{
        FILTER_NORMAL_ACCOUNT, LOCALGROUP_INFO_0, LOCALGROUP_MEMBERS_INFO_0, MAX_PREFERRED_LENGTH,
        NetApiBufferFree, NetLocalGroupEnum, NetLocalGroupGetMembers, NetUserEnum, NetUserModalsGet,
        USER_INFO_0, USER_INFO_3, USER_MODALS_INFO_0, USER_MODALS_INFO_2,
    },
    Security::{GetLengthSid, LookupAccountSidW, PSID},
    System::{
        Registry::{HKEY_LOCAL_MACHINE, REG_ROUTINE_FLAGS, RegGetValueW},
        SystemInformation::{ComputerNamePhysicalDnsHostname, GetComputerNameExW},
    },
};

use super::{NetError, UserInfo, Users};

/// Most characters of a text that are copied.
const MAX_TEXT: usize = 32_768;
/// Most accounts or groups that are copied.
const MAX_ENTRIES: usize = 1_000_000;

/// What a call of the network management functions answered; freed in the end.
struct Buffer {
    at: *mut u8,
    entries: usize,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the buffer came from the same functions and is freed once.
        unsafe { NetApiBufferFree(self.at.cast::<c_void>().cast_const()) };
    }
}

impl Buffer {
    /// Runs a call that fills a pointer and a count; its result code 0 is success.
    fn of(
        call: &'static str,
        run: impl FnOnce(*mut *mut u8, *mut u32, *mut u32) -> u32,
    ) -> Result<Self, NetError> {
        let (mut at, mut entries, mut total) = (ptr::null_mut(), 0, 0);
        let code = run(&raw mut at, &raw mut entries, &raw mut total);
        let buffer = Buffer { at, entries: usize::try_from(entries).unwrap_or(0).min(MAX_ENTRIES) };
        if code == 0 { Ok(buffer) } else { Err(NetError { call, code }) }
    }

    /// Copies of its entries.
    fn all<T: Copy>(&self) -> Vec<T> {
        if self.at.is_null() {
            return Vec::new();
        }
        let first = self.at.cast::<T>().cast_const();
        // SAFETY: a successful call of a level answers that many structures of that level, aligned or not.
        (0..self.entries).map(|n| unsafe { ptr::read_unaligned(first.add(n)) }).collect()
    }
}

/// Little-endian bytes of a text that ends with a NUL.
fn text(at: *const u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    if at.is_null() {
        return bytes;
    }
    for n in 0..MAX_TEXT {
        // SAFETY: the text goes on up to its NUL.
        match unsafe { ptr::read_unaligned(at.add(n)) } {
            0 => break,
            unit => bytes.extend(unit.to_le_bytes()),
        }
    }
    bytes
}

fn shown(at: *const u16) -> String {
    crate::text::utf16(&text(at))
}

/// Little-endian bytes as a text that ends with a NUL.
fn wide(bytes: &[u8]) -> Vec<u16> {
    let units = bytes.as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two));
    units.filter(|unit| *unit != 0).chain([0]).collect()
}

/// A text that ends with a NUL.
pub(super) fn wide_text(text: &str) -> Vec<u16> {
    text.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect()
}

/// The bytes of an identifier.
pub(super) fn sid(at: PSID) -> Option<Vec<u8>> {
    if at.is_null() {
        return None;
    }
    // SAFETY: Windows made the identifier, and says how long it is.
    let length = unsafe { GetLengthSid(at) };
    let bytes =
        unsafe { std::slice::from_raw_parts(at.cast::<u8>().cast_const(), usize::try_from(length).ok()?) };
    Some(bytes.to_vec())
}

/// Local accounts with everything, or their names where that is all there is.
pub fn users() -> Result<Users, NetError> {
    let list = |level| {
        Buffer::of("NetUserEnum", |at, entries, total| {
            // SAFETY: all pointers are ours and live through the call; no resuming, since the length is unlimited.
            unsafe {
                NetUserEnum(
                    ptr::null(),
                    level,
                    FILTER_NORMAL_ACCOUNT,
                    at,
                    MAX_PREFERRED_LENGTH,
                    entries,
                    total,
                    ptr::null_mut(),
                )
            }
        })
    };
    match list(3) {
        Ok(buffer) => Ok(Users::Full(buffer.all().iter().map(user).collect())),
        Err(error) if error.code == NetError::INVALID_LEVEL => {
            let buffer = list(0)?;
            Ok(Users::Names(buffer.all().iter().map(|user: &USER_INFO_0| text(user.usri0_name)).collect()))
        }
        Err(error) => Err(error),
    }
}

fn user(user: &USER_INFO_3) -> UserInfo {
    UserInfo {
        name: text(user.usri3_name),
        full_name: shown(user.usri3_full_name),
        comment: shown(user.usri3_comment),
        home: shown(user.usri3_home_dir),
        flags: user.usri3_flags,
        password_age: user.usri3_password_age,
        password_expired: user.usri3_password_expired,
        last_logon: user.usri3_last_logon,
        expires: user.usri3_acct_expires,
        rid: user.usri3_user_id,
        primary_group: user.usri3_primary_group_id,
    }
}

/// Names of the local groups.
pub fn groups() -> Result<Vec<Vec<u8>>, NetError> {
    let buffer = Buffer::of("NetLocalGroupEnum", |at, entries, total| {
        // SAFETY: as with the accounts.
        unsafe {
            NetLocalGroupEnum(ptr::null(), 0, at, MAX_PREFERRED_LENGTH, entries, total, ptr::null_mut())
        }
    })?;
    Ok(buffer.all().iter().map(|group: &LOCALGROUP_INFO_0| text(group.lgrpi0_name)).collect())
}

/// Identifiers of the members of a local group.
pub fn members(group: &[u8]) -> Result<Vec<Vec<u8>>, NetError> {
    let name = wide(group);
    let buffer = Buffer::of("NetLocalGroupGetMembers", |at, entries, total| {
        // SAFETY: as with the accounts; the name ends with a NUL.
        unsafe {
            NetLocalGroupGetMembers(
                ptr::null(),
                name.as_ptr(),
                0,
                at,
                MAX_PREFERRED_LENGTH,
                entries,
                total,
                ptr::null_mut(),
            )
        }
    })?;
    Ok(buffer.all().iter().filter_map(|member: &LOCALGROUP_MEMBERS_INFO_0| sid(member.lgrmi0_sid)).collect())
}

fn modals(level: u32) -> Result<Buffer, NetError> {
    Buffer::of("NetUserModalsGet", |at, entries, _| {
        // SAFETY: both pointers are ours; a success answers one structure.
        unsafe {
            *entries = 1;
            NetUserModalsGet(ptr::null(), level, at)
        }
    })
}

/// The identifier of the machine.
pub fn machine() -> Result<Vec<u8>, NetError> {
    let buffer = modals(2)?;
    let found = buffer.all::<USER_MODALS_INFO_2>().first().and_then(|domain| sid(domain.usrmod2_domain_id));
    Ok(found.unwrap_or_default())
}

/// Longest and shortest life of passwords in seconds.
pub fn password_ages() -> Result<(u32, u32), NetError> {
    let buffer = modals(0)?;
    let ages = |policy: &USER_MODALS_INFO_0| (policy.usrmod0_max_passwd_age, policy.usrmod0_min_passwd_age);
    buffer.all().first().map(ages).ok_or(NetError { call: "NetUserModalsGet", code: 0 })
}

/// Name of an account or group by its identifier.
pub fn name_of(identifier: &[u8]) -> Result<Vec<u8>, NetError> {
    let mut identifier = identifier.to_vec();
    let (mut name, mut domain) = ([0u16; 512], [0u16; 512]);
    let (mut name_length, mut domain_length, mut kind) = (512, 512, 0);
    // SAFETY: all buffers are ours and as long as said; the identifier is one of ours and well-formed.
    let done = unsafe {
        LookupAccountSidW(
            ptr::null(),
            identifier.as_mut_ptr().cast(),
            name.as_mut_ptr(),
            &raw mut name_length,
            domain.as_mut_ptr(),
            &raw mut domain_length,
            &raw mut kind,
        )
    };
    if done == 0 {
        let code = std::io::Error::last_os_error().raw_os_error().unwrap_or_default();
        return Err(NetError { call: "LookupAccountSid", code: code.cast_unsigned() });
    }
    Ok(name.iter().take_while(|unit| **unit != 0).flat_map(|unit| unit.to_le_bytes()).collect())
}

/// A value of the registry of the local machine; `None` when it is not there, of another type or too long.
pub fn registry(key: &str, value: &str, types: REG_ROUTINE_FLAGS) -> Option<Vec<u8>> {
    let (key, value) = (wide_text(key), wide_text(value));
    let mut data = vec![0u8; 2 * MAX_TEXT];
    let mut length = u32::try_from(data.len()).ok()?;
    // SAFETY: the buffer is ours and as long as said; both names end with a NUL.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            value.as_ptr(),
            types,
            ptr::null_mut(),
            data.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    data.truncate(usize::try_from(length).ok()?);
    (code == 0).then_some(data)
}

/// Name of the host.
pub fn hostname() -> String {
    let mut name = [0u16; 512];
    let mut length = 512;
    // SAFETY: the buffer is ours and as long as said.
    let done =
        unsafe { GetComputerNameExW(ComputerNamePhysicalDnsHostname, name.as_mut_ptr(), &raw mut length) };
    let units = name.iter().copied().take_while(|unit| *unit != 0);
    if done == 0 { String::new() } else { String::from_utf16_lossy(&units.collect::<Vec<_>>()) }
}
