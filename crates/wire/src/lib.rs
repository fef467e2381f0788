//! The protocol as types: parameters in, envelopes out, error codes, and the request and response types and the
//! action table generated from `api/*.json`. Nothing here listens, signs, stores or decides.

pub mod action;
mod common;
pub mod decode;
pub mod envelope;
pub mod error;
mod generated;
pub mod json;
pub mod media;
mod multipart;
mod nullable;
pub mod pairs;
mod params;
mod secret;
mod value;

pub use action::{Action, Kind, Service, check_product, route};
pub use common::CommonParameters;
pub use decode::Decode;
pub use envelope::{Body, Response};
pub use error::{Error, Lang};
pub use generated::actions::ActionId;
pub use generated::codes::Code;
pub use generated::{cwp, eiam, rollcall};
pub use media::Media;
pub use nullable::Nullable;
pub use params::Params;
pub use secret::Secret;
