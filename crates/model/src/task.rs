//! Export tasks: a decimal counter per installation, a request, a state that never goes back.

use crate::{Millis, TenantId};

/// State of an export; moves from `Pending` to one of the others, never back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// Being written.
    Pending,
    /// The file is there.
    Finished,
    /// Failed for good, or its file has expired.
    Error,
}

impl TaskState {
    /// The vendor's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskState::Pending => "PENDING",
            TaskState::Finished => "FINISHED",
            TaskState::Error => "ERROR",
        }
    }

    /// Inverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Finished, Self::Error].into_iter().find(|s| s.as_str() == text)
    }
}

/// Kind of file an export writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// UTF-8 with BOM, CRLF, formula guard.
    Csv,
    /// Excel workbook.
    Xlsx,
    /// One JSON object a line, raw values.
    Jsonl,
}

impl ExportFormat {
    /// Name of the format, also the file's extension.
    pub fn as_str(self) -> &'static str {
        match self {
            ExportFormat::Csv => "csv",
            ExportFormat::Xlsx => "xlsx",
            ExportFormat::Jsonl => "jsonl",
        }
    }

    /// Inverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Csv, Self::Xlsx, Self::Jsonl].into_iter().find(|s| s.as_str() == text)
    }
}

/// One export task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportTask {
    /// Decimal counter; the wire shows it as text.
    pub id: u64,
    /// Tenant.
    pub tenant: TenantId,
    /// SecretId of the key that asked.
    pub owner: String,
    /// Action that made it, for example `ExportAssetUserList`.
    pub kind: String,
    /// The request as JSON, to run it again after a restart.
    pub request: String,
    /// Kind of file.
    pub format: ExportFormat,
    /// State.
    pub state: TaskState,
    /// Name shown to the user; the file on disk is named by the id alone.
    pub file_name: String,
    /// Rows written.
    pub rows: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Why it failed, for the operator.
    pub error: Option<String>,
    /// Until when the present worker may be assumed alive.
    pub lease_until: Option<Millis>,
    /// When it was accepted.
    pub created: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
}
