//! Fingerprints: stored when a work is probed, searched when it is screened, and a seat for each accepted work, so that
//! of two copies which are screened at the same moment exactly one is the first.
//!
//! | what | where |
//! |---|---|
//! | the fingerprint of a work | `keep` |
//! | works that were accepted before and may be the same | `search` |
//! | the order of accepted works: a seat, taking it, leaving it | `seat`, `seats` |
//! | the words under which works with a seat are found | `words` |

mod keep;
mod search;
mod seat;
mod seats;
mod words;

pub(in crate::store) use keep::{follow, forget, keep};
pub use search::EarlierWorks;
pub use seat::Seat;
pub(in crate::store) use seats::{leave_seat, take_seat};
