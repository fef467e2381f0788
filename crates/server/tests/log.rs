//! The log: one line for each call, nothing secret in it, nothing forged.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

mod rig;

use rig::{Call, Rig, SECRET, SECRET_ID, credential, request, token_hash};
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn one_line_for_each_call_and_no_secrets() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let rig = Rig::start().await;
    rig.fake
        .put(model::Credential { token_hash: token_hash("secret-token"), ..credential(SECRET_ID) }, SECRET);
    let body = b"{\"SearchCondition\":{\"UserName\":\"private\"}}".to_vec();
    let call = Call { body, token: Some("secret-token".into()), ..Call::list_users() };
    let id = rig.call(&call).await.response()["RequestId"].as_str().unwrap().to_owned();
    let forged = "Action=a%0Acall%1B%5B31m&Version=2021-04-20&Timestamp=1&RequestClient=SDK_TEST%3B+x%0A";
    rig.send(&request("GET", forged, &[("Host".into(), "h".into())], b"")).await;
    rig.call(&Call { secret: "other".into(), ..call.clone() }).await;
    rig.call(&Call { action: "DeleteUser".into(), ..call.clone() }).await;
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let calls: Vec<&str> = log.lines().filter(|l| l.contains(" call request_id=")).collect();
    assert_eq!(calls.len(), 4, "{log}");
    assert!(calls[0].contains(&id) && calls[0].contains("action=ListUsers code=OK"), "{}", calls[0]);
    assert!(calls[0].contains(SECRET_ID) && calls[0].contains("source=127.0.0.1"), "{}", calls[0]);
    assert!(calls[1].contains("code=InvalidAction") && calls[1].contains("SDK_TEST"), "{}", calls[1]);
    assert!(calls[2].contains("code=AuthFailure.SignatureFailure"), "{}", calls[2]);
    assert!(calls[3].contains("WARN") && calls[3].contains("code=InternalError"), "{}", calls[3]);
    let bytes = String::from_utf8(call.bytes()).unwrap();
    let signature = bytes.split("Signature=").nth(1).unwrap().split('\r').next().unwrap();
    for secret in [SECRET, "secret-token", signature, "private", "\u{1b}"] {
        assert!(!log.contains(secret), "{secret}\n{log}");
    }
}
