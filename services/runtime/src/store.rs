//! Everything in Postgres. One function for each query; the query's name is its first comment.
//!
//! | what | where |
//! |---|---|
//! | the only way in which a submission changes | `submissions::apply` |
//! | claim, renew, finish, fail, hand back | `parts` |
//! | what a finished part leaves | `outcomes` |
//! | acts of people, persons, tokens, repeated requests, lists | `audit`, `persons`, `tokens`, `idempotency`, `listing` |
//! | how people sign in, and their sessions | `sign_in`, `invitations`, `sessions` |
//! | files in force, deliveries, history, objects to delete | `renditions`, `deliveries`, `history`, `garbage` |
//! | finished files by what determines them | `reuse` |
//! | the progress of entries | `progress` |
//! | new runs, releases and recalls of many works | `bulk` |
//! | works by their state at partners | `board` |
//! | release and recall, as people order them | `orders` |
//! | films that another one replaced, cure windows of one work | `former`, `cures` |
//! | what organisers look at before they decide | `previews` |
//! | what the desk's first page counts | `desk` |
//! | who screens which work, decisions that can be undone | `reviews`, `held` |
//! | what people saw at a partner | `proofs` |
//! | partners' accounts, what was exchanged with them | `accounts`, `exchanges` |
//! | deliveries that wait for their partner's budget | `calls` |
//! | messages to send | `messages` |
//! | outgoing webhooks | `webhooks` |
//! | uploads, personal data | `uploads`, `entrants` |
//! | what partners pull | `feed` |
//! | which works were entered before | `fingerprints` |
//! | how an entry's time was spent | `trace` |
//! | work that is needed and that no part will do | `stuck` |
//! | the version of the schema, its owner, and the rights of services | `schema` |
//! | which objects there should be, what is past its time, checks | `fsck`, `retention`, `doctor` |

pub mod accounts;
pub mod audit;
pub mod board;
pub mod bulk;
pub mod calls;
pub mod cures;
mod database;
pub mod deliveries;
pub mod desk;
pub mod doctor;
pub mod drafts;
pub mod entrants;
mod errors;
pub mod exchanges;
pub mod feed;
pub mod fingerprints;
pub mod first_look;
pub mod former;
pub mod fsck;
pub mod garbage;
pub mod handed_in;
pub mod held;
pub mod history;
pub mod idempotency;
pub mod invitations;
pub mod link_mails;
pub mod listing;
pub mod messages;
pub mod notices;
pub mod orders;
pub mod outcomes;
pub mod parts;
pub mod persons;
mod policy;
pub mod previews;
pub mod progress;
pub mod proofs;
pub mod recalls;
pub mod receipts;
pub mod renditions;
pub mod retention;
pub mod reuse;
pub mod reviews;
pub mod schema;
pub mod sessions;
pub mod sign_in;
pub mod stuck;
pub mod submissions;
pub mod tokens;
pub mod trace;
mod transactions;
pub mod trouble;
pub mod units;
pub mod uploads;
pub mod watch;
pub mod webhooks;

pub use database::Store;
pub(crate) use database::listener;
pub(crate) use errors::is_database;
pub use errors::is_unavailable;
pub use policy::Policy;
pub use transactions::{Borrows, Transaction};
