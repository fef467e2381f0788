//! Links to finished files and opening what a link names. Nothing in a link is a path.

use std::fs::File;
use std::sync::Arc;

use export::{ExportDir, Link};
use model::{ExportFormat, ExportTask, Millis, TaskState};

use super::Table;
use crate::clock::Clock;
use crate::secrets::Secrets;

/// How long a link is good, in seconds; the vendor's links live as long.
const LINK_SECONDS: i64 = 3600;

/// A file to send.
#[derive(Debug)]
pub struct Download {
    /// The open file.
    pub file: File,
    /// Name for the user.
    pub file_name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Media type.
    pub content_type: &'static str,
}

/// Makes links and opens them.
pub struct Downloads {
    pub(crate) dir: ExportDir,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) tasks: Arc<Table>,
    pub(crate) clock: Clock,
}

impl Downloads {
    /// The part of a link behind the address: `download/TOKEN/NAME`, good for one hour.
    pub fn link(&self, task: &ExportTask) -> String {
        let expires = self.clock.now().div_euclid(1000).saturating_add(LINK_SECONDS);
        let token = Link::sign(self.secrets.link_key(), task.tenant, task.id, expires);
        format!("download/{token}/{}", task.file_name)
    }

    /// Opens what the token names; `None` when it is forged, expired or its file is gone, which nobody outside can
    /// tell apart.
    pub fn open(&self, token: &str) -> Option<Download> {
        let now: Millis = self.clock.now();
        let (tenant, id) = Link::verify(self.secrets.link_key(), token, now.div_euclid(1000)).ok()?;
        let task = self.tasks.find(tenant, id).filter(|task| task.state == TaskState::Finished)?;
        let file = self.dir.read(id, task.format).ok()?;
        let bytes = file.metadata().ok()?.len();
        Some(Download {
            file,
            file_name: task.file_name.clone(),
            bytes,
            content_type: content_type(task.format),
        })
    }
}

/// Media type of a kind of file (RFC 4180, the workbook's registration, and the common usage for JSON lines).
fn content_type(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Csv => "text/csv; charset=utf-8",
        ExportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ExportFormat::Jsonl => "application/x-ndjson",
    }
}
