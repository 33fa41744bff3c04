//! Organisers' orders for published works: release, now or later, to some partners, and recall, from some or from all.
//!
//! | what | where |
//! |---|---|
//! | release | `release` |
//! | recall | `recall` |
//! | holding the mezzanine | `hold` |
//! | notes | `note` |

mod hold;
mod note;
mod recall;
mod release;

pub use hold::{held, hold_mezzanine};
pub use note::note;
pub use recall::{may_recall, recall};
pub use release::release;
