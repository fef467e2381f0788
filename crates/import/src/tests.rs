//! What holds for every source.
