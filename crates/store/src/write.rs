//! What can be written, what comes of it and why it may be refused. Plain data: the meaning is the same for every
//! engine and is written down here; how it is done is the engine's business.

use std::sync::Arc;

use model::{
    ClearedHost, Credential, EnrolmentToken, ExportFormat, ExportTask, HostDay, HostEntry, KeyState, Millis,
    Person, PersonPatch, PersonStatus, Role, Scan, ScanState, TagsChanged, Tenant, TenantId,
};

use crate::{AgentChange, AgentSeen, Approval, Enrolment, HostUpdate, NewScan};

/// One write: atomic, in one tenant, with an entry for the audit trail when the caller gives one.
#[derive(Debug, Clone)]
pub struct Write {
    /// Tenant it happens in (for [`Change::CreateTenant`]: the tenant whose trail takes the entry).
    pub tenant: TenantId,
    /// What to change.
    pub change: Change,
    /// Entry for the audit trail, written in the same transaction; nothing is written for what is refused and for
    /// a dry run.
    pub audit: Option<Audit>,
}

impl Write {
    /// A write without an audit entry.
    pub fn new(tenant: TenantId, change: Change) -> Self {
        Self { tenant, change, audit: None }
    }

    /// The same with an audit entry.
    #[must_use]
    pub fn audited(self, audit: Audit) -> Self {
        Self { audit: Some(audit), ..self }
    }
}

/// An entry of the audit trail, as the caller words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Who: a SecretId, or the name of a local command.
    pub actor: String,
    /// What: the name of the action.
    pub action: String,
    /// On what: an id or a name.
    pub target: String,
    /// Id of the request.
    pub request_id: String,
}

/// The changes there are.
#[derive(Debug, Clone)]
pub enum Change {
    /// Adds a person. → [`Effect::Person`]
    CreatePerson(Person),
    /// Changes a person. → [`Effect::Person`]
    ModifyPerson {
        /// Whom.
        key: PersonKey,
        /// What; an attribute that is not in it stays.
        patch: PersonPatch,
    },
    /// Removes a person who is no administrator. → [`Effect::PersonDeleted`]
    DeletePerson {
        /// Whom.
        key: PersonKey,
    },
    /// Removes those it can. A key given twice fails the second time. → [`Effect::PeopleDeleted`]
    DeletePeople {
        /// Whom.
        keys: Vec<PersonKey>,
    },
    /// Adds or changes people by user name, all rows or none. → [`Effect::Imported`]
    ///
    /// The rows are judged by the state after all of them, so one person may take over the phone another gives up.
    ImportPeople {
        /// The rows; a user name at most once.
        rows: Vec<PersonImport>,
        /// Judge and count only.
        dry_run: bool,
    },
    /// Replaces what is known of a host. → [`Effect::Host`]
    ///
    /// Accounts that are still there keep the instant they were first seen, new ones get `received`. Accounts that a
    /// report with a complete account list no longer has vanish; a report without one makes nobody vanish. Whatever
    /// changes goes to the history, but for the first report of a host.
    PutHost(Box<HostUpdate>),
    /// Notes later contacts with hosts on which nothing has changed. → [`Effect::Contacts`]
    Contacts(Vec<HostContact>),
    /// Removes a host: its accounts vanish, its history stays. One whose facts are damaged is forgotten altogether. Its
    /// agent, if there is one, loses its key. → [`Effect::HostDeleted`]
    DeleteHost {
        /// Host id.
        quuid: String,
    },
    /// Removes a host that has not been heard of since its `last_report`, and keeps the entry (its id and instant are
    /// filled in) in the list of cleared hosts. Refused when the host was heard of since. Its agent keeps its key, so
    /// that the host comes back by itself. → [`Effect::HostDeleted`]
    ClearHost(ClearedHost),
    /// Sets after how many days of silence hosts are cleared away; 0 is never. → [`Effect::ClearRule`]
    SetClearRule {
        /// Days.
        days: u32,
    },
    /// Removes entries of the list of cleared hosts, all or none. → [`Effect::Recorded`]
    ForgetCleared {
        /// The entries.
        ids: Vec<u64>,
    },
    /// Notes how many hosts there are on a day, in place of an earlier count of that day. → [`Effect::Recorded`]
    PutHostDay(HostDay),
    /// Makes a tag, or renames the one with this number, and puts it on hosts that do not have it. → [`Effect::Tags`]
    EditTag {
        /// The tag; a new one when there is none.
        id: Option<u64>,
        /// Its name, unique in the tenant.
        name: String,
        /// The hosts; all have to exist.
        quuids: Vec<String>,
    },
    /// Puts tags on a host by name; those that do not exist are made. → [`Effect::Tags`]
    AddTags {
        /// The host.
        quuid: String,
        /// Names of the tags.
        names: Vec<String>,
    },
    /// Makes these, and no others, the tags of a host. → [`Effect::Tags`]
    SetHostTags {
        /// The host.
        quuid: String,
        /// The tags; all have to exist.
        tags: Vec<u64>,
    },
    /// Removes tags, and from every host that has them; all or none. → [`Effect::Tags`]
    DeleteTags {
        /// The tags.
        ids: Vec<u64>,
    },
    /// Takes one tag off one host. → [`Effect::Tags`]
    DeleteHostTag {
        /// Number of the relation.
        id: u64,
    },
    /// Sets the remark of a host; an empty one is none. → [`Effect::Remark`]
    SetRemark {
        /// The host.
        quuid: String,
        /// The remark.
        remark: String,
    },
    /// Lets go of what happened before an instant, for some hosts at a time: a host's state then is the oldest that
    /// can be made again. → [`Effect::HistoryPruned`]
    PruneHistory {
        /// The instant.
        before: Millis,
        /// Changes to look at, at most.
        most: u32,
    },
    /// Adds a key, or replaces the one of the same id in the same tenant. → [`Effect::Credential`]
    PutCredential(Credential),
    /// Enables or disables a key. → [`Effect::Credential`]
    SetKeyState {
        /// The key.
        secret_id: String,
        /// Its new state.
        state: KeyState,
    },
    /// Removes a key. → [`Effect::CredentialDeleted`]
    DeleteCredential {
        /// The key.
        secret_id: String,
    },
    /// Adds a tenant with its root node and first key. The first tenant of an installation gets
    /// [`TenantId::DEFAULT`]. → [`Effect::Tenant`]
    CreateTenant {
        /// Unique name.
        name: String,
        /// Its first key; the tenant is filled in.
        first_key: FirstKey,
        /// Id of its root organisation node.
        root_org_node: String,
    },
    /// Adds an export task, pending; its id is the next number of the installation. → [`Effect::Task`]
    CreateTask(NewTask),
    /// Writes what may change of a pending task: state, file name, rows, bytes, error, end. A task that has ended
    /// is refused; one that ends loses its lease. → [`Effect::Task`]
    UpdateTask(ExportTask),
    /// Takes or prolongs the lease of a pending task, if nobody else did since the caller looked. → [`Effect::Task`]
    LeaseTask {
        /// The task.
        id: u64,
        /// The lease the caller saw (for a renewal: the one it holds).
        seen: Option<Millis>,
        /// The lease it wants.
        until: Millis,
    },
    /// Turns a finished task, whose file is gone, into a failed one. → [`Effect::Task`]
    ExpireTask {
        /// The task.
        id: u64,
        /// Text for the operator.
        reason: String,
    },
    /// Forgets a task in any state. → [`Effect::TaskDeleted`]
    DeleteTask {
        /// The task.
        id: u64,
    },
    /// Adds a token hosts enrol with, and its key. → [`Effect::Token`]
    CreateToken {
        /// The token.
        token: EnrolmentToken,
        /// Its key, of the role `enrol`.
        key: Credential,
    },
    /// Ends a token and removes its key. → [`Effect::Token`]
    RevokeToken {
        /// SecretId of its key.
        secret_id: String,
    },
    /// Makes an agent of a host. The first one of a machine id is active at once and gets the key; one of a machine
    /// id that is known is pending, unless it is the very same one, of which nothing changes. A use of the token is
    /// taken from newcomers only. → [`Effect::Agent`]
    Enrol(Box<Enrolment>),
    /// Makes a pending agent an active one. → [`Effect::Agent`]
    ApproveAgent(Box<Approval>),
    /// Takes an agent its key. → [`Effect::Agent`]
    RevokeAgent {
        /// Its number.
        id: u64,
    },
    /// Notes when agents last asked for work. → [`Effect::Recorded`]
    AgentsSeen(Vec<AgentSeen>),
    /// Starts a scan; its id is the next number of the installation. → [`Effect::Scan`]
    StartScan(NewScan),
    /// Ends a running scan. → [`Effect::Scan`]
    EndScan {
        /// Its number.
        id: u64,
        /// How it ended.
        state: ScanState,
        /// How many hosts have answered.
        answered: u64,
    },
    /// Changes nothing: for a write that is only an audit entry. → [`Effect::Recorded`]
    Record,
}

/// A contact with a host on which nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostContact {
    /// Host id.
    pub quuid: String,
    /// When the last report arrived.
    pub last_report: Millis,
    /// When it was collected, never after its arrival.
    pub updated: Millis,
}

/// How a person is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PersonKey {
    /// By id.
    Id(String),
    /// By user name.
    Name(String),
}

/// One row of an import. For a person who exists, `None` leaves the attribute as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonImport {
    /// User name, the key of the row.
    pub user_name: String,
    /// Id the row brings; a person who exists must have that id.
    pub id: Option<String>,
    /// Id for a person who does not exist when the row brings none; made by the caller.
    pub new_id: String,
    /// Main organisation node of a person who does not exist.
    pub org_node: String,
    /// Shown name; the user name when a new person has none.
    pub display_name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// State; `Normal` when a new person has none.
    pub status: Option<PersonStatus>,
    /// Remark.
    pub description: Option<String>,
    /// When the record was created; the instant of the import when a new person has none.
    pub created: Option<Millis>,
    /// When the record last changed; the instant of the import when something changes and the row has none.
    pub updated: Option<Millis>,
    /// Last login.
    pub last_login: Option<Millis>,
}

/// The first key of a tenant that does not exist yet: a permanent, enabled admin key.
#[derive(Clone, PartialEq, Eq)]
pub struct FirstKey {
    /// SecretId, unique over all tenants.
    pub secret_id: String,
    /// Name given by the administrator.
    pub name: String,
    /// Secret key, sealed.
    pub sealed_secret: Vec<u8>,
}

impl FirstKey {
    /// The key in its tenant, created at `now`.
    pub fn into_credential(self, tenant: TenantId, now: Millis) -> Credential {
        Credential {
            secret_id: self.secret_id,
            tenant,
            name: self.name,
            role: Role::Admin,
            state: KeyState::Enabled,
            sealed_secret: self.sealed_secret,
            token_hash: None,
            expires: None,
            created: now,
        }
    }
}

impl std::fmt::Debug for FirstKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirstKey").field("secret_id", &self.secret_id).finish_non_exhaustive()
    }
}

/// An export task that has no number yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// SecretId of the key that asks.
    pub owner: String,
    /// Action that makes it.
    pub kind: String,
    /// The request as JSON.
    pub request: String,
    /// Kind of file.
    pub format: ExportFormat,
    /// Name shown to the user.
    pub file_name: String,
    /// Lease of the worker that starts at once.
    pub lease_until: Option<Millis>,
}

/// A write that happened.
#[derive(Debug, Clone)]
pub struct Written {
    /// Tenant it happened in.
    pub tenant: TenantId,
    /// What the rosters have to know of it. Cheap to clone.
    pub effect: Effect,
}

/// What came of a change.
#[derive(Debug, Clone)]
pub enum Effect {
    /// A person is now like this (without the password hash).
    Person(Arc<Person>),
    /// A person is gone.
    PersonDeleted {
        /// Id of the person.
        id: String,
    },
    /// Some people are gone.
    PeopleDeleted(Arc<PeopleDeleted>),
    /// People were imported, or would have been.
    Imported(Arc<Imported>),
    /// A host is now like this.
    Host {
        /// The host and its accounts.
        entry: Arc<HostEntry>,
        /// Accounts that had not been seen on it before.
        new: usize,
        /// Accounts that this report made vanish.
        vanished: usize,
        /// False when nothing but the contact differs.
        changed: bool,
    },
    /// Contacts were written.
    Contacts {
        /// With how many hosts; the others are gone or were heard of later.
        renewed: usize,
    },
    /// A host is gone.
    HostDeleted {
        /// Host id.
        quuid: String,
        /// Whether its agent has lost its key, if it had one.
        with_agent: bool,
    },
    /// Silent hosts are now cleared away after so many days.
    ClearRule {
        /// Days; 0 is never.
        days: u32,
    },
    /// Tags are different now.
    Tags(Arc<TagsChanged>),
    /// A host has this remark now.
    Remark {
        /// The host.
        quuid: String,
        /// The remark; empty for none.
        remark: String,
    },
    /// A part of the history is gone.
    HistoryPruned {
        /// Whether there is more of it.
        more: bool,
    },
    /// A key is now like this.
    Credential(Arc<Credential>),
    /// A key is gone.
    CredentialDeleted {
        /// The key.
        secret_id: String,
    },
    /// A tenant is there.
    Tenant {
        /// The tenant.
        tenant: Arc<Tenant>,
        /// Id of its root organisation node.
        root_org_node: String,
        /// Its first key.
        first_key: Arc<Credential>,
    },
    /// An export task is now like this.
    Task(Arc<ExportTask>),
    /// An export task is gone.
    TaskDeleted {
        /// The task.
        id: u64,
    },
    /// A token is now like this.
    Token {
        /// The token.
        token: Arc<EnrolmentToken>,
        /// Its key; `None` when that is gone.
        key: Option<Arc<Credential>>,
    },
    /// An agent is now like this.
    Agent(Arc<AgentChange>),
    /// A scan is now like this.
    Scan(Arc<Scan>),
    /// An audit entry was written, or what memory knows already.
    Recorded,
}

/// What came of [`Change::DeletePeople`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleDeleted {
    /// Ids of those who are gone, in the order of the keys.
    pub deleted: Vec<String>,
    /// Keys of those who are not, in their order, and why.
    pub failed: Vec<(PersonKey, Refusal)>,
}

/// What came of [`Change::ImportPeople`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// People added.
    pub created: usize,
    /// People changed.
    pub updated: usize,
    /// Rows that changed nothing.
    pub unchanged: usize,
    /// Those added or changed, in the order of the rows (without the password hash); empty after a dry run.
    pub people: Vec<Arc<Person>>,
}

/// Why one row of an import cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportProblem {
    /// Index of the row, from 0.
    pub row: usize,
    /// Why: `UserNameTaken` (twice in the rows), `PhoneTaken`, `EmailTaken`, `IdTaken`, `IdDiffers`, `Quota`.
    pub refusal: Refusal,
}

/// Why a write did not happen. Nothing of it is left behind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else in the tenant has the user name.
    #[error("the user name is taken")]
    UserNameTaken,
    /// Somebody else in the tenant has the e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Somebody else in the tenant has the phone.
    #[error("the phone is taken")]
    PhoneTaken,
    /// Somebody else in the tenant has the id.
    #[error("the id is taken")]
    IdTaken,
    /// The row of an import brings another id than the person has.
    #[error("the person has another id")]
    IdDiffers,
    /// No such person.
    #[error("no such person")]
    PersonNotFound,
    /// An administrator cannot be deleted.
    #[error("an administrator cannot be deleted")]
    Administrator,
    /// Rows of an import that cannot be taken; none of the rows was.
    #[error("{} of the rows cannot be imported", .0.len())]
    Import(Vec<ImportProblem>),
    /// No such host.
    #[error("no such host")]
    HostNotFound,
    /// What is stored of the host cannot be read; deleting the host makes room for a new report.
    #[error("what is stored of the host is damaged: {0}")]
    HostDamaged(String),
    /// Another tag has the name.
    #[error("the name of the tag is taken")]
    TagTaken,
    /// No such tag, or not on the host.
    #[error("no such tag")]
    TagNotFound,
    /// No such key in the tenant.
    #[error("no such key")]
    KeyNotFound,
    /// A key of another tenant has the id.
    #[error("the id of the key is taken")]
    KeyTaken,
    /// The tenant would have no enabled, permanent admin key left.
    #[error("the last admin key has to stay")]
    LastAdminKey,
    /// A tenant has the name.
    #[error("the name of the tenant is taken")]
    TenantTaken,
    /// No such tenant.
    #[error("no such tenant")]
    TenantNotFound,
    /// The record names another tenant than the write.
    #[error("the record belongs to another tenant")]
    OtherTenant,
    /// No such task in the tenant.
    #[error("no such task")]
    TaskNotFound,
    /// The task has ended (or, for its expiry, has not finished).
    #[error("the task is not in a state that allows this")]
    TaskEnded,
    /// Another worker has the task.
    #[error("the task is leased by another worker")]
    TaskLeased,
    /// No such enrolment token.
    #[error("no such enrolment token")]
    TokenNotFound,
    /// The token was revoked, has expired or was used as often as it may be.
    #[error("the enrolment token has ended")]
    TokenSpent,
    /// No such agent.
    #[error("no such agent")]
    AgentNotFound,
    /// The agent does not wait for an operator.
    #[error("the agent is not pending")]
    AgentNotPending,
    /// No such scan.
    #[error("no such scan")]
    ScanNotFound,
    /// The scan has ended.
    #[error("the scan has ended")]
    ScanEnded,
    /// The tenant has as many as it may.
    #[error("no more than {limit} {what} are allowed")]
    Quota {
        /// Of what: `people`, `hosts`, `pending tasks`, `pending agents`, `enrolment tokens`.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
    },
}
