//! Entering a work: its entrant, its form, its upload, its receipt.
//!
//! | what | where |
//! |---|---|
//! | personal data of entrants | `entrants` |
//! | entries by the number of their receipt, and the key that opens one | `receipts` |
//! | forms that were not sent yet | `drafts` |
//! | what recommending units submit | `units` |
//! | tus uploads | `uploads` |

pub mod drafts;
pub mod entrants;
pub mod receipts;
pub mod units;
pub mod uploads;
