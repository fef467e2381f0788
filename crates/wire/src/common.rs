//! The common parameters as the first signature version sends them: among the action's own, in the form or query.

/// The common parameters of a form or query. With signature version 3 they are `X-TC-*` headers instead, and the
/// server fills this from there, so that what follows need not know the difference.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CommonParameters {
    /// `Action`.
    pub action: Option<String>,
    /// `Version`.
    pub version: Option<String>,
    /// `Region`: ignored, no action of the contract depends on it.
    pub region: Option<String>,
    /// `Timestamp`, UNIX seconds as text.
    pub timestamp: Option<String>,
    /// `Nonce`: not checked for uniqueness, some clients start with the same one each time.
    pub nonce: Option<String>,
    /// `SecretId`.
    pub secret_id: Option<String>,
    /// `Signature`.
    pub signature: Option<String>,
    /// `SignatureMethod`.
    pub signature_method: Option<String>,
    /// `Token` of a temporary key.
    pub token: Option<String>,
    /// `Language`, `zh-CN` or `en-US`.
    pub language: Option<String>,
    /// `RequestClient`, for the log.
    pub request_client: Option<String>,
}

impl CommonParameters {
    /// Their names in a form or query.
    pub const NAMES: [&'static str; 11] = [
        "Action",
        "Version",
        "Region",
        "Timestamp",
        "Nonce",
        "SecretId",
        "Signature",
        "SignatureMethod",
        "Token",
        "Language",
        "RequestClient",
    ];

    /// Picks them out of decoded pairs.
    pub fn from_pairs(pairs: &[(String, String)]) -> Self {
        let mut common = Self::default();
        for (name, value) in pairs {
            if let Some(slot) = common.slot(name) {
                *slot = Some(value.clone());
            }
        }
        common
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "Action" => &mut self.action,
            "Version" => &mut self.version,
            "Region" => &mut self.region,
            "Timestamp" => &mut self.timestamp,
            "Nonce" => &mut self.nonce,
            "SecretId" => &mut self.secret_id,
            "Signature" => &mut self.signature,
            "SignatureMethod" => &mut self.signature_method,
            "Token" => &mut self.token,
            "Language" => &mut self.language,
            "RequestClient" => &mut self.request_client,
            _ => return None,
        })
    }
}

/// Without token and signature.
impl std::fmt::Debug for CommonParameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommonParameters")
            .field("action", &self.action)
            .field("version", &self.version)
            .field("secret_id", &self.secret_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_slot() {
        let pairs = CommonParameters::NAMES.map(|name| (name.to_owned(), name.to_lowercase()));
        let common = CommonParameters::from_pairs(&pairs);
        assert_eq!(common.request_client.as_deref(), Some("requestclient"));
        for name in CommonParameters::NAMES {
            assert!(common.clone().slot(name).is_some_and(|slot| slot.is_some()), "{name}");
        }
    }
}
