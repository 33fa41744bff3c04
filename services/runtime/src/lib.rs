//! What a process of Reelmill runs on: Postgres, RabbitMQ, S3, telemetry, shutdown, sandboxed children.
//!
//! | question | file |
//! |---|---|
//! | how is a process told what to do, started, stopped? | `config`, `service`, `health` |
//! | what is true? | `store` (Postgres) |
//! | who does a part, and what if they die? | `worker`, `outcome`, `failure`, `lease`, `reconciler` |
//! | how does word get around? | `outbox`, `broker`, `wire` |
//! | where are the files? | `objects`, `fetch`, `scratch`, `embedded_s3` |
//! | is everything there that should be? | `fsck` |
//! | what is past its time? | `retention` |
//! | who opens an entrant's file? | `child` |
//! | who may read personal data? | `seal` |
//! | who is an organiser? | `bearer`, `password`, `second_factor`, `secret` |
//! | who was refused, and where? | `doors` |
//! | which addresses may be called on another's word? | `callable`, `network` |
//! | what is kept of a webhook's address and secrets? | `webhook` |
//! | who may be spoken to without TLS? | `transport` |
//! | under which address do staff reach the desk? | `desk_url` |
//! | how does mail leave? | `mail` |
//! | what can be wrong with a request or an act, in two languages? | `problem` |
//! | what do partners not take of a work's texts? | `warning` |
//! | which bytes of a file are asked for? | `range` |
//! | how much does a port bear, and one address at it? | `serving` |
//! | what can be watched? | `metrics`, `tally`, `store::watch`, `telemetry`, `clock` |

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
mod tally;
pub mod telemetry;
pub mod transport;
pub mod warning;
pub mod webhook;
pub mod wire;
pub mod worker;
