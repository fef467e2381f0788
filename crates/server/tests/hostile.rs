//! Bytes that no client would send: the server answers or hangs up, and goes on.

mod rig;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rig::{Call, Rig};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[test]
fn damaged_requests_harm_nobody() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let rig = runtime.block_on(Rig::with(|c| {
        c.limits.header_timeout = Duration::from_millis(50);
        c.limits.body_timeout = Duration::from_millis(50);
    }));
    let calls = [
        Call { body: b"{\"Offset\":0,\"Limit\":1}".to_vec(), ..Call::list_users() }.bytes(),
        Call {
            method: "GET".into(),
            query: "SearchCondition.UserName=a%20b&Offset=0&Limit=2".into(),
            body: Vec::new(),
            ..Call::list_users()
        }
        .bytes(),
        Call {
            content_type: "multipart/form-data; boundary=x".into(),
            body: b"--x\r\nContent-Disposition: form-data; name=\"Offset\"\r\n\r\n0\r\n--x--\r\n".to_vec(),
            ..Call::list_users()
        }
        .bytes(),
    ];
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3u8);
    let strategy = (0..calls.len(), proptest::collection::vec(change, 1..4));
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&strategy, |(which, changes)| {
        let mut bytes = calls[which].clone();
        for (at, byte, how) in changes {
            let i = at.index(bytes.len());
            match how {
                0 => bytes[i] = byte,
                1 => bytes.insert(i, byte),
                _ => drop(bytes.remove(i)),
            }
        }
        let answer = runtime.block_on(async {
            let mut connection = rig.connect().await;
            connection.stream.write_all(&bytes).await.ok();
            let mut answer = Vec::new();
            tokio::time::timeout(Duration::from_secs(60), connection.stream.read_to_end(&mut answer))
                .await
                .map(|_| answer)
        });
        let answer = answer.map_err(|_| TestCaseError::fail("neither answered nor hung up"))?;
        prop_assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."));
        prop_assert!(!String::from_utf8_lossy(&answer).contains("InternalError"));
        Ok(())
    });
    outcome.unwrap();
    // The limits above are so short that a busy machine may not keep them at the first try.
    let serves = || runtime.block_on(rig.call(&Call::list_users())).code() == "OK";
    assert!((0..100).any(|_| serves()), "others are served as before");
}
