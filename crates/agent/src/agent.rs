//! The agent itself: looks at the host when that is due, keeps what is new, and tells the server. Every decision is
//! taken here and in `schedule`; what it sees and to whom it talks comes from outside, so that tests can let hours pass.

use std::fmt::Display;
use std::time::Duration;

use crate::{
    changes,
    host::{Host, Scan, Wake},
    http::{CallError, Meaning},
    log::{Level, Log},
    schedule::Schedule,
    server::{EnrolRequest, PollRequest, ReportRequest, Reported, Server, VERSION},
    state::{Credential, Enrolment, Packed, State, Trouble},
    system,
};

/// How long a host that is not enrolled waits before it looks for its enrolment again.
const UNENROLLED: Duration = Duration::from_secs(3);
/// Longest rest: `enroll` may have written another enrolment.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// How long a report the server does not take is not tried again.
const REFUSED: Duration = Duration::from_secs(3600);
/// Milliseconds after which a report is repeated although its digest is known: how busy the host is (memory, space and
/// load, which the digest leaves out) is told by reports alone.
const RENEWED: i64 = 3_600_000;
/// How long an enrolment that waits for approval is left alone, unless the server says otherwise.
const PENDING_SECONDS: u64 = 120;

/// What a step of the agent came to, for `once`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered.
    Answered,
    /// There is no enrolment, or it waits for approval.
    NotEnrolled,
    /// The call failed.
    Failed(CallError),
}

/// An agent.
pub struct Agent<'a, H, S> {
    /// The host.
    pub host: H,
    /// The server.
    pub server: S,
    /// What is remembered.
    pub state: State,
    log: &'a Log,
    schedule: Schedule,
    enrolment: Option<Enrolment>,
    /// The server wants a whole report whatever it has.
    wanted: bool,
    /// The scan the server waits for.
    task: Option<u64>,
    /// Whether the server's wish was looked after since the task came.
    task_scanned: bool,
    told_unenrolled: bool,
    /// The enrolment as it was found last.
    on_disk: Option<Enrolment>,
    /// Digest of a report the server does not take, and until when it is not tried again.
    refused: Option<(String, Duration)>,
    /// Until when reports are sent whole, because the server did not understand changes.
    whole_until: Duration,
}

impl<'a, H: Host, S: Server> Agent<'a, H, S> {
    /// An agent that has not done anything yet.
    pub fn new(host: H, server: S, state: State, log: &'a Log) -> Self {
        let mut schedule = Schedule::default();
        schedule.set(state.progress.poll_seconds, state.progress.report_seconds);
        Agent {
            host,
            server,
            state,
            log,
            schedule,
            enrolment: None,
            wanted: false,
            task: None,
            task_scanned: false,
            told_unenrolled: false,
            on_disk: None,
            refused: None,
            whole_until: Duration::ZERO,
        }
    }

    /// Works until the program ends.
    pub fn run(&mut self) -> ! {
        loop {
            self.step();
        }
    }

    /// Does what is due, then waits until something is.
    pub fn step(&mut self) {
        self.load_enrolment();
        if self.credential().is_some() && self.schedule.scan_due(self.host.now()) {
            self.scan();
        }
        if self.schedule.call_due(self.host.now(), self.has_news()) {
            self.call();
        }
        let now = self.host.now();
        let rest = match self.credential() {
            Some(_) => self.schedule.rest(now, self.has_news()).min(LONGEST_REST),
            None => UNENROLLED,
        };
        if self.host.wait(rest) == Wake::Files {
            self.schedule.changed(self.host.now());
        }
    }

    /// Looks at the host and keeps what is new.
    ///
    /// Answers whether that worked.
    pub fn scan(&mut self) -> bool {
        let quuid = self.credential().map(|credential| credential.quuid.clone());
        let started = self.host.now();
        let seen = self.host.scan(quuid.as_deref(), self.log);
        let (now, random) = (self.host.now(), self.host.random());
        let scan = match seen {
            Ok(scan) => scan,
            Err(error) => {
                self.schedule.scanned(now, random, true);
                self.trouble("scan_failed", error, Some(system::LOOK_FAILED.to_owned()));
                return false;
            }
        };
        let news = self.keep(&scan);
        self.schedule.scanned(now, random, news);
        if scan.again {
            self.schedule.scan_soon(now);
        }
        self.task_scanned = true;
        self.state.progress.last_scan = self.host.wall();
        self.state.progress.accounts = scan.accounts;
        if news {
            self.state.save_progress(self.log);
        }
        let took = now.saturating_sub(started).as_millis();
        self.log.event(
            Level::Info,
            "scanned",
            &[("accounts", &scan.accounts), ("changed", &news), ("ms", &took)],
        );
        true
    }

    /// Puts a report into the queue when it is another one than the last.
    fn keep(&mut self, scan: &Scan) -> bool {
        let last = self.state.queue.last_digest().unwrap_or(&self.state.progress.sent);
        let known = last == scan.report.digest;
        let now = self.host.now();
        let hopeless = self
            .refused
            .as_ref()
            .is_some_and(|(digest, until)| *digest == scan.report.digest && now < *until);
        // A wall clock that was set back makes the last report one of the future, which is as good as old.
        let age = self.host.wall().saturating_sub(self.state.progress.last_report);
        let old = !(0..RENEWED).contains(&age);
        let wanted = (std::mem::take(&mut self.wanted) || old) && self.state.queue.len() == 0;
        if hopeless || (known && !wanted) {
            return false;
        }
        let dropped = self.state.push(scan.report.clone(), self.log);
        if dropped > 0 {
            self.state.progress.dropped = self.state.progress.dropped.saturating_add(dropped as u64);
            let next = "the states in between are lost, the latest is not; let the agent reach the server";
            self.log.event(Level::Warning, "queue_full", &[("dropped", &dropped), ("next", &next)]);
        }
        !known
    }

    /// Talks to the server once: enrols, sends the oldest report, or asks whether there is anything to do.
    pub fn call(&mut self) -> Outcome {
        let Some(enrolment) = self.enrolment.clone() else {
            if !std::mem::replace(&mut self.told_unenrolled, true) {
                let next = "run `rollcall-agent enroll --server URL --token TOKEN`";
                self.log.event(Level::Warning, "not_enrolled", &[("next", &next)]);
            }
            return Outcome::NotEnrolled;
        };
        self.told_unenrolled = false;
        let called = match enrolment.credential.as_ref() {
            None => return self.enrol(enrolment),
            Some(credential) => self.talk(&enrolment, credential),
        };
        match called {
            Ok(()) => {
                let (now, random) = (self.host.now(), self.host.random());
                self.schedule.answered(now, random);
                self.state.progress.last_contact = self.host.wall();
                if self.state.progress.trouble.take().is_some() {
                    self.log.event(Level::Info, "server_answers_again", &[("server", &enrolment.server)]);
                }
                self.state.save_progress(self.log);
                Outcome::Answered
            }
            Err(error) => self.call_failed(error),
        }
    }

    fn talk(&mut self, enrolment: &Enrolment, credential: &Credential) -> Result<(), CallError> {
        let log = self.log;
        let report = self.state.queue.front(|file| {
            log.event(Level::Error, "queue_damaged", &[("put_aside", &file)]);
        });
        let now = self.host.wall().div_euclid(1000);
        if let Some(report) = report {
            // Only the latest state answers a scan.
            let last = self.state.queue.len() == 1;
            let task = self.task.filter(|_| last && self.task_scanned);
            match self.send(enrolment, credential, &report, task, now) {
                Ok((reported, bytes)) => {
                    self.state.pop(log);
                    if task.is_some() {
                        self.task = None;
                    }
                    let (left, whole) = (self.state.queue.len(), report.gzip.len());
                    let numbers: [(&str, &dyn Display); 3] =
                        [("bytes", &bytes), ("whole", &whole), ("waiting", &left)];
                    log.event(Level::Info, "reported", &numbers);
                    self.state.progress.sent.clone_from(&report.digest);
                    self.state.progress.known = reported.digest;
                    self.state.progress.last_report = self.host.wall();
                    self.state.set_last(report, log);
                }
                Err(error) => {
                    if error.meaning() == Meaning::Never {
                        self.state.pop(log);
                        self.refused = Some((report.digest, self.host.now().saturating_add(REFUSED)));
                        self.task = None;
                    }
                    return Err(error);
                }
            }
            return Ok(());
        }
        if self.task.is_some() && self.task_scanned {
            let request = ReportRequest::unchanged(&credential.quuid, &self.state.progress.known, self.task);
            let reported = self.server.report(enrolment, &request, now)?;
            if reported.report_needed {
                self.want_report();
            } else {
                self.task = None;
            }
            return Ok(());
        }
        self.poll(enrolment, credential, now)
    }

    /// Sends a report: what is different from the last one when the server has that, else the whole. Says how many
    /// bytes that took.
    fn send(
        &mut self,
        enrolment: &Enrolment,
        credential: &Credential,
        report: &Packed,
        task: Option<u64>,
        now: i64,
    ) -> Result<(Reported, usize), CallError> {
        if let Some((base, changes)) = self.changes(report) {
            let request = ReportRequest::sparing(&credential.quuid, &base, &report.digest, &changes, task);
            match self.server.report(enrolment, &request, now) {
                Ok(reported) if !reported.report_needed => return Ok((reported, changes.len())),
                Ok(_) => self.log.event(Level::Info, "whole_report_asked_for", &[]),
                // Perhaps an older server; the whole report decides.
                Err(error) if error.meaning() == Meaning::Never => {
                    self.whole_until = self.host.now().saturating_add(REFUSED);
                    self.log.event(Level::Warning, "changes_refused", &[("error", &error)]);
                }
                Err(error) => return Err(error),
            }
        }
        let reported = self.server.report(enrolment, &ReportRequest::whole(report, task), now)?;
        Ok((reported, report.gzip.len()))
    }

    /// The digest of the server's last report and what is different in this one, when that is worth telling apart. A
    /// server that gave the last one another digest keeps it in another form (another version, most likely).
    fn changes(&self, report: &Packed) -> Option<(String, Vec<u8>)> {
        let known = &self.state.progress.known;
        let last = self.state.last().filter(|last| last.digest == *known && !known.is_empty())?;
        if self.host.now() < self.whole_until {
            return None;
        }
        Some((known.clone(), changes::between(last, report)?))
    }

    fn poll(&mut self, enrolment: &Enrolment, credential: &Credential, now: i64) -> Result<(), CallError> {
        let request = PollRequest {
            quuid: credential.quuid.clone(),
            agent_version: VERSION.to_owned(),
            digest: self.state.progress.known.clone(),
        };
        let polled = self.server.poll(enrolment, &request, now)?;
        self.set_times(polled.poll_seconds, polled.report_seconds);
        let task = Some(polled.scan_task).filter(|task| *task != 0);
        if polled.collect_now || task.is_some() {
            self.task = task;
            self.task_scanned = false;
            self.schedule.scan_now(self.host.now());
            let task = polled.scan_task;
            self.log.event(Level::Info, "scan_asked_for", &[("task", &task)]);
        }
        if polled.report_needed {
            self.want_report();
        }
        Ok(())
    }

    fn want_report(&mut self) {
        self.log.event(Level::Info, "report_asked_for", &[]);
        self.wanted = true;
        self.state.forget_last();
        if self.refused.is_some() {
            // There may be nothing to answer with: the server is not to be asked again and again.
            self.task = None;
        }
        self.schedule.scan_now(self.host.now());
    }

    fn enrol(&mut self, enrolment: Enrolment) -> Outcome {
        match enrol(&mut self.host, &mut self.server, &self.state.instance_key(self.log), enrolment, self.log)
        {
            Ok((enrolment, poll, report)) => {
                let now = self.host.now();
                if enrolment.credential.is_none() {
                    let pause = Duration::from_secs(poll.unwrap_or(PENDING_SECONDS).clamp(1, 600));
                    let jittered = pause.mul_f64(0.9 + 0.2 * self.host.random());
                    self.schedule.pause(now, jittered);
                    let next = "approve the host on the server (rollcall hosts approve)";
                    self.log.event(Level::Warning, "approval_pending", &[("next", &next)]);
                    return Outcome::NotEnrolled;
                }
                self.log.event(Level::Info, "enrolled", &[("server", &enrolment.server)]);
                self.state.set_enrolment(&enrolment, self.log);
                self.enrolment = Some(enrolment);
                self.set_times(poll, report);
                let random = self.host.random();
                self.schedule.answered(now, random);
                self.schedule.scan_now(now);
                Outcome::Answered
            }
            Err(error) => self.call_failed(error),
        }
    }

    fn call_failed(&mut self, error: CallError) -> Outcome {
        let (now, random) = (self.host.now(), self.host.random());
        let hopeless = error.meaning() == Meaning::Key;
        let pause = self.schedule.failed(now, random, hopeless).as_secs();
        let next = error.advice().map(str::to_owned);
        self.trouble("call_failed", format!("{error}; next try in {pause} s"), next);
        Outcome::Failed(error)
    }

    fn trouble(&mut self, event: &str, what: String, next: Option<String>) {
        let hint = next.as_deref().unwrap_or("-");
        self.log.event(Level::Warning, event, &[("error", &what), ("next", &hint)]);
        self.state.progress.trouble = Some(Trouble { at: self.host.wall(), what, next });
        self.state.save_progress(self.log);
    }

    fn set_times(&mut self, poll: Option<u64>, report: Option<u64>) {
        let progress = &mut self.state.progress;
        progress.poll_seconds = poll.unwrap_or(progress.poll_seconds);
        progress.report_seconds = report.unwrap_or(progress.report_seconds);
        self.schedule.set(progress.poll_seconds, progress.report_seconds);
    }

    fn credential(&self) -> Option<&Credential> {
        self.enrolment.as_ref()?.credential.as_ref()
    }

    /// Whether something waits to be told.
    pub fn has_news(&self) -> bool {
        self.state.queue.len() > 0 || (self.task.is_some() && self.task_scanned)
    }

    /// Whether there is a key to work with.
    pub fn is_enrolled(&self) -> bool {
        self.credential().is_some()
    }

    /// Whether the server has asked for a scan or a whole report.
    pub fn wants_scan(&self) -> bool {
        self.wanted || (self.task.is_some() && !self.task_scanned)
    }

    /// Takes over what `enroll` may have written meanwhile. What cannot be read now stays as it was.
    pub fn load_enrolment(&mut self) {
        let Some(found) = self.state.enrolment(self.log) else { return };
        if self.on_disk.as_ref() == Some(&found) {
            return;
        }
        self.on_disk = Some(found.clone());
        if self.enrolment.as_ref() == Some(&found) {
            return;
        }
        if self.enrolment.replace(found).is_some() {
            // Another server, or another host in its eyes: it has none of our reports.
            self.state.progress.sent.clear();
            self.state.progress.known.clear();
            self.schedule = Schedule::default();
            self.set_times(None, None);
        }
    }
}

/// Asks for a key: the enrolment with it, or still without it, and how often the server wants to hear of the host.
///
/// # Errors
/// [`CallError`].
pub fn enrol<H: Host, S: Server>(
    host: &mut H,
    server: &mut S,
    instance_key: &Result<String, crate::error::Failure>,
    mut enrolment: Enrolment,
    log: &Log,
) -> Result<(Enrolment, Option<u64>, Option<u64>), CallError> {
    let instance_key = instance_key.clone().map_err(|failure| CallError::Local(failure.to_string()))?;
    let scan = host.scan(None, log).map_err(CallError::Local)?;
    if scan.host.machine_id.is_empty() {
        return Err(CallError::Local(system::NO_MACHINE_ID.to_owned()));
    }
    let request = EnrolRequest {
        machine_id: scan.host.machine_id,
        host_name: scan.host.name,
        instance_key,
        agent_version: VERSION.to_owned(),
        os_info: scan.host.os_info,
    };
    let now = host.wall().div_euclid(1000);
    let answer = server.enrol(&enrolment, &request, now)?;
    enrolment.credential = answer.credential();
    if enrolment.credential.is_some() {
        enrolment.token = None;
    } else if answer.state == "active" {
        return Err(CallError::Local("the server enrolled this host but gave it no key".to_owned()));
    }
    Ok((enrolment, answer.poll_seconds, answer.report_seconds))
}
