//! What is sent because something changed: messages to the broker, webhooks, mails.
//!
//! | what | where |
//! |---|---|
//! | the outbox: messages to the broker | `messages` |
//! | outgoing webhooks | `webhooks` |
//! | new links to entries, sent by mail | `link_mails` |

pub mod link_mails;
pub mod messages;
pub mod webhooks;
