//! What a host reports: raw facts with evidence for each source (being built).

use serde::{Deserialize, Serialize};

/// One host's report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostReport {}

/// Facts of one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountFacts {}
