//! Any bytes as a request body: the first byte picks JSON, a form or multipart; decoded into requests with nested
//! parameters.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::{Media, Params, cwp, eiam};

fuzz_target!(|data: &[u8]| {
    let Some((kind, body)) = data.split_first() else { return };
    let media = match kind % 3 {
        0 => Media::Json,
        1 => Media::Form,
        _ => Media::Multipart { boundary: "x".to_owned() },
    };
    if let Ok(params) = Params::from_body(&media, body) {
        let _decoded = params.clone().decode::<eiam::ListUsersRequest>();
        let _decoded = params.clone().decode::<eiam::CreateUserRequest>();
        let _decoded = params.decode::<cwp::DescribeAssetUserListRequest>();
    }
});
