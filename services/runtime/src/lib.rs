//! What a Reelmill process runs on: Postgres, RabbitMQ, S3, telemetry, shutdown, sandboxed children.
//!
//! | question | file |
//! |---|---|
//! | how is a process configured, started, stopped? | `config`, `process`, `service`, `health` |
//! | where is the truth stored? | `store` (Postgres) |
//! | who does a part, and what if that process dies? | `worker`, `failure`, `lease`, `reconciler` |
//! | what does a finished part leave? | `outcome`, `stored` |
//! | how are changes announced? | `outbox`, `broker`, `wire` |
//! | where are the files? | `objects`, `fetch`, `scratch`, `embedded_s3` |
//! | do database and object store agree? | `fsck` |
//! | what is deleted, when, and by which loops? | `retention`, `removal` |
//! | who opens an entrant's file? | `child` |
//! | who can read personal data? | `seal` |
//! | how do people authenticate? | `bearer`, `password`, `second_factor`, `secret` |
//! | which requests were refused, and where? | `doors` |
//! | which addresses given by others may be called? | `callable`, `network` |
//! | how are a webhook's address and secrets stored? | `webhook` |
//! | which servers may be reached without TLS? | `transport` |
//! | under which address do staff reach the desk? | `desk_url` |
//! | how is mail sent? | `mail` |
//! | what can be wrong with a request or an act, in two languages? | `problem` |
//! | which parts of a work's texts do partners not accept? | `warning` |
//! | which bytes of a file are requested? | `range` |
//! | how much load does a port accept, and from one address? | `serving` |
//! | what can be monitored? | `metrics`, `tally`, `store::watching::watch`, `telemetry`, `clock` |

pub mod bearer;
pub mod broker;
pub mod callable;
pub mod child;
pub mod clock;
pub mod config;
pub mod desk_url;
pub mod doors;
pub mod embedded_s3;
pub mod failure;
pub mod fetch;
pub mod fsck;
mod health;
pub mod lease;
pub mod mail;
pub mod metrics;
pub mod network;
pub mod objects;
mod outbox;
pub mod outcome;
pub mod password;
pub mod problem;
mod process;
pub mod range;
mod reconciler;
mod removal;
pub mod retention;
pub mod scratch;
pub mod seal;
pub mod second_factor;
pub mod secret;
pub mod service;
pub mod serving;
pub mod store;
pub mod stored;
mod tally;
pub mod telemetry;
pub mod transport;
pub mod warning;
pub mod webhook;
pub mod wire;
pub mod worker;
