//! Webhooks out, after Standard Webhooks 1.0 (standardwebhooks.com): submissions and deliveries that changed, told to whoever an
//! organiser named.
//!
//! | what | file |
//! |---|---|
//! | signatures | `sign` |
//! | an endpoint's address and secrets, sealed | `runtime::webhook` |
//! | when the next attempt is | `schedule` |
//! | the sender: claims, calls, writes down | `sender` |
//!
//! What a receiver may rely on: every change is told at least once, under one `webhook-id` however often it is tried; the body is
//! the same to the byte at every attempt. What it may not rely on: order. `timestamp` in the payload says when it happened.

pub(crate) mod schedule;
mod sender;
pub(crate) mod sign;

pub use sender::serve;
