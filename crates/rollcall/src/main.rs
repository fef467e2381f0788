//! The `rollcall` program (being built).

fn main() {}
