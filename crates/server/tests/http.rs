//! Limits, time, envelopes and the pages beside the API.

mod rig;

use rig::{Call, Rig, raw, request};
use server::{Bound, Config};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

#[tokio::test]
async fn other_methods_get_an_envelope() {
    let rig = Rig::start().await;
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        let answer = rig.send(&request(method, "", &headers(&[("Host", "h")]), b"")).await;
        assert_eq!(answer.code(), "UnsupportedProtocol", "{method}");
    }
}

#[tokio::test]
async fn any_path_and_any_host_is_the_api() {
    let rig = Rig::start().await;
    let bytes = String::from_utf8(Call::list_users().bytes()).unwrap();
    for path in ["/some/path", "/%E4%BD%A0", "/download", "/healthz/x"] {
        let moved = bytes.replacen("POST / ", &format!("POST {path} "), 1);
        assert_eq!(rig.send(moved.as_bytes()).await.code(), "OK", "{path}");
    }
}

#[tokio::test]
async fn trace_ids_are_echoed_when_sane() {
    let rig = Rig::start().await;
    let long = "x".repeat(129);
    for (id, echoed) in [("b266d619-ffff", true), (long.as_str(), false), ("a b", false)] {
        let answer = rig.call(&Call::list_users().set("X-TC-TraceId", id)).await;
        assert_eq!(answer.header("x-tc-traceid"), echoed.then_some(id));
    }
}

#[tokio::test]
async fn messages_follow_the_language() {
    let rig = Rig::start().await;
    let call = Call { secret: "x".into(), ..Call::list_users() };
    let english = rig.call(&call).await.message();
    let chinese = rig.call(&call.set("X-TC-Language", "zh-CN")).await.message();
    assert!(english.is_ascii() && !chinese.is_ascii(), "{english} {chinese}");
}

#[tokio::test]
async fn sizes_are_enforced_while_reading() {
    let rig = Rig::with(|c| {
        c.limits.query_bytes = 100;
        c.limits.form_bytes = 200;
        c.limits.body_bytes = 300;
    })
    .await;
    let json =
        |n: usize| Call { body: format!("{{{}}}", " ".repeat(n - 2)).into_bytes(), ..Call::list_users() };
    assert_eq!(rig.call(&json(300)).await.code(), "OK");
    assert_eq!(rig.call(&json(301)).await.code(), "RequestSizeLimitExceeded");
    let query = |n: usize| Call {
        method: "GET".into(),
        body: Vec::new(),
        query: "a".repeat(n),
        ..Call::list_users()
    };
    assert_eq!(rig.call(&query(101)).await.code(), "RequestSizeLimitExceeded");
    assert_ne!(rig.call(&query(100)).await.code(), "RequestSizeLimitExceeded");
    let form = headers(&[("Host", "h"), ("Content-Type", "application/x-www-form-urlencoded")]);
    assert_eq!(rig.send(&request("POST", "", &form, &[b'a'; 201])).await.code(), "RequestSizeLimitExceeded");
    assert_ne!(rig.send(&request("POST", "", &form, &[b'a'; 200])).await.code(), "RequestSizeLimitExceeded");
    // Without a length the limit is found while reading.
    let chunked = headers(&[("Host", "h"), ("X-TC-Action", "ListUsers"), ("Transfer-Encoding", "chunked")]);
    let mut bytes = raw("POST / HTTP/1.1", &[chunked, headers(&[("Content-Length", "")])].concat(), b"");
    bytes = String::from_utf8(bytes).unwrap().replace("Content-Length: \r\n", "").into_bytes();
    for _ in 0..4 {
        bytes.extend_from_slice(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes());
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(rig.send(&bytes).await.code(), "RequestSizeLimitExceeded");
}

#[tokio::test]
async fn a_client_still_sending_too_much_gets_to_see_the_answer() {
    let rig = Rig::with(|c| c.limits.body_bytes = 1000).await;
    let call = Call { body: vec![b' '; 3_000_000], ..Call::list_users() };
    assert_eq!(rig.call(&call).await.code(), "RequestSizeLimitExceeded");
}

#[tokio::test]
async fn the_rate_limit_is_per_key_and_action() {
    let rig = Rig::with(|c| c.rate_per_second = 3).await;
    for _ in 0..3 {
        assert_eq!(rig.call(&Call::list_users()).await.code(), "OK");
    }
    let mut refused = rig.call(&Call::list_users()).await;
    // On a slow machine the next second may have begun.
    for _ in 0..100 {
        if refused.code() != "OK" {
            break;
        }
        refused = rig.call(&Call::list_users()).await;
    }
    assert_eq!(refused.code(), "RequestLimitExceeded");
    assert!(refused.message().contains('3'), "{}", refused.message());
    let other = Call { action: "ListUserGroups".into(), ..Call::list_users() };
    assert_eq!(rig.call(&other).await.code(), "OK");
    rig.fake.put(rig::credential("AKIDOTHER"), "s");
    let other = Call { secret_id: "AKIDOTHER".into(), secret: "s".into(), ..Call::list_users() };
    assert_eq!(rig.call(&other).await.code(), "OK");
    // A stranger cannot use up somebody's calls.
    let rig = Rig::with(|c| c.rate_per_second = 1).await;
    for _ in 0..5 {
        let wrong = Call { secret: "x".into(), ..Call::list_users() };
        assert_eq!(rig.call(&wrong).await.code(), "AuthFailure.SignatureFailure");
    }
    assert_eq!(rig.call(&Call::list_users()).await.code(), "OK");
}

#[tokio::test]
async fn slow_clients_are_dropped() {
    let rig = Rig::with(|c| {
        c.limits.header_timeout = Duration::from_millis(200);
        c.limits.body_timeout = Duration::from_millis(200);
    })
    .await;
    let start = Instant::now();
    let mut slow = rig.connect().await;
    slow.stream.write_all(b"POST / HTTP/1.1\r\nHost: h\r\n").await.unwrap();
    let mut rest = Vec::new();
    slow.stream.read_to_end(&mut rest).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    let mut idle = rig.connect().await;
    idle.stream.write_all(&Call::list_users().bytes()).await.unwrap();
    assert_eq!(idle.answer().await.code(), "OK");
    assert!(idle.try_answer(true).await.is_none_or(|a| a.status == 408), "an idle connection is closed");
    let mut half = rig.connect().await;
    let bytes = Call { body: b"{    }".to_vec(), ..Call::list_users() }.bytes();
    half.stream.write_all(&bytes[..bytes.len() - 3]).await.unwrap();
    assert_eq!(half.answer().await.code(), "InvalidRequest");
}

#[tokio::test]
async fn a_connection_serves_many_calls() {
    let rig = Rig::start().await;
    let mut connection = rig.connect().await;
    for _ in 0..3 {
        connection.stream.write_all(&Call::list_users().bytes()).await.unwrap();
        assert_eq!(connection.answer().await.code(), "OK");
    }
}

#[tokio::test]
async fn places_are_limited_and_come_back() {
    let rig = Rig::with(|c| c.limits.connections = 1).await;
    let mut first = rig.connect().await;
    first.stream.write_all(&Call::list_users().bytes()).await.unwrap();
    first.answer().await;
    let mut second = rig.connect().await;
    second.stream.write_all(&Call::list_users().bytes()).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(200), second.answer()).await;
    assert!(waiting.is_err());
    drop(first);
    assert_eq!(second.answer().await.code(), "OK");
}

#[tokio::test]
async fn stopping_answers_what_runs() {
    let mut rig = Rig::start().await;
    *rig.fake.delay.lock().unwrap() = Duration::from_millis(400);
    let mut running = rig.connect().await;
    running.stream.write_all(&Call::list_users().bytes()).await.unwrap();
    rig.until_called().await;
    let done = rig.stop();
    assert_eq!(running.answer().await.code(), "OK");
    done.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(rig.address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let mut rig = Rig::with(|c| c.limits.stop_timeout = Duration::from_millis(200)).await;
    *rig.fake.delay.lock().unwrap() = Duration::from_secs(60);
    let mut running = rig.connect().await;
    running.stream.write_all(&Call::list_users().bytes()).await.unwrap();
    rig.until_called().await;
    assert!(matches!(rig.stop().await.unwrap(), Err(server::Error::CutOff(1))));
}

#[tokio::test]
async fn a_panicking_handler_is_an_internal_error() {
    let rig = Rig::start().await;
    // One runs as a task of its own, the other in the connection's.
    for action in ["DeleteUser", "DescribeUserInfo"] {
        let answer = rig.call(&Call { action: action.into(), ..Call::list_users() }).await;
        assert_eq!(answer.code(), "InternalError");
        assert!(!answer.message().contains("defect"));
    }
    assert_eq!(rig.call(&Call::list_users()).await.code(), "OK");
}

#[tokio::test]
async fn pages_beside_the_api() {
    let rig = Rig::start().await;
    let get = async |path: &str| {
        rig.send(&raw(&format!("GET {path} HTTP/1.1"), &headers(&[("Host", "h")]), b"")).await
    };
    assert_eq!(get("/healthz").await.status, 200);
    assert_eq!(get("/readyz").await.status, 200);
    rig.fake.ready.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(get("/readyz").await.status, 503);
    assert_eq!(get("/healthz").await.status, 200);
    assert!(get("/").await.text().contains("Rollcall"));
    assert_eq!(get("/?Action=").await.code(), "MissingParameter");
}

#[tokio::test]
async fn metrics_count_by_known_names_only() {
    let rig = Rig::start().await;
    rig.call(&Call::list_users()).await;
    rig.call(&Call { secret: "x".into(), ..Call::list_users() }).await;
    rig.call(&Call { action: "Evil\"}".into(), ..Call::list_users() }).await;
    let page = rig.send(&raw("GET /metrics HTTP/1.1", &headers(&[("Host", "h")]), b"")).await.text();
    for line in [
        "rollcall_requests_total{service=\"eiam\",action=\"ListUsers\",code=\"OK\"} 1",
        "rollcall_requests_total{service=\"eiam\",action=\"ListUsers\",code=\"AuthFailure.SignatureFailure\"} 1",
        "rollcall_requests_total{service=\"other\",action=\"other\",code=\"InvalidAction\"} 1",
        "rollcall_requests_in_flight 0",
        "rollcall_rows{kind=\"people\"} 3.0",
        "rollcall_rows{kind=\"accounts\"} 7.0",
        "rollcall_request_seconds_count{service=\"eiam\",action=\"ListUsers\"} 2",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    assert!(page.ends_with("# EOF\n") && page.matches("# EOF").count() == 1 && !page.contains("Evil"));
}

#[tokio::test]
async fn plain_http_beyond_loopback_has_to_be_allowed() {
    let mut config = Config::new("0.0.0.0:0".parse().unwrap());
    assert!(matches!(Bound::bind(&config).await, Err(server::Error::PlainHttp(_))));
    config.insecure_http = true;
    assert_ne!(Bound::bind(&config).await.unwrap().local_addr().port(), 0);
    assert!(Bound::bind(&Config::new("[::ffff:127.0.0.1]:0".parse().unwrap())).await.is_ok());
}

#[tokio::test]
async fn large_bodies_wait_for_memory() {
    let rig = Rig::with(|c| {
        c.limits.body_bytes = 20 * 1024;
        c.limits.form_bytes = 0;
        c.limits.body_memory = 0;
    })
    .await;
    let large = Call { body: format!("{{{}}}", " ".repeat(18_000)).into_bytes(), ..Call::list_users() };
    let bytes = large.bytes();
    let mut half = rig.connect().await;
    half.stream.write_all(&bytes[..bytes.len() - 9]).await.unwrap();
    rig.until_in_flight(1).await;
    let mut waiting = rig.connect().await;
    waiting.stream.write_all(&bytes).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_millis(200), waiting.answer()).await;
    assert!(answer.is_err(), "there is memory for one");
    assert_eq!(rig.call(&Call::list_users()).await.code(), "OK", "small ones do not wait");
    drop(half);
    assert_eq!(waiting.answer().await.code(), "OK");
}
