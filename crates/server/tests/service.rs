//! The real service behind the real server: from a new data directory to a signed answer.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

mod rig;

use rig::Call;
use serde_json::{Value, json};
use server::{Bound, Config};
use service::{Service, Settings};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Signs, sends, and returns the `Response` member.
async fn call(address: SocketAddr, base: &Call, version: &str, action: &str, params: Value) -> Value {
    let body = params.to_string().into_bytes();
    let call = Call { version: version.into(), action: action.into(), body, ..base.clone() };
    let answer = get(address, &call.set("Connection", "close").bytes()).await;
    let json: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    json["Response"].clone()
}

async fn get(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_written_are_listed_and_an_export_can_be_fetched() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::new(dir.path());
    let clock = settings.clock.clone();
    let service = tokio::task::spawn_blocking(move || Service::open(settings).unwrap()).await.unwrap();
    let bound = Bound::bind(&Config::new("127.0.0.1:0".parse().unwrap())).await.unwrap();
    let address = bound.local_addr();
    service.set_base_url(&format!("http://{address}"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let config = Config { rate_per_second: 0, ..Config::new(address) };
    let serving = tokio::spawn(server::serve(bound, config, Arc::clone(&service), async {
        stopped.await.ok();
    }));
    let page = "GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    assert!(get(address, page.as_bytes()).await.starts_with("HTTP/1.1 503"));
    let loading = Arc::clone(&service);
    tokio::task::spawn_blocking(move || loading.load().unwrap()).await.unwrap();
    assert!(get(address, page.as_bytes()).await.starts_with("HTTP/1.1 200"));

    let first = service.take_first_key().unwrap();
    let base = Call {
        secret_id: first.secret_id.clone(),
        secret: first.secret_key.to_string(),
        timestamp: clock.now() / 1000,
        ..Call::list_users()
    };
    let created = call(
        address,
        &base,
        "2021-04-20",
        "CreateUser",
        json!({"UserName": "ann", "Password": "correct horse"}),
    )
    .await;
    assert!(created["Error"].is_null(), "{created}");
    let search = json!({"SearchCondition": {"UserName": "ann"}, "IncludeTotal": true});
    let listed = call(address, &base, "2021-04-20", "ListUsers", search).await;
    assert_eq!(listed["TotalCount"], 1, "{listed}");

    let task = call(address, &base, "2018-02-28", "ExportAssetUserList", json!({})).await;
    let id = task["TaskId"].as_str().unwrap().to_owned();
    let mut url = String::new();
    for _ in 0..1200 {
        let state = call(address, &base, "2018-02-28", "ExportTasks", json!({"TaskId": id})).await;
        if state["Status"] == "FINISHED" {
            url = state["DownloadUrl"].as_str().unwrap().to_owned();
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let path = url.strip_prefix(&format!("http://{address}")).unwrap();
    let file =
        get(address, format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").as_bytes()).await;
    assert!(file.starts_with("HTTP/1.1 200") && file.contains("content-disposition: attachment"), "{file}");
    let metrics = get(address, b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert!(
        metrics.contains("rollcall_roster_rows{kind=\"people\"}") && metrics.contains("rollcall_ready 1.0"),
        "{metrics}"
    );

    drop(stop);
    serving.await.unwrap().unwrap();
    tokio::task::spawn_blocking(move || service.stop()).await.unwrap();
}
