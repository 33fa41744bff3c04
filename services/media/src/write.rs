//! Files of ours: mp4 and JPEG.
//!
//! | question | file |
//! |---|---|
//! | how do segments, copies and sound become one finished mp4? | `join` |
//! | does its picture keep to its cap, across seams too? | `bucket` |
//! | how do packets get into an mp4, and what is left out of them? | `mux`, `strip` |
//! | how does a picture become a JPEG of limited size? | `jpeg` |

pub(crate) mod bucket;
pub(crate) mod join;
pub(crate) mod jpeg;
pub(crate) mod mux;
pub(crate) mod strip;
