//! Runs real, sandboxed children as the service does, and makes a whole rendition with them.
#![allow(unreachable_pub, dead_code, reason = "each file of tests takes what it needs")]
pub mod boxes;
pub mod outside;
pub mod patch;
pub mod planned;

pub mod bench;
pub mod child;
pub mod wish;

pub use bench::Bench;
pub use child::{done, run, speak};
pub use wish::{Rendered, Wish, picture};

/// Width and height of a JPEG, from its frame header.
pub fn jpeg_size(bytes: &[u8]) -> (u32, u32) {
    let mut at = 2;
    while at + 9 < bytes.len() {
        let pair = |at: usize| u32::from(bytes[at]) << 8 | u32::from(bytes[at + 1]);
        assert_eq!(bytes[at], 0xff, "no marker at {at}");
        if matches!(bytes[at + 1], 0xc0..=0xc2) {
            return (pair(at + 7), pair(at + 5));
        }
        at += 2 + pair(at + 2) as usize;
    }
    panic!("no frame header in a JPEG of {} bytes", bytes.len());
}
