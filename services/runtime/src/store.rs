//! Everything in Postgres. One function for each query; the query's name is its first comment.
//!
//! Each room is a folder whose file has a table of what is in it.
//!
//! | room | what |
//! |---|---|
//! | `submissions` | a work: entering it, reading it, the only way in which it changes, its history |
//! | `work` | parts as a queue, what a finished part leaves, duplicates, progress, stuck work |
//! | `files` | finished files, previews, objects to delete, what is past its time |
//! | `partners` | releases, deliveries, recalls, partners' accounts and calls, feeds, evidence |
//! | `people` | persons, tokens, sign-in, reviews, the audit trail, repeated requests |
//! | `entry` | entrants' data, receipts, drafts, recommending units, uploads |
//! | `bulk` | new runs, releases and recalls of many works |
//! | `outgoing` | messages to the broker, webhooks, mails |
//! | `watching` | figures, lists, trouble, traces, checks |
//! | `schema` | the version of the schema, its owner, and the rights of services |
//!
//! Below the rooms: `database` (the pool), `transactions`, `policy` (times and limits), `errors`.

pub mod bulk;
mod database;
pub mod entry;
mod errors;
pub mod files;
pub mod outgoing;
pub mod partners;
pub mod people;
mod policy;
pub mod schema;
pub mod submissions;
mod transactions;
pub mod watching;
pub mod work;

pub use database::Store;
pub(crate) use database::listener;
pub(crate) use errors::is_database;
pub use errors::is_unavailable;
pub use policy::Policy;
pub use transactions::{Borrows, Transaction};
