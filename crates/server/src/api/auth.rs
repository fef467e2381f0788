//! Who is calling: key, time, signature, token, in this order. An unknown key costs what a wrong signature costs.

use super::{
    body::Read,
    failure,
    head::{Head, Version},
    sent::Sent,
};
use crate::{app::App, backend::Backend, backend::LiveKey, keys::SigningKeys, listen::Peer};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tc3::{DUMMY_SECRET, Request, check_window, v1, v3};
use wire::{Code, Error};

/// Authenticates a request and returns its key.
///
/// # Errors
/// `MissingParameter`, and all of `AuthFailure` but `UnauthorizedOperation`.
pub fn authenticate<B: Backend>(
    app: &App<B>,
    peer: Peer,
    head: &Head,
    body: &Read,
    sent: &Sent,
    timestamp: i64,
) -> Result<Arc<LiveKey>, Error> {
    let claim = Claim::read(head, sent).map_err(|e| failure::of(&e))?;
    let key = app.backend.key(claim.secret_id()).filter(|k| k.enabled());
    let secret = key.as_ref().map_or(DUMMY_SECRET, |k| k.secret());
    let now = app.backend.now();
    let window = check_window(timestamp, now.div_euclid(1000));
    let signature = match &claim {
        Claim::V1(_) => {
            let pairs: Vec<_> = sent.pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            v1::verify(secret, head.method.as_str(), head.host(), &pairs).map(|_| ())
        }
        Claim::V3(auth) => {
            let headers: Vec<_> = head.headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
            let request = Request {
                method: head.method.as_str(),
                query: &head.query,
                headers: &headers,
                body: tc3::Body::Sha256(body.sha256),
            };
            check_covered(&request, peer)?;
            verify_v3(&app.keys, &request, auth, timestamp, secret)
        }
    };
    let key = key.ok_or_else(|| Error::new(Code::AuthFailureSecretIdNotFound))?;
    window.and(signature).map_err(|e| failure::of(&e))?;
    check_token(&key, sent.common.token.as_deref(), now)?;
    Ok(key)
}

/// Refuses an unsigned payload where somebody on the way could change it.
fn check_covered(request: &Request<'_>, peer: Peer) -> Result<(), Error> {
    if request.is_unsigned() && !peer.private {
        return Err(Error::new(Code::AuthFailureInvalidAuthorization)
            .detail("an unsigned payload is taken over TLS only", "仅 TLS 连接接受未签名的请求体"));
    }
    Ok(())
}

/// Who a request claims to be from.
enum Claim<'a> {
    V1(&'a str),
    V3(&'a v3::Authorization),
}

impl<'a> Claim<'a> {
    fn read(head: &'a Head, sent: &'a Sent) -> Result<Self, tc3::Error> {
        if head.version == Version::V3 {
            let claimed = head.authorization.as_ref().ok_or(tc3::Error::Missing("Authorization"))?;
            return claimed.as_ref().map(Claim::V3).map_err(|error| *error);
        }
        let given = |value: &'a Option<String>, name| {
            value.as_deref().filter(|v| !v.is_empty()).ok_or(tc3::Error::Missing(name))
        };
        given(&sent.common.signature, "Signature")?;
        let secret_id = given(&sent.common.secret_id, "SecretId")?;
        v1::check_nonce(given(&sent.common.nonce, "Nonce")?)?;
        tc3::check_secret_id(secret_id)?;
        Ok(Claim::V1(secret_id))
    }

    fn secret_id(&self) -> &str {
        match self {
            Claim::V1(secret_id) => secret_id,
            Claim::V3(auth) => &auth.secret_id,
        }
    }
}

fn verify_v3(
    keys: &SigningKeys,
    request: &Request<'_>,
    auth: &v3::Authorization,
    timestamp: i64,
    secret: &str,
) -> Result<(), tc3::Error> {
    let known = keys.get(auth, secret);
    let is_new = known.is_none();
    let key = known.unwrap_or_else(|| v3::SigningKey::derive(secret, &auth.date, &auth.service));
    let verified = v3::verify(request, auth, timestamp, &key)?;
    if is_new {
        keys.put(auth, secret, key);
    }
    tracing::trace!(service = %auth.service, host = ?verified.host, case = ?verified.case, "signature");
    Ok(())
}

/// A temporary key needs its token and ends; a permanent one has none. The token is not covered by a version 3
/// signature, so it is compared for itself.
fn check_token(key: &LiveKey, token: Option<&str>, now: model::Millis) -> Result<(), Error> {
    let token = token.filter(|t| !t.is_empty());
    let right = match (&key.credential.token_hash, token) {
        (None, None) => true,
        (Some(hash), Some(token)) => bool::from(Sha256::digest(token.as_bytes()).as_slice().ct_eq(hash)),
        _ => false,
    };
    if right && !key.ended(now) { Ok(()) } else { Err(Error::new(Code::AuthFailureTokenFailure)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsigned_payloads_need_a_private_connection() {
        let unsigned: &[(&str, &[u8])] = &[("X-TC-Content-SHA256", b"UNSIGNED-PAYLOAD")];
        for (headers, private, accepted) in
            [(unsigned, true, true), (unsigned, false, false), (&[], true, true), (&[], false, true)]
        {
            let request = Request { method: "POST", query: "", headers, body: tc3::Body::Bytes(b"") };
            let peer = Peer { ip: [192, 0, 2, 1].into(), private };
            assert_eq!(check_covered(&request, peer).is_ok(), accepted);
        }
    }
}
