//! The grammar of one sudoers file over the scanner's tokens, with sudo's recovery: an entry with an error is dropped
//! up to the end of its line, the rest of the file stays (sudo 1.9; older ones gave up). After an error in the second
//! or a later `:` part of a user specification the parts before it stay, if the line goes on soundly. A policy that ends
//! before the line of an error does (a backslash at the very end) is refused whole.
//! Source: sudo's `gram.y`. Following includes is left to the caller.

use std::sync::Arc;

use super::findings::Problem;
use super::lex::Lexer;
use super::token::{AliasKind, Opt, Scope, Tag, Token};
use super::tree::{
    AliasBody, Binding, Command, CommandSpec, Context, Defaults, Member, Name, Privilege, Runas, Setting,
    UserSpec, What,
};

/// What a file's entries mean to whoever puts the policy together.
pub(super) trait Sink {
    fn spec(&mut self, spec: UserSpec);
    fn defaults(&mut self, defaults: Defaults);
    /// False when the alias is defined already.
    fn alias(&mut self, kind: AliasKind, name: String, body: AliasBody) -> bool;
    fn include(&mut self, path: &str, dir: bool, line: u32);
    fn problem(&mut self, problem: Problem, line: u32, detail: String);
    /// The text so far ends within a line, which goes on in what is read next, or says that it has been passed over.
    fn open_line(&mut self) -> &mut bool;
}

/// An error, already at the place where parsing stopped.
struct Bad(String);

type Parse<T> = Result<T, Bad>;

struct Parser<'a> {
    lexer: Lexer<'a>,
    peeked: Option<(Token, u32)>,
}

/// Parses `bytes` of `file` entry by entry into `sink`.
pub(super) fn file(bytes: &[u8], file: &Arc<str>, sink: &mut dyn Sink) {
    let mut parser = Parser { lexer: Lexer::new(bytes), peeked: None };
    loop {
        let line = parser.line();
        if *sink.open_line() && *parser.peek() != Token::Eof {
            // What an included file left unfinished does not become sound by the next line.
            *sink.open_line() = !parser.skip_line();
            continue;
        }
        match parser.peek() {
            Token::Eof => return,
            Token::Newline => {
                parser.take();
            }
            _ => {
                if let Err(Bad(detail)) = parser.entry(file, line, sink) {
                    sink.problem(Problem::Syntax, line, detail);
                    *sink.open_line() = !parser.skip_line();
                }
            }
        }
    }
}

impl Parser<'_> {
    fn peek(&mut self) -> &Token {
        let lexer = &mut self.lexer;
        &self.peeked.get_or_insert_with(|| lexer.next()).0
    }

    fn line(&mut self) -> u32 {
        let lexer = &mut self.lexer;
        self.peeked.get_or_insert_with(|| lexer.next()).1
    }

    fn take(&mut self) -> Token {
        self.peeked.take().unwrap_or_else(|| self.lexer.next()).0
    }

    /// Passes over the rest of the line; false when the text ends before the line does.
    fn skip_line(&mut self) -> bool {
        loop {
            match self.take() {
                Token::Newline => return true,
                Token::Eof => return false,
                _ => {}
            }
        }
    }

    fn at(&mut self, sign: u8) -> bool {
        *self.peek() == Token::Sign(sign)
    }

    fn eat(&mut self, sign: u8) -> bool {
        let found = self.at(sign);
        if found {
            self.take();
        }
        found
    }

    fn expect(&mut self, sign: u8) -> Parse<()> {
        if self.eat(sign) { Ok(()) } else { Err(self.unexpected(&format!("'{}'", char::from(sign)))) }
    }

    fn unexpected(&mut self, wanted: &str) -> Bad {
        Bad(match self.peek() {
            Token::Bad(why) => (*why).to_owned(),
            Token::Newline | Token::Eof => format!("expected {wanted} before the end of the line"),
            token => format!("expected {wanted}, found {}", describe(token)),
        })
    }

    fn end_of_entry(&mut self) -> Parse<()> {
        if *self.peek() == Token::Newline {
            self.take();
            return Ok(());
        }
        Err(self.unexpected("the end of the line"))
    }

    fn entry(&mut self, file: &Arc<str>, line: u32, sink: &mut dyn Sink) -> Parse<()> {
        match *self.peek() {
            Token::Include => self.include(false, line, sink),
            Token::IncludeDir => self.include(true, line, sink),
            Token::AliasLine(kind) => {
                self.take();
                self.aliases(kind, sink)
            }
            Token::Defaults(scope) => {
                self.take();
                let defaults = self.defaults(scope)?;
                self.end_of_entry()?;
                sink.defaults(defaults);
                Ok(())
            }
            _ => {
                let users = self.list(Self::user)?;
                let privileges = self.privileges(line, sink)?;
                self.end_of_entry()?;
                sink.spec(UserSpec { users, privileges, file: Arc::clone(file), line });
                Ok(())
            }
        }
    }

    fn include(&mut self, dir: bool, line: u32, sink: &mut dyn Sink) -> Parse<()> {
        self.take();
        if !matches!(self.peek(), Token::Word(_)) {
            return Err(self.unexpected("a path to include"));
        }
        let Token::Word(path) = self.take() else { return Ok(()) };
        if self.end_of_entry().is_err() {
            sink.problem(Problem::Syntax, line, "text after the path to include".to_owned());
            if !self.skip_line() {
                *sink.open_line() = true;
                return Ok(());
            }
            // sudo follows the include all the same.
        }
        sink.include(&path, dir, line);
        Ok(())
    }

    fn aliases(&mut self, kind: AliasKind, sink: &mut dyn Sink) -> Parse<()> {
        loop {
            if !matches!(self.peek(), Token::Alias(_)) {
                return Err(self.unexpected("an alias name"));
            }
            let Token::Alias(name) = self.take() else { return Ok(()) };
            let line = self.line();
            self.expect(b'=')?;
            let body = match kind {
                AliasKind::User | AliasKind::Runas => AliasBody::Members(self.list(Self::user)?),
                AliasKind::Host => AliasBody::Members(self.list(Self::host)?),
                AliasKind::Command => AliasBody::Commands(self.list(Self::command)?),
            };
            if !sink.alias(kind, name.clone(), body) {
                sink.problem(Problem::AliasRedefined, line, name);
                *sink.open_line() = !self.skip_line();
                return Ok(());
            }
            if !self.eat(b':') {
                return self.end_of_entry();
            }
        }
    }

    fn defaults(&mut self, scope: Scope) -> Parse<Defaults> {
        let binding = match scope {
            Scope::Generic => Binding::Generic,
            Scope::User => Binding::Users(self.list(Self::user)?),
            Scope::Runas => Binding::Runas(self.list(Self::user)?),
            Scope::Host => Binding::Hosts(self.list(Self::host)?),
            Scope::Command => Binding::Commands(self.list(Self::command)?),
        };
        let settings = self.list(Self::setting)?;
        Ok(Defaults { binding, settings })
    }

    fn setting(&mut self) -> Parse<Setting> {
        let negated = self.eat(b'!');
        if !matches!(self.peek(), Token::DefaultName(_)) {
            return Err(self.unexpected("the name of a default"));
        }
        let Token::DefaultName(name) = self.take() else { return Err(Bad(String::new())) };
        let assigned = !negated && (self.eat(b'=') || self.eat(b'+') || self.eat(b'-'));
        let value = if assigned { Some(self.value()?) } else { None };
        Ok(Setting { name, negated, value })
    }

    fn value(&mut self) -> Parse<String> {
        if !matches!(self.peek(), Token::Word(_)) {
            return Err(self.unexpected("a value"));
        }
        match self.take() {
            Token::Word(text) => Ok(text),
            _ => Ok(String::new()),
        }
    }

    /// `item, item, …`
    fn list<T>(&mut self, item: fn(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat(b',') {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn user(&mut self) -> Parse<Member> {
        let negated = self.eat(b'!');
        let name = match self.peek() {
            Token::Alias(_) | Token::All | Token::Netgroup(_) | Token::Group(_) | Token::Word(_) => {
                self.name()
            }
            _ => return Err(self.unexpected("a user")),
        };
        Ok(Member { negated, name })
    }

    fn host(&mut self) -> Parse<Member> {
        let negated = self.eat(b'!');
        let name = match self.peek() {
            Token::Alias(_) | Token::All | Token::Netgroup(_) | Token::Net(_) | Token::Word(_) => self.name(),
            _ => return Err(self.unexpected("a host")),
        };
        Ok(Member { negated, name })
    }

    fn group(&mut self) -> Parse<Member> {
        let negated = self.eat(b'!');
        let name = match self.peek() {
            Token::Alias(_) | Token::All | Token::Word(_) => self.name(),
            _ => return Err(self.unexpected("a group")),
        };
        Ok(Member { negated, name })
    }

    /// The name in the next token, which the caller has looked at.
    fn name(&mut self) -> Name {
        match self.take() {
            Token::Alias(text) => Name::Alias(text),
            Token::Netgroup(text) => Name::Netgroup(text),
            Token::Group(text) => Name::Group(text),
            Token::Net(text) => Name::Net(text),
            Token::Word(text) => Name::Word(text),
            _ => Name::All,
        }
    }

    fn privileges(&mut self, line: u32, sink: &mut dyn Sink) -> Parse<Vec<Privilege>> {
        let mut privileges = vec![self.privilege()?];
        while self.eat(b':') {
            match self.privilege() {
                Ok(privilege) => privileges.push(privilege),
                Err(Bad(detail)) => sink.problem(Problem::Syntax, line, detail),
            }
        }
        Ok(privileges)
    }

    fn privilege(&mut self) -> Parse<Privilege> {
        let hosts = self.list(Self::host)?;
        self.expect(b'=')?;
        let mut commands: Vec<CommandSpec> = Vec::new();
        loop {
            let mut own = self.context()?;
            let command = self.command()?;
            if own.setenv.is_none() && command.what == What::All && !command.negated {
                own.setenv = Some(true);
                own.setenv_implied = true;
            }
            let context = match commands.last() {
                Some(previous) => inherit(own, &previous.context),
                None => own,
            };
            commands.push(CommandSpec { context, command });
            if !self.eat(b',') {
                return Ok(Privilege { hosts, commands });
            }
        }
    }

    /// `(runas)`, options, then tags.
    fn context(&mut self) -> Parse<Context> {
        let mut context = Context::default();
        if self.eat(b'(') {
            context.runas = Some(Arc::new(self.runas()?));
        }
        while let Token::Opt(opt) = *self.peek() {
            self.take();
            self.expect(b'=')?;
            let value = self.value()?;
            option(&mut context, opt, value)?;
        }
        while let Token::Tag(tag) = *self.peek() {
            self.take();
            match tag {
                Tag::NoPasswd(on) => context.nopasswd = Some(on),
                Tag::NoExec(on) => context.noexec = Some(on),
                Tag::SetEnv(on) => context.setenv = Some(on),
                Tag::Other => {}
            }
        }
        Ok(context)
    }

    fn runas(&mut self) -> Parse<Runas> {
        let myself = || Some(vec![Member { negated: false, name: Name::Myself }]);
        if self.eat(b')') {
            return Ok(Runas { users: myself(), groups: None });
        }
        let users = if self.at(b':') { None } else { Some(self.list(Self::user)?) };
        let mut groups = None;
        let mut colon = false;
        if self.eat(b':') {
            colon = true;
            if !(users.is_none() && self.at(b')')) {
                groups = Some(self.list(Self::group)?);
            }
        }
        self.expect(b')')?;
        let users = if colon && users.is_none() && groups.is_none() { myself() } else { users };
        Ok(Runas { users, groups })
    }

    fn command(&mut self) -> Parse<Command> {
        let mut digest = false;
        while let Token::DigestKind(_) = *self.peek() {
            self.take();
            self.expect(b':')?;
            if !matches!(self.peek(), Token::Digest(_)) {
                return Err(self.unexpected("a digest"));
            }
            self.take();
            digest = true;
            if !self.at(b',') {
                break;
            }
            self.take();
            if !matches!(self.peek(), Token::DigestKind(_)) {
                return Err(self.unexpected("a digest"));
            }
        }
        let negated = self.eat(b'!');
        let what = match self.peek() {
            Token::All | Token::Alias(_) | Token::Command { .. } | Token::Word(_) => self.what()?,
            _ => return Err(self.unexpected("a command")),
        };
        if digest && matches!(what, What::Alias(_)) {
            return Err(Bad("a digest requires a path name".to_owned()));
        }
        Ok(Command { negated, what, digest })
    }

    fn what(&mut self) -> Parse<What> {
        Ok(match self.take() {
            Token::Alias(name) => What::Alias(name),
            Token::Command { path, .. } if path.len() >= PATH_MAX => {
                return Err(Bad("command too long".to_owned()));
            }
            Token::Command { path, args } => What::Path { path, args },
            Token::Word(word) if word == "list" => What::Path { path: word, args: None },
            Token::Word(word) => return Err(Bad(format!("expected a fully qualified path, found {word}"))),
            _ => What::All,
        })
    }
}

/// Longest path Linux takes, its final NUL included.
const PATH_MAX: usize = 4096;

fn option(context: &mut Context, opt: Opt, value: String) -> Parse<()> {
    let path = |name: &str| {
        let sound = value.starts_with(['/', '~']) || value == "*";
        if sound && value.len() < PATH_MAX { Ok(()) } else { Err(Bad(format!("bad path for {name}"))) }
    };
    match opt {
        Opt::Cwd => path("CWD")?,
        Opt::Chroot => {
            path("CHROOT")?;
            context.chroot = true;
        }
        Opt::Timeout if !timeout(&value) => return Err(Bad("invalid timeout value".to_owned())),
        Opt::NotBefore | Opt::NotAfter if !general_time(&value) => {
            return Err(Bad("invalid time value".to_owned()));
        }
        Opt::NotBefore => context.not_before = Some(value),
        Opt::NotAfter => context.not_after = Some(value),
        Opt::Role | Opt::Type => context.role = true,
        Opt::Timeout | Opt::AppArmor => {}
    }
    Ok(())
}

/// Seconds, or numbers with the units d, h, m, s in falling order.
fn timeout(text: &str) -> bool {
    let mut units = "dhms".chars();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 || rest.get(..digits).is_none_or(|d| d.parse::<i32>().is_err()) {
            return false;
        }
        let mut tail = rest.get(digits..).unwrap_or_default().chars();
        match tail.next() {
            None => return true,
            Some(unit) if units.any(|next| next == unit.to_ascii_lowercase()) => rest = tail.as_str(),
            Some(_) => return false,
        }
    }
    !text.is_empty()
}

/// LDAP generalised time: `YYYYMMDDHH[MM[SS]]`, a fraction, then `Z` or an offset or nothing.
fn general_time(text: &str) -> bool {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if ![10, 12, 14].contains(&digits) {
        return false;
    }
    let field = |from: usize| text.get(from..from + 2).and_then(|d| d.parse::<u8>().ok());
    let sound = field(4).is_some_and(|month| (1..=12).contains(&month))
        && field(6).is_some_and(|day| (1..=31).contains(&day))
        && field(8).is_some_and(|hour| hour <= 23);
    let rest = text.get(digits..).unwrap_or_default();
    let rest =
        rest.strip_prefix(['.', ',']).map_or(rest, |f| f.trim_start_matches(|c: char| c.is_ascii_digit()));
    let zone = rest.is_empty()
        || rest == "Z"
        || rest
            .strip_prefix(['+', '-'])
            .is_some_and(|z| [2, 4].contains(&z.len()) && z.bytes().all(|c| c.is_ascii_digit()));
    sound && zone
}

/// What the previous command of the list said carries over unless this one says otherwise.
fn inherit(own: Context, previous: &Context) -> Context {
    Context {
        runas: own.runas.or_else(|| previous.runas.clone()),
        nopasswd: own.nopasswd.or(previous.nopasswd),
        noexec: own.noexec.or(previous.noexec),
        setenv: own.setenv.or(previous.setenv.filter(|_| !previous.setenv_implied)),
        setenv_implied: own.setenv_implied,
        not_before: own.not_before.or_else(|| previous.not_before.clone()),
        not_after: own.not_after.or_else(|| previous.not_after.clone()),
        role: own.role || previous.role,
        chroot: own.chroot || previous.chroot,
    }
}

fn describe(token: &Token) -> String {
    match token {
        Token::Word(s) | Token::Alias(s) | Token::Group(s) | Token::Netgroup(s) | Token::Net(s) => s.clone(),
        Token::DefaultName(s) | Token::Digest(s) => s.clone(),
        Token::Command { path, .. } => path.clone(),
        Token::Sign(c) => format!("'{}'", char::from(*c)),
        Token::All => "ALL".to_owned(),
        Token::Bad(why) => (*why).to_owned(),
        Token::Newline | Token::Eof => "the end of the line".to_owned(),
        _ => "a reserved word".to_owned(),
    }
}
