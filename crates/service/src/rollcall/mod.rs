//! Handlers of our own service `rollcall`: what the vendor's two services have no action for.

pub mod agents;
mod changes;
pub mod enrolment;
pub mod events;
pub mod hosts;
mod import;
pub mod keys;
mod packed;
pub mod people;
pub mod tenants;
