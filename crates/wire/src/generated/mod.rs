//! What `cargo xtask generate` writes from `api/*.json`; nothing here is edited by hand except this list.

pub mod actions;
pub mod codes;
pub mod cwp;
pub mod eiam;
pub mod rollcall;
