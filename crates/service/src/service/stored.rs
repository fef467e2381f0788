//! What the rosters do not keep, read from the store by threads for that.

use std::sync::Arc;

use model::facts::HostFacts;
use model::{ClearedHost, Day, HostDay, HostRecord};
use store::Reader;
use wire::Error;

use super::Service;
use crate::Caller;

impl Service {
    /// What the store remembers of a host of the caller's tenant, its facts included; `None` when it is not known.
    ///
    /// # Errors
    /// `InternalError` for trouble with the store.
    pub(crate) async fn host_record(
        self: &Arc<Self>,
        caller: &Caller,
        quuid: &str,
    ) -> Result<Option<HostRecord>, Error> {
        let (tenant, quuid) = (caller.tenant, quuid.to_owned());
        self.read(move |reader| reader.host(tenant, &quuid)).await
    }

    /// Reads from the store in a thread for that.
    ///
    /// # Errors
    /// `InternalError` for trouble with the store.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&mut dyn Reader) -> Result<T, store::StoreError> + Send + 'static,
    ) -> Result<T, Error> {
        let service = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || read(&mut **service.reader()));
        read.await.map_err(Error::internal)?.map_err(Error::internal)
    }

    /// Hosts of the caller's tenant that were cleared away.
    ///
    /// # Errors
    /// `InternalError` for trouble with the store.
    pub(crate) async fn cleared_hosts(self: &Arc<Self>, caller: &Caller) -> Result<Vec<ClearedHost>, Error> {
        let tenant = caller.tenant;
        self.read(move |reader| reader.cleared(tenant)).await
    }

    /// The days on which hosts of the caller's tenant were counted.
    ///
    /// # Errors
    /// `InternalError` for trouble with the store.
    pub(crate) async fn host_days(
        self: &Arc<Self>,
        caller: &Caller,
        first: Day,
        last: Day,
    ) -> Result<Vec<HostDay>, Error> {
        let tenant = caller.tenant;
        self.read(move |reader| reader.host_days(tenant, first, last)).await
    }

    /// The facts of hosts of the caller's tenant themselves, without their accounts, in the order asked for.
    ///
    /// # Errors
    /// `InternalError` for trouble with the store.
    pub(crate) async fn host_facts(
        self: &Arc<Self>,
        caller: &Caller,
        quuids: Vec<String>,
    ) -> Result<Vec<Option<HostFacts>>, Error> {
        let tenant = caller.tenant;
        self.read(move |reader| {
            let quuids: Vec<&str> = quuids.iter().map(String::as_str).collect();
            reader.host_facts(tenant, &quuids)
        })
        .await
    }
}
