//! Every way a request can fail to be authenticated, through the real stack.

mod rig;

use model::{KeyState, Role};
use rig::{Call, NOW, Rig, SECRET, SECRET_ID, credential, request, token_hash};

#[tokio::test]
async fn a_signed_call_is_answered() {
    let rig = Rig::start().await;
    for (call, id) in [
        (Call::list_users(), "plain"),
        (Call { cover_action: true, ..Call::list_users() }, "action covered"),
        (Call { body: Vec::new(), ..Call::list_users() }, "empty body"),
        (
            Call {
                method: "GET".into(),
                query: "Offset=0&Limit=1".into(),
                body: Vec::new(),
                ..Call::list_users()
            },
            "GET",
        ),
        (Call { unsigned: true, ..Call::list_users() }, "unsigned on loopback"),
        (
            Call {
                unsigned: true,
                other_body: Some(b"{\"Offset\":1,\"Limit\":1}".to_vec()),
                ..Call::list_users()
            },
            "other body",
        ),
    ] {
        assert_eq!(rig.call(&call).await.code(), "OK", "{id}");
    }
    let calls = rig.fake.calls.lock().unwrap();
    assert_eq!(calls.len(), 6);
    assert_eq!(calls[0].0.secret_id, SECRET_ID);
    assert_eq!(calls[0].0.role, Role::Admin);
    assert_eq!(calls[0].0.request_id.len(), 36);
}

#[tokio::test]
async fn each_failure_has_its_code() {
    let rig = Rig::start().await;
    let ok = Call::list_users;
    for (call, code) in [
        (ok().without("Authorization"), "MissingParameter"),
        (ok().set("Authorization", "Bearer x"), "AuthFailure.InvalidAuthorization"),
        (ok().set("Authorization", "SKIP"), "AuthFailure.InvalidAuthorization"),
        (Call { secret_id: "A B".into(), ..ok() }, "AuthFailure.InvalidSecretId"),
        (Call { secret_id: "AKIDNOBODY".into(), ..ok() }, "AuthFailure.SecretIdNotFound"),
        (Call { timestamp: NOW + 300, ..ok() }, "OK"),
        (Call { timestamp: NOW - 300, ..ok() }, "OK"),
        (Call { timestamp: NOW + 301, ..ok() }, "AuthFailure.SignatureExpire"),
        (Call { timestamp: NOW - 301, ..ok() }, "AuthFailure.SignatureExpire"),
        (Call { secret: "other".into(), ..ok() }, "AuthFailure.SignatureFailure"),
        (Call { other_body: Some(b"{ }".to_vec()), ..ok() }, "AuthFailure.SignatureFailure"),
        (ok().set("X-TC-Timestamp", &(NOW + 1).to_string()), "AuthFailure.SignatureFailure"),
        (ok().set("Host", "elsewhere:1"), "AuthFailure.SignatureFailure"),
        (ok().set("X-TC-Token", "t"), "AuthFailure.TokenFailure"),
    ] {
        let answer = rig.call(&call).await;
        assert_eq!(answer.code(), code, "{}", answer.text());
    }
    let answer = rig.call(&ok().without("Authorization")).await;
    assert!(answer.message().contains("`Authorization`"), "{}", answer.message());
    assert_eq!(rig.fake.calls.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn the_earlier_check_wins() {
    let rig = Rig::start().await;
    let old = Call { timestamp: 1000, secret: "wrong".into(), ..Call::list_users() };
    for (call, code) in [
        (Call { action: "Nothing".into(), ..old.clone() }, "InvalidAction"),
        (Call { version: "1999-01-01".into(), ..old.clone() }, "NoSuchVersion"),
        (old.clone().set("X-TC-Timestamp", "soon"), "InvalidParameter"),
        (old.clone().without("X-TC-Version"), "MissingParameter"),
        (old.clone().without("X-TC-Timestamp"), "MissingParameter"),
        (Call { body: b"{".to_vec(), ..old.clone() }, "InvalidParameter"),
        (Call { secret_id: "AKIDNOBODY".into(), ..old.clone() }, "AuthFailure.SecretIdNotFound"),
        (old.clone(), "AuthFailure.SignatureExpire"),
        (Call { timestamp: NOW, token: Some("t".into()), ..old }, "AuthFailure.SignatureFailure"),
        (Call { body: b"{\"Nope\":1}".to_vec(), ..Call::list_users() }, "UnknownParameter"),
    ] {
        let answer = rig.call(&call).await;
        assert_eq!(answer.code(), code, "{}", answer.text());
    }
    let host = Call::list_users().set("Host", "cvm.tencentcloudapi.com");
    assert_eq!(rig.call(&host).await.code(), "NoSuchProduct");
}

#[tokio::test]
async fn disabled_keys_do_not_exist() {
    let rig = Rig::start().await;
    rig.fake.put(model::Credential { state: KeyState::Disabled, ..credential(SECRET_ID) }, SECRET);
    assert_eq!(rig.call(&Call::list_users()).await.code(), "AuthFailure.SecretIdNotFound");
}

#[tokio::test]
async fn a_new_secret_counts_at_once() {
    let rig = Rig::start().await;
    assert_eq!(rig.call(&Call::list_users()).await.code(), "OK");
    rig.fake.put(credential(SECRET_ID), "new");
    assert_eq!(rig.call(&Call::list_users()).await.code(), "AuthFailure.SignatureFailure");
    assert_eq!(rig.call(&Call { secret: "new".into(), ..Call::list_users() }).await.code(), "OK");
}

#[tokio::test]
async fn temporary_keys_need_their_token_and_end() {
    let rig = Rig::start().await;
    let temporary = model::Credential {
        token_hash: token_hash("tok"),
        expires: Some((NOW + 60) * 1000),
        ..credential(SECRET_ID)
    };
    rig.fake.put(temporary, SECRET);
    let with = |token: Option<&str>| Call { token: token.map(str::to_owned), ..Call::list_users() };
    assert_eq!(rig.call(&with(Some("tok"))).await.code(), "OK");
    for wrong in [None, Some("tok2"), Some("")] {
        assert_eq!(rig.call(&with(wrong)).await.code(), "AuthFailure.TokenFailure");
    }
    rig.fake.set_time(NOW + 60);
    assert_eq!(rig.call(&with(Some("tok"))).await.code(), "AuthFailure.TokenFailure");
}

#[tokio::test]
async fn roles_are_checked_after_the_signature() {
    let rig = Rig::start().await;
    rig.fake.put(model::Credential { role: Role::Agent, ..credential(SECRET_ID) }, SECRET);
    assert_eq!(rig.call(&Call::list_users()).await.code(), "AuthFailure.UnauthorizedOperation");
    let wrong = Call { secret: "x".into(), ..Call::list_users() };
    assert_eq!(rig.call(&wrong).await.code(), "AuthFailure.SignatureFailure");
}

/// A version 1 request with some pairs changed after signing.
fn v1(method: &str, sha256: bool, change: impl Fn(&mut Vec<(String, String)>)) -> Vec<u8> {
    let hash = if sha256 { tc3::v1::Method::Sha256 } else { tc3::v1::Method::Sha1 };
    let mut pairs: Vec<(String, String)> = [
        ("Action", "ListUsers"),
        ("Version", "2021-04-20"),
        ("Timestamp", "1751500800"),
        ("Nonce", "7"),
        ("Region", ""),
        ("SecretId", SECRET_ID),
        ("SignatureMethod", hash.name()),
        ("Limit", "2"),
        ("Offset", "0"),
    ]
    .map(|(n, v)| (n.to_owned(), v.to_owned()))
    .to_vec();
    let refs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let signature = tc3::v1::sign(SECRET, hash, &tc3::v1::string_to_sign(method, b"h:80", &refs));
    pairs.push(("Signature".into(), signature));
    change(&mut pairs);
    let form: Vec<String> = pairs
        .iter()
        .map(|(n, v)| format!("{n}={}", v.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")))
        .collect();
    let form = form.join("&");
    let host = [("Host".to_owned(), "h:80".to_owned())];
    let post = [host[0].clone(), ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    if method == "GET" {
        request("GET", &form, &host, b"")
    } else {
        request("POST", "", &post, form.as_bytes())
    }
}

#[tokio::test]
async fn version_1_requests() {
    let rig = Rig::start().await;
    for method in ["GET", "POST"] {
        for sha256 in [false, true] {
            assert_eq!(rig.send(&v1(method, sha256, |_| {})).await.code(), "OK", "{method} {sha256}");
        }
        let set = |name: &'static str, value: &'static str| {
            v1(method, true, move |p| {
                p.iter_mut().filter(|(n, _)| n == name).for_each(|(_, v)| *v = value.into())
            })
        };
        let drop = |name: &'static str| v1(method, true, move |p| p.retain(|(n, _)| n != name));
        for (bytes, code) in [
            (set("Limit", "3"), "AuthFailure.SignatureFailure"),
            (set("SignatureMethod", "HmacSHA1"), "AuthFailure.SignatureFailure"),
            (set("Nonce", "0"), "InvalidParameter"),
            (set("SecretId", "AKIDNOBODY"), "AuthFailure.SecretIdNotFound"),
            (set("SecretId", "*"), "AuthFailure.InvalidSecretId"),
            (set("Timestamp", "1751500000"), "AuthFailure.SignatureExpire"),
            (drop("Signature"), "MissingParameter"),
            (drop("SecretId"), "MissingParameter"),
            (drop("Nonce"), "MissingParameter"),
            (drop("Action"), "MissingParameter"),
            (drop("Region"), "AuthFailure.SignatureFailure"),
        ] {
            let answer = rig.send(&bytes).await;
            assert_eq!(answer.code(), code, "{}", answer.text());
        }
    }
}
