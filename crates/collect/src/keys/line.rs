//! The lines of an authorized_keys file: `[options] type base64 [comment]`.

use super::blob::{Blob, is_type};
use super::options::{self, Options};

/// Most keys taken from one file.
pub const MAX_KEYS: usize = 4096;
/// Most bad lines kept with their reason; more are only counted.
const MAX_BAD_LINES: usize = 256;
/// Longest line that is read, in bytes.
pub const MAX_LINE: usize = 64 * 1024;

/// A key of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Line, from 1.
    pub line: u32,
    /// The public key.
    pub blob: Blob,
    /// The key's base64 as it stands in the line.
    pub base64: String,
    /// Comment, white space around it removed.
    pub comment: String,
    /// Options as written; empty when there are none.
    pub options_text: String,
    /// Options as understood; the defaults when sshd would refuse them (see `refused`).
    pub options: Options,
    /// Why sshd would not take the key for a login at the given instant; `None` when it would.
    pub refused: Option<String>,
}

impl Key {
    /// Whether sshd would take the key.
    pub fn effective(&self) -> bool {
        self.refused.is_none()
    }
}

/// A line that is no key, blank or comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Line, from 1.
    pub line: u32,
    /// Why, in English.
    pub reason: String,
}

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorizedKeys {
    /// Its keys, in order.
    pub keys: Vec<Key>,
    /// Lines that are no key, the first 256 of them.
    pub bad: Vec<BadLine>,
    /// How many lines are no key.
    pub bad_lines: u32,
    /// There are more than [`MAX_KEYS`] keys.
    pub truncated: bool,
}

/// Parses a file; `now` is in seconds since the epoch and decides about `expiry-time`.
pub fn parse(bytes: &[u8], now: i64) -> AuthorizedKeys {
    let mut file = AuthorizedKeys::default();
    for (line, number) in bytes.split(|&c| c == b'\n').zip(1_u32..) {
        // A C string ends at its first NUL.
        let line = line.split(|&c| c == 0).next().unwrap_or_default();
        let result = if line.len() > MAX_LINE {
            Some(Err("the line is too long".to_owned()))
        } else {
            key(&String::from_utf8_lossy(line), number, now)
        };
        match result {
            None => {}
            Some(Ok(_)) if file.keys.len() >= MAX_KEYS => file.truncated = true,
            Some(Ok(key)) => file.keys.push(key),
            Some(Err(reason)) => {
                file.bad_lines = file.bad_lines.saturating_add(1);
                if file.bad.len() < MAX_BAD_LINES {
                    file.bad.push(BadLine { line: number, reason });
                }
            }
        }
    }
    file
}

fn blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The key of a line; `None` when it is blank or a comment.
fn key(line: &str, number: u32, now: i64) -> Option<Result<Key, String>> {
    let line = line.trim_end_matches('\r').trim_start_matches(blank);
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    // First as a plain key, then behind options, as sshd does.
    if let Some(Ok(found)) = read(line) {
        return Some(Ok(found.into_key(number, "", Options::default(), None)));
    }
    let Some((text, rest)) = options::split(line) else {
        return Some(Err("a quote in the options stays open".to_owned()));
    };
    let rest = rest.trim_start_matches(blank);
    let found = match read(rest).or_else(|| read(line)) {
        None => return Some(Err("no key type in the line".to_owned())),
        Some(Err(reason)) => return Some(Err(reason)),
        Some(Ok(found)) => found,
    };
    Some(Ok(match options::parse(text) {
        Err(reason) => found.into_key(number, text, Options::default(), Some(reason)),
        Ok(options) => {
            let refused = refusal(&options, now);
            found.into_key(number, text, options, refused)
        }
    }))
}

fn refusal(options: &Options, now: i64) -> Option<String> {
    if options.authority {
        return Some("a certificate authority, not a key".to_owned());
    }
    options.expires.filter(|&at| at < now).map(|_| "expired".to_owned())
}

/// Type, base64 and comment.
struct Found<'a> {
    blob: Blob,
    base64: &'a str,
    comment: &'a str,
}

impl Found<'_> {
    fn into_key(self, line: u32, text: &str, options: Options, refused: Option<String>) -> Key {
        let certificate = self.blob.certificate.then(|| "a certificate, not a key".to_owned());
        Key {
            line,
            base64: self.base64.to_owned(),
            comment: self.comment.to_owned(),
            options_text: text.to_owned(),
            options,
            refused: refused.or(certificate),
            blob: self.blob,
        }
    }
}

/// Reads `type base64 comment`; `None` when the text does not start with a type OpenSSH knows.
fn read(text: &str) -> Option<Result<Found<'_>, String>> {
    let (kind, rest) = text.split_once(blank)?;
    if !is_type(kind) {
        return None;
    }
    let rest = rest.trim_start_matches(blank);
    let (base64, comment) = rest.split_once(blank).unwrap_or((rest, ""));
    let base64 = base64.trim_end_matches('\r');
    Some(match Blob::parse(kind, base64) {
        Ok(blob) => Ok(Found { blob, base64, comment: comment.trim() }),
        Err(error) => Err(error.to_string()),
    })
}
