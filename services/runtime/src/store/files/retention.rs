//! What is past its time under the catalogue's policy: counted, and deleted. Whatever the policy is, nothing is deleted
//! that an open part, a delivery, a recall or a hold still needs; each deletion checks that again under the lock of its
//! work. The condition of each line exists once, as a function of the schema that both counting and deleting call, so a
//! dry run reports what a run does.
//!
//! | what | where |
//! |---|---|
//! | how much, and the rounds of a deletion | `amount`, `round` |
//! | personal data of entrants | `personal_data` |
//! | replaced renditions | `superseded` |
//! | uploads, sessions, other rows | `uploads`, `sign_ins`, `rows` |

mod amount;
mod personal_data;
mod round;
mod rows;
mod sign_ins;
mod superseded;
mod uploads;

pub use amount::Amount;
pub use round::{From, Round};
