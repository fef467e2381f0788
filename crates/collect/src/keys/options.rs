//! The options in front of a key, as sshd reads them: one unknown or malformed option and the key is not taken.

use super::time;

/// Options that decide whether and how a key is good for a login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `command=`: whatever is asked for, this runs.
    pub command: Option<String>,
    /// `restrict`.
    pub restrict: bool,
    /// `cert-authority`: the key signs certificates and is none itself.
    pub authority: bool,
    /// `principals=`, only sound on an authority.
    pub principals: Option<String>,
    /// `from=`: patterns the connection must match.
    pub from: Option<String>,
    /// The earliest `expiry-time=`, seconds since the epoch.
    pub expires: Option<i64>,
}

/// Flags sshd knows, with their `no-` forms where they have one.
const FLAGS: [(&str, bool); 9] = [
    ("restrict", false),
    ("cert-authority", false),
    ("port-forwarding", true),
    ("agent-forwarding", true),
    ("x11-forwarding", true),
    ("touch-required", true),
    ("verify-required", true),
    ("pty", true),
    ("user-rc", true),
];

const VALUES: [&str; 8] =
    ["command", "principals", "from", "expiry-time", "environment", "permitopen", "permitlisten", "tunnel"];

/// Splits the options off a line: they end at the first white space outside quotes. `None` when a quote stays open.
pub(super) fn split(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let mut bytes = line.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if matches!(bytes.peek(), Some((_, b'"'))) => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            b' ' | b'\t' if !quoted => return line.split_at_checked(at),
            _ => {}
        }
    }
    (!quoted).then_some((line, ""))
}

/// Reads the options; the error says why sshd would refuse the key.
pub(super) fn parse(text: &str) -> Result<Options, String> {
    let mut options = Options::default();
    let mut rest = text;
    while !rest.is_empty() {
        rest = one(rest, &mut options)?;
        if rest.is_empty() {
            break;
        }
        rest = rest.strip_prefix(',').ok_or_else(|| format!("unknown key option {}", name(rest)))?;
        if rest.is_empty() {
            return Err("options end with a comma".to_owned());
        }
    }
    if options.principals.is_some() && !options.authority {
        return Err("principals on a key that is no authority".to_owned());
    }
    Ok(options)
}

/// The option's name, for a message.
fn name(text: &str) -> String {
    text.chars().take_while(|c| !matches!(c, ',' | '=' | '"')).take(40).collect()
}

/// Reads one option and answers what follows it; an option sshd does not know is left unread.
fn one<'a>(text: &'a str, options: &mut Options) -> Result<&'a str, String> {
    for (flag, negatable) in FLAGS {
        let positive = strip(text, flag);
        let negative = if negatable { strip(text, "no-").and_then(|rest| strip(rest, flag)) } else { None };
        if let Some(rest) = positive.or(negative) {
            options.restrict |= flag == "restrict";
            options.authority |= flag == "cert-authority";
            return Ok(rest);
        }
    }
    for key in VALUES {
        if let Some(rest) = strip(text, key).and_then(|rest| rest.strip_prefix('=')) {
            let (value, rest) = dequote(rest)?;
            set(options, key, value)?;
            return Ok(rest);
        }
    }
    Ok(text)
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn set(options: &mut Options, key: &str, value: String) -> Result<(), String> {
    let once = |slot: &mut Option<String>, value: String| match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("more than one {key}")),
    };
    match key {
        "command" => once(&mut options.command, value),
        "principals" => once(&mut options.principals, value),
        "from" => once(&mut options.from, value),
        "expiry-time" => {
            let at = time::instant(&value).ok_or_else(|| "invalid expiry-time".to_owned())?;
            options.expires = Some(options.expires.map_or(at, |other| other.min(at)));
            Ok(())
        }
        "environment" => {
            let name = value.split_once('=').map(|(name, _)| name);
            let sound = name.is_some_and(|name| {
                !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
            });
            if sound { Ok(()) } else { Err("invalid environment".to_owned()) }
        }
        _ => Ok(()),
    }
}

/// A quoted value and what follows it; `\"` stands for a quote.
fn dequote(text: &str) -> Result<(String, &str), String> {
    let text = text.strip_prefix('"').ok_or_else(|| "a value without quotes".to_owned())?;
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some((_, '"'))) => {
                chars.next();
                value.push('"');
            }
            '"' => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            _ => value.push(c),
        }
    }
    Err("a quote stays open".to_owned())
}
