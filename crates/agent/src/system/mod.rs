//! What differs between the systems an agent runs on, each in a module of the same shape: looking at the host
//! (`Source`), hearing of changes (`Watch`), files that are nobody else's (`files`), ending, and words for people.
//! Decisions are taken elsewhere.

#[cfg(unix)]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use linux::{
    ADMINISTRATOR, LOOK_FAILED, NO_MACHINE_ID, STATE_HELP, Source, Watch, default_state, end_on_signal, files,
};
#[cfg(windows)]
pub use windows::{
    ADMINISTRATOR, LOOK_FAILED, NO_MACHINE_ID, STATE_HELP, Source, Watch, default_state, end_on_signal, files,
};
