//! The parameters of every request the official clients were seen to send.

#![allow(clippy::unwrap_used, reason = "a panic in a test is the report")]

use wire::{ActionId, CommonParameters, Lang, Media, Params, cwp, eiam, pairs, route};

/// One captured request.
struct Capture {
    label: String,
    target: String,
    post: bool,
    headers: Vec<(String, String)>,
    body: String,
}

impl Capture {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Action and parameters, found the way a server does.
    fn read(&self) -> (ActionId, Result<Params, wire::Error>) {
        let query = self.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let media = if self.post { Media::of(self.header("content-type")) } else { Ok(Media::Form) };
        let text = if self.post { &self.body } else { query };
        let (action, version) = match (self.header("x-tc-action"), self.header("x-tc-version")) {
            (Some(action), Some(version)) => (action.to_owned(), version.to_owned()),
            _ => {
                let common = CommonParameters::from_pairs(&pairs::parse(text.as_bytes()).unwrap());
                assert_eq!(
                    common.language.as_deref().map(|name| Lang::from_name(Some(name))).unwrap_or_default(),
                    { if text.contains("Language=zh-CN") { Lang::Zh } else { Lang::En } }
                );
                (common.action.unwrap(), common.version.unwrap())
            }
        };
        let params = media.and_then(|media| Params::from_body(&media, text.as_bytes()));
        (route(&version, &action).unwrap(), params)
    }
}

fn captures() -> Vec<Capture> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/captures.json");
    let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let read = |capture: &serde_json::Value| {
        let line = text(&capture["request_line"]);
        let mut words = line.split(' ');
        Capture {
            label: text(&capture["label"]),
            post: words.next() == Some("POST"),
            target: words.next().unwrap().to_owned(),
            headers: capture["headers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|h| (text(&h[0]), text(&h[1])))
                .collect(),
            body: text(&capture["body"]),
        }
    };
    file["captures"].as_array().unwrap().iter().map(read).collect()
}

fn check_list_users(label: &str, request: &eiam::ListUsersRequest) {
    let fields = request.expected_fields.as_ref().unwrap();
    assert_eq!(fields, &["UserId", "UserName"], "{label}");
    assert_eq!(
        (request.offset, request.limit, request.include_total),
        (Some(0), Some(2), Some(true)),
        "{label}"
    );
    let condition = request.search_condition.as_ref().unwrap();
    assert_eq!(condition.user_name.as_deref(), Some("ali*"), "{label}");
    let keyword = condition.keyword.as_deref().unwrap();
    assert!(["\"\"", "\"张三\"", "\"张三\" <a&b>"].contains(&keyword), "{label}: {keyword}");
}

#[test]
fn every_captured_request_decodes() {
    let (mut lists, mut exports) = (0, 0);
    for capture in captures() {
        let label = &capture.label;
        let (action, params) = capture.read();
        if label.contains("multipart") || label.contains("octet-stream") {
            continue;
        }
        let params = params.unwrap_or_else(|error| panic!("{label}: {error}"));
        match action {
            ActionId::EiamListUsers if capture.body.trim() == "{}" => {
                assert_eq!(params.decode::<eiam::ListUsersRequest>().unwrap(), Default::default(), "{label}");
            }
            ActionId::EiamListUsers => {
                check_list_users(label, &params.decode().unwrap_or_else(|error| panic!("{label}: {error}")));
                lists += 1;
            }
            ActionId::CwpExportAssetUserList => {
                let request: cwp::ExportAssetUserListRequest = params.decode().unwrap();
                assert_eq!(request.filters.unwrap()[0].values, ["root"], "{label}");
                exports += 1;
            }
            ActionId::CwpExportTasks => {
                assert_eq!(params.decode::<cwp::ExportTasksRequest>().unwrap().task_id, "11", "{label}");
            }
            other => panic!("{label}: unexpected {other:?}"),
        }
    }
    assert!(lists >= 20 && exports >= 3, "{lists} {exports}");
}

#[test]
fn captured_multipart_and_binary_bodies_are_understood_or_refused() {
    let mut seen = 0;
    for capture in captures() {
        let (_, params) = capture.read();
        if capture.label.contains("multipart") {
            // Parts A, L and F are no parameters of ListUsers.
            let error = params.unwrap().decode::<eiam::ListUsersRequest>().unwrap_err();
            assert_eq!(error.code(), wire::Code::UnknownParameter);
            seen += 1;
        } else if capture.label.contains("octet-stream") {
            assert_eq!(params.unwrap_err().code(), wire::Code::InvalidParameter);
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}
