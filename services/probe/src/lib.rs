//! Stages probe and screen: what is this file, and may it enter?
//!
//! | stage | file |
//! |---|---|
//! | fetch, verify and measure the mezzanine in the sandbox | `measure` |
//! | judge it by the contest's rules and plan the renditions | `screen` |
//! | whether the child's answers are possible | `answer` |
//! | the requests to the sandboxed child, also used without a server | `request` |

pub mod answer;
mod measure;
pub mod request;
mod screen;

pub use measure::Measure;
pub use screen::Screen;
