//! The pure rules that turn facts into an `Account` (being built).
