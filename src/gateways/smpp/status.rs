//! What a command status means for a delivery (SMPP 3.4, 5.1.3).

use crate::domain::delivery::SendError;

/// `ESME_RTHROTTLED`: too fast.
pub const THROTTLED: u32 = 0x58;
/// `ESME_RMSGQFUL`: the gateway's queue is full.
pub const QUEUE_FULL: u32 = 0x14;

/// `ESME_RX_T_APPN`: we could not keep what the gateway brought; it brings it again.
pub const NOT_KEPT: u32 = 0x64;

/// Whether the gateway does not know who we are: trying again soon helps nobody, and some gateways lock the account.
pub fn is_about_credentials(status: u32) -> bool {
    matches!(status, 0x0d..=0x0f)
}

/// Whether the gateway asks us to slow down.
pub fn slow_down(status: u32) -> bool {
    matches!(status, THROTTLED | QUEUE_FULL)
}

/// The name in the specification and what to do about it.
pub fn name(status: u32) -> &'static str {
    match status {
        0x01 => "ESME_RINVMSGLEN, message length is invalid",
        0x02 => "ESME_RINVCMDLEN, command length is invalid",
        0x03 => "ESME_RINVCMDID, unknown command",
        0x04 => "ESME_RINVBNDSTS, the session is not bound for that; check bind_as",
        0x05 => "ESME_RALYBND, already bound; is another program using this system_id?",
        0x06 => "ESME_RINVPRTFLG, check urgent_priority_flag",
        0x07 => "ESME_RINVREGDLVFLG, check receipts",
        0x08 => "ESME_RSYSERR, system error",
        0x0a => "ESME_RINVSRCADR, the gateway refuses the sender; check from",
        0x0b => "ESME_RINVDSTADR, the gateway refuses this number",
        0x0c => "ESME_RINVMSGID, message number is invalid",
        0x0d => "ESME_RBINDFAIL, bind failed; check system_id and password",
        0x0e => "ESME_RINVPASWD, check password",
        0x0f => "ESME_RINVSYSID, check system_id",
        0x14 => "ESME_RMSGQFUL, the gateway's queue is full",
        0x15 => "ESME_RINVSERTYP, check service_type",
        0x43 => "ESME_RINVESMCLASS, the gateway refuses the header; try another split",
        0x45 => "ESME_RSUBMITFAIL, submit failed",
        0x48 => "ESME_RINVSRCTON, check from_ton",
        0x49 => "ESME_RINVSRCNPI, check from_npi",
        0x50 => "ESME_RINVDSTTON, check to_ton",
        0x51 => "ESME_RINVDSTNPI, check to_npi",
        0x53 => "ESME_RINVSYSTYP, check system_type",
        0x58 => "ESME_RTHROTTLED, too fast; set per_second_max",
        0x61 => "ESME_RINVSCHED, scheduled time is invalid",
        0x62 => "ESME_RINVEXPIRY, set validity to false",
        0x64 => "ESME_RX_T_APPN, the receiver's application is busy",
        0x65 => "ESME_RX_P_APPN, the receiver's application refuses",
        0x66 => "ESME_RX_R_APPN, the receiver's application rejects",
        0xc0..=0xc4 => "an optional parameter is refused; try another split, or user_reference false",
        0xfe => "ESME_RDELIVERYFAILURE, delivery failed",
        0xff => "ESME_RUNKNOWNERR, unknown error",
        0x400..=0x4ff => "an error of this gateway's own",
        _ => "an error that SMPP 3.4 does not name",
    }
}

/// What the status of an answer to a submit says of the delivery. Whatever is not clearly for good is worth another try;
/// tries are limited elsewhere.
pub fn refused(status: u32, pause_s: u32) -> SendError {
    let cause = format!("0x{status:08x} {}", name(status));
    if slow_down(status) {
        return SendError::Temporary { cause, retry_after_s: Some(pause_s) };
    }
    match status {
        // Sender, receiver, text, header or parameters are refused: the same bytes will be refused again.
        0x01
        | 0x06
        | 0x07
        | 0x0a
        | 0x0b
        | 0x15
        | 0x33
        | 0x34
        | 0x40
        | 0x42
        | 0x43
        | 0x48..=0x51
        | 0x61..=0x63
        | 0x65
        | 0x66
        | 0xc0..=0xc4 => SendError::permanent(cause),
        _ => SendError::temporary(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_kind() {
        assert!(matches!(refused(THROTTLED, 2), SendError::Temporary { retry_after_s: Some(2), .. }));
        assert!(matches!(refused(QUEUE_FULL, 1), SendError::Temporary { retry_after_s: Some(1), .. }));
        for permanent in [0x0b, 0x0a, 0x01, 0x43, 0x66] {
            assert!(matches!(refused(permanent, 1), SendError::Permanent { .. }), "{permanent:x}");
        }
        for temporary in [0x08, 0x45, 0x64, 0x04, 0xff, 0x401, 0x1234_5678] {
            assert!(matches!(refused(temporary, 1), SendError::Temporary { retry_after_s: None, .. }), "{temporary:x}");
        }
        assert!(refused(0x0b, 1).cause().contains("ESME_RINVDSTADR"));
    }
}
