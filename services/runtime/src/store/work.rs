//! The work of the stages: its parts as a queue, what they leave, and how far it is.
//!
//! | what | where |
//! |---|---|
//! | the queue: claiming parts, holding them, and ends that do not change the submission | `parts` |
//! | what a finished part leaves | `outcomes` |
//! | what the headers of a film mean for the rules | `first_look` |
//! | which works were entered before | `fingerprints` |
//! | the progress of entries | `progress` |
//! | work that is needed and that no part will do | `stuck` |

pub mod fingerprints;
pub mod first_look;
pub mod outcomes;
pub mod parts;
pub mod progress;
pub mod stuck;
