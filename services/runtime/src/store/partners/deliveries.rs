//! Deliveries: the desired and the observed state, one row for each submission and partner. Only `pipeline::delivery`
//! decides which state may follow which.
//!
//! | what | where |
//! |---|---|
//! | deliveries as readers see them | `read` |
//! | the only way in which a delivery changes, and its lock | `change`, `lock` |
//! | what a publish job or a person records | `note` |
//! | the deliveries of a run that enters publishing | `want` |
//! | the partner's part, which brings a delivery to its desired state | `part` |
//! | what an adapter stores for continuing after a crash | `session` |
//! | texts that an organiser wrote for one partner | `texts` |

mod change;
mod lock;
mod note;
mod part;
mod read;
mod session;
mod texts;
mod want;

pub(in crate::store) use change::{apply, keep_receipt};
pub use lock::current;
pub(in crate::store) use lock::locked;
pub use note::note;
pub(in crate::store) use part::{end_parts, is_at_work, part_of, take_up, wake};
pub use read::DeliveryRow;
pub(in crate::store) use read::of;
pub use texts::{set_texts, texts};
pub(in crate::store) use want::want;
