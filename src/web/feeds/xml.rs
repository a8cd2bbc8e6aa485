//! XML of elements, attributes and text, by the library's writer; what no XML can hold is replaced.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// A document that is being written. Writing into memory does not fail.
pub(super) struct Xml(Writer<Vec<u8>>);

impl Xml {
    pub fn new() -> Self {
        let mut xml = Self(Writer::new_with_indent(Vec::with_capacity(4096), b' ', 1));
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    fn event(&mut self, event: Event<'_>) {
        let _ = self.0.write_event(event);
    }

    fn start<'a>(name: &'a str, attributes: &[(&'a str, &str)]) -> BytesStart<'a> {
        let mut start = BytesStart::new(name);
        for (key, value) in attributes {
            start.push_attribute((*key, &*permitted(value)));
        }
        start
    }

    /// An element that holds what `inside` writes.
    pub fn element(&mut self, name: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Self)) {
        self.event(Event::Start(Self::start(name, attributes)));
        inside(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element without anything in it.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Empty(Self::start(name, attributes)));
    }

    /// An element that holds a text and nothing else, byte for byte.
    pub fn text(&mut self, name: &str, text: &str) {
        self.text_with(name, &[], text);
    }

    /// The same with attributes.
    pub fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        let text = permitted(text);
        // A reader makes a line feed of a bare carriage return (XML 1.0, 2.11), but not of a reference to one.
        let text = partial_escape(text).replace('\r', "&#13;");
        self.element(name, attributes, |xml| xml.event(Event::Text(BytesText::from_escaped(text))));
    }

    pub fn finish(self) -> Vec<u8> {
        let mut all = self.0.into_inner();
        all.push(b'\n');
        all
    }
}

/// What XML 1.0 can hold at all (2.2, Char); the rest becomes U+FFFD. A canonical text has none of it.
fn permitted(text: &str) -> Cow<'_, str> {
    let bad = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(bad) { text.replace(bad, "\u{fffd}").into() } else { text.into() }
}
