//! The PDUs of SMPP 3.4 that a client needs, as bytes. No IO.
//!
//! A codec of our own, although the crate `rusmpp` has one: what gateways send in practice is looser than the
//! specification (an error answer without its body, text outside ASCII in numbers, a missing NUL at the end), and there one
//! odd field is an error for the whole stream; here it costs that field. It also writes straight into the session's buffer.
//! The tests compare PDUs with what `rusmpp` made of the same fields.

/// Command length, id, status, sequence number: four octets each (SMPP 3.4, 3.2).
pub const HEADER_LEN: usize = 16;
/// The longest PDU that we read: a `message_payload` of 64 KiB and what stands around it. More is not SMPP.
pub const PDU_LEN_MAX: usize = 70_000;

/// Command ids (SMPP 3.4, 5.1.2.1). An answer has [`RESP`] added.
pub mod id {
    /// `generic_nack`
    pub const GENERIC_NACK: u32 = 0x8000_0000;
    /// `bind_receiver`
    pub const BIND_RECEIVER: u32 = 0x01;
    /// `bind_transmitter`
    pub const BIND_TRANSMITTER: u32 = 0x02;
    /// `submit_sm`
    pub const SUBMIT_SM: u32 = 0x04;
    /// `deliver_sm`
    pub const DELIVER_SM: u32 = 0x05;
    /// `unbind`
    pub const UNBIND: u32 = 0x06;
    /// `bind_transceiver`
    pub const BIND_TRANSCEIVER: u32 = 0x09;
    /// `enquire_link`
    pub const ENQUIRE_LINK: u32 = 0x15;
    /// `alert_notification`, which has no answer.
    pub const ALERT_NOTIFICATION: u32 = 0x102;
    /// `data_sm`
    pub const DATA_SM: u32 = 0x103;
    /// `outbind`, which has no answer.
    pub const OUTBIND: u32 = 0x0b;
}
/// Added to a command id in its answer.
pub const RESP: u32 = 0x8000_0000;

/// Optional parameters (SMPP 3.4, 5.3.2).
pub mod tlv {
    /// `receipted_message_id`
    pub const RECEIPTED_MESSAGE_ID: u16 = 0x1e;
    /// `user_message_reference`
    pub const USER_MESSAGE_REFERENCE: u16 = 0x204;
    /// `sar_msg_ref_num`
    pub const SAR_MSG_REF_NUM: u16 = 0x20c;
    /// `sar_total_segments`
    pub const SAR_TOTAL_SEGMENTS: u16 = 0x20e;
    /// `sar_segment_seqnum`
    pub const SAR_SEGMENT_SEQNUM: u16 = 0x20f;
    /// `message_payload`
    pub const MESSAGE_PAYLOAD: u16 = 0x424;
    /// `message_state`
    pub const MESSAGE_STATE: u16 = 0x427;
}

/// A PDU's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Of the whole PDU.
    pub len: usize,
    pub id: u32,
    /// How it went, in an answer.
    pub status: u32,
    /// Ties question and answer.
    pub sequence: u32,
}

/// A length that can't be: the stream is out of step and can't be read any further.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadLength(pub u32);

fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// The first PDU of a buffer: header and body. `None`: not all of it is there yet.
///
/// # Errors
/// [`BadLength`].
pub fn next(buf: &[u8]) -> Result<Option<(Header, &[u8])>, BadLength> {
    if buf.len() < 4 {
        return Ok(None);
    }
    let len = be32(buf, 0);
    if !(HEADER_LEN..=PDU_LEN_MAX).contains(&(len as usize)) {
        return Err(BadLength(len));
    }
    let len = len as usize;
    let Some(pdu) = buf.get(..len) else { return Ok(None) };
    let header = Header { len, id: be32(pdu, 4), status: be32(pdu, 8), sequence: be32(pdu, 12) };
    Ok(Some((header, &pdu[HEADER_LEN..])))
}

/// Reads fields one after the other. What is missing reads as empty or zero.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }
    /// Up to the NUL, or to the end when there is none.
    fn c_string(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|b| *b == 0).unwrap_or(self.0.len());
        let text = &self.0[..end];
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        text
    }
    fn octets(&mut self, len: usize) -> &'a [u8] {
        let (octets, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        octets
    }
    fn be16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }
    fn tlv(&mut self) -> Option<(u16, &'a [u8])> {
        if self.0.len() < 4 {
            return None;
        }
        let (tag, len) = (self.be16(), self.be16());
        Some((tag, self.octets(usize::from(len))))
    }
}

/// The message number in the answer to a submit.
pub fn message_id(body: &[u8]) -> String {
    String::from_utf8_lossy(Fields(body).c_string()).trim().to_owned()
}

/// What the gateway brings: somebody's text, or a receipt. From `deliver_sm` (4.6.1) or `data_sm` (4.7.1).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Delivered<'a> {
    /// Type of number of the sender; 1 is international.
    pub source_ton: u8,
    /// Who wrote it; in a receipt, who was written to.
    pub source: &'a [u8],
    /// Kind of message and header indicator (5.2.12).
    pub esm_class: u8,
    /// How the text is written (5.2.19).
    pub data_coding: u8,
    /// The text, from whichever place it stood in, with its user data header.
    pub message: &'a [u8],
    /// `receipted_message_id`, without its NUL.
    pub receipted_message_id: Option<&'a [u8]>,
    /// `message_state`.
    pub message_state: Option<u8>,
    /// `sar_*`: reference, total, number of this one.
    pub sar: Option<(u16, u8, u8)>,
}

/// Reads `deliver_sm`, or `data_sm` which lacks some of the fields.
pub fn delivered(command: u32, body: &[u8]) -> Delivered<'_> {
    let mut fields = Fields(body);
    let mut out = Delivered::default();
    fields.c_string();
    out.source_ton = fields.byte();
    fields.byte();
    out.source = fields.c_string();
    fields.octets(2);
    fields.c_string();
    out.esm_class = fields.byte();
    if command == id::DATA_SM {
        fields.byte();
        out.data_coding = fields.byte();
    } else {
        fields.octets(2);
        fields.c_string();
        fields.c_string();
        fields.octets(2);
        out.data_coding = fields.byte();
        fields.byte();
        let len = fields.byte();
        out.message = fields.octets(usize::from(len));
    }
    let (mut reference, mut total, mut number) = (None, None, None);
    while let Some((tag, value)) = fields.tlv() {
        match (tag, value) {
            (tlv::MESSAGE_PAYLOAD, _) => out.message = value,
            (tlv::RECEIPTED_MESSAGE_ID, _) => out.receipted_message_id = Some(Fields(value).c_string()),
            (tlv::MESSAGE_STATE, [state]) => out.message_state = Some(*state),
            (tlv::SAR_MSG_REF_NUM, [a, b]) => reference = Some(u16::from_be_bytes([*a, *b])),
            (tlv::SAR_TOTAL_SEGMENTS, [n]) => total = Some(*n),
            (tlv::SAR_SEGMENT_SEQNUM, [n]) => number = Some(*n),
            _ => {}
        }
    }
    out.sar = reference.zip(total).zip(number).map(|((r, t), n)| (r, t, n));
    out
}

fn begin(out: &mut Vec<u8>, command: u32, status: u32, sequence: u32) -> usize {
    let start = out.len();
    for word in [0, command, status, sequence] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    start
}
fn end(out: &mut [u8], start: usize) {
    let len = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&len.to_be_bytes());
}
/// A text and its NUL. A NUL inside would end it early and shift what follows; configuration refuses it.
fn c_string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(text.iter().take_while(|b| **b != 0));
    out.push(0);
}
/// An optional parameter.
pub fn put_tlv(out: &mut Vec<u8>, tag: u16, value: &[u8]) {
    out.extend_from_slice(&tag.to_be_bytes());
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

/// A PDU that is a header only: `enquire_link`, `unbind`, their answers, `generic_nack`.
pub fn bare(out: &mut Vec<u8>, command: u32, status: u32, sequence: u32) {
    let start = begin(out, command, status, sequence);
    end(out, start);
}

/// The answer to `deliver_sm` or `data_sm`: its `message_id` is empty (4.6.2).
pub fn delivered_resp(out: &mut Vec<u8>, command: u32, status: u32, sequence: u32) {
    let start = begin(out, command | RESP, status, sequence);
    out.push(0);
    end(out, start);
}

/// `bind_transceiver`, `bind_transmitter` or `bind_receiver` (4.1). `texts` are system_id, password and system_type; the
/// interface version is 0x34 or 0x50.
pub fn bind(out: &mut Vec<u8>, command: u32, sequence: u32, texts: [&str; 3], version: u8) {
    let start = begin(out, command, 0, sequence);
    for text in texts {
        c_string(out, text.as_bytes());
    }
    // Version, any type of number, any plan, any range of numbers.
    out.extend_from_slice(&[version, 0, 0, 0]);
    end(out, start);
}

/// A number with its type and plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Number<'a> {
    /// Type of number (5.2.5).
    pub ton: u8,
    /// Numbering plan (5.2.6).
    pub npi: u8,
    /// Digits, or letters when the type is 5.
    pub digits: &'a [u8],
}

/// `submit_sm` (4.4.1).
#[derive(Clone, Copy, Debug)]
pub struct Submit<'a> {
    /// Which service; mostly empty.
    pub service_type: &'a str,
    pub source: Number<'a>,
    pub dest: Number<'a>,
    /// 0x40 with a user data header.
    pub esm_class: u8,
    /// 0 to 3.
    pub priority: u8,
    /// Relative time (7.1.1), or empty.
    pub validity: &'a str,
    /// 1 asks for a receipt.
    pub registered_delivery: u8,
    /// 0 or 8.
    pub data_coding: u8,
    /// User data header, or empty.
    pub header: &'a [u8],
    /// The text's octets.
    pub message: &'a [u8],
    /// The text goes as `message_payload`.
    pub payload: bool,
    /// Optional parameters, as bytes.
    pub tlvs: &'a [u8],
}

/// Writes `submit_sm`. Header and message together have at most 254 octets unless `payload` is set; SMS are shorter.
pub fn submit(out: &mut Vec<u8>, sequence: u32, sm: &Submit<'_>) {
    let start = begin(out, id::SUBMIT_SM, 0, sequence);
    c_string(out, sm.service_type.as_bytes());
    for number in [&sm.source, &sm.dest] {
        out.extend_from_slice(&[number.ton, number.npi]);
        c_string(out, number.digits);
    }
    // Protocol id 0; no scheduled time.
    out.extend_from_slice(&[sm.esm_class, 0, sm.priority, 0]);
    c_string(out, sm.validity.as_bytes());
    // Replace nothing, no canned message.
    out.extend_from_slice(&[sm.registered_delivery, 0, sm.data_coding, 0]);
    if sm.payload {
        out.push(0);
    } else {
        out.push((sm.header.len() + sm.message.len()) as u8);
        out.extend_from_slice(sm.header);
        out.extend_from_slice(sm.message);
    }
    out.extend_from_slice(sm.tlvs);
    if sm.payload {
        put_tlv(out, tlv::MESSAGE_PAYLOAD, sm.message);
    }
    end(out, start);
}

#[cfg(test)]
#[path = "pdu_tests.rs"]
mod tests;
