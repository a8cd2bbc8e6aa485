//! One command a file; its doc comment is its help.
