//! Stage publish: one part is one partner. The package is built, checked and handed over; what happened is the delivery's state.
//!
//! | what | file |
//! |---|---|
//! | the stage's handler: which way, and what may not leave | `publish` |
//! | the files that one partner gets | `package` |
//! | the ways to a partner, one adapter each | `deliver` |
//! | calls to addresses that others gave us | `guarded` |

mod deliver;
pub mod guarded;
pub mod package;
mod publish;

pub use publish::Publish;
