//! What we sign verifies, what is changed afterwards does not, and no input makes a parser panic.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

use proptest::prelude::*;
use tc3::{Body, Error, Request, v1, v3};

fn call<'a>(
    host: &'a str,
    query: &'a str,
    body: &'a [u8],
    timestamp: i64,
    cover_action: bool,
) -> v3::Call<'a> {
    v3::Call {
        method: if body.is_empty() { "GET" } else { "POST" },
        host,
        query,
        content_type: "application/json; charset=UTF-8",
        body,
        service: "eiam",
        action: "ListUsers",
        version: "2021-04-20",
        language: Some("en-US"),
        timestamp,
        cover_action,
        unsigned_payload: false,
    }
}

fn verify(call: &v3::Call<'_>, headers: &[(String, Vec<u8>)], secret: &str) -> Result<v3::Verified, Error> {
    let view: Vec<(&str, &[u8])> = headers.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect();
    let request =
        Request { method: call.method, query: call.query, headers: &view, body: Body::Bytes(call.body) };
    let auth = v3::Authorization::parse(request.header("authorization").unwrap())?;
    let key = v3::SigningKey::derive(secret, &auth.date, &auth.service);
    v3::verify(&request, &auth, tc3::parse_timestamp(request.header("x-tc-timestamp").unwrap())?, &key)
}

fn signed(call: &v3::Call<'_>, secret: &str) -> Vec<(String, Vec<u8>)> {
    let key = v3::Key { secret_id: "AKID", secret_key: secret, token: Some("t") };
    v3::sign(call, &key).unwrap().into_iter().map(|(n, v)| (n.to_owned(), v.into_bytes())).collect()
}

proptest! {
    #[test]
    fn what_is_signed_verifies(
        host in "[A-Za-z0-9.]{1,20}(:[0-9]{1,5})?",
        query in "[ -~]{0,60}",
        body in proptest::collection::vec(any::<u8>(), 0..60),
        secret in "\\PC{0,40}",
        timestamp in 1i64..99_999_999_999,
        cover in any::<bool>(),
    ) {
        let call = call(&host, &query, &body, timestamp, cover);
        prop_assert!(verify(&call, &signed(&call, &secret), &secret).is_ok());
    }

    #[test]
    fn a_changed_byte_does_not_verify(
        body in proptest::collection::vec(any::<u8>(), 1..60),
        at in any::<prop::sample::Index>(),
        flip in 1u8..=255,
        timestamp in 1i64..99_999_999_999,
    ) {
        let call = call("h", "", &body, timestamp, true);
        let mut headers = signed(&call, "secret");
        let mut other = body.clone();
        let i = at.index(other.len());
        other[i] ^= flip;
        let changed = v3::Call { body: &other, ..call };
        prop_assert_eq!(verify(&changed, &headers, "secret"), Err(Error::SignatureFailure));
        let auth = headers.iter_mut().find(|(n, _)| n == "Authorization").unwrap();
        let i = auth.1.len() - 64 + at.index(64);
        auth.1[i] ^= flip;
        prop_assert!(verify(&call, &headers, "secret").is_err());
    }

    #[test]
    fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), tail in "[ -~]{0,120}") {
        let _ = v3::Authorization::parse(&bytes);
        let text = format!("TC3-HMAC-SHA256 {tail}");
        let _ = v3::Authorization::parse(text.as_bytes());
        let _ = v3::Authorization::parse(format!("TC3-HMAC-SHA256 Credential={tail}, SignedHeaders=host;content-type, Signature={tail}").as_bytes());
        let _ = tc3::parse_timestamp(&bytes);
        let _ = v1::check_nonce(&tail);
    }

    #[test]
    fn what_parses_prints_and_parses_the_same(
        id in "[A-Za-z0-9_-]{1,40}", service in "[a-z0-9:/.]{1,20}", more in "[a-z-]{1,10}", signature in "[0-9a-f]{1,64}",
    ) {
        let auth = v3::Authorization {
            secret_id: id,
            date: "2025-07-03".into(),
            service,
            signed_headers: vec!["content-type".into(), "host".into(), format!("x-{more}")],
            signature,
        };
        prop_assert_eq!(v3::Authorization::parse(auth.to_string().as_bytes()), Ok(auth));
    }

    #[test]
    fn v1_roundtrip_and_change(
        pairs in proptest::collection::btree_map("[A-Z][A-Za-z.0-9]{0,8}", "\\PC{0,10}", 1..8),
        secret in "\\PC{0,40}",
        sha256 in any::<bool>(),
        at in any::<prop::sample::Index>(),
    ) {
        let method = if sha256 { v1::Method::Sha256 } else { v1::Method::Sha1 };
        let mut list: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        list.retain(|(n, _)| !n.starts_with("Sig"));
        list.push(("SignatureMethod", method.name()));
        let signature = v1::sign(&secret, method, &v1::string_to_sign("POST", b"h:1", &list));
        list.push(("Signature", &signature));
        prop_assert!(v1::verify(&secret, "POST", b"h:1", &list).is_ok());
        prop_assert!(v1::verify(&secret, "GET", b"h:1", &list).is_err());
        prop_assert!(v1::verify(&secret, "POST", b"h:2", &list).is_err());
        let i = at.index(list.len());
        let longer = format!("{}x", list[i].1);
        list[i].1 = &longer;
        prop_assert!(v1::verify(&secret, "POST", b"h:1", &list).is_err());
    }
}
