//! Reads the text out of a PDF, page by page: what a person who looks at the page reads there.
//!
//! As little of ISO 32000-1 as that takes: objects, flate streams, the page tree, `ToUnicode` maps, the text operators,
//! and marked content (what is marked as an artifact is not part of the text; `ActualText` stands for what it marks).
//! Knows nothing of the code that wrote the file.

use std::collections::HashMap;
use std::io::Read;

/// What one file may unpack to.
const STREAM_BYTES_MAX: u64 = 8 << 20;
/// How deep arrays, dictionaries and page trees may nest.
const DEPTH_MAX: usize = 32;

/// The text of each page: all shown strings that are not artifacts, put together as they stand, nothing added.
pub fn pages(file: &[u8]) -> Result<Vec<String>, String> {
    read(file, false)
}

/// The same with what stands around each page: what eyes see.
pub fn whole_pages(file: &[u8]) -> Result<Vec<String>, String> {
    read(file, true)
}

fn read(file: &[u8], artifacts: bool) -> Result<Vec<String>, String> {
    let doc = Doc { artifacts, ..Doc::read(file)? };
    let root = doc.objects.values().find(|o| o.is_name(b"Type", b"Catalog")).ok_or("no catalog")?;
    let mut out = Vec::new();
    doc.walk(doc.get(root, b"Pages").ok_or("no page tree")?, None, 0, &mut out)?;
    Ok(out)
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Name(Vec<u8>),
    Text(Vec<u8>),
    Array(Vec<Value>),
    Dict(HashMap<Vec<u8>, Value>),
    Ref(u32),
    Word(Vec<u8>),
}

impl Value {
    fn entry(&self, key: &[u8]) -> Option<&Value> {
        match self {
            Value::Dict(d) => d.get(key),
            _ => None,
        }
    }
    fn is_name(&self, key: &[u8], name: &[u8]) -> bool {
        matches!(self.entry(key), Some(Value::Name(n)) if n == name)
    }
}

/// Tokens of PDF syntax (7.2, 7.3).
struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

fn is_space(b: u8) -> bool {
    matches!(b, 0 | 9 | 10 | 12 | 13 | 32)
}
fn is_delimiter(b: u8) -> bool {
    b"()<>[]{}/%".contains(&b)
}

impl<'a> Lexer<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
    fn starts(&self, with: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(with))
    }
    fn skip_space(&mut self) {
        while let Some(b) = self.peek() {
            if b == b'%' {
                while self.peek().is_some_and(|b| b != 10 && b != 13) {
                    self.at += 1;
                }
            } else if is_space(b) {
                self.at += 1;
            } else {
                break;
            }
        }
    }
    fn plain(&mut self) -> Vec<u8> {
        let start = self.at;
        while self.peek().is_some_and(|b| !is_space(b) && !is_delimiter(b)) {
            self.at += 1;
        }
        self.bytes[start..self.at].to_vec()
    }
    fn value(&mut self, depth: usize) -> Result<Option<Value>, String> {
        if depth > DEPTH_MAX {
            return Err("nested too deep".into());
        }
        self.skip_space();
        let Some(first) = self.peek() else { return Ok(None) };
        Ok(Some(match first {
            b'/' => {
                self.at += 1;
                let raw = self.plain();
                Value::Name(raw)
            }
            b'(' => Value::Text(self.literal()),
            b'<' if self.starts(b"<<") => {
                self.at += 2;
                let mut dict = HashMap::new();
                loop {
                    self.skip_space();
                    if self.starts(b">>") {
                        self.at += 2;
                        break Value::Dict(dict);
                    }
                    match (self.value(depth + 1)?, self.value(depth + 1)?) {
                        (Some(Value::Name(key)), Some(value)) => dict.insert(key, value),
                        _ => return Err("bad dictionary".into()),
                    };
                }
            }
            b'<' => Value::Text(self.hex()),
            b'[' => {
                self.at += 1;
                let mut array = Vec::new();
                loop {
                    self.skip_space();
                    if self.starts(b"]") {
                        self.at += 1;
                        break Value::Array(array);
                    }
                    array.push(self.value(depth + 1)?.ok_or("open array")?);
                }
            }
            b if is_delimiter(b) => {
                self.at += 1;
                Value::Word(vec![b])
            }
            _ => self.number_or_word(),
        }))
    }
    fn number_or_word(&mut self) -> Value {
        let word = self.plain();
        let number = std::str::from_utf8(&word).ok().and_then(|w| w.parse::<f64>().ok());
        let Some(number) = number else { return Value::Word(word) };
        // `12 0 R` is a reference.
        let back = self.at;
        self.skip_space();
        let generation = self.plain();
        self.skip_space();
        if !generation.is_empty() && generation.iter().all(u8::is_ascii_digit) && self.plain() == b"R" {
            return Value::Ref(number as u32);
        }
        self.at = back;
        Value::Number(number)
    }
    fn literal(&mut self) -> Vec<u8> {
        let (mut out, mut open) = (Vec::new(), 0);
        while let Some(b) = self.peek() {
            self.at += 1;
            match b {
                b'(' => {
                    open += 1;
                    if open > 1 {
                        out.push(b);
                    }
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    out.push(b);
                }
                b'\\' => {
                    let Some(escaped) = self.peek() else { break };
                    self.at += 1;
                    match escaped {
                        b'n' => out.push(10),
                        b'r' => out.push(13),
                        b't' => out.push(9),
                        b'b' => out.push(8),
                        b'f' => out.push(12),
                        b'\n' => {}
                        b'\r' => {
                            if self.peek() == Some(b'\n') {
                                self.at += 1;
                            }
                        }
                        b'0'..=b'7' => {
                            let mut code = u32::from(escaped - b'0');
                            for _ in 0..2 {
                                match self.peek() {
                                    Some(d @ b'0'..=b'7') => {
                                        code = code * 8 + u32::from(d - b'0');
                                        self.at += 1;
                                    }
                                    _ => break,
                                }
                            }
                            out.push(code as u8);
                        }
                        other => out.push(other),
                    }
                }
                b'\r' => {
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    out.push(b'\n');
                }
                b => out.push(b),
            }
        }
        out
    }
    fn hex(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut digits = Vec::new();
        while let Some(b) = self.peek() {
            self.at += 1;
            match b {
                b'>' => break,
                b if b.is_ascii_hexdigit() => digits.push((b as char).to_digit(16).unwrap_or(0) as u8),
                _ => {}
            }
        }
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
    }
}

struct Doc {
    objects: HashMap<u32, Value>,
    streams: HashMap<u32, Vec<u8>>,
    /// What is marked as an artifact is read too.
    artifacts: bool,
}

impl Doc {
    /// Reads the objects from front to back, as a reader does whose cross-reference table is lost.
    fn read(file: &[u8]) -> Result<Self, String> {
        if !file.starts_with(b"%PDF-") {
            return Err("no PDF".into());
        }
        let mut doc = Doc { objects: HashMap::new(), streams: HashMap::new(), artifacts: false };
        let mut lexer = Lexer::new(file, 0);
        let mut before: [Option<f64>; 2] = [None, None];
        while let Some(value) = lexer.value(0)? {
            match value {
                Value::Number(n) => before = [before[1], Some(n)],
                Value::Word(w) if w == b"obj" => {
                    if let [Some(id), Some(_)] = before {
                        doc.object(id as u32, &mut lexer)?;
                    }
                    before = [None, None];
                }
                _ => before = [None, None],
            }
        }
        Ok(doc)
    }

    fn object(&mut self, id: u32, lexer: &mut Lexer<'_>) -> Result<(), String> {
        let value = lexer.value(0)?.ok_or("open object")?;
        lexer.skip_space();
        if lexer.starts(b"stream") {
            lexer.at += 6;
            if lexer.starts(b"\r") {
                lexer.at += 1;
            }
            if lexer.starts(b"\n") {
                lexer.at += 1;
            }
            let length = match value.entry(b"Length") {
                Some(Value::Number(n)) => *n as usize,
                _ => return Err("stream without length".into()),
            };
            let end = lexer.at.checked_add(length).ok_or("bad length")?;
            let raw = lexer.bytes.get(lexer.at..end).ok_or("stream is cut off")?;
            let flate = match value.entry(b"Filter") {
                Some(Value::Array(filters)) => filters.contains(&Value::Name(b"FlateDecode".to_vec())),
                Some(filter) => *filter == Value::Name(b"FlateDecode".to_vec()),
                None => false,
            };
            let bytes = if flate {
                let mut out = Vec::new();
                flate2::read::ZlibDecoder::new(raw)
                    .take(STREAM_BYTES_MAX)
                    .read_to_end(&mut out)
                    .map_err(|e| format!("stream {id}: {e}"))?;
                out
            } else {
                raw.to_vec()
            };
            self.streams.insert(id, bytes);
            lexer.at = end;
        }
        self.objects.insert(id, value);
        Ok(())
    }

    fn resolve<'v>(&'v self, value: &'v Value) -> Option<&'v Value> {
        match value {
            Value::Ref(id) => self.objects.get(id),
            direct => Some(direct),
        }
    }
    fn get<'v>(&'v self, of: &'v Value, key: &[u8]) -> Option<&'v Value> {
        self.resolve(of.entry(key)?)
    }

    fn walk<'v>(
        &'v self,
        node: &'v Value,
        inherited: Option<&'v Value>,
        depth: usize,
        out: &mut Vec<String>,
    ) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err("page tree too deep".into());
        }
        let resources = self.get(node, b"Resources").or(inherited);
        if let Some(Value::Array(kids)) = self.get(node, b"Kids") {
            for kid in kids {
                self.walk(self.resolve(kid).ok_or("lost page")?, resources, depth + 1, out)?;
            }
            return Ok(());
        }
        let mut content = Vec::new();
        let streams = match node.entry(b"Contents") {
            Some(Value::Array(all)) => all.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        for stream in streams {
            if let Value::Ref(id) = stream {
                content.extend_from_slice(self.streams.get(&id).ok_or("lost content")?);
                content.push(b'\n');
            }
        }
        out.push(self.text(&content, resources)?);
        Ok(())
    }

    fn maps(&self, resources: Option<&Value>) -> HashMap<Vec<u8>, CodeMap> {
        let fonts = resources.and_then(|r| self.get(r, b"Font"));
        let Some(Value::Dict(fonts)) = fonts else { return HashMap::new() };
        let mut maps = HashMap::new();
        for (name, font) in fonts {
            let Some(Value::Ref(id)) = self.resolve(font).and_then(|f| f.entry(b"ToUnicode")) else { continue };
            if let Some(cmap) = self.streams.get(id) {
                maps.insert(name.clone(), code_map(cmap));
            }
        }
        maps
    }

    fn text(&self, content: &[u8], resources: Option<&Value>) -> Result<String, String> {
        let maps = self.maps(resources);
        let mut lexer = Lexer::new(content, 0);
        let (mut out, mut operands, mut font) = (String::new(), Vec::new(), None);
        // What encloses the place: artifact, replaced, or neither.
        let mut marks: Vec<bool> = Vec::new();
        while let Some(value) = lexer.value(0)? {
            let Value::Word(operator) = value else {
                operands.push(value);
                continue;
            };
            let hidden = marks.contains(&true);
            match operator.as_slice() {
                b"Tf" => {
                    font = operands.iter().find_map(|o| match o {
                        Value::Name(n) => maps.get(n),
                        _ => None,
                    });
                }
                b"BMC" | b"BDC" => {
                    let artifact = !self.artifacts && operands.first() == Some(&Value::Name(b"Artifact".to_vec()));
                    let actual = operands.get(1).and_then(|p| p.entry(b"ActualText"));
                    if let (Some(Value::Text(actual)), false) = (actual, hidden || artifact) {
                        out.push_str(&text_string(actual));
                        marks.push(true);
                    } else {
                        marks.push(artifact);
                    }
                }
                b"EMC" => {
                    marks.pop();
                }
                b"Tj" | b"TJ" | b"'" | b"\"" if !hidden => {
                    for operand in &operands {
                        match operand {
                            Value::Text(codes) => show(codes, font, &mut out)?,
                            Value::Array(parts) => {
                                for part in parts {
                                    if let Value::Text(codes) = part {
                                        show(codes, font, &mut out)?;
                                    }
                                }
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
            operands.clear();
        }
        Ok(out)
    }
}

/// Two-byte codes to text (9.10.3).
type CodeMap = HashMap<u16, String>;

fn show(codes: &[u8], font: Option<&CodeMap>, out: &mut String) -> Result<(), String> {
    let font = font.ok_or("text without a font that says what it means")?;
    for pair in codes.chunks(2) {
        let code = u16::from(pair[0]) << 8 | u16::from(pair.get(1).copied().unwrap_or(0));
        out.push_str(font.get(&code).ok_or("a glyph without a meaning")?);
    }
    Ok(())
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> =
        bytes.chunks(2).map(|p| u16::from(p[0]) << 8 | u16::from(p.get(1).copied().unwrap_or(0))).collect();
    String::from_utf16_lossy(&units)
}

/// 7.9.2.2: UTF-16 with its mark, else one byte a character.
fn text_string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => utf16(rest),
        bytes => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

fn code_map(cmap: &[u8]) -> CodeMap {
    let mut lexer = Lexer::new(cmap, 0);
    let (mut map, mut operands) = (CodeMap::new(), Vec::new());
    let code = |v: &Value| match v {
        Value::Text(t) => Some(t.iter().fold(0u16, |sum, b| sum << 8 | u16::from(*b))),
        _ => None,
    };
    while let Ok(Some(value)) = lexer.value(0) {
        let Value::Word(word) = value else {
            operands.push(value);
            continue;
        };
        match word.as_slice() {
            b"endbfchar" => {
                for pair in operands.chunks(2) {
                    if let [from, Value::Text(to)] = pair
                        && let Some(from) = code(from)
                    {
                        map.insert(from, utf16(to));
                    }
                }
            }
            b"endbfrange" => {
                for triple in operands.chunks(3) {
                    let [from, to, target] = triple else { continue };
                    let (Some(from), Some(to)) = (code(from), code(to)) else { continue };
                    for (i, at) in (from..=to).enumerate() {
                        let meaning = match target {
                            Value::Text(first) => {
                                let mut last = first.clone();
                                if let [.., high, low] = last.as_mut_slice() {
                                    let next = (u16::from(*high) << 8 | u16::from(*low)).wrapping_add(i as u16);
                                    [*high, *low] = next.to_be_bytes();
                                }
                                utf16(&last)
                            }
                            Value::Array(all) => match all.get(i) {
                                Some(Value::Text(one)) => utf16(one),
                                _ => continue,
                            },
                            _ => continue,
                        };
                        map.insert(at, meaning);
                    }
                }
            }
            _ => {}
        }
        operands.clear();
    }
    map
}
