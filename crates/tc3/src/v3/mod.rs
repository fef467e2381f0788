//! Signature version 3, TC3-HMAC-SHA256: the `Authorization` header, canonical forms, keys, verifying and signing.

mod authorization;
mod canonical;
mod key;
mod sign;
mod verify;

pub use authorization::{Authorization, SCHEME};
pub use canonical::{Case, canonical_request, string_to_sign};
pub use key::SigningKey;
pub use sign::{Call, Key, authorize, sign};
pub use verify::{Verified, verify};
