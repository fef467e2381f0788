//! The scanner: turns the bytes of one sudoers file into tokens. It follows sudo's `toke.l` state by state, because
//! what a word means depends on where it stands (a command's arguments, a Defaults value, a quoted name, an include).
//! In each state the longest match wins and the earlier rule breaks ties, as in the original. What tokens mean is in
//! `parse`; including other files is in `load`.

use std::borrow::Cow;

use super::patterns as p;
use super::rules::{ALIAS_LINES, Best, Emit, Rule, State, commands, line_starts, names, nonzero};
use super::text::{command_path, lossy, unescape, whole_lines};
use super::token::{Opt, Scope, Token};

/// Scanner over one file. Endless: after the last token it answers `Eof` for ever.
pub(super) struct Lexer<'a> {
    input: Cow<'a, [u8]>,
    pos: usize,
    line: u32,
    state: State,
    /// State to return to after a quoted string or a path value.
    previous: State,
    /// At the beginning of a line.
    bol: bool,
    saw_space: bool,
    continued: bool,
    string: Option<Vec<u8>>,
    command: Vec<u8>,
    args: Option<Vec<u8>>,
    digest_bytes: usize,
    /// No regular expression closes before this offset: keeps the scan linear.
    regex_free_until: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            input: whole_lines(bytes),
            pos: 0,
            line: 1,
            state: State::Initial,
            previous: State::Initial,
            bol: true,
            saw_space: false,
            continued: false,
            string: None,
            command: Vec::new(),
            args: None,
            digest_bytes: 0,
            regex_free_until: 0,
        }
    }

    /// The next token and the line of its logical line's first byte.
    pub(super) fn next(&mut self) -> (Token, u32) {
        loop {
            if self.pos >= self.input.len() {
                return (Token::Eof, self.line);
            }
            let line = self.line;
            let (rule, len) = self.longest();
            let start = self.pos;
            self.pos += len;
            self.bol = self.input.get(self.pos.wrapping_sub(1)) == Some(&b'\n');
            if let Some(token) = self.apply(rule, start) {
                return (token, line);
            }
        }
    }

    fn longest(&mut self) -> (Rule, usize) {
        let mut best = Best { rule: Rule::NoMatch, len: 0 };
        match self.state {
            State::GotCommand => self.in_command(&mut best),
            State::GotRegex => self.in_regex(&mut best),
            State::InString => self.in_string(&mut best),
            State::GotInclude => self.in_include(&mut best),
            State::StartDefaults | State::InDefaults => self.in_defaults(&mut best),
            State::Initial | State::GotDefaults | State::WantDigest | State::ExpectPath => {
                self.general(&mut best);
            }
        }
        self.everywhere(&mut best);
        // A byte no rule knows.
        best.offer(Rule::NoMatch, Some(1));
        (best.rule, best.len)
    }

    fn rest(&self) -> &[u8] {
        self.input.get(self.pos..).unwrap_or_default()
    }

    fn in_command(&self, best: &mut Best) {
        let s = self.rest();
        if let [b'\\', c, ..] = s {
            best.offer(Rule::QuotedVerbatim, b"*?[]!^".contains(c).then_some(2));
            best.offer(Rule::QuotedSpecial, b":\\,= \t#".contains(c).then_some(2));
        }
        best.offer(Rule::EndCommand, s.first().filter(|c| b"#:,=\r\n".contains(c)).map(|_| 1));
        best.offer(Rule::Argument, nonzero(p::run(s, |c| !b"#\\:, \t\r\n".contains(&c))));
    }

    fn in_regex(&self, best: &mut Best) {
        let s = self.rest();
        let escaped = matches!(s, [b'\\', c, ..] if *c != b'\r' && *c != b'\n');
        best.offer(Rule::QuotedVerbatim, escaped.then_some(2));
        best.offer(Rule::RegexBad, s.first().filter(|c| b"#\r\n".contains(c)).map(|_| 1));
        best.offer(Rule::RegexEnd, (s.first() == Some(&b'$')).then_some(1));
        best.offer(Rule::RegexText, nonzero(p::run(s, |c| !b"#\\\r\n$".contains(&c))));
    }

    fn in_string(&self, best: &mut Best) {
        let s = self.rest();
        let joined = p::continuation(s).map(|len| len + p::run(s.get(len..).unwrap_or_default(), p::blank));
        best.offer(Rule::StringContinuation, joined);
        best.offer(Rule::StringEnd, (s.first() == Some(&b'"')).then_some(1));
        best.offer(Rule::StringText, (s.first() == Some(&b'\\')).then_some(1));
        let mut len = 0;
        loop {
            match s.get(len..).unwrap_or_default() {
                [b'\\', b'"', ..] => len += 2,
                [b'"' | b'\r' | b'\n' | b'\\', ..] | [] => break,
                _ => len += 1,
            }
        }
        best.offer(Rule::StringText, nonzero(len));
    }

    fn in_include(&self, best: &mut Best) {
        let s = self.rest();
        let space = |c: u8| c.is_ascii_whitespace() || c == 0x0b;
        if s.first().is_some_and(|&c| c != b'"' && !space(c)) {
            let mut len = 1;
            loop {
                match s.get(len..).unwrap_or_default() {
                    [b'\\', b' ' | b'\t', ..] => len += 2,
                    [c, ..] if !space(*c) => len += 1,
                    _ => break,
                }
            }
            best.offer(Rule::IncludeName, Some(len));
        }
        best.offer(Rule::Quote, (s.first() == Some(&b'"')).then_some(1));
    }

    fn in_defaults(&self, best: &mut Best) {
        let s = self.rest();
        if self.state == State::StartDefaults {
            let name = p::run(s, |c| c.is_ascii_lowercase() || c == b'_');
            best.offer(Rule::Emit(Emit::DefaultName), nonzero(name));
        } else {
            let sign = |text: &[u8]| s.starts_with(text).then_some(text.len());
            best.offer(Rule::Emit(Emit::SignThenStart(b',')), sign(b","));
            best.offer(Rule::Emit(Emit::Sign(b'=')), sign(b"="));
            best.offer(Rule::Emit(Emit::Sign(b'+')), sign(b"+="));
            best.offer(Rule::Emit(Emit::Sign(b'-')), sign(b"-="));
            best.offer(Rule::Quote, sign(b"\""));
            best.offer(Rule::Emit(Emit::Value), p::envar(s));
        }
        best.offer(Rule::Comment, p::comment(s));
    }

    fn general(&mut self, best: &mut Best) {
        let regex = self.regex_here();
        let s = self.rest();
        match self.state {
            State::GotDefaults => {
                let before = p::run(s, p::blank);
                let comma = (s.get(before) == Some(&b','))
                    .then(|| before + 1 + p::run(s.get(before + 1..).unwrap_or_default(), p::blank));
                best.offer(Rule::CommaInDefaults, comma);
                best.offer(Rule::ToStartDefaults, nonzero(before));
            }
            State::WantDigest => {
                best.offer(Rule::DigestText, nonzero(p::run(s, |c| c.is_ascii_hexdigit())));
                let base64 = |c: u8| c.is_ascii_alphanumeric() || b"+/=".contains(&c);
                best.offer(Rule::DigestText, nonzero(p::run(s, base64)));
            }
            State::Initial => line_starts(s, self.bol, best),
            _ => {}
        }
        names(s, self.state, best);
        commands(s, self.state, regex, best);
    }

    /// Length of a regular expression that starts here.
    fn regex_here(&mut self) -> Option<usize> {
        if self.pos < self.regex_free_until {
            return None;
        }
        match p::regex(self.rest()) {
            Ok(len) => Some(len),
            Err(scanned) => {
                self.regex_free_until = self.pos + scanned;
                None
            }
        }
    }

    fn everywhere(&self, best: &mut Best) {
        let s = self.rest();
        best.offer(Rule::Bang, nonzero(p::run(s, |c| c == b'!')));
        best.offer(Rule::Newline, p::newline(s));
        best.offer(Rule::Blank, nonzero(p::run(s, p::blank)));
        best.offer(Rule::Continuation, p::continuation(s));
        if self.state == State::Initial {
            best.offer(Rule::Comment, p::comment(s));
        }
    }

    /// Takes back what the rule matched beyond `len` bytes.
    fn keep(&mut self, start: usize, len: usize) {
        self.pos = start + len;
    }

    fn apply(&mut self, rule: Rule, start: usize) -> Option<Token> {
        let len = self.pos - start;
        let text = self.input.get(start..self.pos).unwrap_or_default().to_vec();
        match rule {
            Rule::Emit(emit) => return Some(self.emit(emit, &text)),
            Rule::Blank => self.saw_space = true,
            Rule::Continuation => {
                self.saw_space = true;
                self.line += 1;
                self.continued = true;
            }
            Rule::StringContinuation => {
                self.line += 1;
                self.continued = true;
            }
            Rule::Newline => return Some(self.newline(start)),
            Rule::Comment => return Some(self.comment(&text)),
            Rule::Bang => return (len % 2 == 1).then_some(Token::Sign(b'!')),
            Rule::NoMatch => return Some(Token::Bad("no token starts like this")),
            Rule::ToStartDefaults => self.state = State::StartDefaults,
            Rule::CommaInDefaults => return Some(Token::Sign(b',')),
            Rule::Quote => {
                self.string = None;
                self.previous = if self.state == State::GotInclude { State::Initial } else { self.state };
                self.state = State::InString;
            }
            Rule::StringText => self.string.get_or_insert_default().extend(unescape(&text)),
            Rule::StringEnd => return Some(self.string_end()),
            Rule::DigestText => return self.digest(&text),
            Rule::Include(..) | Rule::Defaults | Rule::AliasLine => {
                return Some(self.line_start(rule, start, &text));
            }
            Rule::Opt(opt) => {
                if matches!(opt, Opt::Cwd | Opt::Chroot) {
                    self.previous = self.state;
                    self.state = State::ExpectPath;
                }
                return Some(Token::Opt(opt));
            }
            Rule::DigestKind(bytes) => {
                self.digest_bytes = bytes;
                self.state = State::WantDigest;
                return Some(Token::DigestKind(bytes));
            }
            Rule::PathValue => {
                self.state = self.previous;
                return Some(Token::Word(lossy(unescape(&text))));
            }
            Rule::IncludeName => {
                self.state = State::Initial;
                return Some(Token::Word(lossy(unescape(&text))));
            }
            _ => return self.command_rule(rule, start, &text),
        }
        None
    }

    fn command_rule(&mut self, rule: Rule, start: usize, text: &[u8]) -> Option<Token> {
        match rule {
            Rule::Path | Rule::Regex | Rule::Sudoedit => {
                self.begin_command(text);
                self.state = State::GotCommand;
            }
            Rule::PathWithoutArgs => {
                self.begin_command(text);
                return Some(self.end_command());
            }
            Rule::QuotedVerbatim => {
                let spaced = self.state == State::GotCommand && self.saw_space;
                self.argument(text, spaced);
            }
            Rule::QuotedSpecial => self.argument(text.get(1..).unwrap_or_default(), self.saw_space),
            Rule::Argument if self.args.is_none() && text.first() == Some(&b'^') => {
                self.keep(start, 0);
                self.state = State::GotRegex;
            }
            Rule::Argument => self.argument(text, self.saw_space),
            Rule::EndCommand => {
                self.keep(start, 0);
                self.bol = false;
                self.state = State::Initial;
                return Some(self.end_command());
            }
            Rule::RegexText => {
                let skip = if self.continued { p::run(text, p::blank) } else { 0 };
                self.continued = false;
                self.regex_part(text.get(skip..).unwrap_or_default());
            }
            Rule::RegexEnd => {
                self.regex_part(b"$");
                self.state = State::Initial;
                self.continued = false;
                return Some(self.end_command());
            }
            _ => {
                // Rule::RegexBad: let the parser recover at the end of the line.
                self.keep(start, 0);
                self.bol = false;
                self.state = State::Initial;
                return Some(Token::Bad("unterminated regular expression"));
            }
        }
        None
    }

    fn begin_command(&mut self, text: &[u8]) {
        self.args = None;
        self.command = command_path(text);
    }

    fn end_command(&mut self) -> Token {
        let path = lossy(std::mem::take(&mut self.command));
        Token::Command { path, args: self.args.take().map(lossy) }
    }

    fn argument(&mut self, text: &[u8], spaced: bool) {
        match &mut self.args {
            Some(args) => {
                if spaced {
                    args.push(b' ');
                }
                args.extend_from_slice(text);
            }
            None => self.args = Some(text.to_vec()),
        }
        if self.state == State::GotCommand {
            self.saw_space = false;
        }
    }

    fn regex_part(&mut self, text: &[u8]) {
        if !text.is_empty() {
            self.args.get_or_insert_default().extend_from_slice(text);
        }
    }

    fn newline(&mut self, start: usize) -> Token {
        if self.state == State::InString {
            self.string = None;
            self.keep(start, 0);
            self.state = State::Initial;
            return Token::Bad("unexpected line break in string");
        }
        self.state = State::Initial;
        self.line += 1;
        self.continued = false;
        Token::Newline
    }

    fn comment(&mut self, text: &[u8]) -> Token {
        if text.last() != Some(&b'\n') {
            return Token::Bad("a number sign without a number");
        }
        self.state = State::Initial;
        self.line += 1;
        self.continued = false;
        Token::Newline
    }

    fn string_end(&mut self) -> Token {
        self.state = self.previous;
        let Some(bytes) = self.string.take() else { return Token::Bad("empty string") };
        let text = lossy(bytes);
        if !matches!(self.previous, State::Initial | State::GotDefaults) {
            return Token::Word(text);
        }
        match text.as_str() {
            "%" | "%:" => Token::Bad("empty group"),
            "+" => Token::Bad("empty netgroup"),
            _ if text.starts_with('%') => Token::Group(text),
            _ if text.starts_with('+') => Token::Netgroup(text),
            _ => Token::Word(text),
        }
    }

    /// A digest of the announced kind in hexadecimal or base64. One of another length is dropped, as sudo does.
    fn digest(&mut self, text: &[u8]) -> Option<Token> {
        self.state = State::Initial;
        let bytes = self.digest_bytes;
        let hexadecimal = text.iter().all(u8::is_ascii_hexdigit) && text.len() == bytes * 2;
        let base64_len =
            if text.last() == Some(&b'=') { 4 * bytes.div_ceil(3) } else { (4 * bytes).div_ceil(3) };
        (hexadecimal || text.len() == base64_len).then(|| Token::Digest(lossy(text.to_vec())))
    }

    fn line_start(&mut self, rule: Rule, start: usize, text: &[u8]) -> Token {
        if self.continued {
            return Token::Bad("invalid line continuation");
        }
        match rule {
            Rule::Include(dir, keep) => {
                if let Some(len) = keep {
                    self.keep(start, len);
                    self.bol = false;
                }
                self.state = State::GotInclude;
                if dir { Token::IncludeDir } else { Token::Include }
            }
            Rule::Defaults => {
                self.state = State::GotDefaults;
                let mut n = p::run(text, p::blank) + b"Defaults".len();
                let scope = match text.get(n) {
                    Some(b':') => Scope::User,
                    Some(b'>') => Scope::Runas,
                    Some(b'@') => Scope::Host,
                    Some(b'!') => Scope::Command,
                    _ => return Token::Defaults(Scope::Generic),
                };
                n += 1;
                n += p::run(text.get(n..).unwrap_or_default(), p::blank);
                self.keep(start, n);
                Token::Defaults(scope)
            }
            _ => {
                let name = text.get(p::run(text, p::blank)..).unwrap_or_default();
                let kind = ALIAS_LINES.iter().find(|(keyword, _)| *keyword == name);
                kind.map_or(Token::Bad("unknown alias line"), |(_, kind)| Token::AliasLine(*kind))
            }
        }
    }

    fn emit(&mut self, emit: Emit, text: &[u8]) -> Token {
        let string = || lossy(unescape(text));
        match emit {
            Emit::Word | Emit::Value => Token::Word(string()),
            Emit::DefaultName => {
                self.state = State::InDefaults;
                Token::DefaultName(string())
            }
            Emit::Group => Token::Group(string()),
            Emit::Netgroup => Token::Netgroup(string()),
            Emit::Net6 if !p::ipv6_valid(text) => Token::Bad("invalid IPv6 address"),
            Emit::Net4 | Emit::Net6 => Token::Net(string()),
            Emit::All => Token::All,
            Emit::Alias => Token::Alias(string()),
            Emit::Sign(c) => Token::Sign(c),
            Emit::SignThenStart(c) => {
                self.state = State::StartDefaults;
                Token::Sign(c)
            }
            Emit::Tag(tag) => Token::Tag(tag),
            Emit::Bad(why) => Token::Bad(why),
        }
    }
}
