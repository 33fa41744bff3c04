//! What is read to follow the works: figures, lists, trouble, traces. Nothing here changes a work.
//!
//! | what | where |
//! |---|---|
//! | figures of the whole installation | `watch` |
//! | the counts of the desk's first page | `desk` |
//! | lists of works for organisers | `listing` |
//! | works by their state at partners | `board` |
//! | further columns of exported tables | `handed_in` |
//! | what waits for a person | `trouble` |
//! | how an entry's time was spent | `trace` |
//! | what `reelmill doctor` asks the database | `doctor` |

pub mod board;
pub mod desk;
pub mod doctor;
pub mod handed_in;
pub mod listing;
pub mod trace;
pub mod trouble;
pub mod watch;
