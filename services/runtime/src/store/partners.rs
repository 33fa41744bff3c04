//! Works at partners: orders of people, deliveries and recalls, the calls that they need, and the evidence.
//!
//! | what | where |
//! |---|---|
//! | the desired and the observed state of a work at a partner | `deliveries` |
//! | release, recall and hold, as people order them | `orders` |
//! | works that are no longer desired at a partner | `recalls` |
//! | how fast a partner may be called, and with which credentials | `accounts` |
//! | deliveries that wait for their partner's budget | `calls` |
//! | what was sent to partners and what they answered | `exchanges` |
//! | what people saw at a partner | `proofs` |
//! | notices from a partner, which only cause an earlier check | `notices` |
//! | what partners pull | `feed` |

pub mod accounts;
pub mod calls;
pub mod deliveries;
pub mod exchanges;
pub mod feed;
pub mod notices;
pub mod orders;
pub mod proofs;
pub mod recalls;
