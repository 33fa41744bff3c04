//! Files in the object store: those in force, those that can be used again, and those to delete.
//!
//! | what | where |
//! |---|---|
//! | files in force | `renditions` |
//! | finished files by what determines them | `reuse` |
//! | what organisers look at before they decide | `previews` |
//! | objects to delete | `garbage` |
//! | what is past its time | `retention` |
//! | which objects there should be | `fsck` |

pub mod fsck;
pub mod garbage;
pub mod previews;
pub mod renditions;
pub mod retention;
pub mod reuse;
