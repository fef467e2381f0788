//! Signatures made by the real SDKs (and by the documentation's rules), recomputed and verified; then everything
//! that has to fail. The data says where each vector comes from.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

use percent_encoding::percent_decode_str;
use serde_json::Value;
use tc3::{Body, Error, HostForm, Request, v1, v3};

fn data(name: &str) -> Value {
    let path = format!("{}/../../tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A vector with everything a verifier needs, owned.
struct Vector {
    id: String,
    method: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    secret: String,
    timestamp: i64,
    signing: Value,
}

fn text(v: &Value, key: &str) -> String {
    v[key].as_str().unwrap_or_default().to_owned()
}

fn body_of(v: &Value) -> Vec<u8> {
    use base64::Engine as _;
    match v["body_base64"].as_str() {
        Some(b64) => base64::engine::general_purpose::STANDARD.decode(b64).unwrap(),
        None => text(v, "body_utf8").into_bytes(),
    }
}

fn vectors() -> Vec<Vector> {
    let all = data("vectors.json");
    all["vectors"].as_array().unwrap().iter().map(load).collect()
}

fn load(v: &Value) -> Vector {
    let headers = v["headers"].as_array().map_or(&[][..], Vec::as_slice);
    Vector {
        id: text(v, "id"),
        method: text(v, "method"),
        query: text(v, "url").split_once('?').map_or(String::new(), |(_, q)| q.to_owned()),
        headers: headers
            .iter()
            .map(|h| (h[0].as_str().unwrap().to_owned(), h[1].as_str().unwrap().as_bytes().to_vec()))
            .collect(),
        body: body_of(v),
        secret: text(v, "secret_key"),
        timestamp: v["timestamp"].as_i64().unwrap_or_default(),
        signing: v["signing"].clone(),
    }
}

fn vector(id: &str) -> Vector {
    vectors().into_iter().find(|v| v.id == id).unwrap()
}

impl Vector {
    fn view(&self) -> Vec<(&str, &[u8])> {
        self.headers.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect()
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_slice())
    }

    fn set(&mut self, name: &str, value: &str) {
        let slot = self.headers.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)).unwrap();
        slot.1 = value.as_bytes().to_vec();
    }

    fn auth(&self) -> Result<v3::Authorization, Error> {
        v3::Authorization::parse(self.header("authorization").ok_or(Error::Missing("Authorization"))?)
    }

    fn with_request<T>(&self, f: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers = self.view();
        let body = Body::Bytes(&self.body);
        f(&Request { method: &self.method, query: &self.query, headers: &headers, body })
    }

    /// The whole of a server's work at the instant `now`.
    fn accept(&self, now: i64) -> Result<v3::Verified, Error> {
        let auth = self.auth()?;
        let timestamp = tc3::parse_timestamp(self.header("x-tc-timestamp").unwrap())?;
        tc3::check_window(timestamp, now)?;
        let key = v3::SigningKey::derive(&self.secret, &auth.date, &auth.service);
        self.with_request(|r| v3::verify(r, &auth, timestamp, &key))
    }

    /// Signs again with the given scope date and header list.
    fn resign(&mut self, date: &str, names: &[&str]) {
        let mut auth = self.auth().unwrap();
        date.clone_into(&mut auth.date);
        auth.signed_headers = names.iter().map(|n| (*n).to_owned()).collect();
        let key = v3::SigningKey::derive(&self.secret, date, &auth.service);
        auth.signature =
            self.with_request(|r| v3::authorize(r, &auth, self.timestamp, &key, v3::Case::AsSent)).unwrap();
        self.set("authorization", &auth.to_string());
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let form = if self.method == "GET" {
            self.query.clone()
        } else {
            String::from_utf8(self.body.clone()).unwrap()
        };
        form.split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(n, v)| (decode(n), decode(v)))
            .collect()
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned()
}

fn refs(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect()
}

#[test]
fn v3_vectors_verify_and_their_canonical_forms_agree() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| v.signing["version"] == "v3" && v.header("authorization").is_some())
    {
        let auth = v.auth().unwrap();
        let expected = |key: &str| v.signing[key].as_str().unwrap().to_owned();
        let verified = v.accept(v.timestamp).unwrap_or_else(|e| panic!("{}: {e}", v.id));
        if let Some(form) = v.signing["host_used"].as_str() {
            let form = if form.contains("removed") { HostForm::WithoutPort } else { HostForm::AsSent };
            assert_eq!(verified.host, form, "{}", v.id);
        }
        let mut host = v.header("host").unwrap();
        if verified.host == HostForm::WithoutPort {
            host = host.rsplitn(2, |b| *b == b':').nth(1).unwrap();
        }
        let canonical =
            v.with_request(|r| v3::canonical_request(r, &auth.signed_headers, host, verified.case)).unwrap();
        assert_eq!(String::from_utf8(canonical.clone()).unwrap(), expected("canonical_request"), "{}", v.id);
        let to_sign = v3::string_to_sign(v.timestamp, &auth.date, &auth.service, &canonical);
        assert_eq!(to_sign, expected("string_to_sign"), "{}", v.id);
        let key = v3::SigningKey::derive(&v.secret, &auth.date, &auth.service);
        assert_eq!(hex::encode(key.expose()), expected("signing_key_hex"), "{}", v.id);
        assert_eq!(key.sign(&to_sign), expected("expected_signature"), "{}", v.id);
        assert_eq!(auth.signature, expected("expected_signature"), "{}", v.id);
        seen += 1;
    }
    assert!(seen >= 20, "{seen}");
}

#[test]
fn published_v3_examples_have_our_canonical_forms() {
    // The documents mask the secret, so there is no Authorization header to verify.
    for v in vectors().iter().filter(|v| v.signing["version"] == "v3" && v.header("authorization").is_none())
    {
        let names: Vec<&str> = v.signing["signed_headers"].as_str().unwrap().split(';').collect();
        let case = if names.contains(&"x-tc-action") { v3::Case::Lower } else { v3::Case::AsSent };
        let host = v.header("host").unwrap();
        let canonical = v.with_request(|r| v3::canonical_request(r, &names, host, case)).unwrap();
        assert_eq!(String::from_utf8(canonical.clone()).unwrap(), v.signing["canonical_request"], "{}", v.id);
        let date = tc3::utc_date(v.timestamp).unwrap();
        let service = v.signing["service_in_scope"].as_str().unwrap();
        assert_eq!(
            v3::string_to_sign(v.timestamp, &date, service, &canonical),
            v.signing["string_to_sign"],
            "{}",
            v.id
        );
    }
}

#[test]
fn v1_vectors_verify_and_their_strings_agree() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| v.signing["version"] == "v1" && !v.headers.is_empty()) {
        let parameters = v.parameters();
        let host = v.header("host").unwrap();
        let to_sign = v1::string_to_sign(&v.method, host, &refs(&parameters));
        assert_eq!(String::from_utf8(to_sign.clone()).unwrap(), v.signing["string_to_sign"], "{}", v.id);
        let method = v1::Method::choose(v.signing["signature_method"].as_str());
        assert_eq!(v1::sign(&v.secret, method, &to_sign), v.signing["expected_signature"], "{}", v.id);
        v1::verify(&v.secret, &v.method, host, &refs(&parameters))
            .unwrap_or_else(|e| panic!("{}: {e}", v.id));
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn published_v1_example() {
    let all = data("vectors.json");
    for v in all["vectors"].as_array().unwrap().iter().filter(|v| v["params"].is_object()) {
        let parameters: Vec<(&str, &str)> =
            v["params"].as_object().unwrap().iter().map(|(n, v)| (n.as_str(), v.as_str().unwrap())).collect();
        let to_sign = v1::string_to_sign(
            v["method"].as_str().unwrap(),
            v["host"].as_str().unwrap().as_bytes(),
            &parameters,
        );
        assert_eq!(String::from_utf8(to_sign.clone()).unwrap(), v["signing"]["string_to_sign"]);
        let method = v1::Method::choose(v["signing"]["signature_method"].as_str());
        assert_eq!(
            v1::sign(v["secret_key"].as_str().unwrap(), method, &to_sign),
            v["signing"]["expected_signature"]
        );
    }
}

#[test]
fn every_vector_is_covered_by_one_of_the_tests_above() {
    for v in data("vectors.json")["vectors"].as_array().unwrap() {
        let version = v["signing"]["version"].as_str().unwrap();
        assert!(["v1", "v3"].contains(&version) || v["id"] == "py-skip-sign", "{}", v["id"]);
    }
}

#[test]
fn any_changed_byte_of_the_body_fails_unless_unsigned() {
    let v = vector("py-v3-post-json");
    for i in 0..v.body.len() {
        let mut v = vector("py-v3-post-json");
        v.body[i] ^= 1;
        assert_eq!(v.accept(v.timestamp), Err(Error::SignatureFailure), "byte {i}");
    }
    let mut v = vector("py-v3-post-unsigned-payload");
    v.body[3] ^= 1;
    assert!(v.accept(v.timestamp).is_ok());
}

#[test]
fn any_changed_byte_of_the_signature_fails() {
    let clean = vector("py-v3-post-json");
    let header = String::from_utf8(clean.header("authorization").unwrap().to_vec()).unwrap();
    let start = header.find("Signature=").unwrap() + "Signature=".len();
    for i in start..header.len() {
        for flip in [1, 2, 0x20] {
            let mut bytes = header.clone().into_bytes();
            bytes[i] ^= flip;
            let mut v = vector("py-v3-post-json");
            v.set("authorization", &String::from_utf8(bytes).unwrap());
            assert!(v.accept(v.timestamp).is_err(), "byte {i} ^ {flip}");
        }
    }
}

#[test]
fn the_action_header_is_not_covered_by_an_sdk_signature() {
    let mut v = vector("py-v3-post-json");
    v.set("x-tc-action", "DescribeUserInfo");
    assert!(v.accept(v.timestamp).is_ok());
    let mut v = vector("hand-v3-three-headers");
    v.set("x-tc-action", "DescribeUserInfo");
    assert_eq!(v.accept(v.timestamp), Err(Error::SignatureFailure));
}

#[test]
fn the_timestamp_is_covered_and_bounded() {
    let mut v = vector("py-v3-post-json");
    v.set("x-tc-timestamp", &(v.timestamp + 1).to_string());
    assert_eq!(v.accept(v.timestamp), Err(Error::SignatureFailure));
    let v = vector("py-v3-post-json");
    for (distance, code) in [(300, None), (-300, None), (301, Some("AuthFailure.SignatureExpire"))] {
        assert_eq!(v.accept(v.timestamp + distance).err().map(|e| e.code()), code, "{distance}");
    }
    assert!(matches!(v.accept(v.timestamp - 301), Err(Error::SignatureExpire { seconds: -301 })));
}

#[test]
fn the_scope_date_has_to_be_the_date_of_the_timestamp() {
    let mut v = vector("py-v3-post-json");
    v.resign("2025-07-03", &["content-type", "host"]);
    assert!(v.accept(v.timestamp).is_ok(), "the helper signs correctly");
    v.resign("2025-07-02", &["content-type", "host"]);
    assert_eq!(v.accept(v.timestamp), Err(Error::SignatureFailure));
}

#[test]
fn malformed_authorization() {
    let mut v = vector("py-v3-post-json");
    v.headers.retain(|(n, _)| n != "Authorization");
    assert_eq!(v.accept(v.timestamp).unwrap_err().code(), "MissingParameter");
    let mut v = vector("py-v3-post-json");
    v.set("authorization", "Bearer x");
    assert_eq!(v.accept(v.timestamp).unwrap_err().code(), "AuthFailure.InvalidAuthorization");
    let mut v = vector("py-v3-post-json");
    v.resign("2025-07-03", &["content-type"]);
    assert_eq!(v.accept(v.timestamp).unwrap_err().code(), "AuthFailure.InvalidAuthorization");
    let skip = vector("py-skip-sign");
    assert_eq!(skip.auth().unwrap_err().code(), "AuthFailure.InvalidAuthorization");
}

#[test]
fn doubled_or_absent_signed_headers_are_refused() {
    for name in ["Host", "Content-Type"] {
        let mut v = vector("py-v3-post-json");
        v.headers.push((name.to_owned(), b"evil".to_vec()));
        assert_eq!(v.accept(v.timestamp).unwrap_err().code(), "AuthFailure.InvalidAuthorization", "{name}");
        let mut v = vector("py-v3-post-json");
        v.headers.retain(|(n, _)| n != name);
        assert_eq!(v.accept(v.timestamp).unwrap_err().code(), "AuthFailure.InvalidAuthorization", "{name}");
    }
}

#[test]
fn v1_covers_the_method_the_token_and_everything_else() {
    let check = |v: &Vector, p: &[(String, String)]| {
        v1::verify(&v.secret, &v.method, v.header("host").unwrap(), &refs(p))
    };
    let v = vector("py-v1-sha1-post");
    let mut p = v.parameters();
    p.iter_mut().find(|(n, _)| n == "SignatureMethod").unwrap().1 = "HmacSHA256".into();
    assert_eq!(check(&v, &p), Err(Error::SignatureFailure));
    let v = vector("py-v1-sha256-post");
    assert!(v.parameters().iter().any(|(n, _)| n == "Token"));
    for i in 0..v.parameters().len() {
        let mut p = v.parameters();
        p[i].1.push('x');
        assert!(check(&v, &p).is_err(), "{}", p[i].0);
    }
    let without: Vec<_> = v.parameters().into_iter().filter(|(n, _)| n != "Signature").collect();
    assert_eq!(check(&v, &without).unwrap_err().code(), "MissingParameter");
}

#[test]
fn a_wrong_secret_fails_everywhere() {
    for mut v in
        vectors().into_iter().filter(|v| v.header("authorization").is_some() && v.id != "py-skip-sign")
    {
        v.secret = tc3::DUMMY_SECRET.to_owned();
        assert_eq!(v.accept(v.timestamp), Err(Error::SignatureFailure), "{}", v.id);
    }
}

#[test]
fn captured_requests_parse_and_their_scopes_agree_with_their_timestamps() {
    // The captures do not carry their secret; their form is what is tested.
    let all = data("captures.json");
    for c in all["captures"].as_array().unwrap() {
        let header = |name: &str| {
            let headers = c["headers"].as_array().unwrap();
            headers
                .iter()
                .find(|h| h[0].as_str().unwrap().eq_ignore_ascii_case(name))
                .and_then(|h| h[1].as_str())
        };
        match (c["signature"].as_str().unwrap(), header("authorization")) {
            ("v3", Some(value)) => {
                let auth = v3::Authorization::parse(value.as_bytes()).unwrap();
                let timestamp = tc3::parse_timestamp(header("x-tc-timestamp").unwrap().as_bytes()).unwrap();
                assert_eq!(auth.check_date(timestamp), Ok(()), "{}", c["label"]);
            }
            ("SKIP", Some(value)) => assert!(v3::Authorization::parse(value.as_bytes()).is_err()),
            (version, auth) => assert!(version.starts_with("v1") && auth.is_none(), "{}", c["label"]),
        }
    }
}
