//! Expanding an Include pattern to files in lexical order, one directory at a time.

use crate::config_files::Files;
use crate::sudoers::fnmatch;

/// Most paths one pattern expands to.
const MAX_PATHS: usize = 1024;

/// The paths that match an absolute pattern, sorted; wildcards never match a leading dot. A pattern without wildcards
/// is answered as it is, whether the file exists or not.
pub(super) fn expand(files: &dyn Files, pattern: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let wild = part.contains(['*', '?', '[']);
        let mut next = Vec::new();
        for dir in &paths {
            if !wild {
                next.push(format!("{dir}/{part}"));
                continue;
            }
            let base = if dir.is_empty() { "/" } else { dir };
            let Ok(listing) = files.list(base) else { continue };
            let mut names = listing.names;
            names.retain(|name| (!name.starts_with('.') || part.starts_with('.')) && matches(name, part));
            names.sort_unstable();
            next.extend(names.into_iter().map(|name| format!("{dir}/{name}")));
        }
        next.truncate(MAX_PATHS);
        paths = next;
    }
    paths
}

/// Shell pattern of one path part.
fn matches(name: &str, part: &str) -> bool {
    fnmatch(part, name)
}
