//! The agent on a host and with a server that are made up: hours pass at once, disks fill, clocks jump.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use model::facts::{self, AccountFacts, Changes, HostReport};

use crate::{
    agent::{Agent, Outcome},
    host::{Host, Identity, Scan, Wake},
    http::CallError,
    log::Log,
    server::{EnrolRequest, Enrolled, PollRequest, Polled, ReportRequest, Reported, Server},
    state::{Credential, Enrolment, Limits, Packed, State, keep, prepare},
};

/// What both sides share: the host's content, and what the server has heard.
#[derive(Default)]
struct World {
    now: Duration,
    /// Wall clock minus monotonic clock, milliseconds.
    offset: i64,
    /// The host's content, the number of one account.
    content: u64,
    /// Contents to come: at which time which.
    to_come: Vec<(Duration, u64)>,
    down: bool,
    pending: bool,
    refuse: Option<&'static str>,
    collect: Option<u64>,
    forgot: bool,
    /// The server knows nothing of changes.
    old: bool,
    /// The report the server has.
    has: HostReport,
    /// How many arrived as changes.
    spared: usize,
    /// When which call was made, and what came of it.
    calls: Vec<(Duration, String)>,
    /// Contents that arrived, and the scans they answer.
    arrived: Vec<(u64, Option<u64>)>,
    scans: u64,
    log: Vec<u8>,
}

type Shared = Rc<RefCell<World>>;

struct FakeHost(Shared, u32);
struct FakeServer(Shared);
struct Sink(Shared);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn report(content: u64) -> HostReport {
    let account = |n: u64| AccountFacts { name: format!("user{}", n * n), ..Default::default() };
    let mut accounts: Vec<_> = (0..100).map(account).collect();
    accounts[50].gecos = content.to_string();
    HostReport { accounts, ..Default::default() }
}

fn digest_of(report: &HostReport) -> String {
    facts::print_digest(facts::digest(&facts::undated_json(&mut report.clone()).unwrap()))
}

fn digest(content: u64) -> String {
    digest_of(&report(content))
}

fn unpack<T: serde::de::DeserializeOwned>(packed: &str) -> T {
    let gzip = STANDARD.decode(packed).unwrap();
    serde_json::from_reader(GzDecoder::new(&gzip[..])).unwrap()
}

impl Host for FakeHost {
    fn now(&self) -> Duration {
        self.0.borrow().now
    }

    fn wall(&self) -> i64 {
        let world = self.0.borrow();
        1_800_000_000_000 + world.offset + i64::try_from(world.now.as_millis()).unwrap()
    }

    fn random(&mut self) -> f64 {
        self.1 = self.1.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.1) / (f64::from(u32::MAX) + 1.0)
    }

    fn wait(&mut self, time: Duration) -> Wake {
        let mut world = self.0.borrow_mut();
        let end = world.now + time;
        match world.to_come.first().copied().filter(|(at, _)| *at <= end) {
            Some((at, content)) => {
                world.to_come.remove(0);
                world.now = at.max(world.now);
                world.content = content;
                Wake::Files
            }
            None => {
                world.now = end;
                Wake::Time
            }
        }
    }

    fn scan(&mut self, _: Option<&str>, _: &Log) -> Result<Scan, String> {
        let mut world = self.0.borrow_mut();
        world.scans += 1;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        serde_json::to_writer(&mut gzip, &report(world.content)).unwrap();
        Ok(Scan {
            report: Packed { digest: digest(world.content), gzip: gzip.finish().unwrap() },
            accounts: 3,
            host: Identity { machine_id: "m".into(), name: "n".into(), os_info: "o".into() },
            again: false,
        })
    }
}

impl FakeServer {
    fn called(&self, what: &str) -> Result<(), CallError> {
        let mut world = self.0.borrow_mut();
        let now = world.now;
        world.calls.push((now, what.to_owned()));
        if world.down {
            return Err(CallError::Unreachable { url: "u".into(), reason: "down".into() });
        }
        match world.refuse {
            Some(code) => {
                Err(CallError::Refused { code: code.into(), message: "no".into(), request_id: "r".into() })
            }
            None => Ok(()),
        }
    }
}

impl Server for FakeServer {
    fn enrol(&mut self, _: &Enrolment, request: &EnrolRequest, _: i64) -> Result<Enrolled, CallError> {
        self.called("enrol")?;
        assert_eq!((request.instance_key.len(), request.machine_id.as_str()), (64, "m"));
        let some = |text: &str| Some(text.to_owned());
        let state = if self.0.borrow().pending { "pending" } else { "active" };
        Ok(Enrolled {
            state: state.into(),
            secret_id: some("id"),
            secret_key: some("key"),
            quuid: some("q"),
            uuid: None,
            poll_seconds: Some(60),
            report_seconds: Some(1800),
        })
    }

    fn poll(&mut self, _: &Enrolment, request: &PollRequest, _: i64) -> Result<Polled, CallError> {
        self.called("poll")?;
        let mut world = self.0.borrow_mut();
        let collect = world.collect.take();
        let has = world.arrived.last().map(|(content, _)| digest(*content));
        let forgot = world.forgot;
        Ok(Polled {
            collect_now: collect.is_some(),
            scan_task: collect.unwrap_or(0),
            report_needed: forgot || has.as_deref() != Some(&request.digest),
            ..Default::default()
        })
    }

    fn report(&mut self, _: &Enrolment, request: &ReportRequest, _: i64) -> Result<Reported, CallError> {
        self.called("report")?;
        let mut world = self.0.borrow_mut();
        if world.old && request.changes.is_some() {
            let code = "UnknownParameter".into();
            return Err(CallError::Refused { code, message: "no".into(), request_id: "r".into() });
        }
        if let Some(text) = &request.report_gzip {
            world.has = unpack(text);
        } else if request.base.as_ref().or(request.digest.as_ref()) != Some(&digest_of(&world.has)) {
            return Ok(Reported { report_needed: true, ..Default::default() });
        } else if let Some(text) = &request.changes {
            let made = unpack::<Changes>(text).apply(world.has.clone()).unwrap();
            assert_eq!(Some(digest_of(&made)), request.digest);
            world.has = made;
            world.spared += 1;
        }
        let content = world.has.accounts[50].gecos.parse().unwrap();
        world.arrived.push((content, request.scan_task));
        world.forgot = false;
        Ok(Reported { digest: digest(content), report_needed: false })
    }
}

struct Rig {
    world: Shared,
    log: Log,
    place: tempfile::TempDir,
}

impl Rig {
    fn new() -> Rig {
        let world = Shared::default();
        world.borrow_mut().content = 1;
        let log = Log::to(Box::new(Sink(Rc::clone(&world))), false);
        Rig { world, log, place: tempfile::tempdir().unwrap() }
    }

    fn enrolled() -> Rig {
        let rig = Rig::new();
        let credential = Credential {
            secret_id: "id".into(),
            secret_key: "hunter2".into(),
            quuid: "q".into(),
            uuid: String::new(),
        };
        rig.keep(&Enrolment { server: "s".into(), credential: Some(credential), ..Default::default() });
        rig
    }

    fn keep(&self, enrolment: &Enrolment) {
        let (dir, _) = prepare(&self.path("state"), &self.log).unwrap();
        keep(&dir, enrolment).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.place.path().join(name)
    }

    fn agent(&self) -> Agent<'_, FakeHost, FakeServer> {
        self.agent_in(&self.path("state"))
    }

    fn agent_in(&self, state: &Path) -> Agent<'_, FakeHost, FakeServer> {
        let state = State::open(state, Limits::default(), &self.log);
        let seed = u32::try_from(self.world.borrow().calls.len()).unwrap();
        Agent::new(
            FakeHost(Rc::clone(&self.world), seed),
            FakeServer(Rc::clone(&self.world)),
            state,
            &self.log,
        )
    }

    fn arrived(&self) -> Vec<u64> {
        self.world.borrow().arrived.iter().map(|(content, _)| *content).collect()
    }

    fn calls(&self, what: &str) -> usize {
        self.world.borrow().calls.iter().filter(|(_, call)| call == what).count()
    }

    fn log_text(&self) -> String {
        String::from_utf8(self.world.borrow().log.clone()).unwrap()
    }
}

fn pass(agent: &mut Agent<'_, FakeHost, FakeServer>, seconds: u64) {
    let end = agent.host.now() + Duration::from_secs(seconds);
    while agent.host.now() < end {
        agent.step();
    }
}

#[test]
fn a_quiet_hour_costs_one_report_and_a_poll_a_minute() {
    let rig = Rig::enrolled();
    let mut agent = rig.agent();
    pass(&mut agent, 3500);
    assert_eq!(rig.arrived(), [1]);
    assert!((53..70).contains(&rig.calls("poll")), "{}", rig.calls("poll"));
    drop(agent);
    let mut agent = rig.agent();
    pass(&mut agent, 60);
    assert_eq!(rig.arrived(), [1], "a restart tells nothing new");
    assert!(!rig.log_text().contains("hunter2"));
}

#[test]
fn what_is_different_is_sent_and_the_whole_where_that_will_not_do() {
    let rig = Rig::enrolled();
    let mut agent = rig.agent();
    let next = |agent: &mut Agent<'_, FakeHost, FakeServer>, content: u64| {
        rig.world.borrow_mut().to_come = vec![(agent.host.now(), content)];
        let calls = rig.calls("report");
        pass(agent, 10);
        assert_eq!(rig.arrived().last(), Some(&content));
        (rig.world.borrow().spared, rig.calls("report") - calls)
    };
    assert_eq!(next(&mut agent, 1), (0, 1), "the first is whole");
    assert_eq!(next(&mut agent, 2), (1, 1));
    drop(agent);
    let mut agent = rig.agent();
    assert_eq!(next(&mut agent, 3), (2, 1), "a restart keeps what was sent");
    rig.world.borrow_mut().has = report(1);
    assert_eq!(next(&mut agent, 4), (2, 2), "the server has an older one: whole, at once");
    assert_eq!(next(&mut agent, 5), (3, 1));
    fs::write(rig.path("state/last-report"), format!("{}{}", digest(5), "no gzip")).unwrap();
    drop(agent);
    let mut agent = rig.agent();
    assert_eq!(next(&mut agent, 6), (3, 1), "one that is damaged is no loss");
    rig.world.borrow_mut().old = true;
    assert_eq!(next(&mut agent, 7), (3, 2), "an older server is asked once");
    assert_eq!(next(&mut agent, 8), (3, 1));
    rig.world.borrow_mut().old = false;
    pass(&mut agent, 3700);
    assert_eq!(next(&mut agent, 9).1, 1);
    assert!(rig.world.borrow().spared > 3, "an hour later it is tried again");
    let log = rig.log_text();
    assert!(log.contains("event=whole_report_asked_for") && log.contains("event=changes_refused"), "{log}");
}

#[test]
fn a_quiet_host_repeats_its_report_now_and_then() {
    let rig = Rig::enrolled();
    let mut agent = rig.agent();
    pass(&mut agent, 8 * 3600);
    let arrived = rig.arrived();
    assert!((4..=9).contains(&arrived.len()), "{arrived:?}");
    assert!(arrived.iter().all(|&content| content == 1));
}

#[test]
fn a_change_is_told_within_seconds() {
    let rig = Rig::enrolled();
    let mut agent = rig.agent();
    pass(&mut agent, 100);
    let at = agent.host.now() + Duration::from_secs(7);
    rig.world.borrow_mut().to_come = vec![(at, 2), (at + Duration::from_millis(300), 3)];
    pass(&mut agent, 12);
    assert_eq!(rig.arrived(), [1, 3], "what comes together is told together");
    let told = rig.world.borrow().calls.iter().rfind(|(_, call)| call == "report").unwrap().0;
    assert!(told - at < Duration::from_secs(3), "{:?}", told - at);
}

#[test]
fn nothing_is_lost_while_the_server_is_gone_for_an_hour() {
    let rig = Rig::enrolled();
    let mut agent = rig.agent();
    pass(&mut agent, 100);
    let start = agent.host.now();
    rig.world.borrow_mut().down = true;
    rig.world.borrow_mut().to_come = (2..=20).map(|n| (start + Duration::from_secs(n * 100), n)).collect();
    pass(&mut agent, 1800);
    drop(agent);
    // The host starts anew in between.
    let mut agent = rig.agent();
    pass(&mut agent, 1800);
    let calls_while_down = rig.world.borrow().calls.iter().filter(|(at, _)| *at > start).count();
    assert!((12..120).contains(&calls_while_down), "{calls_while_down}");
    rig.world.borrow_mut().down = false;
    let back = agent.host.now();
    pass(&mut agent, 400);
    assert_eq!(rig.arrived(), (1..=20).collect::<Vec<_>>(), "every state, in order, once");
    let times: Vec<_> =
        rig.world.borrow().calls.iter().filter(|(at, _)| *at > back).map(|(at, _)| *at).collect();
    assert!(times.len() < 30, "no flood: {}", times.len());
    assert!(rig.log_text().contains("server_answers_again"));
}

#[test]
fn a_flapping_host_drops_from_the_middle_and_says_so() {
    let rig = Rig::enrolled();
    rig.world.borrow_mut().down = true;
    let mut agent = rig.agent();
    rig.world.borrow_mut().to_come = (2..=100).map(|n| (Duration::from_secs(n * 30), n)).collect();
    pass(&mut agent, 3100);
    assert_eq!(agent.state.queue.len(), Limits::default().reports);
    assert_eq!(agent.state.progress.dropped, 36);
    rig.world.borrow_mut().down = false;
    pass(&mut agent, 600);
    let arrived = rig.arrived();
    assert_eq!((arrived.len(), arrived[0], arrived[1], arrived[63]), (64, 1, 38, 100));
    assert!(rig.log_text().contains("event=queue_full"));
}

#[test]
fn wall_clocks_that_jump_stall_nothing() {
    let rig = Rig::enrolled();
    let mut agent = rig.agent();
    for (step, offset) in [-10_000_000_000_i64, 10_000_000_000, 0, -1_700_000_000_000].into_iter().enumerate()
    {
        rig.world.borrow_mut().offset = offset;
        let content = 2 + step as u64;
        let at = agent.host.now() + Duration::from_secs(60);
        rig.world.borrow_mut().to_come = vec![(at, content)];
        let polls = rig.calls("poll");
        pass(&mut agent, 300);
        assert_eq!(rig.arrived().last(), Some(&content));
        assert!((3..8).contains(&(rig.calls("poll") - polls)));
    }
}

#[test]
fn the_server_may_ask_for_a_scan_and_for_a_report() {
    let rig = Rig::enrolled();
    let mut agent = rig.agent();
    pass(&mut agent, 100);
    rig.world.borrow_mut().collect = Some(1);
    pass(&mut agent, 100);
    assert_eq!(rig.world.borrow().arrived.last(), Some(&(1, Some(1))), "unchanged, but answered");
    rig.world.borrow_mut().collect = Some(2);
    rig.world.borrow_mut().content = 2;
    pass(&mut agent, 100);
    assert_eq!(rig.world.borrow().arrived.last(), Some(&(2, Some(2))));
    rig.world.borrow_mut().forgot = true;
    pass(&mut agent, 100);
    assert_eq!(rig.arrived(), [1, 1, 2, 2]);
}

#[test]
fn a_report_the_server_never_takes_is_not_sent_for_ever() {
    let rig = Rig::enrolled();
    rig.world.borrow_mut().refuse = Some("InvalidParameterValue");
    let mut agent = rig.agent();
    pass(&mut agent, 60);
    rig.world.borrow_mut().refuse = None;
    rig.world.borrow_mut().collect = Some(7);
    pass(&mut agent, 1200);
    assert_eq!(rig.calls("report"), 1);
    assert!(rig.calls("poll") < 30);
    let at = agent.host.now();
    rig.world.borrow_mut().to_come = vec![(at, 2)];
    pass(&mut agent, 20);
    assert_eq!(rig.arrived(), [2]);
}

#[test]
fn a_revoked_key_is_tried_seldom_until_a_new_enrolment() {
    let rig = Rig::enrolled();
    let mut agent = rig.agent();
    pass(&mut agent, 100);
    rig.world.borrow_mut().refuse = Some("AuthFailure.SecretIdNotFound");
    let before = rig.world.borrow().calls.len();
    pass(&mut agent, 3600);
    let tries = rig.world.borrow().calls.len() - before;
    assert!((11..26).contains(&tries), "{tries}");
    assert!(agent.state.progress.trouble.as_ref().unwrap().next.as_ref().unwrap().contains("enrol"));
    rig.world.borrow_mut().refuse = None;
    rig.keep(&Enrolment { server: "s".into(), token: Some("rct1.a.b".into()), ..Default::default() });
    pass(&mut agent, 30);
    assert_eq!((rig.calls("enrol"), rig.arrived()), (1, vec![1, 1]));
    assert_eq!(agent.state.progress.trouble, None);
}

#[test]
fn waits_for_enrolment_and_for_approval() {
    let rig = Rig::new();
    let mut agent = rig.agent();
    pass(&mut agent, 60);
    assert_eq!((rig.world.borrow().calls.len(), agent.call()), (0, Outcome::NotEnrolled));
    assert_eq!(rig.log_text().matches("not_enrolled").count(), 1);
    rig.world.borrow_mut().pending = true;
    rig.keep(&Enrolment { server: "s".into(), token: Some("rct1.a.b".into()), ..Default::default() });
    pass(&mut agent, 600);
    assert!((8..14).contains(&rig.calls("enrol")), "{}", rig.calls("enrol"));
    assert_eq!(rig.arrived(), [0_u64; 0]);
    rig.world.borrow_mut().pending = false;
    pass(&mut agent, 120);
    assert_eq!(rig.arrived(), [1]);
    let kept = fs::read_to_string(rig.path("state/enrolment.json")).unwrap();
    assert!(kept.contains("\"SecretKey\"") && !kept.contains("rct1."), "the token is not kept any longer");
}

#[test]
fn without_a_disk_it_goes_on_from_memory_and_says_so_once() {
    let rig = Rig::enrolled();
    let mut agent = rig.agent();
    // As good as a full or read-only disk, also for root: the directory is no directory any more.
    pass(&mut agent, 10);
    fs::rename(rig.path("state"), rig.path("away")).unwrap();
    fs::write(rig.path("state"), "").unwrap();
    rig.world.borrow_mut().down = true;
    let start = agent.host.now();
    rig.world.borrow_mut().to_come = (2..=9).map(|n| (start + Duration::from_secs(n * 60), n)).collect();
    pass(&mut agent, 900);
    rig.world.borrow_mut().down = false;
    pass(&mut agent, 400);
    assert_eq!(rig.arrived(), (1..=9).collect::<Vec<_>>());
    assert_eq!(rig.log_text().matches("state_not_written").count(), 1, "{}", rig.log_text());
    fs::remove_file(rig.path("state")).unwrap();
    fs::rename(rig.path("away"), rig.path("state")).unwrap();
    pass(&mut agent, 120);
    assert_eq!(rig.log_text().matches("state_written_again").count(), 1);
}

#[test]
fn files_that_make_no_sense_are_put_aside() {
    let rig = Rig::enrolled();
    rig.world.borrow_mut().down = true;
    let mut agent = rig.agent();
    pass(&mut agent, 10);
    drop(agent);
    fs::write(rig.path("state/progress.json"), "{half").unwrap();
    for entry in fs::read_dir(rig.path("state/queue")).unwrap() {
        fs::write(entry.unwrap().path(), "no gzip").unwrap();
    }
    rig.world.borrow_mut().down = false;
    let mut agent = rig.agent();
    pass(&mut agent, 120);
    assert_eq!(rig.arrived(), [1], "the state of the host is told all the same");
    let log = rig.log_text();
    assert!(log.contains("event=state_put_aside") && log.contains("event=queue_damaged"), "{log}");
    fs::write(rig.path("state/enrolment.json"), "{\"SecretKey\": \"hunter2\"").unwrap();
    pass(&mut agent, 120);
    rig.world.borrow_mut().content = 2;
    pass(&mut agent, 4000);
    assert_eq!(rig.arrived(), [1, 2], "the enrolment is still in memory");
    assert!(!rig.log_text().contains("hunter2"));
}
