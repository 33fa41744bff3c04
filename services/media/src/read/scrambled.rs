//! Whether a transport stream is scrambled (ISO/IEC 13818-1, 2.4.3.3): libav takes what it cannot read for damage.
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes that are examined: some seconds of a broadcast.
const LOOK: u64 = 4 << 20;
/// Packets without content.
const NULL: u16 = 0x1fff;

/// Whether most packets of the file at `path` say that they are scrambled.
pub(crate) fn is_scrambled(path: &Path) -> io::Result<bool> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LOOK).read_to_end(&mut bytes)?;
    Ok(by_packets(&bytes))
}

fn by_packets(bytes: &[u8]) -> bool {
    // Recorders of discs put four bytes before each packet.
    let step = if bytes.first() == Some(&0x47) { 188 } else { 192 };
    let (mut all, mut scrambled) = (0u64, 0u64);
    for packet in bytes.get(step - 188..).unwrap_or_default().chunks(step) {
        let [0x47, high, low, control, ..] = packet else { continue };
        let pid = u16::from_be_bytes([high & 0x1f, *low]);
        let has_content = control & 0x10 != 0;
        if pid != NULL && has_content {
            all += 1;
            scrambled += u64::from(control & 0xc0 != 0);
        }
    }
    scrambled * 2 > all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(step: usize, controls: &[u8]) -> Vec<u8> {
        let packet = |control: &u8| {
            let mut packet = vec![0; step];
            packet[step - 188..step - 184].copy_from_slice(&[0x47, 0x41, 0, *control]);
            packet
        };
        controls.iter().flat_map(packet).collect()
    }

    #[test]
    fn most_packets_decide_and_those_without_content_do_not_count() {
        for step in [188, 192] {
            assert!(by_packets(&stream(step, &[0x10, 0x90, 0xd0])));
            assert!(!by_packets(&stream(step, &[0x10, 0x10, 0x90, 0xa0])));
        }
        assert!(!by_packets(b"") && !by_packets(&[0x47; 100]));
    }
}
