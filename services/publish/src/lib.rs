//! Stage publish: one part is one partner. The package is built, checked and handed over; what happened is the delivery's state.
//!
//! | what | file |
//! |---|---|
//! | the stage's handler: which way, and what may not leave | `publish` |
//! | the files that one partner gets | `package` |
//! | from what was observed to what is desired, the same for every way | `deliver` |
//! | the ways to a partner, one adapter each | `deliver/` |
//! | calls to partners: budget, breaker, evidence | `exchange`, `turn`, `redact` |
//! | what partners ask of us: feed and webhooks | `serve` |
//! | which settings a partner's way has | `settings` |
//! | which settings a partner's way needs and does not find | `lacking` |
//! | calls to addresses that others gave us | `guarded` |
//! | webhooks out: changes told to whoever asked | `webhooks` |
//! | documents for partners that read XML | `xml` |

mod deliver;
mod exchange;
mod guarded;
mod lacking;
pub mod package;
mod publish;
mod redact;
mod serve;
pub mod settings;
mod task;
mod told;
mod turn;
pub mod webhooks;
mod xml;

pub use deliver::bilibili::tokens::Tokens;
pub use lacking::lacking;
pub use publish::Publish;
pub use serve::serve;
