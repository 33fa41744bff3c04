//! tus uploads: which bytes are stored, who may write, and what must be freed.
//!
//! One writer at a time holds an upload's lock: a lease by the database's clock and a fence that every write includes.
//! Offsets are read from here at each request and never cached.
//!
//! | what | where |
//! |---|---|
//! | an upload as stored and as read | `rows`, `read` |
//! | whether a submission may begin another one, what all of them keep | `budget`, `stock` |
//! | the lock, the bytes that became durable | `lock`, `advance` |
//! | its end: the film is complete, it failed, it was aborted | `free`, `failure`, `abort` |
//! | uploads whose process stopped | `recover` |

mod abort;
mod advance;
mod budget;
mod failure;
mod free;
mod lock;
mod read;
mod recover;
mod rows;
mod stock;

pub use advance::Progress;
pub use budget::{Budget, Created};
pub use failure::Failure;
pub use free::Finished;
pub use lock::LockState;
pub use recover::PutOff;
pub use rows::{NewUpload, PartRow, UploadKind, UploadRow, UploadState};
pub use stock::Stock;
