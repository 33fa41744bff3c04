//! Stages transcode and assemble: what the plan asks for becomes files, and the files are measured before anyone gets them.
//!
//! | part | file |
//! |---|---|
//! | a segment of the picture, or the sound | `encode` |
//! | a finished rendition with its cover and its quality control | `assemble` |
//! | a segment that breaks the cap behind the ones before it | `again` |
//! | what the sandboxed child is asked, also used without a server | `request` |

pub mod again;
mod assemble;
mod encode;
pub mod request;

pub use assemble::Assemble;
pub use encode::Encode;
