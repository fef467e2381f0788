//! Downloads: whole, in part, by name, and not at all.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

mod rig;

use rig::{Answer, Rig, raw};
use tokio::io::AsyncWriteExt;

async fn rig() -> (Rig, tempfile::TempDir, Vec<u8>) {
    let rig = Rig::start().await;
    let dir = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..400_000u32).map(|i| b'a' + u8::try_from(i % 23).unwrap()).collect();
    let path = dir.path().join("11.csv");
    std::fs::write(&path, &content).unwrap();
    rig.fake.files.lock().unwrap().insert("tok".into(), (path, "账号 11.csv".into()));
    (rig, dir, content)
}

async fn get(rig: &Rig, method: &str, path: &str, extra: &[(&str, &str)]) -> Answer {
    let mut headers = vec![("Host".to_owned(), "h".to_owned())];
    headers.extend(extra.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    let mut connection = rig.connect().await;
    connection.stream.write_all(&raw(&format!("{method} {path} HTTP/1.1"), &headers, b"")).await.unwrap();
    if method == "HEAD" { connection.head().await } else { connection.answer().await }
}

const FILE: &str = "/download/tok/11.csv";

#[tokio::test]
async fn whole_file_with_guarding_headers() {
    let (rig, _dir, content) = rig().await;
    let answer = get(&rig, "GET", FILE, &[]).await;
    assert_eq!((answer.status, answer.body.len()), (200, content.len()));
    assert!(answer.body == content);
    for (name, value) in [
        ("content-type", "text/csv; charset=utf-8"),
        (
            "content-disposition",
            "attachment; filename=\"__ 11.csv\"; filename*=UTF-8''%E8%B4%A6%E5%8F%B7%2011.csv",
        ),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let head = get(&rig, "HEAD", FILE, &[]).await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("400000")));
}

#[tokio::test]
async fn ranges() {
    let (rig, _dir, content) = rig().await;
    for (range, part, shown) in [
        ("bytes=0-99", 0..100, "bytes 0-99/400000"),
        ("bytes=200000-", 200_000..400_000, "bytes 200000-399999/400000"),
        ("bytes=-5", 399_995..400_000, "bytes 399995-399999/400000"),
        ("bytes=399999-500000", 399_999..400_000, "bytes 399999-399999/400000"),
    ] {
        let answer = get(&rig, "GET", FILE, &[("Range", range)]).await;
        assert_eq!((answer.status, answer.header("content-range")), (206, Some(shown)), "{range}");
        assert!(answer.body == content[part], "{range}");
    }
    let beyond = get(&rig, "GET", FILE, &[("Range", "bytes=400000-")]).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */400000")));
    for ignored in ["bytes=0-1,5-6", "lines=1-2", "bytes=9-1"] {
        assert_eq!(get(&rig, "GET", FILE, &[("Range", ignored)]).await.status, 200, "{ignored}");
    }
}

#[tokio::test]
async fn if_range_guards_against_mixing_files() {
    let (rig, _dir, _) = rig().await;
    let etag = get(&rig, "HEAD", FILE, &[]).await.header("etag").unwrap().to_owned();
    assert!(!etag.contains("tok"));
    assert_eq!(get(&rig, "GET", FILE, &[("Range", "bytes=0-1"), ("If-Range", &etag)]).await.status, 206);
    assert_eq!(get(&rig, "GET", FILE, &[("Range", "bytes=0-1"), ("If-Range", "\"x\"")]).await.status, 200);
}

#[tokio::test]
async fn nothing_but_the_token_finds_a_file() {
    let (rig, dir, _) = rig().await;
    let direct =
        format!("/download/x/{}", dir.path().join("11.csv").display().to_string().replace('/', "%2F"));
    for path in
        ["/download/nope/11.csv", "/download/..%2F..%2Fetc/passwd", "/download/%FF/x", direct.as_str()]
    {
        let answer = get(&rig, "GET", path, &[]).await;
        assert!(answer.status == 404 || answer.status == 400, "{path} {}", answer.status);
    }
    assert_eq!(get(&rig, "GET", "/download/tok/any-other-name", &[]).await.status, 200);
}

#[tokio::test]
async fn a_client_that_leaves_early_harms_nobody() {
    let (rig, _dir, _) = rig().await;
    for _ in 0..3 {
        let mut connection = rig.connect().await;
        connection
            .stream
            .write_all(format!("GET {FILE} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes())
            .await
            .unwrap();
    }
    assert_eq!(get(&rig, "GET", FILE, &[]).await.status, 200);
}
