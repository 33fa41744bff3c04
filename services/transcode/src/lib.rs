//! Stages transcode and assemble: what the plan asks for becomes files, and the files are measured before anyone gets them.
//!
//! | part | file |
//! |---|---|
//! | a segment of the picture, or the sound | `encode` |
//! | a finished rendition with its cover and its quality control | `assemble` |
//! | a segment that breaks the cap behind the ones before it | `again` |
//! | what was made before and is not made again | `reuse`, and `artefact` for how it is found |
//! | whether the child's answers fit what it was asked | `answer` |
//! | what the sandboxed child is asked, also used without a server | `request` |

pub mod again;
pub mod answer;
pub mod artefact;
mod assemble;
mod encode;
pub mod request;
mod reuse;

pub use assemble::Assemble;
pub use encode::Encode;
