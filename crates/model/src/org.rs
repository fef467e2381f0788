//! The organisation tree. So far only the root node of each tenant is made; the rest comes with its actions.

/// One node of the organisation tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgNode {
    /// Id (UUID).
    pub id: String,
    /// Parent node; `None` for the root.
    pub parent: Option<String>,
    /// Shown name.
    pub name: String,
}
