//! From whole pictures to H.264, at the planned sizes and rate.
//!
//! | question | file |
//! |---|---|
//! | which picture does an output frame show? | `grid` |
//! | how is a source's picture to be shown? | `shape` |
//! | how is it scaled, turned and brought to BT.709? | `scale` |
//! | how is it encoded? | `encode` |
//! | how does a segment of the plan become a file for each encode? | `segment` |
//! | which pictures become covers? | `cover` |

pub(crate) mod cover;
pub(crate) mod encode;
pub(crate) mod grid;
pub(crate) mod scale;
pub(crate) mod segment;
pub(crate) mod shape;
