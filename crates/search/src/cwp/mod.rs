//! CWP filters.
