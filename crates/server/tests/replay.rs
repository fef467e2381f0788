//! Requests of the real SDKs through the whole stack: the signing vectors as they are, and the captured requests
//! signed again, since they do not carry their secret.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

mod rig;

use rig::{Rig, SECRET, SECRET_ID, raw};
use serde_json::Value;

fn data(name: &str) -> Value {
    let path = format!("{}/../../tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn headers(v: &Value) -> Vec<(String, String)> {
    let all = v["headers"].as_array().unwrap();
    all.iter().map(|h| (h[0].as_str().unwrap().to_owned(), h[1].as_str().unwrap().to_owned())).collect()
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

fn body(v: &Value) -> Vec<u8> {
    match v["body_base64"].as_str() {
        Some(text) => decode64(text),
        None => v["body_utf8"].as_str().unwrap_or_default().as_bytes().to_vec(),
    }
}

fn decode64(text: &str) -> Vec<u8> {
    let value = |b: u8| match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let bits: Vec<u32> = text.bytes().filter(|b| *b != b'=').map(|b| u32::from(value(b))).collect();
    let mut out = Vec::new();
    for chunk in bits.chunks(4) {
        let word = chunk.iter().enumerate().fold(0, |w, (i, b)| w | b << (18 - 6 * i));
        out.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    out
}

/// What the server has to say to a vector: all are signed correctly, but some are for products we do not serve, or
/// carry what our actions do not take.
fn expected(id: &str) -> &'static str {
    match id {
        "py-v3-post-token-region-en" | "py-v1-sha256-post" | "node-v1-sha256-get" => {
            "AuthFailure.TokenFailure"
        }
        "py-skip-sign" => "AuthFailure.InvalidAuthorization",
        "py-v3-octet-stream" => "InvalidParameter",
        // Their parts were read; ListUsers has no such parameters.
        "py-v3-multipart" | "node-v3-multipart" => "UnknownParameter",
        _ => "OK",
    }
}

#[tokio::test]
async fn signing_vectors_are_accepted_as_they_are() {
    let rig = Rig::start().await;
    let mut seen = 0;
    for v in data("vectors.json")["vectors"].as_array().unwrap() {
        let id = v["id"].as_str().unwrap();
        let signed = v["secret_key"] == SECRET && v["headers"].is_array();
        if !signed {
            continue;
        }
        rig.fake.set_time(v["timestamp"].as_i64().unwrap());
        let query =
            v["url"].as_str().unwrap().split_once('?').map_or("/".to_owned(), |(_, q)| format!("/?{q}"));
        let line = format!("{} {query} HTTP/1.1", v["method"].as_str().unwrap());
        let answer = rig.send(&raw(&line, &headers(v), &body(v))).await;
        assert_eq!(answer.code(), expected(id), "{id}: {}", answer.text());
        seen += 1;
    }
    assert!(seen >= 28, "{seen}");
}

#[tokio::test]
async fn captured_requests_are_accepted_when_signed_with_a_known_key() {
    let rig = Rig::start().await;
    for c in data("captures.json")["captures"].as_array().unwrap() {
        let label = c["label"].as_str().unwrap();
        let mut headers = headers(c);
        let mut line = c["request_line"].as_str().unwrap().to_owned();
        let mut body = c["body"].as_str().unwrap().as_bytes().to_vec();
        // The length changes with the SecretId, and where the capture shows a binary body as text.
        headers.retain(|(n, _)| !n.eq_ignore_ascii_case("content-length"));
        let node = c["client"] == "node";
        let timestamp = match c["signature"].as_str().unwrap() {
            "v3" => sign_v3(&mut headers, &line, &body, node),
            "SKIP" => header(&headers, "x-tc-timestamp").unwrap().parse().unwrap(),
            _ => sign_v1(&headers, &mut line, &mut body),
        };
        rig.fake.set_time(timestamp);
        let code = rig.send(&raw(&line, &headers, &body)).await.code();
        let wanted: &[&str] = match label {
            l if l.contains("SKIP") => &["AuthFailure.InvalidAuthorization"],
            l if l.contains("multipart") => &["InvalidParameter", "UnknownParameter", "OK"],
            l if l.contains("octet-stream") => &["InvalidParameter"],
            _ if has_token(&headers, &line, &body) => &["AuthFailure.TokenFailure"],
            _ => &["OK"],
        };
        assert!(wanted.contains(&code.as_str()), "{label}: {code}");
    }
}

fn has_token(headers: &[(String, String)], line: &str, body: &[u8]) -> bool {
    header(headers, "x-tc-token").is_some()
        || line.contains("&Token=")
        || String::from_utf8_lossy(body).contains("&Token=")
}

/// Replaces the signature of a captured request by one with the known key, the way that client signs.
fn sign_v3(headers: &mut [(String, String)], line: &str, body: &[u8], without_port: bool) -> i64 {
    let timestamp = header(headers, "x-tc-timestamp").unwrap().parse().unwrap();
    let mut auth =
        tc3::v3::Authorization::parse(header(headers, "authorization").unwrap().as_bytes()).unwrap();
    auth.secret_id = SECRET_ID.to_owned();
    let key = tc3::v3::SigningKey::derive(SECRET, &auth.date, &auth.service);
    let host = header(headers, "host").unwrap().to_owned();
    let host = if without_port { host.rsplit_once(':').unwrap().0.to_owned() } else { host };
    let view: Vec<(&str, &[u8])> = headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
    let request = tc3::Request {
        method: line.split(' ').next().unwrap(),
        query: line.split(' ').nth(1).unwrap().split_once('?').map_or("", |(_, q)| q),
        headers: &view,
        body: tc3::Body::Bytes(body),
    };
    let canonical =
        tc3::v3::canonical_request(&request, &auth.signed_headers, host.as_bytes(), tc3::v3::Case::AsSent)
            .unwrap();
    auth.signature = key.sign(&tc3::v3::string_to_sign(timestamp, &auth.date, &auth.service, &canonical));
    let slot = headers.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case("authorization")).unwrap();
    slot.1 = auth.to_string();
    timestamp
}

fn sign_v1(headers: &[(String, String)], line: &mut String, body: &mut Vec<u8>) -> i64 {
    let get = line.starts_with("GET");
    let raw = match get {
        true => line.split(' ').nth(1).unwrap().split_once('?').unwrap().1.to_owned(),
        false => String::from_utf8(body.clone()).unwrap(),
    };
    let start = raw.find("SecretId=").unwrap() + "SecretId=".len();
    let mut form = raw.clone();
    form.replace_range(start..start + raw[start..].find('&').unwrap(), SECRET_ID);
    let pairs = wire::pairs::parse(form.as_bytes()).unwrap();
    let refs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let find = |name: &str| refs.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let method = tc3::v1::Method::choose(find("SignatureMethod"));
    let to_sign = tc3::v1::string_to_sign(
        if get { "GET" } else { "POST" },
        header(headers, "host").unwrap().as_bytes(),
        &refs,
    );
    let signature =
        tc3::v1::sign(SECRET, method, &to_sign).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let old = form.find("Signature=").unwrap() + "Signature=".len();
    let end = form[old..].find('&').map_or(form.len(), |i| old + i);
    form.replace_range(old..end, &signature);
    match get {
        true => *line = format!("GET /?{form} HTTP/1.1"),
        false => *body = form.into_bytes(),
    }
    find("Timestamp").unwrap().parse().unwrap()
}
