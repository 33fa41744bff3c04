//! Bulk jobs: new runs, releases or recalls of many works. They are requested in one transaction, carried out gradually
//! by the reconciler, and paused, resumed and cancelled as one.
//!
//! | what | where |
//! |---|---|
//! | what can be requested, and of which works | `ask`, `which` |
//! | which of them can start | `look` |
//! | what a dry run adds | `estimate`, `entered` |
//! | creating a job, pausing and cancelling it | `create`, `control` |
//! | how a job proceeds: its turns, the next work | `start`, `next`, `turn` |
//! | releases and recalls of one work | `carry` |
//! | the works of a job as rows | `items` |
//! | jobs as people read them | `read` |

mod ask;
mod carry;
mod control;
mod create;
mod entered;
mod estimate;
mod items;
mod look;
mod next;
mod read;
mod start;
mod turn;
mod which;

pub use ask::{Ask, Kind};
pub use control::{Control, control};
pub use create::{BULK_RANK, Created, begin};
pub use entered::{Entered, entered};
pub use estimate::{Addresses, Effect, Elapsed, Estimate, Holding, estimate};
pub(super) use items::ItemState;
pub use look::{Looked, Refusal, look, read_only, take_turn};
pub use read::{BulkItemRow, BulkJobRow, locked};
pub use which::{MAX_WORKS, Which};

/// States of a job.
pub const STATES: [&str; 4] = ["running", "paused", "cancelled", "done"];

/// States of one work of a job.
pub const WORK_STATES: [&str; 6] = ["waiting", "started", "done", "failed", "skipped", "cancelled"];
