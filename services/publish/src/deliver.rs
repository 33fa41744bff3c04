//! From the state observed at a partner to the desired one: one driver for every method (`drive`, `send`, `recall`), and
//! one trait that each method's adapter implements (`way`). Only the driver changes the delivery's state; an adapter
//! reports what it did and saw.
//!
//! The design is that of payments: the intent is stored before the call that publishes, a call that may have taken
//! effect is read back before anything is sent again, and a recall ends only when the work was observed to be gone.
//!
//! | question | file |
//! |---|---|
//! | how is a delivery driven? | `drive`, `send`, `recall` |
//! | how does a recall end that a person carries out? | `by_hand` |
//! | what does a method have to implement? | `way` |
//! | which methods have an API? | `bilibili`, `douyin` |
//! | which methods hand files over? | `s3_drop`, `sftp_drop`, `mrss`, `operator` |
//! | what do several of them share? | `drop_folder`, `signed_notice` |

pub(crate) mod bilibili;
mod by_hand;
pub(crate) mod douyin;
mod drive;
mod drop_folder;
pub(crate) mod mrss;
pub(crate) mod operator;
mod recall;
pub(crate) mod s3_drop;
mod send;
pub(crate) mod sftp_drop;
mod signed_notice;
mod way;

pub(crate) use drive::drive;
pub(crate) use way::{Prepared, ReadBack, Seen, Submitted, TakenBack, Way};
