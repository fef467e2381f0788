//! The command line, and the commands that end by themselves. What goes on for ever is in `agent`.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    agent::{self, Agent, Outcome},
    error::{Failure, exit},
    host::Live,
    http::{self, CallError},
    log::{Level, Log},
    server::{Remote, VERSION, parse_token},
    state::{self, Enrolment, Limits, State},
    status,
    system::{self, Source},
};

const AFTER: &str = "\
Start with `rollcall-agent enroll --server https://rollcall.example:9321 --token rct1.…`; the service does the rest.

Exit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 not enrolled or not approved yet, 4 the server did
not answer (the report is kept and sent later), 5 the state directory cannot be written.";

/// Reports the accounts of this host to a Rollcall server, and every change of them
#[derive(Debug, Parser)]
#[command(name = "rollcall-agent", version, after_help = AFTER, max_term_width = 110)]
pub struct Cli {
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value_os_t = system::default_state(),
        hide_default_value = true,
        help = system::STATE_HELP,
    )]
    state: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Exchange an enrolment token for a key of this host
    Enroll(Enroll),
    /// Look at the host, report it, and go on doing so at every change
    Run(Source),
    /// Look at the host and report it once
    Once(Source),
    /// Show whether the agent is enrolled and how it gets on
    Status {
        /// Form of the output
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

#[derive(Debug, clap::Args)]
struct Enroll {
    /// Address of the server, such as https://rollcall.example:9321
    #[arg(long, value_name = "URL")]
    server: String,
    /// Enrolment token (`rollcall hosts token create` on the server); `-` reads it from the standard input
    #[arg(long, env = "ROLLCALL_ENROL_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: String,
    /// Certificates (PEM) to trust in place of the public ones; kept in the state directory
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Take plain HTTP beyond this machine, where everybody on the way can read the key that is answered
    #[arg(long)]
    insecure_http: bool,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Cli {
    /// Runs the command and answers the exit code.
    pub fn run(self) -> u8 {
        let log = Log::stderr();
        let done = match self.command {
            Command::Enroll(args) => enroll(&self.state, &args, &log),
            Command::Run(source) => run(&self.state, source, &log),
            Command::Once(source) => once(&self.state, source, &log),
            Command::Status { format } => status::show(&self.state, format == Format::Json, &log),
        };
        done.unwrap_or_else(|failure| {
            eprintln!("error: {failure}");
            if let Some(next) = &failure.next {
                eprintln!(" next: {next}");
            }
            failure.exit
        })
    }
}

fn of_call(error: &CallError) -> Failure {
    let later = matches!(error, CallError::Unreachable { .. } | CallError::Untrusted { .. });
    let code = if later { exit::LATER } else { exit::FAILED };
    let failure = Failure::new(error.to_string()).exit(code);
    match error.advice() {
        Some(advice) => failure.next(advice),
        None => failure,
    }
}

fn enroll(dir: &Path, args: &Enroll, log: &Log) -> Result<u8, Failure> {
    let enrolment = wanted(args)?;
    let (dir, key) = state::prepare(dir, log)?;
    let mut host = Live::new(args.source.clone(), false, log);
    let asked = agent::enrol(&mut host, &mut Remote::default(), &Ok(key), enrolment, log);
    let (enrolment, _, _) = asked.map_err(|e| of_enrolment(&e))?;
    state::keep(&dir, &enrolment)?;
    match &enrolment.credential {
        Some(credential) => {
            println!("enrolled: host {}", credential.quuid);
            Ok(0)
        }
        None => Err(Failure::new(
            "the server knows another installation with this machine id; this one waits for approval",
        )
        .next("approve it on the server (rollcall hosts approve); `rollcall-agent run` asks again by itself")
        .exit(exit::NOT_ENROLLED)),
    }
}

fn of_enrolment(error: &CallError) -> Failure {
    let failure = of_call(error);
    match error {
        CallError::Refused { .. } if error.meaning() == http::Meaning::Key => failure.next(
            "make a new token on the server (rollcall hosts token create); this one is unknown, used up or expired",
        ),
        _ => failure,
    }
}

/// What the options mean, checked before anything is written.
fn wanted(args: &Enroll) -> Result<Enrolment, Failure> {
    let usage = |what: &str| Failure::new(what).exit(2);
    let token = match args.token.as_str() {
        "-" => std::io::read_to_string(std::io::stdin()).map_err(|e| usage(&format!("no token: {e}")))?,
        token => token.to_owned(),
    };
    if parse_token(&token).is_none() {
        return Err(usage("that is no enrolment token")
            .next("it looks like rct1.ID.SECRET; make one on the server (rollcall hosts token create)"));
    }
    if http::is_open(&args.server).map_err(|e| usage(&e.to_string()))? && !args.insecure_http {
        return Err(usage("over plain HTTP everybody on the way could read the key that is answered")
            .next("use https:// (and --ca for a certificate of your own), or say --insecure-http"));
    }
    let ca = args.ca.as_ref().map(|path| {
        std::fs::read_to_string(path).map_err(|e| Failure::new(format!("{}: {e}", path.display())))
    });
    Ok(Enrolment {
        server: args.server.trim_end_matches('/').to_owned(),
        ca: ca.transpose()?,
        token: Some(token.trim().to_owned()),
        credential: None,
    })
}

/// How often, and after which pause, a state directory that somebody holds is tried again.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// Opens the state for this program alone.
fn open(dir: &Path, log: &Log) -> Result<(State, Option<std::fs::File>), Failure> {
    let state = State::open(dir, Limits::default(), log);
    let mut lock = state::Dir::new(dir).lock();
    for _ in 0..LOCK_TRIES {
        if !matches!(lock, Ok(None)) {
            break;
        }
        // `status` holds it for a moment, too, to see whether anybody does.
        std::thread::sleep(LOCK_PAUSE);
        lock = state::Dir::new(dir).lock();
    }
    match lock {
        Ok(Some(lock)) => Ok((state, Some(lock))),
        Ok(None) => Err(Failure::new("another rollcall-agent works in this state directory")
            .next("leave it to that one (see `rollcall-agent status`), or stop it first")),
        // Without a directory there is nobody to share it with.
        Err(_) => Ok((state, None)),
    }
}

fn run(dir: &Path, source: Source, log: &Log) -> Result<u8, Failure> {
    end_on_signal()?;
    let (state, _lock) = open(dir, log)?;
    log.event(Level::Info, "started", &[("version", &VERSION), ("waiting", &state.queue.len())]);
    let host = Live::new(source, true, log);
    Agent::new(host, Remote::default(), state, log).run()
}

/// Ends the program at once and cleanly: every file is whole at any moment.
fn end_on_signal() -> Result<(), Failure> {
    let last = || {
        Log::stderr().event(Level::Info, "stopped", &[]);
        std::process::exit(0);
    };
    system::end_on_signal(last).map_err(Failure::new)
}

fn once(dir: &Path, source: Source, log: &Log) -> Result<u8, Failure> {
    let (state, _lock) = open(dir, log)?;
    let host = Live::new(source, false, log);
    let mut agent = Agent::new(host, Remote::default(), state, log);
    agent.load_enrolment();
    let outcome = report_once(&mut agent)?;
    match outcome {
        Outcome::NotEnrolled => Err(Failure::new("this host is not enrolled, or not approved yet")
            .next("run `rollcall-agent enroll --server URL --token TOKEN`")
            .exit(exit::NOT_ENROLLED)),
        Outcome::Failed(error) => Err(of_call(&error)),
        Outcome::Answered if agent.state.has_failed() => Ok(exit::STATE),
        Outcome::Answered => Ok(0),
    }
}

/// Scans, then calls until nothing waits: what is queued, and a poll that tells whether the server has it all.
fn report_once(agent: &mut Agent<'_, Live, Remote>) -> Result<Outcome, Failure> {
    if !agent.is_enrolled() {
        let asked = agent.call();
        if !agent.is_enrolled() {
            return Ok(asked);
        }
    }
    let mut polled = false;
    loop {
        if !agent.scan() {
            return Err(Failure::new("the host could not be looked at").next(system::LOOK_FAILED));
        }
        while agent.has_news() {
            match agent.call() {
                Outcome::Answered => {}
                other => return Ok(other),
            }
        }
        if polled {
            return Ok(Outcome::Answered);
        }
        match agent.call() {
            Outcome::Answered if agent.wants_scan() => polled = true,
            other => return Ok(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
