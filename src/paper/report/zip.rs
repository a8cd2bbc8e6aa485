//! A ZIP file of parts that are stored as they are (APPNOTE 6.3.10, 4.3): what a spreadsheet file is. `zip` and what it brings are eight
//! packages; this is a checksum and three headers.

use flate2::Crc;

/// Seconds since 1980 have no place here: every part is of the first moment, so that the same report gives the same bytes.
const TIME_AND_DATE: [u8; 4] = [0, 0, 0x21, 0];
/// Version 2.0; names in UTF-8 (4.4.4, bit 11).
const VERSION: u16 = 20;
const UTF8: u16 = 1 << 11;

/// Parts by their names, in order.
pub(super) fn zip(parts: &[(&str, String)]) -> Vec<u8> {
    let (mut out, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for (name, text) in parts {
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        // Far below 4 GiB: a report has bounds.
        let (size, at) = (narrow(text.len()), narrow(out.len()));
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        let mut common = Vec::with_capacity(26);
        common.extend(VERSION.to_le_bytes());
        common.extend(UTF8.to_le_bytes());
        common.extend(0_u16.to_le_bytes()); // stored
        common.extend(TIME_AND_DATE);
        common.extend(crc.sum().to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(length.to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02");
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 10]); // no comment, first disk, no attributes
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
        count += 1;
    }
    let at = narrow(out.len());
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(narrow(directory.len()).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    out
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
