//! Answering a query on one table: the plan that a filter becomes, the sequence that a sort becomes, and the ways
//! to walk or gather rows. Knows nothing of changes that are not merged yet, except which rows are dead.

mod compile;
mod conditions;
mod execute;
mod find;
mod found;
mod look;
mod members;
mod part;
mod plan;
mod planes;
mod select;
mod sequence;
mod stroll;

pub(crate) use compile::compile;
pub(crate) use conditions::warm;
pub(crate) use execute::Job;
pub(crate) use plan::Plan;

pub(crate) use sequence::Sequence;
