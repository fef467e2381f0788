//! Keys and tenants without a running server: for the local command line on a data directory nobody has open.

use std::path::Path;
use std::sync::Arc;

use model::{KeyState, Millis, Role, Tenant, TenantId};
use store::{Audit, Change, Effect, Write, WriteError};
use zeroize::Zeroizing;

use crate::keyring::LiveKey;
use crate::rollcall::{keys::new_key, tenants};
use crate::service::{FirstKey, OpenError, Service, Settings};

/// A data directory opened for local commands.
pub struct Offline(Arc<Service>);

/// A key that was made: its secret is shown once.
pub struct MadeKey {
    /// SecretId.
    pub secret_id: String,
    /// Secret key.
    pub secret_key: Zeroizing<String>,
    /// Token of a temporary key.
    pub token: Option<Zeroizing<String>>,
    /// When a temporary key ends.
    pub expires: Option<Millis>,
}

/// Why a local command failed.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The data directory cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The write did not happen.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// No such tenant.
    #[error("there is no tenant {0:?}; `rollcall tenants list` shows them")]
    NoTenant(String),
    /// Not a name for a tenant.
    #[error("{0:?} is no name for a tenant: 1 to 64 of a-z, 0-9, - and _")]
    TenantName(String),
}

impl Offline {
    /// Opens the directory and locks it; made when it is missing.
    ///
    /// # Errors
    /// `OpenError::Dir` with `DirError::InUse` while a server runs on it.
    pub fn open(data_dir: &Path) -> Result<Self, OfflineError> {
        let service = Service::open(Settings::new(data_dir))?;
        Ok(Offline(service))
    }

    /// The first key, when this call has made a new installation.
    pub fn take_first_key(&self) -> Option<FirstKey> {
        self.0.take_first_key()
    }

    /// Makes a key in a tenant named by name or number; temporary with `expires_in` seconds.
    ///
    /// # Errors
    /// `NoTenant`, trouble with the store.
    pub fn create_key(
        &self,
        tenant: &str,
        name: &str,
        role: Role,
        expires_in: Option<u64>,
    ) -> Result<MadeKey, OfflineError> {
        let tenant = self.tenant(tenant)?.id;
        let now = self.0.now();
        let expires = expires_in.map(|s| now.saturating_add_unsigned(s.saturating_mul(1000)));
        let key = new_key(&self.0.secrets, tenant, name, role, now, expires).map_err(OpenError::Seal)?;
        let secret_id = key.credential.secret_id.clone();
        self.write(tenant, "CreateKey", &secret_id, Change::PutCredential(key.credential))?;
        Ok(MadeKey { secret_id, secret_key: key.secret, token: key.token, expires })
    }

    /// The keys of a tenant that people have made, oldest first.
    ///
    /// # Errors
    /// `NoTenant`, trouble with the store.
    pub fn keys(&self, tenant: &str) -> Result<Vec<Arc<LiveKey>>, OfflineError> {
        Ok(self.0.keys_of_people(self.tenant(tenant)?.id))
    }

    /// Enables or disables a key.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn set_key_state(&self, tenant: &str, secret_id: &str, state: KeyState) -> Result<(), OfflineError> {
        let tenant = self.tenant(tenant)?.id;
        let change = Change::SetKeyState { secret_id: secret_id.to_owned(), state };
        self.write(tenant, "ModifyKeyStatus", secret_id, change).map(drop)
    }

    /// Deletes a key.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn delete_key(&self, tenant: &str, secret_id: &str) -> Result<(), OfflineError> {
        let tenant = self.tenant(tenant)?.id;
        let change = Change::DeleteCredential { secret_id: secret_id.to_owned() };
        self.write(tenant, "DeleteKey", secret_id, change).map(drop)
    }

    /// Makes a tenant and its first admin key.
    ///
    /// # Errors
    /// `TenantName`, the store's refusal.
    pub fn create_tenant(&self, name: &str) -> Result<(Tenant, MadeKey), OfflineError> {
        if !tenants::acceptable_name(name) {
            return Err(OfflineError::TenantName(name.to_owned()));
        }
        let (change, secret_id, secret_key) =
            tenants::new_tenant(&self.0.secrets, name, self.0.now()).map_err(OpenError::Seal)?;
        match self.write(TenantId::DEFAULT, "CreateTenant", name, change)? {
            Effect::Tenant { tenant, .. } => {
                let key = MadeKey { secret_id, secret_key, token: None, expires: None };
                Ok((Tenant::clone(&tenant), key))
            }
            _ => Err(OfflineError::NoTenant(name.to_owned())),
        }
    }

    /// All tenants.
    ///
    /// # Errors
    /// Trouble with the store.
    pub fn tenants(&self) -> Result<Vec<Tenant>, OfflineError> {
        self.0.stored_tenants().map_err(|e| OpenError::Store(e).into())
    }

    fn tenant(&self, named: &str) -> Result<Tenant, OfflineError> {
        let fits = |t: &Tenant| t.name == named || t.id.0.to_string() == named;
        self.tenants()?.into_iter().find(fits).ok_or_else(|| OfflineError::NoTenant(named.to_owned()))
    }

    fn write(
        &self,
        tenant: TenantId,
        action: &str,
        target: &str,
        change: Change,
    ) -> Result<Effect, OfflineError> {
        let audit = Audit {
            actor: "local command".to_owned(),
            action: action.to_owned(),
            target: target.to_owned(),
            request_id: uuid::Uuid::new_v4().to_string(),
        };
        let written = self.0.writer().write_blocking(Write::new(tenant, change).audited(audit))?;
        Ok(written.effect)
    }
}
