//! Repository chores: generate, test, bench, actions (being built).

fn main() {}
