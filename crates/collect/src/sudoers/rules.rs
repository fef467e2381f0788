//! The scanner's rules that hold in more than one place, and the choice between them: the longest match wins, the
//! earlier rule breaks a tie. What a chosen rule does is in `lex`.

use super::patterns as p;
use super::token::{AliasKind, Opt, Tag};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Initial,
    GotDefaults,
    StartDefaults,
    InDefaults,
    GotCommand,
    GotRegex,
    InString,
    GotInclude,
    WantDigest,
    ExpectPath,
}

/// What a matched rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Emit(Emit),
    Continuation,
    Blank,
    Newline,
    Comment,
    Bang,
    Quote,
    NoMatch,
    CommaInDefaults,
    ToStartDefaults,
    DigestText,
    Include(bool, Option<usize>),
    Defaults,
    AliasLine,
    Opt(Opt),
    DigestKind(usize),
    Path,
    PathWithoutArgs,
    Regex,
    Sudoedit,
    PathValue,
    IncludeName,
    QuotedVerbatim,
    QuotedSpecial,
    EndCommand,
    Argument,
    RegexEnd,
    RegexBad,
    RegexText,
    StringContinuation,
    StringEnd,
    StringText,
}

/// Rules whose token needs nothing but the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Emit {
    Word,
    Value,
    DefaultName,
    Group,
    Netgroup,
    Net4,
    Net6,
    All,
    Alias,
    Sign(u8),
    SignThenStart(u8),
    Tag(Tag),
    Bad(&'static str),
}

pub(super) const TAGS: [(&[u8], Tag); 16] = [
    (b"NOPASSWD", Tag::NoPasswd(true)),
    (b"PASSWD", Tag::NoPasswd(false)),
    (b"NOEXEC", Tag::NoExec(true)),
    (b"EXEC", Tag::NoExec(false)),
    (b"INTERCEPT", Tag::Other),
    (b"NOINTERCEPT", Tag::Other),
    (b"SETENV", Tag::SetEnv(true)),
    (b"NOSETENV", Tag::SetEnv(false)),
    (b"LOG_OUTPUT", Tag::Other),
    (b"NOLOG_OUTPUT", Tag::Other),
    (b"LOG_INPUT", Tag::Other),
    (b"NOLOG_INPUT", Tag::Other),
    (b"MAIL", Tag::Other),
    (b"NOMAIL", Tag::Other),
    (b"FOLLOW", Tag::Other),
    (b"NOFOLLOW", Tag::Other),
];

/// `PRIVS` and `LIMITPRIVS` are Solaris only and plain names on Linux.
pub(super) const OPTIONS: [(&[u8], Opt); 8] = [
    (b"TIMEOUT", Opt::Timeout),
    (b"NOTBEFORE", Opt::NotBefore),
    (b"NOTAFTER", Opt::NotAfter),
    (b"CWD", Opt::Cwd),
    (b"CHROOT", Opt::Chroot),
    (b"ROLE", Opt::Role),
    (b"TYPE", Opt::Type),
    (b"APPARMOR_PROFILE", Opt::AppArmor),
];

pub(super) const DIGESTS: [(&[u8], usize); 4] =
    [(b"sha224", 28), (b"sha256", 32), (b"sha384", 48), (b"sha512", 64)];

pub(super) const ALIAS_LINES: [(&[u8], AliasKind); 5] = [
    (b"Host_Alias", AliasKind::Host),
    (b"Cmnd_Alias", AliasKind::Command),
    (b"Cmd_Alias", AliasKind::Command),
    (b"User_Alias", AliasKind::User),
    (b"Runas_Alias", AliasKind::Runas),
];

pub(super) struct Best {
    pub rule: Rule,
    pub len: usize,
}

impl Best {
    /// Takes the rule if it matches more than the best so far: the earlier rule wins a tie.
    pub(super) fn offer(&mut self, rule: Rule, len: Option<usize>) {
        if let Some(len) = len.filter(|&len| len > self.len) {
            *self = Self { rule, len };
        }
    }
}

pub(super) fn nonzero(len: usize) -> Option<usize> {
    (len > 0).then_some(len)
}

/// What only starts a line: includes, Defaults and alias lines.
pub(super) fn line_starts(s: &[u8], bol: bool, best: &mut Best) {
    for (keyword, dir) in [(b"@include".as_slice(), false), (b"@includedir", true)] {
        best.offer(Rule::Include(dir, None), s.starts_with(keyword).then_some(keyword.len()));
    }
    if !bol {
        return;
    }
    for (keyword, dir) in [(b"#include".as_slice(), false), (b"#includedir", true)] {
        let spaced = s.strip_prefix(keyword).and_then(|rest| rest.first()).is_some_and(|&c| p::blank(c));
        best.offer(Rule::Include(dir, Some(keyword.len())), spaced.then(|| p::rest_of_line(s)));
    }
    best.offer(Rule::Defaults, p::defaults(s));
    let blanks = p::run(s, p::blank);
    let rest = s.get(blanks..).unwrap_or_default();
    for (keyword, _) in ALIAS_LINES {
        best.offer(Rule::AliasLine, rest.starts_with(keyword).then_some(blanks + keyword.len()));
    }
}

/// Tags, groups, netgroups, addresses and upper-case names.
pub(super) fn names(s: &[u8], state: State, best: &mut Best) {
    for (keyword, tag) in TAGS {
        best.offer(Rule::Emit(Emit::Tag(tag)), p::tag(s, keyword));
    }
    if matches!(state, State::Initial | State::GotDefaults) {
        let bad = |text: &[u8]| s.starts_with(text).then_some(text.len());
        best.offer(Rule::Emit(Emit::Bad("empty netgroup")), bad(b"+"));
        best.offer(Rule::Emit(Emit::Bad("empty group")), bad(b"%:").or_else(|| bad(b"%")));
    }
    if let Some(rest) = s.strip_prefix(b"+") {
        best.offer(Rule::Emit(Emit::Netgroup), p::word(rest).map(|len| len + 1));
    }
    if let Some(rest) = s.strip_prefix(b"%") {
        let plain = p::word(rest).max(p::id(rest));
        let colon = rest.strip_prefix(b":").and_then(|rest| p::word(rest).max(p::id(rest)));
        best.offer(Rule::Emit(Emit::Group), plain.map(|len| len + 1).max(colon.map(|len| len + 2)));
    }
    best.offer(Rule::Emit(Emit::Net4), p::ipv4_net(s));
    best.offer(Rule::Emit(Emit::Net6), p::ipv6_net(s));
    best.offer(Rule::Emit(Emit::All), s.starts_with(b"ALL").then_some(3));
    if state == State::Initial {
        for (keyword, opt) in OPTIONS {
            best.offer(Rule::Opt(opt), s.starts_with(keyword).then_some(keyword.len()));
        }
    }
    best.offer(Rule::Emit(Emit::Alias), p::alias(s));
}

/// Digests, commands, quoted and plain words and punctuation.
pub(super) fn commands(s: &[u8], state: State, regex: Option<usize>, best: &mut Best) {
    let path = p::path(s);
    let sudoedit = s.starts_with(b"sudoedit").then_some(8);
    if state == State::GotDefaults {
        best.offer(Rule::PathWithoutArgs, path.max(regex).max(sudoedit));
    }
    for (keyword, bytes) in DIGESTS {
        best.offer(Rule::DigestKind(bytes), s.starts_with(keyword).then_some(keyword.len()));
    }
    best.offer(Rule::Sudoedit, sudoedit);
    if state == State::ExpectPath {
        best.offer(Rule::PathValue, path.max(p::word(s)));
    }
    // A directory takes no arguments.
    let dir = path.is_some_and(|len| s.get(len - 1) == Some(&b'/'));
    best.offer(if dir { Rule::PathWithoutArgs } else { Rule::Path }, path);
    best.offer(Rule::Regex, regex);
    if matches!(state, State::Initial | State::GotDefaults) {
        best.offer(Rule::Quote, (s.first() == Some(&b'"')).then_some(1));
        best.offer(Rule::Emit(Emit::Word), p::id(s).max(p::word(s)));
    }
    if let Some(&c) = s.first().filter(|c| b"(),=:".contains(c)) {
        best.offer(Rule::Emit(Emit::Sign(c)), Some(1));
    }
}
