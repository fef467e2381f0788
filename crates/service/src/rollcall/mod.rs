//! Handlers of our own service `rollcall`: what the vendor's two services have no action for.

pub mod hosts;
mod import;
pub mod keys;
pub mod people;
pub mod tenants;
