//! The pure heart of Reelmill: stages, states, rules and plans. No I/O, no async, no clock, no protobuf, no ffmpeg.
//!
//! | question | file |
//! |---|---|
//! | what comes after what? | `stage`, `submission` |
//! | what is one piece of work? | `part` |
//! | is this entry allowed? | `media_info`, `screening`, `rejection` |
//! | what does an entry form ask, and which answers are wrong? | `form` |
//! | what is the number of an entry's receipt? | `receipt` |
//! | may an entrant send another film or correct the form, and until when? | `replacing` |
//! | which works does a unit's sheet contain, and which file belongs to which? | `sheet` |
//! | was this work entered before? | `fingerprint` |
//! | what do the partners want, and what is made for them? | `partner`, `rendition`, `planner` |
//! | how far is it, and how long does it still take? | `progress` |
//! | what would a partner not accept? | `preflight` |
//! | what is the state of a delivery? | `delivery` |
//! | which works is a bulk job about? | `selection` |
//! | which works wait for a reviewer, in which order? | `queue` |
//! | who works with entries, and what may they do? | `person` |
//! | in which language is a text shown? | `lang` |
//! | what may people type? | `text` |
//! | where is it in S3, and under which names? | `object_key`, `id` |
//! | which contests, partners and ladders exist? | `catalogue` |

pub mod catalogue;
pub mod delivery;
pub mod fingerprint;
pub mod form;
pub mod id;
pub mod lang;
pub mod media_info;
pub mod object_key;
pub mod part;
pub mod partner;
pub mod person;
pub mod planner;
pub mod preflight;
pub mod progress;
pub mod queue;
pub mod receipt;
pub mod rejection;
pub mod rendition;
pub mod replacing;
pub mod screening;
pub mod selection;
pub mod sheet;
pub mod stage;
pub mod submission;
pub mod text;
