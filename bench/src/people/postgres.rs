//! PostgreSQL with the same people: the right index for every question (trigrams for keywords), and the questions
//! written so that its planner takes them. A cluster of its own below the work directory, driven by `psql`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::questions::Source;
use super::{Answer, Page, Peer, Question, Values};
use crate::generate::{EDITION, People};
use crate::measure::{Samples, ticks};
use crate::report::PeopleRow;
use crate::{Options, Result};

const SETTINGS: &str = "listen_addresses=''\nshared_buffers=2GB\nwork_mem=256MB\nmaintenance_work_mem=1GB\n\
    effective_cache_size=8GB\nrandom_page_cost=1.1\nmax_wal_size=8GB\njit=off\nautovacuum=off\nfsync=off\n";
const TABLE: &str = "create extension if not exists pg_trgm; create table people(id text collate \"C\", \
    user_name text collate \"C\", display_name text collate \"C\", phone text, email text, status text, \
    description text, created bigint, updated bigint, last_login bigint, org text);";
const INDEXES: &str = "create unique index on people(id); create unique index on people(user_name); \
    create index on people(display_name, id); create index on people(status, updated desc, id); \
    create index on people(created); create index on people using gin(user_name gin_trgm_ops, id gin_trgm_ops); \
    vacuum analyze people; checkpoint;";
/// Printed by psql behind each answer.
const DONE: &str = "==done==";

/// Processor seconds of one question on each side, everybody alone on the machine.
#[derive(Debug, Serialize)]
pub struct PeerRow {
    /// Short name.
    pub question: String,
    /// Here.
    pub ours: f64,
    /// SQLite.
    pub sqlite: f64,
    /// PostgreSQL: the session's process alone.
    pub postgres: f64,
}

/// Asks PostgreSQL what the others were asked, and compares its answers with theirs. Nothing without a PostgreSQL.
pub fn run(
    options: &Options,
    known: &[(Question, Samples<Answer>)],
    rows: &[PeopleRow],
) -> Result<Vec<PeerRow>> {
    let Some(mut peer) = Postgres::open(options)? else {
        eprintln!("no PostgreSQL on this machine: `apt-get install postgresql` brings one");
        return Ok(Vec::new());
    };
    let source = Source::new(options.people);
    let mut measured = Vec::new();
    for ((question, known), row) in known.iter().zip(rows) {
        let begin = peer.cpu()?;
        let values = |number| source.values(number);
        let samples = Samples::take(options.seconds * 2.0, values, |values| peer.ask(*question, values))?;
        let cpu = peer.cpu()? - begin;
        super::compare(*question, &samples, known)?;
        // Two questions come before those that are counted.
        let postgres = cpu / (samples.answers.len() + 2) as f64;
        let (ours, sqlite) = row.mean;
        measured.push(PeerRow { question: row.question.clone(), ours, sqlite, postgres });
    }
    Ok(measured)
}

/// A cluster with one session.
struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    server: Child,
    psql: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Process of the session in the server.
    backend: u32,
    people: u64,
}

impl Postgres {
    /// Starts the cluster of this size, after loading it when no earlier run did. `None` when there is no PostgreSQL
    /// on this machine.
    fn open(options: &Options) -> Result<Option<Self>> {
        let Some(programs) = programs() else { return Ok(None) };
        let place = fs::canonicalize(&options.work)?.join(format!("postgres-{EDITION}-{}", options.people));
        let fresh = !place.join("loaded").exists();
        if fresh {
            make(&programs, &place)?;
        }
        let mut server =
            program(&programs, "postgres", &["-D", &text(&place.join("data")), "-k", &text(&place)]);
        let server = server
            .stdout(Stdio::null())
            .stderr(fs::File::create(options.work.join("postgres.log"))?)
            .spawn()?;
        if fresh {
            wait(&place)?;
            load(&programs, &place, options.people)?;
        }
        wait(&place)?;
        let arguments = ["-h", &text(&place), "-d", "postgres", "-qAtX", "-F", "\u{1f}"].map(str::to_owned);
        let mut psql = program(&programs, "psql", &arguments.each_ref().map(String::as_str));
        let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = psql.stdin.take().ok_or("psql has no input")?;
        let output = BufReader::new(psql.stdout.take().ok_or("psql has no output")?);
        let data = place.join("data");
        let mut peer =
            Postgres { programs, data, server, psql, input, output, backend: 0, people: options.people };
        let mut backend = String::new();
        peer.lines("select pg_backend_pid();", |line| line.clone_into(&mut backend))?;
        peer.backend = backend.parse()?;
        Ok(Some(peer))
    }

    /// Processor seconds of the session so far, in steps of a hundredth.
    fn cpu(&self) -> Result<f64> {
        Ok(ticks(&fs::read_to_string(format!("/proc/{}/stat", self.backend))?, 11))
    }

    fn lines(&mut self, sql: &str, mut each: impl FnMut(&str)) -> Result<()> {
        // A query and not `\echo`: psql keeps what that prints until something else makes it flush.
        writeln!(self.input, "{sql}\nselect '{DONE}';")?;
        self.input.flush()?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.output.read_line(&mut line)? == 0 {
                return Err("psql ended".into());
            }
            match line.trim_end() {
                DONE => return Ok(()),
                line => each(line),
            }
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Asked to end, not killed: between them and us may stand the program that changes users. What fails here fails
        // at the end of the run.
        let _asked = writeln!(self.input, "\\q").and_then(|()| self.input.flush());
        let _ended = self.psql.wait();
        let _asked =
            program(&self.programs, "pg_ctl", &["stop", "-s", "-m", "fast", "-D", &text(&self.data)])
                .status();
        let _ended = self.server.wait();
    }
}

impl Peer for Postgres {
    fn ask(&mut self, question: Question, values: &Values) -> Result<Answer> {
        let (offset, limit) = question.page(self.people);
        let Values { name, prefix, keyword, short, from, to } = values;
        let part = |part: &str| format!("(user_name like '%{part}%' or id like '%{part}%')");
        let page = format!("limit {limit} offset {offset}");
        let sql = match question {
            Question::Q1 => format!("select * from people where user_name = '{name}'"),
            Question::Q2 => format!(
                "with c as materialized (select * from people where user_name >= '{prefix}' and \
                 user_name < '{prefix}\u{10FFFF}') select * from c order by display_name, id {page}"
            ),
            Question::Q3 | Question::Q4 => {
                format!("select * from people where status = 'NORMAL' order by updated desc, id {page}")
            }
            Question::Q5 => format!(
                "with c as materialized (select * from people where {}) select * from c order by user_name {page}",
                part(keyword)
            ),
            Question::Q6 => format!(
                "with c as materialized (select id, user_name from people where created >= {from} and created < {to}), \
                 d as (select id from c order by user_name {page}) select p.* from d join people p using(id) \
                 order by p.user_name"
            ),
            Question::Q7 => format!(
                "select p.* from (select user_name from people order by user_name {page}) d \
                 join people p using(user_name) order by p.user_name"
            ),
            Question::Q8 | Question::Q8t => {
                format!("select * from people where {} order by user_name {page}", part(short))
            }
        };
        let mut found = Page::default();
        self.lines(&format!("{sql};"), |line| found.push(line.split('\u{1f}').next().unwrap_or_default()))?;
        let mut total = None;
        if question.wants_total() {
            let condition = match question {
                Question::Q5 => part(keyword),
                Question::Q8t => part(short),
                _ => "status = 'NORMAL'".to_owned(),
            };
            self.lines(&format!("select count(*) from people where {condition};"), |line| {
                total = line.parse().ok()
            })?;
        }
        Ok(found.end(total))
    }
}

/// The programs of the newest PostgreSQL there is.
fn programs() -> Option<PathBuf> {
    let versions =
        fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    versions.filter(|bin| bin.join("initdb").exists()).max()
}

/// A program of PostgreSQL, which refuses to run as root.
fn program(programs: &Path, name: &str, arguments: &[&str]) -> Command {
    let program = programs.join(name);
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments).current_dir("/");
    command
}

fn make(programs: &Path, place: &Path) -> Result<()> {
    if place.exists() {
        fs::remove_dir_all(place)?;
    }
    fs::create_dir_all(place)?;
    if rustix::process::geteuid().is_root() {
        done(Command::new("chown").arg("postgres").arg(place))?;
    }
    let data = place.join("data");
    done(
        program(programs, "initdb", &["-D", &text(&data), "-E", "UTF8", "--locale=C.UTF-8"])
            .stdout(Stdio::null()),
    )?;
    let mut settings = fs::OpenOptions::new().append(true).open(data.join("postgresql.conf"))?;
    Ok(settings.write_all(SETTINGS.as_bytes())?)
}

fn load(programs: &Path, place: &Path, count: u64) -> Result<()> {
    eprintln!("loading {count} people into PostgreSQL, once");
    let begin = Instant::now();
    let csv = place.join("people.csv");
    let mut file = csv::Writer::from_path(&csv)?;
    let people = People::new();
    let int = |value: Option<i64>| value.map(|v| v.to_string()).unwrap_or_default();
    for index in 0..count {
        let p = people.person(index);
        file.write_record([
            p.id.as_str(),
            &p.user_name,
            &p.display_name,
            p.phone.as_deref().unwrap_or_default(),
            p.email.as_deref().unwrap_or_default(),
            p.status.as_str(),
            p.description.as_deref().unwrap_or_default(),
            &int(Some(p.created)),
            &int(Some(p.updated)),
            &int(p.last_login),
            &p.org_node,
        ])?;
    }
    file.flush()?;
    let copy = format!("\\copy people from '{}' csv", text(&csv));
    for sql in [TABLE, &copy, INDEXES] {
        // Vacuum refuses to run with other statements in one transaction, which `-c` makes of several.
        for one in sql.split("; ") {
            done(&mut program(programs, "psql", &["-h", &text(place), "-d", "postgres", "-qX", "-c", one]))?;
        }
    }
    fs::remove_file(csv)?;
    fs::write(place.join("loaded"), "")?;
    eprintln!("loaded in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// Waits for the server to listen.
fn wait(place: &Path) -> Result<()> {
    for _ in 0..600 {
        if std::os::unix::net::UnixStream::connect(place.join(".s.PGSQL.5432")).is_ok() {
            std::thread::sleep(Duration::from_millis(300));
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err("PostgreSQL does not listen; see postgres.log in the work directory".into())
}

fn done(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
