//! The object store: the only place that uses S3. Every call has a deadline and a limited number of attempts.
//!
//! Objects are written under an `ObjectKey` and read back under the stored text of one. Differences between servers are
//! noted where they matter: the tests run on s3s-fs (embedded) and Garage.
//!
//! | question | file |
//! |---|---|
//! | where is the object store, and how is it called? | `access`, `client`, `watch`, `error` |
//! | how is one object stored, looked at, deleted? | `single`, `body`, `stretch` |
//! | which objects are there? | `list` |
//! | how does an object arrive in parts? | `multipart` |
//! | how is an object read, or copied within the bucket? | `read`, `copy` |
//! | how do files go there and come back? | `put_file`, `get_file`, `stored_file`, `off_thread` |
mod access;
mod body;
mod client;
mod copy;
mod error;
mod get_file;
mod list;
mod multipart;
mod off_thread;
mod put_file;
mod read;
mod single;
mod stored_file;
mod stretch;
mod watch;

pub use access::S3Access;
pub use body::Body;
pub use client::Objects;
pub use error::ObjectError;
pub use list::Listed;
pub use multipart::{Multipart, StoredPart};
pub use read::ObjectReader;
pub use stored_file::StoredFile;

#[cfg(test)]
mod tests;
