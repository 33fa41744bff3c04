//! RabbitMQ: only this file and `broker/` use AMQP. It sends with confirms, receives hints, follows events, and
//! reconnects.
//!
//! lapin could recover connections by itself, but not the messages in flight on them. Here `Err`, the end of the
//! stream, a cancel by the server and a refused declaration are all handled alike: drop the session, back off, connect
//! and declare again. Readiness is false meanwhile. Nothing is lost, because every message carries only what is also in
//! the database.
//!
//! | question | file |
//! |---|---|
//! | how is the broker reached, and is that allowed? | `address`, `connection`, `answers`, `backoff` |
//! | which queues and exchanges does it have? | `topology` |
//! | how are hints received, and events followed? | `receiving`, `hint`, `following` |
//! | how are messages sent? | `sending`, `span` |
//! | is it well? | `examine` |
mod address;
mod answers;
mod backoff;
mod connection;
mod examine;
mod following;
mod hint;
mod receiving;
mod sending;
mod span;
mod topology;

pub use address::line;
pub use connection::Broker;
pub use examine::QueueState;
pub use following::Followed;
pub use hint::Hint;
pub use sending::SendError;
pub(crate) use topology::MAX_HINTS;
