//! Enrolment tokens and agents in memory, following the store: whose key it is, who speaks for a host, and when each
//! agent last asked for work.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::{Agent, AgentState, EnrolmentToken, Millis, TenantId};
use store::{AgentSeen, Change, Write, Writer};

/// Agents of one write.
const TOGETHER: usize = 2_000;

/// An agent and its last sign of life.
pub(crate) struct LiveAgent {
    /// The agent as stored; its last poll may be an old one.
    pub agent: Agent,
    last_poll: AtomicI64,
    /// Whether the store knows the last poll.
    saved: AtomicBool,
}

impl LiveAgent {
    fn new(agent: Agent, saved: bool) -> Self {
        let last_poll = AtomicI64::new(agent.last_poll);
        LiveAgent { agent, last_poll, saved: AtomicBool::new(saved) }
    }

    /// When it was last heard of; 0 is never.
    pub fn last_poll(&self) -> Millis {
        self.last_poll.load(Ordering::Relaxed)
    }

    /// Notes a sign of life.
    pub fn seen(&self, now: Millis) {
        self.last_poll.fetch_max(now, Ordering::Relaxed);
        self.saved.store(false, Ordering::Release);
    }

    fn is_active(&self) -> bool {
        self.agent.state == AgentState::Active
    }
}

#[derive(Default)]
struct Known {
    tokens: BTreeMap<String, Arc<EnrolmentToken>>,
    agents: BTreeMap<u64, Arc<LiveAgent>>,
    /// Active agents by the SecretId of their key.
    by_key: HashMap<String, Arc<LiveAgent>>,
    /// Active agents by the host they speak for.
    by_host: HashMap<(TenantId, String), Arc<LiveAgent>>,
    /// All agents by what they enrolled as.
    by_instance: HashMap<(TenantId, [u8; 32]), Vec<u64>>,
}

impl Known {
    fn put(&mut self, live: LiveAgent) {
        let live = Arc::new(live);
        let agent = &live.agent;
        if let Some(before) = self.agents.insert(agent.id, Arc::clone(&live)) {
            self.by_key.remove(&before.agent.secret_id);
            let host = (before.agent.tenant, before.agent.quuid.clone());
            if self.by_host.get(&host).is_some_and(|known| known.agent.id == agent.id) {
                self.by_host.remove(&host);
            }
        } else {
            self.by_instance.entry((agent.tenant, agent.instance)).or_default().push(agent.id);
        }
        if live.is_active() {
            self.by_key.insert(agent.secret_id.clone(), Arc::clone(&live));
            self.by_host.insert((agent.tenant, agent.quuid.clone()), live);
        }
    }
}

/// All tokens and agents.
#[derive(Default)]
pub(crate) struct Fleet(RwLock<Known>);

impl Fleet {
    /// Puts a token in, in place of the one with its id.
    pub fn put_token(&self, token: Arc<EnrolmentToken>) {
        self.write().tokens.insert(token.secret_id.clone(), token);
    }

    /// Puts an agent in, in place of the one with its number.
    pub fn put(&self, agent: &Agent) {
        let mut known = self.write();
        let last_poll = known.agents.get(&agent.id).map_or(0, |before| before.last_poll());
        let agent = Agent { last_poll: agent.last_poll.max(last_poll), ..agent.clone() };
        known.put(LiveAgent::new(agent, true));
    }

    /// Notes that an agent has another version now.
    pub fn renew(&self, agent: &LiveAgent, version: &str) {
        let mut known = self.write();
        // It may have been revoked since the caller looked.
        let Some(now) = known.agents.get(&agent.agent.id).filter(|now| now.is_active()).cloned() else {
            return;
        };
        let renewed = Agent { version: version.to_owned(), last_poll: now.last_poll(), ..now.agent.clone() };
        known.put(LiveAgent::new(renewed, false));
    }

    /// The agent a key belongs to; `None` for keys that people have made.
    pub fn of_key(&self, secret_id: &str) -> Option<Arc<LiveAgent>> {
        self.read().by_key.get(secret_id).cloned()
    }

    /// The agent that speaks for a host.
    pub fn of_host(&self, tenant: TenantId, quuid: &str) -> Option<Arc<LiveAgent>> {
        self.read().by_host.get(&(tenant, quuid.to_owned())).cloned()
    }

    /// Revokes the agent of a host that is gone; returns the SecretId of its key.
    pub fn end_of_host(&self, tenant: TenantId, quuid: &str) -> Option<String> {
        let live = self.of_host(tenant, quuid)?;
        self.put(&Agent { state: AgentState::Revoked, ..live.agent.clone() });
        Some(live.agent.secret_id.clone())
    }

    /// The agent that enrolled as this.
    pub fn find(&self, tenant: TenantId, machine: &str, instance: [u8; 32]) -> Option<Arc<LiveAgent>> {
        let known = self.read();
        let same = known.by_instance.get(&(tenant, instance))?;
        let mut same = same.iter().filter_map(|id| known.agents.get(id));
        same.find(|live| live.agent.machine == machine).cloned()
    }

    /// A token.
    pub fn token(&self, secret_id: &str) -> Option<Arc<EnrolmentToken>> {
        self.read().tokens.get(secret_id).cloned()
    }

    /// The tokens of a tenant, oldest first.
    pub fn tokens(&self, tenant: TenantId) -> Vec<Arc<EnrolmentToken>> {
        let known = self.read();
        let mut tokens: Vec<_> = known.tokens.values().filter(|t| t.tenant == tenant).cloned().collect();
        tokens.sort_by(|a, b| (a.created, &a.secret_id).cmp(&(b.created, &b.secret_id)));
        tokens
    }

    /// The agents of a tenant, by number.
    pub fn agents(&self, tenant: TenantId) -> Vec<Arc<LiveAgent>> {
        self.read().agents.values().filter(|live| live.agent.tenant == tenant).cloned().collect()
    }

    /// The hosts of a tenant whose agent is like this.
    pub fn active_hosts(&self, tenant: TenantId, fits: impl Fn(&LiveAgent) -> bool) -> Vec<String> {
        let known = self.read();
        let active = known.agents.values().filter(|live| live.is_active() && live.agent.tenant == tenant);
        active.filter(|live| fits(live)).map(|live| live.agent.quuid.clone()).collect()
    }

    /// How many agents there are, revoked ones included.
    pub fn len(&self) -> usize {
        self.read().agents.len()
    }

    /// How many agents speak for a host.
    pub fn active(&self) -> usize {
        self.read().by_key.len()
    }

    /// Writes the signs of life the store does not know. Blocks; not for an asynchronous thread.
    pub fn save(&self, writer: &Writer) {
        let mut unsaved: HashMap<TenantId, Vec<AgentSeen>> = HashMap::new();
        for live in self.read().agents.values().filter(|live| !live.saved.swap(true, Ordering::AcqRel)) {
            let (id, version) = (live.agent.id, live.agent.version.clone());
            let seen = AgentSeen { id, last_poll: live.last_poll(), version };
            unsaved.entry(live.agent.tenant).or_default().push(seen);
        }
        for (tenant, seen) in unsaved {
            for seen in seen.chunks(TOGETHER) {
                if let Err(error) =
                    writer.write_blocking(Write::new(tenant, Change::AgentsSeen(seen.to_vec())))
                {
                    tracing::warn!(%error, "signs of life of agents could not be written; they are tried again");
                    let known = self.read();
                    for live in seen.iter().filter_map(|seen| known.agents.get(&seen.id)) {
                        live.saved.store(false, Ordering::Release);
                    }
                }
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(id: u64, state: AgentState, quuid: &str) -> Agent {
        Agent {
            id,
            tenant: TenantId::DEFAULT,
            machine: "m".to_owned(),
            instance: [u8::try_from(id).unwrap_or(0); 32],
            quuid: quuid.to_owned(),
            secret_id: format!("k{id}"),
            token: "t".to_owned(),
            state,
            host_name: String::new(),
            version: "1".to_owned(),
            os_info: String::new(),
            enrolled: 1,
            last_poll: 0,
        }
    }

    #[test]
    fn only_active_agents_have_a_key_and_a_host() {
        let fleet = Fleet::default();
        fleet.put(&agent(1, AgentState::Active, "m"));
        fleet.put(&agent(2, AgentState::Pending, ""));
        assert!(fleet.of_key("k1").is_some() && fleet.of_key("k2").is_none());
        assert_eq!(fleet.find(TenantId::DEFAULT, "m", [2; 32]).map(|a| a.agent.id), Some(2));
        assert!(fleet.find(TenantId(2), "m", [2; 32]).is_none());
        // The second one takes the place of the first; the order of the two does not matter.
        fleet.put(&agent(2, AgentState::Active, "m"));
        fleet.put(&agent(1, AgentState::Revoked, "m"));
        assert!(fleet.of_key("k1").is_none());
        assert_eq!(fleet.of_host(TenantId::DEFAULT, "m").map(|a| a.agent.id), Some(2));
        assert_eq!((fleet.active(), fleet.len()), (1, 2));
    }

    #[test]
    fn signs_of_life_outlive_changes() {
        let fleet = Fleet::default();
        fleet.put(&agent(1, AgentState::Active, "m"));
        let live = fleet.of_key("k1").unwrap();
        live.seen(50);
        live.seen(40);
        fleet.renew(&live, "2");
        let live = fleet.of_key("k1").unwrap();
        assert_eq!((live.last_poll(), live.agent.version.as_str()), (50, "2"));
        fleet.put(&agent(1, AgentState::Revoked, "m"));
        fleet.renew(&live, "3");
        assert!(fleet.of_key("k1").is_none(), "a revoked agent stays revoked");
    }
}
