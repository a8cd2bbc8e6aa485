//! Pager pages: numbered, each with header and mark. To be written.
