//! Leniency and strictness of request decoding, through the public interface only.

#![allow(clippy::unwrap_used, reason = "a panic in a test is the report")]

use proptest::prelude::*;
use wire::{Code, Decode, Error, Lang, Params, cwp, eiam, pairs, rollcall};

fn json<T: Decode>(body: &str) -> Result<T, Error> {
    Params::from_json(body.as_bytes())?.decode()
}

fn form<T: Decode>(query: &str) -> Result<T, Error> {
    Params::from_pairs(&pairs::parse(query.as_bytes())?)?.decode()
}

fn refused<T: Decode + std::fmt::Debug>(result: Result<T, Error>) -> (Code, String) {
    let error = result.unwrap_err();
    (error.code(), error.field_path().unwrap_or_default().to_owned())
}

#[test]
fn an_empty_body_is_an_empty_object() {
    let expected = eiam::ListUsersRequest::default();
    for body in ["", " \n", "{}", r#"{"Offset":null,"SearchCondition":null}"#] {
        assert_eq!(json::<eiam::ListUsersRequest>(body).unwrap(), expected, "{body:?}");
    }
}

#[test]
fn a_body_has_to_be_one_object() {
    for body in ["[]", "1", "null", "\"{}\"", "{} {}", "{", "{\"Limit\":1,\"Limit\":2}", "\u{feff}{}"] {
        assert_eq!(
            json::<eiam::ListUsersRequest>(body).unwrap_err().code(),
            Code::InvalidParameter,
            "{body}"
        );
    }
}

#[test]
fn scalars_may_be_text_that_parses_cleanly() {
    let request: eiam::ListUsersRequest =
        json(r#"{"Offset":"10","Limit":"0","IncludeTotal":"true"}"#).unwrap();
    assert_eq!((request.offset, request.limit, request.include_total), (Some(10), Some(0), Some(true)));
    for (text, value) in
        [("True", true), ("true", true), ("1", true), ("False", false), ("false", false), ("0", false)]
    {
        let request: eiam::ListUsersRequest = form(&format!("IncludeTotal={text}")).unwrap();
        assert_eq!(request.include_total, Some(value), "{text}");
    }
}

#[test]
fn integers_may_stand_where_text_is_wanted() {
    let request: cwp::ExportTasksRequest = json(r#"{"TaskId":24563}"#).unwrap();
    assert_eq!(request.task_id, "24563");
}

#[test]
fn wrong_scalars_are_refused_by_name() {
    for value in
        ["-1", "1.5", "1.0", "1e2", "\"\"", "\" 1\"", "\"+1\"", "\"1.0\"", "\"-1\"", "true", "[]", "{}"]
    {
        let body = format!(r#"{{"Offset":{value}}}"#);
        let expected = (Code::InvalidParameter, "Offset".to_owned());
        assert_eq!(refused(json::<eiam::ListUsersRequest>(&body)), expected, "{value}");
    }
    for value in ["2", "\"yes\"", "\"TRUE\"", "\"\"", "{}"] {
        let body = format!(r#"{{"IncludeTotal":{value}}}"#);
        assert_eq!(refused(json::<eiam::ListUsersRequest>(&body)).0, Code::InvalidParameter, "{value}");
    }
    for value in ["true", "1.5", "[]", "{}"] {
        let body = format!(r#"{{"TaskId":{value}}}"#);
        assert_eq!(refused(json::<cwp::ExportTasksRequest>(&body)).0, Code::InvalidParameter, "{value}");
    }
}

#[test]
fn nulls_in_lists_are_dropped() {
    let request: cwp::ExportAssetUserListRequest =
        json(r#"{"Filters":[null,{"Name":"Name","Values":[null,"root",null]}]}"#).unwrap();
    let filters = request.filters.unwrap();
    assert_eq!(filters.len(), 1);
    assert_eq!(filters[0].values, ["root"]);
}

#[test]
fn nested_mistakes_are_named_with_their_path() {
    let result = json::<cwp::ExportAssetUserListRequest>(
        r#"{"Filters":[{"Name":"a","Values":[]},{"Name":"b","Values":"x"}]}"#,
    );
    assert_eq!(refused(result), (Code::InvalidParameter, "Filters.1.Values".to_owned()));
    let result = json::<cwp::ExportAssetUserListRequest>(r#"{"Filters":[{"Name":"a","Values":["x",{}]}]}"#);
    assert_eq!(refused(result), (Code::InvalidParameter, "Filters.0.Values.1".to_owned()));
    let result = json::<cwp::ExportAssetUserListRequest>(r#"{"Filters":[{"Values":[]}]}"#);
    assert_eq!(refused(result), (Code::MissingParameter, "Filters.0.Name".to_owned()));
    let result = json::<eiam::ListUsersRequest>(r#"{"Sort":{"SortKey":"UserName","SortOrder":null}}"#);
    assert_eq!(refused(result), (Code::MissingParameter, "Sort.SortOrder".to_owned()));
    let error = json::<eiam::ListUsersRequest>(r#"{"SearchCondition":{"Name":"x"}}"#).unwrap_err();
    assert_eq!(error.message(Lang::En), "The parameter `SearchCondition.Name` is not recognized.");
}

#[test]
fn unknown_names_win_over_types_and_types_over_missing_ones() {
    let body = r#"{"Filters":[{"Values":1,"Nme":0}],"Order":{}}"#;
    let result = json::<cwp::ExportAssetUserListRequest>(body);
    assert_eq!(refused(result), (Code::UnknownParameter, "Filters.0.Nme".to_owned()));
    let result = json::<cwp::ExportAssetUserListRequest>(r#"{"Filters":[{"Values":1}],"Order":{}}"#);
    assert_eq!(refused(result), (Code::InvalidParameter, "Filters.0.Values".to_owned()));
}

#[test]
fn names_are_case_sensitive_and_long_ones_are_cut_in_messages() {
    assert_eq!(refused(json::<eiam::ListUsersRequest>(r#"{"offset":1}"#)).0, Code::UnknownParameter);
    let long = "张".repeat(100_000);
    let error = json::<eiam::ListUsersRequest>(&format!(r#"{{"{long}":1}}"#)).unwrap_err();
    assert!(error.message(Lang::Zh).len() < 300);
}

#[test]
fn common_parameters_are_exempt_in_forms_only() {
    let query = "Action=ListUsers&Version=2021-04-20&Region=&Timestamp=1&Nonce=1&SecretId=x&Signature=y\
                 &SignatureMethod=HmacSHA1&Token=t&Language=zh-CN&RequestClient=c&Limit=2";
    assert_eq!(form::<eiam::ListUsersRequest>(query).unwrap().limit, Some(2));
    assert_eq!(refused(form::<eiam::ListUsersRequest>("Foo=1")).0, Code::UnknownParameter);
    assert_eq!(refused(json::<eiam::ListUsersRequest>(r#"{"Region":""}"#)).0, Code::UnknownParameter);
}

#[test]
fn secrets_do_not_show() {
    let body = r#"{"UserName":"alice","Password":"hunter2"}"#;
    let params = Params::from_json(body.as_bytes()).unwrap();
    assert!(!format!("{params:?}").contains("hunter2"));
    let request: eiam::CreateUserRequest = params.decode().unwrap();
    assert!(!format!("{request:?}").contains("hunter2"));
    assert_eq!(request.password.expose(), "hunter2");
}

/// JSON of any shape whose member names are often the contract's own.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let names = "Filters|Name|Values|ExactMatch|Offset|Limit|SearchCondition|UserName|Users|Sort|SortKey|IncludeTotal|X";
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
        "[0-9]{1,3}|true|False".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::btree_map(names, inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn decoding_never_panics_and_always_says_the_same(value in any_json()) {
        let body = value.to_string();
        macro_rules! twice {
            ($($request:ty),*) => {$(
                let (once, again) = (json::<$request>(&body), json::<$request>(&body));
                prop_assert_eq!(&once, &again);
                if let Err(error) = once {
                    let codes = [Code::InvalidParameter, Code::UnknownParameter, Code::MissingParameter];
                    prop_assert!(codes.contains(&error.code()));
                }
            )*};
        }
        twice!(
            eiam::ListUsersRequest,
            cwp::DescribeAssetUserListRequest,
            rollcall::ImportUsersRequest,
            eiam::CreateUserRequest
        );
    }

    #[test]
    fn any_bytes_are_answered(body in proptest::collection::vec(any::<u8>(), 0..100)) {
        if let Ok(params) = Params::from_json(&body) {
            let _ = params.decode::<eiam::ListUsersRequest>();
        }
    }
}
