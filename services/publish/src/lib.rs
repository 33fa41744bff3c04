//! Stage publish: one part is one partner. The package is built, checked and delivered; the delivery's state records
//! what happened.
//!
//! | what | file |
//! |---|---|
//! | the stage's handler: chooses the method, and checks what may leave | `publish` |
//! | what deliveries use besides their job | `tools`, `task` |
//! | the files that one partner gets | `package` |
//! | from the observed state to the desired one, the same for every method | `deliver` |
//! | the methods of delivery, one adapter each | `deliver/` |
//! | calls to partners: budget, breaker, evidence | `turn`, `exchange`, `redact` |
//! | requests from partners: feed and webhooks | `serve`, `partner_app` |
//! | the settings of each method, and how one is read | `settings`, `partner_setting` |
//! | settings that are missing | `missing_settings` |
//! | texts that partners sent | `partner_text` |
//! | calls to addresses that others gave us | `guarded` |
//! | outgoing webhooks | `webhooks` |
//! | documents for partners that read XML | `xml` |

mod deliver;
mod exchange;
mod guarded;
mod missing_settings;
pub mod package;
mod partner_app;
mod partner_setting;
mod partner_text;
mod publish;
mod redact;
mod serve;
pub mod settings;
mod task;
mod tools;
mod turn;
pub mod webhooks;
mod xml;

pub use deliver::bilibili::stored_tokens::Tokens;
pub use missing_settings::missing_settings;
pub use publish::Publish;
pub use serve::serve;
