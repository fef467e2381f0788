//! Tenants: the walls inside one installation. Every row and every key belongs to exactly one.

/// Number of a tenant; 1 is `default` and always exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub u32);

impl TenantId {
    /// The tenant every installation starts with.
    pub const DEFAULT: TenantId = TenantId(1);
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Number, never reused.
    pub id: TenantId,
    /// Unique name, 1 to 64 of `a-z 0-9 - _`.
    pub name: String,
    /// When it was created.
    pub created: crate::Millis,
}
