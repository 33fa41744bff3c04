//! Stages transcode and assemble: the plan's encodes become files, and the files are measured before partners get them.
//!
//! | part | file |
//! |---|---|
//! | a segment of the picture, or the sound | `encode` |
//! | a finished rendition with its cover and its quality control | `assembly`, also used without a server |
//! | where its encodes come from and its files go, in the services | `assemble` |
//! | which segments are encoded again because the joined picture breaks the cap | `again` |
//! | which renditions are reused, and how they are found | `reuse`, `artefact` |
//! | the servers that both stages use | `tools` |
//! | whether the child's answers fit its requests | `answer` |
//! | what the sandboxed child is asked to do, also used without a server | `request` |

pub mod again;
pub mod answer;
pub mod artefact;
pub mod assembly;
pub mod request;

mod assemble;
mod encode;
mod reuse;
mod tools;

pub use assemble::Assemble;
pub use encode::Encode;
