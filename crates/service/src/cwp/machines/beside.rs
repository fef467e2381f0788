//! What machine lists print of a host beside what the roster has: the kernel, which the store keeps, and the agent.

use std::sync::Arc;

use model::TenantId;
use store::{Reader, StoreError};
use wire::Error;

use crate::fleet::Fleet;
use crate::{Caller, Service};

/// Both of one host.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// Kernel version as it was reported last.
    pub kernel: String,
    /// Version of the agent that speaks for the host; `None` without one.
    pub agent: Option<String>,
}

impl Beside {
    /// Version of the agent, as lists print it.
    pub fn agent_version(&self) -> &str {
        self.agent.as_deref().unwrap_or_default()
    }

    /// Whether ScanAsset reaches the host: 1 or 0.
    pub fn has_scan(&self) -> u64 {
        self.agent.is_some().into()
    }
}

/// Of each of these hosts, in their order. Blocks.
pub(crate) fn beside(
    fleet: &Fleet,
    reader: &mut dyn Reader,
    tenant: TenantId,
    quuids: &[&str],
) -> Result<Vec<Beside>, StoreError> {
    let facts = reader.host_facts(tenant, quuids)?;
    let one = |(quuid, facts): (&&str, Option<model::facts::HostFacts>)| Beside {
        kernel: facts.unwrap_or_default().machine.kernel,
        agent: fleet.of_host(tenant, quuid).map(|live| live.agent.version.clone()),
    };
    Ok(quuids.iter().zip(facts).map(one).collect())
}

impl Service {
    /// The same of hosts of the caller's tenant.
    ///
    /// # Errors
    /// `InternalError` for trouble with the store.
    pub(crate) async fn beside(
        self: &Arc<Self>,
        caller: &Caller,
        quuids: Vec<String>,
    ) -> Result<Vec<Beside>, Error> {
        let (fleet, tenant) = (Arc::clone(&self.fleet), caller.tenant);
        self.read(move |reader| {
            let quuids: Vec<&str> = quuids.iter().map(String::as_str).collect();
            beside(&fleet, reader, tenant, &quuids)
        })
        .await
    }
}
