//! Whether a child's answer fits its request: one function for each kind of answer. The child is not trusted: an entrant's file may have
//! taken control of its decoder. Every file that these functions return is named by the request, exists, and has the size that was
//! reported. Anything else is [`ChildError::Lied`], a failure of ours that is tried again.
//!
//! | answer | file |
//! |---|---|
//! | the encodes of a segment, or of the sound | `encodes` |
//! | the joined file | `joined` |
//! | covers | `covers` |
//! | quality control | `qc` |
//!
//! `checks` holds what they share.

mod checks;
mod covers;
mod encodes;
mod joined;
mod qc;

pub use covers::{Cut, covers};
pub use encodes::{Encoded, segment, sound};
pub use joined::assembled;
pub use qc::{Pair, qc};

#[cfg(test)]
mod tests;
