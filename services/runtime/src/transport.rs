//! Whether PostgreSQL, RabbitMQ and the object store are reached over a connection that others could read. One function
//! decides it for all.
//!
//! TLS is required unless the server is on this machine (a loopback address, a Unix socket) or `ALLOW_PLAINTEXT` names
//! it. For PostgreSQL, `sslmode=require` is enough: it prevents eavesdropping, and many providers have certificates
//! that cannot be checked. It does not protect against a server that pretends to be the database; `verify-full` does,
//! and `reelmill doctor` reports that. `amqps` always checks the server's certificate.
//!
//! A process starts even if its object store has no TLS: requests are signed, so the key is never sent, and what is
//! read is compared with digests. Others could read films in transit, so `reelmill doctor` asks for TLS there, too.
mod host;
mod line;
mod refused;
mod trusted;

pub use host::is_this_machine;
pub use line::{Line, database_line, objects_line, smtp_line};
pub(crate) use line::{to_broker, to_database};
pub use refused::{PlaintextRefused, Server};
pub use trusted::{BadTrusted, Trusted};
