//! What the YAML parser does not understand, in words for somebody who never read about YAML.

use serde_yaml::granit_parser::ErrorKind as E;

use super::tree::DEPTH_MAX;

/// What is wrong, and what to do.
pub fn said(kind: &E) -> (String, &'static str) {
    let indent = "lines that belong together begin in the same column, what belongs to a key further to the right";
    match kind {
        E::UnclosedFlowCollection { open } => {
            (format!("this “{open}” is never closed"), "put the bracket that closes it, and a comma between entries")
        }
        E::MismatchedFlowCollectionEnd { open, close } => {
            (format!("“{open}” is closed by “{close}”"), "[ ends with ], { with }")
        }
        E::UnexpectedEofFlowSequence
        | E::UnexpectedEofFlowMapping
        | E::UnexpectedEofImplicitFlowMapping
        | E::ExpectedFlowMappingSeparator
        | E::ExpectedFlowSequenceSeparator
        | E::MisplacedFlowCollectionEnd
        | E::InvalidFlowScalarIndent
        | E::BlockEntryInFlowCollection
        | E::FlowMappingValueAdjacentCollection => (
            "the brackets or commas are not right here".into(),
            "a list is [a, b], a mapping { key: value, key: value }; a text with a “: ” stands in quotes",
        ),
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar | E::InvalidQuotedScalarIndent => {
            ("a text in quotes is never closed".into(), "put the quote at its end, of the kind that it began with")
        }
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => (
            "something stands behind the closing quote".into(),
            "put all of the text into the quotes; a ' within '…' is written ''",
        ),
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidLowSurrogateHexEscape
        | E::InvalidLowSurrogate
        | E::MissingLowSurrogate
        | E::UnpairedLowSurrogate
        | E::InvalidUnicodeEscape => (
            "a backslash in \"…\" begins a sign that does not exist".into(),
            "write \\\\ for a backslash, or take '…' for quotes",
        ),
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabAtBlockScalarStart
        | E::TabInPlainScalar => ("a tab stands where only spaces may".into(), "indent with spaces"),
        E::MappingValueNotAllowed => (
            "a “:” too many: either the line is not indented like its neighbours, or a text has a “:”".into(),
            "a text with a “: ” stands in quotes; a key stands in the column of its neighbours",
        ),
        E::SimpleKeyExpected | E::InvalidSimpleKey | E::ExpectedBlockMappingKey | E::MappingKeyNotAllowed => (
            "a key with its “:” is wanted here".into(),
            "every line is “key: value”, or “- entry” of a list; mind the column",
        ),
        E::InvalidIndentation
        | E::ExpectedBlockSequenceEntry
        | E::BlockSequenceEntryNotAllowed
        | E::InvalidBlockScalarIndent
        | E::ExpectedNodeContent => ("this line is not indented like its neighbours".into(), indent),
        E::InvalidColonPlacement | E::InvalidMappingValueWhitespace | E::InvalidBlockEntryWhitespace => (
            "a “:” or “-” can't stand here: its space is missing, or a bracket before it is not closed".into(),
            "write “key: value” and “- entry”, with the space",
        ),
        E::CommentInterceptedScalar | E::CommentNotSeparated | E::ExpectedWhitespace => {
            ("a space is missing before “#” or behind a quote".into(), "a comment begins with a space and #")
        }
        E::UnexpectedCharacter { character } => {
            (format!("nothing can begin with “{character}” here"), "put the text in quotes")
        }
        E::PlainScalarStartsWithDashFlowIndicator | E::UnexpectedEndOfPlainScalar => {
            ("this text can't stand without quotes".into(), "put it in quotes")
        }
        E::ZeroBlockScalarIndent | E::InvalidBlockScalarHeader => {
            ("behind “|” or “>” the line ends".into(), "write the text in quotes, on one line")
        }
        E::UnexpectedEof | E::UnexpectedEofBlockSequence | E::UnexpectedEofBlockMapping => {
            ("the file ends in the middle of something".into(), "see what is missing at its end")
        }
        E::RecursionLimitExceeded => {
            (format!("more than {DEPTH_MAX} levels of nesting (DEPTH_MAX)"), "see where a bracket is not closed")
        }
        E::UnknownAnchor | E::MissingAnchorOrAliasName | E::AnchorCountOverflow => (
            "& and * have a meaning of their own in YAML, which is not used here".into(),
            "put a text that begins with them in quotes",
        ),
        _ => (
            "this is not understood".into(),
            "see examples on the pages for configuration; a text with signs stands in quotes",
        ),
    }
}
