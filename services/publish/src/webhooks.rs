//! Outgoing webhooks, by Standard Webhooks 1.0 (standardwebhooks.com): changes of submissions and deliveries, sent to
//! the endpoints that organisers configured.
//!
//! | what | file |
//! |---|---|
//! | signatures | `sign` |
//! | an endpoint's address and secrets, sealed | `runtime::webhook` |
//! | the time of the next attempt | `schedule` |
//! | which messages are due, and when to stop | `sender` |
//! | one attempt: call and record | `attempt` |
//!
//! A receiver may rely on this: every change is sent at least once, under one `webhook-id` however often it is tried;
//! the body is equal to the byte at every attempt. It may not rely on order. `timestamp` in the payload is the time of
//! the change.

mod attempt;
pub(crate) mod schedule;
mod sender;
pub(crate) mod sign;

pub use sender::serve;
