//! From a job to the octets of its SMS. No IO.

use std::sync::Arc;

use super::config::SmppConfig;
use super::pdu::{self, Number, Submit, tlv};
use crate::domain::delivery::SendError;
use crate::domain::ids::DeliveryId;
use crate::domain::text::sms::{self, Encoding, Split};
use crate::domain::text::{DoesNotFit, Outgoing};
use crate::gateways::{Address, Job};

/// The most digits of a number (SMPP 3.4, 5.2.9: 21 octets with the NUL).
const DIGITS_MAX: usize = 20;
/// The longest `message_payload`.
const PAYLOAD_MAX: usize = u16::MAX as usize;

/// The octets of a text's SMS, shared by all its receivers with the same trailer.
#[derive(Debug)]
pub struct Rendered {
    data_coding: u8,
    parts: Vec<Vec<u8>>,
}

impl Rendered {
    /// Of a text. What can't be carried is known when a text is drafted; here it is a last guard.
    fn new(out: &Outgoing, trailer: Option<&str>, config: &SmppConfig) -> Result<Self, DoesNotFit> {
        let parts = sms::parts(out, trailer, &config.sms)?;
        let texts = match config.sms.split {
            Split::Payload if parts.texts.len() > 1 => vec![parts.texts.concat()],
            _ => parts.texts,
        };
        let octets = |text: &String| sms::octets(text, parts.encoding, config.sms.alphabet).map_err(DoesNotFit::Lacks);
        let rendered: Vec<Vec<u8>> = texts.iter().map(octets).collect::<Result<_, _>>()?;
        if let Some(long) = rendered.iter().map(Vec::len).find(|len| *len > PAYLOAD_MAX) {
            return Err(DoesNotFit::TooLong { needs: long as u32, max: PAYLOAD_MAX as u32, unit: "octets".into() });
        }
        Ok(Self { data_coding: if parts.encoding == Encoding::Ucs2 { 8 } else { 0 }, parts: rendered })
    }

    /// How many `submit_sm` it takes.
    pub fn len(&self) -> usize {
        self.parts.len()
    }
}

/// A text, its trailer, and what they are on the wire.
type Last = (Arc<Outgoing>, Option<Arc<str>>, Arc<Rendered>);

/// The text rendered last: the jobs of a release come one after the other with the same text.
#[derive(Debug, Default)]
pub struct Renderer {
    last: Option<Last>,
}

impl Renderer {
    /// The octets for a job.
    pub fn render(&mut self, job: &Job, config: &SmppConfig) -> Result<Arc<Rendered>, SendError> {
        if let Some((out, trailer, rendered)) = &self.last
            && Arc::ptr_eq(out, &job.out)
            && *trailer == job.trailer
        {
            return Ok(rendered.clone());
        }
        let rendered = Rendered::new(&job.out, job.trailer.as_deref(), config)
            .map_err(|why| SendError::permanent(format!("this gateway {why}")))?;
        let rendered = Arc::new(rendered);
        self.last = Some((job.out.clone(), job.trailer.clone(), rendered.clone()));
        Ok(rendered)
    }
}

/// A receiver's number, checked.
#[derive(Clone, Copy, Debug)]
pub struct To {
    ton: u8,
    npi: u8,
    digits: [u8; DIGITS_MAX],
    len: usize,
}

impl To {
    /// Digits, with `+` in front for an international number; spaces, hyphens and brackets are left out.
    pub fn new(address: &Address, config: &SmppConfig) -> Result<Self, SendError> {
        let bad = || SendError::permanent("the address is not a telephone number");
        let (international, rest) = match address.0.trim().strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, address.0.trim()),
        };
        let (ton, npi) = if international { (1, 1) } else { (config.to_ton, config.to_npi) };
        let mut to = Self { ton, npi, digits: [0; DIGITS_MAX], len: 0 };
        for byte in rest.bytes().filter(|b| !b" -()/".contains(b)) {
            if !byte.is_ascii_digit() || to.len == DIGITS_MAX {
                return Err(bad());
            }
            to.digits[to.len] = byte;
            to.len += 1;
        }
        if to.len == 0 { Err(bad()) } else { Ok(to) }
    }

    /// The digits.
    pub fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }
}

/// The sender as bytes, with type and plan.
#[derive(Debug)]
pub struct From {
    ton: u8,
    npi: u8,
    text: Vec<u8>,
}

impl From {
    /// By its form: `+` and digits are international, up to eight digits a short number, letters a name.
    pub fn new(config: &SmppConfig) -> Self {
        let text = config.from.trim();
        let digits = text.strip_prefix('+').unwrap_or(text);
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let (ton, npi, text) = match (all_digits, text.starts_with('+')) {
            (true, true) => (1, 1, digits),
            (true, false) if digits.len() <= 8 => (3, 0, digits),
            (true, false) => (0, 1, digits),
            (false, _) if text.is_empty() => (0, 0, text),
            (false, _) => (5, 0, text),
        };
        Self {
            ton: config.from_ton.unwrap_or(ton),
            npi: config.from_npi.unwrap_or(npi),
            text: text.bytes().take(DIGITS_MAX).collect(),
        }
    }
}

/// The reference that ties the parts of a text: the same for a repeat, so that a handset joins the old parts with the new;
/// scattered, so that two texts to one phone seldom share it.
pub fn reference(delivery: DeliveryId) -> u16 {
    let drill = u64::from(delivery.incident.status == crate::domain::ids::Status::Exercise);
    let key = u64::from(delivery.incident.n) << 33 | drill << 32 | u64::from(delivery.ordinal);
    // Multiplicative hashing; the middle bits depend on all of them.
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u16
}

/// A relative time (SMPP 3.4, 7.1.1.2), `YYMMDDhhmmss000R`, of at most 30 days. Empty for none.
pub fn validity(ttl_s: u32) -> String {
    if ttl_s == 0 {
        return String::new();
    }
    let s = ttl_s.clamp(60, 30 * 86_400);
    format!("0000{:02}{:02}{:02}{:02}000R", s / 86_400, s / 3600 % 24, s / 60 % 60, s % 60)
}

/// What is the same for all parts of a job.
#[derive(Debug)]
pub struct Prepared {
    /// The delivery, which is the key.
    pub delivery: DeliveryId,
    /// The receiver.
    pub to: To,
    pub text: Arc<Rendered>,
    urgent: bool,
    ttl_s: u32,
}

impl Prepared {
    /// A job, checked.
    pub fn new(job: &Job, renderer: &mut Renderer, config: &SmppConfig) -> Result<Self, SendError> {
        let to = To::new(&job.to, config)?;
        let text = renderer.render(job, config)?;
        Ok(Self { delivery: job.delivery, to, text, urgent: job.head.priority == 0, ttl_s: job.ttl_s })
    }

    /// Writes part `k`, counted from 0.
    pub fn write(&self, k: usize, out: &mut Vec<u8>, sequence: u32, from: &From, config: &SmppConfig) {
        let n = self.text.len();
        let reference = reference(self.delivery);
        let split = config.sms.split;
        let (n8, k8) = (n as u8, (k + 1) as u8);
        let [high, low] = reference.to_be_bytes();
        // 3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8.
        let (udh8, udh16) = ([5, 0, 3, low, n8, k8], [6, 8, 4, high, low, n8, k8]);
        let header: &[u8] = match split {
            Split::Udh8 if n > 1 => &udh8,
            Split::Udh16 if n > 1 => &udh16,
            _ => &[],
        };
        let mut tlvs = Vec::new();
        if split == Split::Sar && n > 1 {
            pdu::put_tlv(&mut tlvs, tlv::SAR_MSG_REF_NUM, &[high, low]);
            pdu::put_tlv(&mut tlvs, tlv::SAR_TOTAL_SEGMENTS, &[n8]);
            pdu::put_tlv(&mut tlvs, tlv::SAR_SEGMENT_SEQNUM, &[k8]);
        }
        if config.user_reference {
            pdu::put_tlv(&mut tlvs, tlv::USER_MESSAGE_REFERENCE, &reference.to_be_bytes());
        }
        let validity = if config.validity { validity(self.ttl_s) } else { String::new() };
        let message = &self.text.parts[k];
        let submit = Submit {
            service_type: &config.service_type,
            source: Number { ton: from.ton, npi: from.npi, digits: &from.text },
            dest: Number { ton: self.to.ton, npi: self.to.npi, digits: self.to.digits() },
            esm_class: if header.is_empty() { 0 } else { 0x40 },
            priority: if self.urgent { config.urgent_priority.min(3) } else { 0 },
            validity: &validity,
            registered_delivery: u8::from(config.receipts),
            data_coding: self.text.data_coding,
            header,
            message,
            payload: header.len() + message.len() > sms_octets_max(split),
            tlvs: &tlvs,
        };
        pdu::submit(out, sequence, &submit);
    }
}

/// What `short_message` is used for: an SMS. A joined text in one PDU goes as payload.
fn sms_octets_max(split: Split) -> usize {
    if split == Split::Payload { sms::single_units(Encoding::Gsm7) } else { 254 }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::ids::IncidentNo;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let config = SmppConfig { to_ton: 2, ..SmppConfig::default() };
        let to = |text: &str| {
            To::new(&Address(text.into()), &config).map(|t| (t.ton, String::from_utf8(t.digits().into()).unwrap()))
        };
        assert_eq!(to("+46 70-174 06 05").unwrap(), (1, "46701740605".into()));
        assert_eq!(to("070-174 06 05").unwrap(), (2, "0701740605".into()));
        for bad in ["", "+", "iva@fs.example", "123456789012345678901", "07O1"] {
            assert!(matches!(to(bad), Err(SendError::Permanent { .. })), "{bad}");
        }
    }

    #[test]
    fn the_sender_shows_by_its_form_what_it_is() {
        let from = |text: &str| {
            let from = From::new(&SmppConfig { from: text.into(), ..SmppConfig::default() });
            (from.ton, from.npi, String::from_utf8(from.text).unwrap())
        };
        assert_eq!(from("+46701740600"), (1, 1, "46701740600".into()));
        assert_eq!(from("72112"), (3, 0, "72112".into()));
        assert_eq!(from("0701740600"), (0, 1, "0701740600".into()));
        assert_eq!(from("Regionen"), (5, 0, "Regionen".into()));
        assert_eq!(from(""), (0, 0, String::new()));
    }

    #[test]
    fn a_repeat_has_the_same_reference_and_others_seldom() {
        let id = |n, ordinal| DeliveryId { incident: IncidentNo::actual(n), ordinal };
        assert_eq!(reference(id(14, 3)), reference(id(14, 3)));
        // The same phone gets ordinals that lie as far apart as a release is long.
        for release in [16, 64, 256, 512, 1000] {
            let low: std::collections::BTreeSet<u8> =
                (0..8).map(|k| reference(id(14, 3 + k * release)) as u8).collect();
            assert!(low.len() >= 7, "{release}: {low:?}");
        }
    }

    #[test]
    fn validity_is_a_relative_time() {
        for (ttl_s, text) in [
            (0, ""),
            (5, "000000000100000R"),
            (3600, "000000010000000R"),
            (90_061, "000001010101000R"),
            (u32::MAX, "000030000000000R"),
        ] {
            assert_eq!(validity(ttl_s), text);
        }
    }
}
