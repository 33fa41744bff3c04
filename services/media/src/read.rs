//! From a file to whole pictures and stereo sound, each at its time. Nothing of a file is believed that can be checked.
//!
//! | question | file |
//! |---|---|
//! | what are these bytes, and are they all? | `sniff`, `isobmff`, `matroska`, `cut_short`, `scrambled` |
//! | what does a track say that it is, and may libav's guess be believed? | `sample_entry`, `colour` |
//! | how is a file opened, and what is refused at once? | `source` |
//! | which of its tracks are the work's? | `tracks` |
//! | which packets belong together, and at what time? | `carry`, `splice`, `by_order`, `timeline`, `times`, `nal` |
//! | how do packets become frames, and where is damage? | `decode`, `damage` |
//! | how do frames become whole pictures in the order of showing? | `reader`, `deinterlace` |
//! | how does sound become 48 kHz stereo? | `stereo` |

pub(crate) mod by_order;
pub(crate) mod colour;
pub(crate) mod damage;
pub(crate) mod decode;
pub(crate) mod isobmff;
pub(crate) mod nal;
pub(crate) mod reader;
pub(crate) mod sample_entry;
pub(crate) mod source;
pub(crate) mod stereo;
pub(crate) mod timeline;
pub(crate) mod times;
pub(crate) mod tracks;

mod carry;
mod cut_short;
mod deinterlace;
mod matroska;
mod scrambled;
mod sniff;
mod splice;
