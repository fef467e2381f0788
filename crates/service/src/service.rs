//! The service as one value: store, rosters, keys and exports of an installation, opened on a data directory.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use export::ExportDir;
use jiff::tz::TimeZone;
use model::{Day, ExportTask, Millis, Role, Tenant, TenantId};
use store::{Audit, Change, DataDir, Effect, MasterKey, SqliteStore, Write, WriteError, Writer, Written};
use tokio::sync::Semaphore;
use wire::{Code, Error};

use crate::as_of::Past;
use crate::clock::{Clock, DAY_MILLIS};
use crate::contacts::Contacts;
use crate::cwp::syncs::Syncs;
use crate::directory::{Directory, TenantState};
use crate::exports::{Downloads, Exporter, Job, Table, Workers};
use crate::fleet::Fleet;
use crate::housekeeping::{Housekeeping, LISTENING};
use crate::keyring::{Keyring, LiveKey};
use crate::observer::Observer;
use crate::packages::Packages;
use crate::readers::{Lent, Readers};
use crate::scans::Scans;
use crate::secrets::Secrets;
use crate::{Caller, cwp, rollcall};

mod load;
mod stored;

/// Name of the tenant that always exists.
pub const DEFAULT_TENANT: &str = "default";

/// How often old history is let go of.
const PRUNE_EVERY: Millis = 3_600_000;
/// Changes of one write that lets go of history.
const PRUNE_AT_ONCE: u32 = 100;
/// How many threads read people at the start: reading takes longer than laying out.
const PEOPLE_SHARES: u32 = 2;

/// What a service is opened with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Directory of database, master key and exports; made when it is missing.
    pub data_dir: PathBuf,
    /// Zone in which host-account times are printed and dates are meant.
    pub zone: TimeZone,
    /// How long finished exports are kept, in milliseconds.
    pub export_keep: Millis,
    /// After how long without contact a host counts as offline, in milliseconds.
    pub offline_after: Millis,
    /// How long changes of accounts are kept, in milliseconds; 0 is for ever.
    pub history_keep: Millis,
    /// Directory of packages of the agent for hosts to fetch; `packages` in the data directory when not set.
    pub packages: Option<PathBuf>,
    /// Certificates (PEM) that agents installed from here are to trust in place of the public ones.
    pub agent_certificates: Option<String>,
    /// The clock.
    pub clock: Clock,
}

impl Settings {
    /// The usual settings: the system's zone and clock, exports kept for a day, history for 400.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Settings {
            data_dir: data_dir.into(),
            zone: TimeZone::system(),
            export_keep: 24 * 3_600_000,
            offline_after: 15 * 60_000,
            history_keep: 400 * DAY_MILLIS,
            packages: None,
            agent_certificates: None,
            clock: Clock::system(),
        }
    }
}

/// Why a service cannot be opened or loaded.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Dir(#[from] store::DirError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// Keys cannot be opened or made.
    #[error(transparent)]
    Seal(#[from] store::SealError),
    /// The first write failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The export directory cannot be used.
    #[error(transparent)]
    Export(#[from] export::ExportError),
    /// There was a database, and it is gone.
    #[error(
        "{0} is missing or empty, and it was not; restore the last backup of it, or name a new directory"
    )]
    Lost(PathBuf),
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}")]
    Thread(std::io::Error),
}

/// The first key of an installation, to be written down once.
pub struct FirstKey {
    /// SecretId.
    pub secret_id: String,
    /// Secret key.
    pub secret_key: zeroize::Zeroizing<String>,
}

/// One installation, open.
pub struct Service {
    settings: Settings,
    pub(crate) directory: Arc<Directory>,
    keyring: Arc<Keyring>,
    pub(crate) secrets: Arc<Secrets>,
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    tasks: Arc<Table>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) scans: Arc<Scans>,
    downloads: Downloads,
    packages: Packages,
    exporter: OnceLock<Arc<Exporter>>,
    workers: Mutex<Option<Workers>>,
    pub(crate) contacts: Contacts,
    pub(crate) housekeeping: Housekeeping,
    /// When it was opened.
    pub(crate) started: Millis,
    pub(crate) past: Past,
    pub(crate) syncs: Syncs,
    /// When old history was last let go of.
    pruned: AtomicI64,
    base_url: OnceLock<String>,
    ready: AtomicBool,
    /// Password hashes being computed at once.
    pub(crate) hashing: Semaphore,
    /// Packed reports being taken in at once: each may become large.
    pub(crate) unpacking: Semaphore,
    first_key: Mutex<Option<FirstKey>>,
    _dir: DataDir,
}

impl Service {
    /// Locks the data directory, brings the database up to date, opens the keys and, in a new directory, makes the
    /// default tenant with its first admin key (see [`take_first_key`](Self::take_first_key)). Nobody is in memory
    /// yet: [`load`](Self::load) comes next. Blocks; not for an asynchronous thread.
    ///
    /// # Errors
    /// Each names what to do.
    pub fn open(settings: Settings) -> Result<Arc<Service>, OpenError> {
        let dir = DataDir::open(&settings.data_dir)?;
        let exports = dir.path().join("exports");
        // Made after the database, at the end of the first start. A new database would hide that all is lost.
        if exports.is_dir() && std::fs::metadata(dir.database()).map_or(0, |file| file.len()) == 0 {
            return Err(OpenError::Lost(dir.database()));
        }
        let from_environment = std::env::var(store::seal::MASTER_KEY_VARIABLE).ok();
        let master = MasterKey::load(&dir.master_key(), from_environment.as_deref())?;
        let secrets = Arc::new(Secrets::new(master));
        let store = SqliteStore::open(dir.database(), store::Limits::default())?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // The start reads the shares of people and the hosts at once.
        let readers = Readers::open(&store, cores.max(PEOPLE_SHARES as usize + 1))?;
        let (directory, keyring, tasks) =
            (Arc::<Directory>::default(), Arc::<Keyring>::default(), Arc::<Table>::default());
        let (fleet, scans) = (Arc::<Fleet>::default(), Arc::<Scans>::default());
        for token in readers.lend().enrolment_tokens()? {
            fleet.put_token(Arc::new(token));
        }
        // Before the keys: a key of an agent without its host would be one that speaks for any.
        for agent in readers.lend().agents()? {
            fleet.put(&agent);
        }
        for credential in readers.lend().credentials()? {
            keyring.put(secrets.open_key(credential)?);
        }
        let observer = Observer {
            directory: Arc::clone(&directory),
            keyring: Arc::clone(&keyring),
            tasks: Arc::clone(&tasks),
            secrets: Arc::clone(&secrets),
            fleet: Arc::clone(&fleet),
            scans: Arc::clone(&scans),
        };
        let clock = settings.clock.clone();
        let options = store::Options::default();
        let writer =
            Writer::start(Box::new(store), options, move || clock.now(), move |w| observer.observe(w))?;
        let downloads = Downloads {
            dir: ExportDir::open(exports)?,
            secrets: Arc::clone(&secrets),
            tasks: Arc::clone(&tasks),
            clock: settings.clock.clone(),
        };
        let packages = settings.packages.clone().unwrap_or_else(|| dir.path().join("packages"));
        let packages = Packages::new(packages, settings.agent_certificates.as_deref());
        let started = settings.clock.now();
        let service = Arc::new(Service {
            settings,
            directory,
            keyring,
            secrets,
            writer: Arc::new(writer),
            readers: Arc::new(readers),
            tasks,
            fleet,
            scans,
            downloads,
            packages,
            exporter: OnceLock::new(),
            workers: Mutex::new(None),
            contacts: Contacts::default(),
            housekeeping: Housekeeping::default(),
            started,
            past: Past::default(),
            syncs: Syncs::default(),
            pruned: AtomicI64::new(i64::MIN),
            base_url: OnceLock::new(),
            ready: AtomicBool::new(false),
            hashing: Semaphore::new(cores),
            unpacking: Semaphore::new(cores),
            first_key: Mutex::new(None),
            _dir: dir,
        });
        service.first_start()?;
        Ok(service)
    }

    /// In a new directory: the default tenant and its first key.
    fn first_start(&self) -> Result<(), OpenError> {
        if !self.reader().tenants()?.is_empty() {
            return Ok(());
        }
        let (change, secret_id, secret_key) =
            rollcall::tenants::new_tenant(&self.secrets, DEFAULT_TENANT, self.now())?;
        self.writer.write_blocking(Write::new(TenantId::DEFAULT, change))?;
        *self.first_key.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(FirstKey { secret_id, secret_key });
        Ok(())
    }

    fn start_exports(self: &Arc<Self>) -> Result<(), OpenError> {
        // Weak, or service and workers would keep each other alive.
        let weak = Arc::downgrade(self);
        let remake = move |task: &ExportTask| {
            let service = weak.upgrade().ok_or("the server is stopping")?;
            cwp::exports::remake(&service, task)
        };
        let exporter = Arc::new(Exporter::new(
            Arc::clone(&self.tasks),
            Arc::clone(&self.writer),
            self.downloads.dir.clone(),
            self.settings.clock.clone(),
            self.settings.export_keep,
            Box::new(remake),
        ));
        exporter.recover()?;
        let workers = exporter.start().map_err(OpenError::Thread)?;
        *self.workers.lock().unwrap_or_else(PoisonError::into_inner) = Some(workers);
        // `load` runs once for each service.
        let _first = self.exporter.set(exporter);
        Ok(())
    }

    /// Stops cleanly: workers first, then the writer, which finishes what is queued. Blocks.
    pub fn stop(&self) {
        self.ready.store(false, Ordering::Release);
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(exporter), Some(workers)) = (self.exporter.get(), workers) {
            exporter.stop(workers);
        }
        // In a thread of its own, because this may run inside an asynchronous runtime, where nothing may block.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                self.contacts.save(&self.directory, &self.writer);
                self.fleet.save(&self.writer);
            });
        });
        self.writer.stop();
    }

    /// The first key of a new installation, once.
    pub fn take_first_key(&self) -> Option<FirstKey> {
        self.first_key.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether everything is in memory.
    pub fn ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Sets the address people reach the server by, for download links: `https://host[:port][/path]`. Only the first
    /// call counts.
    pub fn set_base_url(&self, url: &str) {
        let _first = self.base_url.set(url.trim_end_matches('/').to_owned());
    }

    /// How long after its last sign of life a host, or its agent, counts as offline.
    pub(crate) fn offline_after(&self) -> Millis {
        self.settings.offline_after
    }

    /// The address people reach the server by.
    pub(crate) fn base_url(&self) -> &str {
        self.base_url.get().map_or("", String::as_str)
    }

    /// Packages of the agent.
    pub fn packages(&self) -> &Packages {
        &self.packages
    }

    /// The script that installs the agent on a host; `None` without packages. Reads files.
    pub fn install_script(&self) -> Option<String> {
        self.packages.script(self.base_url())
    }

    /// The line that does so, and enrols the host with a token.
    pub(crate) fn install_command(&self, token: &str) -> Option<String> {
        self.packages.command(self.base_url(), token)
    }

    /// A fresh link to a finished export.
    pub(crate) fn download_url(&self, task: &ExportTask) -> String {
        format!("{}/{}", self.base_url(), self.downloads.link(task))
    }

    /// The API keys.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Files to send.
    pub fn downloads(&self) -> &Downloads {
        &self.downloads
    }

    /// The export tasks.
    pub fn tasks(&self) -> &Table {
        &self.tasks
    }

    /// The present instant.
    pub fn now(&self) -> Millis {
        self.settings.clock.now()
    }

    /// The present day, UTC.
    pub fn today(&self) -> Day {
        self.settings.clock.today()
    }

    /// The zone of host-account times.
    pub fn zone(&self) -> &TimeZone {
        &self.settings.zone
    }

    /// Finds hosts as they are now.
    pub(crate) fn finder(&self) -> cwp::machines::Finder {
        self.finder_at(self.now())
    }

    /// Finds hosts as they were in contact at an instant.
    pub(crate) fn finder_at(&self, now: Millis) -> cwp::machines::Finder {
        cwp::machines::Finder::new(now, self.settings.offline_after)
    }

    /// The calendar day of an instant in the zone of the server.
    pub(crate) fn civil_date(&self, at: Millis) -> jiff::civil::Date {
        jiff::Timestamp::from_millisecond(at)
            .map(|at| self.zone().to_datetime(at).date())
            .unwrap_or(jiff::civil::Date::ZERO)
    }

    /// The caller's tenant.
    ///
    /// # Errors
    /// `ServiceUnavailable` while it is not in memory yet.
    pub(crate) fn tenant(&self, caller: &Caller) -> Result<Arc<TenantState>, Error> {
        self.tenant_numbered(caller.tenant)
    }

    /// The tenant with this number.
    ///
    /// # Errors
    /// `ServiceUnavailable` while it is not in memory yet.
    pub(crate) fn tenant_numbered(&self, id: TenantId) -> Result<Arc<TenantState>, Error> {
        self.directory.tenant(id).ok_or_else(|| {
            Error::new(Code::ServiceUnavailable).detail("the server is loading", "服务正在加载数据")
        })
    }

    /// A tenant by number or name.
    pub(crate) fn find_tenant(&self, named: &str) -> Option<Arc<TenantState>> {
        let fits = |t: &Arc<TenantState>| t.tenant.name == named || t.tenant.id.0.to_string() == named;
        self.directory.tenants().into_iter().find(fits)
    }

    /// Writes in the caller's tenant, with an entry in the audit trail.
    pub(crate) async fn write(
        &self,
        caller: &Caller,
        action: &str,
        target: &str,
        change: Change,
    ) -> Result<Effect, WriteError> {
        self.write_in(caller.tenant, caller, action, target, change).await
    }

    /// Writes in a tenant the caller was found to have a right to.
    pub(crate) async fn write_in(
        &self,
        tenant: TenantId,
        caller: &Caller,
        action: &str,
        target: &str,
        change: Change,
    ) -> Result<Effect, WriteError> {
        let audit = Audit {
            actor: caller.secret_id.clone(),
            action: action.to_owned(),
            target: target.to_owned(),
            request_id: caller.request_id.clone(),
        };
        self.writer.write(Write::new(tenant, change).audited(audit)).await.map(|written| written.effect)
    }

    /// Hands an accepted export to the workers.
    pub(crate) fn submit(&self, task: u64, job: Box<dyn Job>) {
        if let Some(exporter) = self.exporter.get() {
            exporter.submit(task, job);
        }
    }

    /// Writes an export in the calling thread. Blocks.
    pub(crate) fn export_at_once(&self, task: ExportTask, job: Box<dyn Job>) {
        if let Some(exporter) = self.exporter.get() {
            exporter.at_once(task, job);
        }
    }

    /// Writes the latest contacts with hosts, counts hosts, clears away silent ones and removes what has outlived its
    /// time. Blocks; to be called now and then.
    pub fn sweep(&self) {
        self.contacts.save(&self.directory, &self.writer);
        self.fleet.save(&self.writer);
        for ending in self.scans.overdue(self.now()) {
            let (tenant, change) = ending.into_change();
            match self.writer.write_blocking(Write::new(tenant, change)) {
                Ok(_) | Err(WriteError::Refused(_)) => {}
                Err(error) => tracing::warn!(%error, "the end of a scan cannot be stored; it is tried again"),
            }
        }
        let listened = self.housekeeping.listened(self.started, self.now());
        self.keep_house(listened);
        self.past.sweep(self.now());
        if listened >= LISTENING {
            self.prune_history();
        }
        if let Some(exporter) = self.exporter.get() {
            exporter.sweep();
        }
    }

    /// Numbers for the metrics page.
    pub fn gauges(&self) -> Gauges {
        let mut gauges = Gauges { keys: self.keyring.len(), ..Gauges::default() };
        for tenant in self.directory.tenants() {
            let accounts = tenant.accounts.snapshot();
            gauges.tenants += 1;
            gauges.people += tenant.people.snapshot().len();
            gauges.accounts += accounts.len();
            gauges.hosts += accounts.hosts_len();
        }
        gauges.exports_pending = self.tasks.pending_count();
        let database = self.settings.data_dir.join("rollcall.db");
        gauges.database_bytes = std::fs::metadata(database).map_or(0, |m| m.len());
        gauges
    }

    /// Lets go of the history that is older than it is kept, once an hour, in small writes. Blocks.
    fn prune_history(&self) {
        let (now, keep) = (self.now(), self.settings.history_keep);
        if keep <= 0 || now.saturating_sub(self.pruned.swap(now, Ordering::Relaxed)) < PRUNE_EVERY {
            return;
        }
        let change = Change::PruneHistory { before: now.saturating_sub(keep), most: PRUNE_AT_ONCE };
        for tenant in self.directory.tenants() {
            loop {
                match self.writer.write_blocking(Write::new(tenant.tenant.id, change.clone())) {
                    Ok(Written { effect: Effect::HistoryPruned { more: true }, .. }) => {}
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(%error, "old history could not be let go of; it is tried again");
                        return;
                    }
                }
            }
        }
    }

    pub(crate) fn reader(&self) -> Lent<'_> {
        self.readers.lend()
    }

    /// The keys of a tenant that people have made, oldest first: those of agents and of enrolment tokens are theirs.
    pub(crate) fn keys_of_people(&self, tenant: TenantId) -> Vec<Arc<LiveKey>> {
        let mut keys = self.keyring.of_tenant(tenant);
        keys.retain(|key| {
            let key = &key.credential;
            key.role != Role::Enrol && self.fleet.of_key(&key.secret_id).is_none()
        });
        keys
    }

    /// The connections that only read, for what runs apart from calls.
    pub(crate) fn readers(&self) -> Arc<Readers> {
        Arc::clone(&self.readers)
    }

    /// All tenants as stored, loaded or not.
    pub(crate) fn stored_tenants(&self) -> Result<Vec<Tenant>, store::StoreError> {
        self.reader().tenants()
    }

    /// The writer, for the local commands.
    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }
}

/// Sizes of what is in memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gauges {
    /// Tenants.
    pub tenants: usize,
    /// People of all tenants.
    pub people: usize,
    /// Hosts of all tenants.
    pub hosts: usize,
    /// Accounts of all tenants.
    pub accounts: usize,
    /// API keys.
    pub keys: usize,
    /// Exports that have not ended.
    pub exports_pending: usize,
    /// Size of the database file.
    pub database_bytes: u64,
}
