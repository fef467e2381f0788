//! EIAM conditions.
