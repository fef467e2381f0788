//! Who is calling. No HTTP here: the server authenticates and fills a `Caller`.

use std::net::IpAddr;

use model::{Role, TenantId};
use wire::Lang;

/// The authenticated caller of one request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Tenant of the key: everything the request sees or changes lies inside it.
    pub tenant: TenantId,
    /// SecretId of the key.
    pub secret_id: String,
    /// Role of the key.
    pub role: Role,
    /// RequestId of the answer.
    pub request_id: String,
    /// Language of messages.
    pub lang: Lang,
    /// Address the request came from.
    pub source: IpAddr,
}
