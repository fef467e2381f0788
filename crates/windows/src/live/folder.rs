//! Folders that nobody but the system, administrators and the owner may enter, for what a program has to keep to
//! itself: below %ProgramData% others could read whatever is made without saying more. The calls for that, as in
//! `net`; what is kept there is the caller's.
#![allow(unsafe_code, reason = "the C interface of Windows")]

use std::{
    ffi::c_void,
    fs, io,
    os::windows::ffi::OsStrExt,
    path::Path,
    ptr::{null, null_mut},
};

use windows_sys::Win32::{
    Foundation::{CloseHandle, LocalFree},
    Security::{
        ACL,
        Authorization::{
            ConvertStringSecurityDescriptorToSecurityDescriptorW, GetNamedSecurityInfoW, SDDL_REVISION_1,
            SE_FILE_OBJECT, SetNamedSecurityInfoW,
        },
        DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, GetTokenInformation,
        OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION, SECURITY_ATTRIBUTES, TOKEN_QUERY,
        TOKEN_USER, TokenUser,
    },
    Storage::FileSystem::CreateDirectoryW,
    System::Threading::{GetCurrentProcess, OpenProcessToken},
};

use super::net::{sid, wide_text};

/// Who may do everything, in the folder and in all that will be in it: the system, administrators, and the owner of
/// each (S-1-3-4). Nothing is inherited from above.
const RIGHTS: &str = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;S-1-3-4)";
/// S-1-5-18 and S-1-5-32-544.
const SYSTEM: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
const ADMINISTRATORS: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];

/// Memory that Windows gave and that is given back in the end.
struct Local(*mut c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: the memory came from a function that says it is freed so, and is freed once.
        unsafe { LocalFree(self.0) };
    }
}

/// Makes a folder that only the system, administrators and the owner may enter, or closes the one that is there.
///
/// # Errors
/// When that fails, or the one that is there belongs to somebody else, who could open it again.
pub fn make_private(path: &Path) -> io::Result<()> {
    let name: Vec<u16> = path.as_os_str().encode_wide().filter(|unit| *unit != 0).chain([0]).collect();
    let rights = rights()?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or(0),
        lpSecurityDescriptor: rights.0,
        bInheritHandle: 0,
    };
    // SAFETY: the name ends with a NUL, and the descriptor lives through the call.
    if unsafe { CreateDirectoryW(name.as_ptr(), &raw const attributes) } != 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    // A link to a folder elsewhere is none.
    let there = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    match (error.kind(), there) {
        (io::ErrorKind::AlreadyExists, false) => Err(io::ErrorKind::NotADirectory.into()),
        (_, false) => Err(error),
        (_, true) if [&SYSTEM[..], &ADMINISTRATORS, &user()?].contains(&&owner(&name)?[..]) => {
            close(&name, &rights)
        }
        (_, true) => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the folder belongs to somebody else; remove it, or let an administrator take it over",
        )),
    }
}

/// The rights as Windows has them.
fn rights() -> io::Result<Local> {
    let text = wide_text(RIGHTS);
    let mut at = null_mut();
    // SAFETY: the text ends with a NUL; the pointer is ours.
    let done = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text.as_ptr(),
            SDDL_REVISION_1,
            &raw mut at,
            null_mut(),
        )
    };
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(Local(at)) }
}

/// Sets the rights of a folder and of what is in it.
fn close(name: &[u16], rights: &Local) -> io::Result<()> {
    let (mut present, mut defaulted, mut list) = (0, 0, null_mut::<ACL>());
    // SAFETY: the descriptor is one of Windows' own; the pointers are ours.
    let found =
        unsafe { GetSecurityDescriptorDacl(rights.0, &raw mut present, &raw mut list, &raw mut defaulted) };
    // Without a list everybody may do everything.
    if found == 0 || present == 0 || list.is_null() {
        return Err(io::Error::other("there is no list of rights"));
    }
    let what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    // SAFETY: the name ends with a NUL; the list lies in the descriptor, which lives through the call.
    let code = unsafe {
        SetNamedSecurityInfoW(name.as_ptr(), SE_FILE_OBJECT, what, null_mut(), null_mut(), list, null())
    };
    of_code(code)
}

/// The identifier of the owner of a folder.
fn owner(name: &[u16]) -> io::Result<Vec<u8>> {
    let (mut owner, mut descriptor) = (null_mut(), null_mut());
    // SAFETY: the name ends with a NUL; the pointers are ours.
    let code = unsafe {
        GetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &raw mut owner,
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    };
    of_code(code)?;
    let _descriptor = Local(descriptor);
    // The identifier lies in the descriptor, which is still there.
    sid(owner).ok_or_else(|| io::Error::other("the folder has no owner"))
}

/// The identifier of the account this program runs as.
fn user() -> io::Result<Vec<u8>> {
    // An identifier has 68 bytes at most; u64, so that the structure in front is aligned.
    let mut buffer = [0_u64; 32];
    let size = u32::try_from(size_of_val(&buffer)).unwrap_or(0);
    let (mut token, mut length) = (null_mut(), 0);
    // SAFETY: the pointers are ours, the buffer is as long as said, and the token is closed once.
    let done = unsafe {
        if OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) == 0 {
            return Err(io::Error::last_os_error());
        }
        let done = GetTokenInformation(token, TokenUser, buffer.as_mut_ptr().cast(), size, &raw mut length);
        CloseHandle(token);
        done
    };
    // What the identifier is needed for fails without it; which reason Windows gave does not matter.
    let failed = || io::Error::other("the account of this program is not known");
    if done == 0 {
        return Err(failed());
    }
    // SAFETY: a call that succeeded has put this structure in front, and the identifier behind it.
    sid(unsafe { (*buffer.as_ptr().cast::<TOKEN_USER>()).User.Sid }).ok_or_else(failed)
}

fn of_code(code: u32) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code.cast_signed())) }
}
