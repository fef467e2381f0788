//! Agents: who enrols becomes active at once, or waits for an operator when its machine id is known already.

use std::sync::Arc;

use model::{Agent, AgentState, Credential, EnrolmentToken, TenantId};
use rusqlite::{OptionalExtension, Row};

use super::people::odd;
use super::{Context, Done, count, int};
use crate::{AgentChange, AgentSeen, Approval, Effect, Enrolment, Refusal};

/// Agents that may wait for an operator: a token in wrong hands cannot fill the list.
const PENDING: u64 = 10_000;

/// Columns in the order [`agent`] uses.
macro_rules! agent_columns {
    () => {
        "tenant, id, machine, instance, quuid, secret_id, token, state, host_name, version, os_info, enrolled, last_poll"
    };
}
pub(super) use agent_columns;

impl Context<'_> {
    pub(super) fn enrol(&self, enrolment: &Enrolment) -> Done<Effect> {
        let known = self.agents_of_machine(&enrolment.machine)?;
        let same = known.iter().find(|agent| agent.instance == enrolment.instance);
        if let Some(agent) = same.filter(|agent| agent.state != AgentState::Revoked) {
            return Ok(Effect::Agent(Arc::new(AgentChange::unchanged(agent.clone()))));
        }
        let token = self.use_token(&enrolment.token)?;
        let first = known.is_empty();
        let id = match same {
            Some(agent) => agent.id,
            None => self.next("agent")?,
        };
        let agent = self.newcomer(enrolment, id, first);
        if first { self.activate(agent, enrolment.key.clone(), token) } else { self.wait(agent, token) }
    }

    fn newcomer(&self, enrolment: &Enrolment, id: u64, active: bool) -> Agent {
        Agent {
            id,
            tenant: self.tenant,
            machine: enrolment.machine.clone(),
            instance: enrolment.instance,
            quuid: if active { enrolment.machine.clone() } else { String::new() },
            secret_id: if active { enrolment.key.secret_id.clone() } else { String::new() },
            token: enrolment.token.clone(),
            state: if active { AgentState::Active } else { AgentState::Pending },
            host_name: enrolment.host_name.clone(),
            version: enrolment.version.clone(),
            os_info: enrolment.os_info.clone(),
            enrolled: self.now,
            last_poll: 0,
        }
    }

    fn activate(&self, agent: Agent, key: Credential, token: EnrolmentToken) -> Done<Effect> {
        self.add_agent_key(&key)?;
        self.write_agent(&agent)?;
        let change = AgentChange { key: Some(key), token: Some(token), ..AgentChange::unchanged(agent) };
        Ok(Effect::Agent(Arc::new(change)))
    }

    fn wait(&self, agent: Agent, token: EnrolmentToken) -> Done<Effect> {
        let waiting: i64 = self
            .sql
            .prepare_cached("SELECT count(*) FROM agents WHERE tenant = ?1 AND state = 'pending'")?
            .query_row([self.tenant.0], |row| row.get(0))?;
        if count(waiting) >= PENDING {
            return Err(Refusal::Quota { what: "pending agents", limit: PENDING }.into());
        }
        self.write_agent(&agent)?;
        let change = AgentChange { token: Some(token), ..AgentChange::unchanged(agent) };
        Ok(Effect::Agent(Arc::new(change)))
    }

    fn add_agent_key(&self, key: &Credential) -> Done<()> {
        if key.tenant != self.tenant {
            return Err(Refusal::OtherTenant.into());
        }
        self.refuse_taken_key(&key.secret_id)?;
        self.write_credential(key)
    }

    pub(super) fn approve(&self, approval: &Approval) -> Done<Effect> {
        let agent = self.find_agent(approval.agent)?.ok_or(Refusal::AgentNotFound)?;
        if agent.state != AgentState::Pending {
            return Err(Refusal::AgentNotPending.into());
        }
        let quuid = approval.separate.clone().unwrap_or_else(|| agent.machine.clone());
        let before = match self.active_agent(&quuid)? {
            Some(before) => Some(self.end(before)?),
            None => None,
        };
        self.add_agent_key(&approval.key)?;
        let secret_id = approval.key.secret_id.clone();
        let agent = Agent { quuid, secret_id, state: AgentState::Active, ..agent };
        self.write_agent(&agent)?;
        let change = AgentChange { before, key: Some(approval.key.clone()), ..AgentChange::unchanged(agent) };
        Ok(Effect::Agent(Arc::new(change)))
    }

    pub(super) fn revoke_agent(&self, id: u64) -> Done<Effect> {
        let agent = self.find_agent(id)?.ok_or(Refusal::AgentNotFound)?;
        let before = agent.clone();
        let agent = self.end(before.clone())?;
        let change = AgentChange { before: Some(before), ..AgentChange::unchanged(agent) };
        Ok(Effect::Agent(Arc::new(change)))
    }

    /// Takes the agent of a host its key, if there is one: the host is deleted.
    pub(super) fn end_agent_of(&self, quuid: &str) -> Done<()> {
        match self.active_agent(quuid)? {
            Some(agent) => self.end(agent).map(drop),
            None => Ok(()),
        }
    }

    /// Takes an agent its key; it keeps the id of the key, which says who it was.
    fn end(&self, agent: Agent) -> Done<Agent> {
        self.sql
            .prepare_cached("DELETE FROM credentials WHERE tenant = ?1 AND secret_id = ?2")?
            .execute((self.tenant.0, &agent.secret_id))?;
        let agent = Agent { state: AgentState::Revoked, ..agent };
        self.write_agent(&agent)?;
        Ok(agent)
    }

    pub(super) fn agents_seen(&self, seen: &[AgentSeen]) -> Done<Effect> {
        let mut write = self.sql.prepare_cached(
            "UPDATE agents SET last_poll = ?3, version = ?4 WHERE tenant = ?1 AND id = ?2 AND last_poll <= ?3",
        )?;
        for AgentSeen { id, last_poll, version } in seen {
            write.execute((self.tenant.0, int(*id), last_poll, version))?;
        }
        Ok(Effect::Recorded)
    }

    fn find_agent(&self, id: u64) -> Done<Option<Agent>> {
        const FIND: &str = concat!("SELECT ", agent_columns!(), " FROM agents WHERE tenant = ?1 AND id = ?2");
        let mut statement = self.sql.prepare_cached(FIND)?;
        Ok(statement.query_row((self.tenant.0, int(id)), agent).optional()?)
    }

    fn active_agent(&self, quuid: &str) -> Done<Option<Agent>> {
        const FIND: &str = concat!(
            "SELECT ",
            agent_columns!(),
            " FROM agents WHERE tenant = ?1 AND quuid = ?2 AND state = 'active'"
        );
        Ok(self.sql.prepare_cached(FIND)?.query_row((self.tenant.0, quuid), agent).optional()?)
    }

    fn agents_of_machine(&self, machine: &str) -> Done<Vec<Agent>> {
        const FIND: &str = concat!(
            "SELECT ",
            agent_columns!(),
            " FROM agents WHERE tenant = ?1 AND machine = ?2 ORDER BY id"
        );
        let mut statement = self.sql.prepare_cached(FIND)?;
        Ok(statement.query_map((self.tenant.0, machine), agent)?.collect::<Result<_, _>>()?)
    }

    fn write_agent(&self, agent: &Agent) -> Done<()> {
        const WRITE: &str = concat!(
            "INSERT INTO agents (",
            agent_columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (tenant, id) DO UPDATE SET quuid = ?5, secret_id = ?6, token = ?7, state = ?8, host_name = ?9,
             version = ?10, os_info = ?11, enrolled = ?12, last_poll = ?13"
        );
        self.sql.prepare_cached(WRITE)?.execute((
            self.tenant.0,
            int(agent.id),
            &agent.machine,
            agent.instance,
            &agent.quuid,
            &agent.secret_id,
            &agent.token,
            agent.state.as_str(),
            &agent.host_name,
            &agent.version,
            &agent.os_info,
            agent.enrolled,
            agent.last_poll,
        ))?;
        Ok(())
    }
}

/// A row of [`agent_columns`].
pub(super) fn agent(row: &Row<'_>) -> rusqlite::Result<Agent> {
    let state = row.get_ref(7)?.as_str()?;
    Ok(Agent {
        tenant: TenantId(row.get(0)?),
        id: count(row.get(1)?),
        machine: row.get(2)?,
        instance: row.get(3)?,
        quuid: row.get(4)?,
        secret_id: row.get(5)?,
        token: row.get(6)?,
        state: AgentState::parse(state).ok_or_else(|| odd(7, "state of an agent", state))?,
        host_name: row.get(8)?,
        version: row.get(9)?,
        os_info: row.get(10)?,
        enrolled: row.get(11)?,
        last_poll: row.get(12)?,
    })
}
