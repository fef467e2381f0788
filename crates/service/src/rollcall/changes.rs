//! Reports that say only what is different from the last one.

use std::sync::Arc;

use model::facts::{CHANGES_MAX, Changes, ChangesError, HostReport, print_digest};
use store::Facts;
use wire::{Code, Error};

use super::hosts;
use super::packed::{UNPACKED_MAX, unpack_within};
use crate::{Caller, Service};

const FIELD: &str = "Changes";

/// Objects of changes at most; three for each account a host may have are enough to change all of them.
const OBJECTS: usize = 1 << 18;

/// Changes as they were sent.
pub(super) struct Sparing {
    /// The host.
    pub(super) quuid: String,
    /// Digest of the report they change.
    pub(super) base: String,
    /// Digest of the report they make.
    pub(super) digest: String,
    /// [`Changes`]: JSON in gzip in base64.
    pub(super) packed: String,
}

/// Host and facts of the report that changes make of the last one; `None` when the last one, or what comes of it, is
/// not what the agent thinks.
///
/// # Errors
/// `InvalidParameter` when they are no changes, `LimitExceeded` when they or the report are too large,
/// `InvalidParameterValue` when the report breaks a bound.
pub(super) async fn whole(
    service: &Arc<Service>,
    caller: &Caller,
    sent: Sparing,
) -> Result<Option<(String, Facts)>, Error> {
    let Sparing { quuid, base, digest, packed } = sent;
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    if snapshot.host(&quuid).is_none_or(|host| print_digest(host.state().digest) != base) {
        return Ok(None);
    }
    let Some(record) = service.host_record(caller, &quuid).await? else { return Ok(None) };
    let made = tokio::task::spawn_blocking(move || make(record.report, &packed));
    let made = made.await.map_err(Error::internal)??;
    Ok(made.filter(|(_, facts)| print_digest(facts.digest()) == digest))
}

fn make(last: HostReport, packed: &str) -> Result<Option<(String, Facts)>, Error> {
    let bad = |code, text: String| Error::new(code).field(FIELD).detail(text.clone(), text);
    let no_changes = |e| bad(Code::InvalidParameter, format!("they are no changes: {e}"));
    let text = unpack_within(packed, CHANGES_MAX).map_err(|error| error.into_answer(FIELD))?;
    hosts::few_objects(&text, OBJECTS, FIELD)?;
    let changes: Changes = serde_json::from_str(&text).map_err(no_changes)?;
    let report = match changes.apply(last) {
        Ok(report) => report,
        Err(ChangesError::Unfit) => return Ok(None),
        Err(ChangesError::Malformed(error)) => return Err(no_changes(error)),
    };
    let (quuid, facts) = hosts::acceptable(report, FIELD)?;
    if facts.size() > UNPACKED_MAX {
        let text = format!("the report is larger than {} MiB", UNPACKED_MAX >> 20);
        return Err(bad(Code::LimitExceeded, text));
    }
    Ok(Some((quuid, facts)))
}
