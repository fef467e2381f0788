//! Checks of attribute values that CreateUser and ModifyUserInfo share, and the hashing of passwords.

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use model::Millis;
use wire::{Code, Error};

use crate::{Service, checks};

/// Most secondary organisation nodes of one person.
pub(super) const SECONDARY_NODES_MAX: usize = 100;

/// A phone of an acceptable form.
pub(super) fn phone(text: &str) -> Result<(), Error> {
    if checks::phone(text) { Ok(()) } else { Err(invalid("Phone")) }
}

/// An e-mail address of an acceptable form.
pub(super) fn email(text: &str) -> Result<(), Error> {
    if checks::email(text) { Ok(()) } else { Err(invalid("Email")) }
}

/// A password that satisfies the policy.
pub(super) fn password(text: &str, user_name: &str) -> Result<(), Error> {
    if checks::password(text, user_name) {
        return Ok(());
    }
    Err(invalid("Password").detail(
        "8 to 128 characters, no control characters, not the user name",
        "长度应为 8 到 128 个字符，不含控制字符，且不能与用户名相同",
    ))
}

/// The moment an account expires: a time in the future.
pub(super) fn expiration(text: &str, now: Millis) -> Result<Millis, Error> {
    let illegal = || Error::new(Code::InvalidParameterUserExpirationTimeIllegal).field("ExpirationTime");
    let at = search::time::parse_time(text).map_err(|_| illegal())?;
    if at > now {
        return Ok(at);
    }
    Err(illegal().detail("it lies in the past", "该时间已过去"))
}

/// `InvalidParameter.AttributeValueValidError` for one attribute.
pub(super) fn invalid(field: &'static str) -> Error {
    Error::new(Code::InvalidParameterAttributeValueValidError).field(field)
}

/// Secondary nodes: few enough, none twice, the main node not among them.
pub(super) fn secondary_nodes(ids: &[String], main: &str) -> Result<(), Error> {
    const FIELD: &str = "SecondaryOrgNodeIdList";
    if ids.len() > SECONDARY_NODES_MAX {
        return Err(Error::new(Code::LimitExceededSecondaryNodeCountLimitExceeded).field(FIELD));
    }
    if ids.iter().any(|id| id == main) {
        return Err(Error::new(Code::FailedOperationOrgNodeSettingError).field(FIELD));
    }
    let mut seen: Vec<&String> = ids.iter().collect();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(Error::new(Code::FailedOperationSecondaryOrgNodeDuplicates).field(FIELD));
    }
    Ok(())
}

/// Hashes a password with argon2id (RFC 9106) in a thread where that may take its time: tens of milliseconds.
/// No more run at once than the machine has cores, so that many new users do not keep the readers waiting.
pub(super) async fn hash_password(service: &Service, password: wire::Secret) -> Result<String, Error> {
    let _turn = service.hashing.acquire().await.map_err(Error::internal)?;
    let work = move || Argon2::default().hash_password(password.expose().as_bytes()).map(|h| h.to_string());
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?.map_err(Error::internal)
}
