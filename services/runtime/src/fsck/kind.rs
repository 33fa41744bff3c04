//! Kinds of objects, and of rows without an object, by stable names.
use serde::Serialize;

/// What an object is, or what a row without an object is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An entry's source.
    Mezzanine,
    /// One complete piece of a concatenation.
    Piece,
    /// The end of an unfinished upload.
    Tail,
    /// An unfinished upload in parts.
    Multipart,
    /// A finished file, or one that was chosen for a run in progress.
    Rendition,
    /// A cover picture of one.
    Cover,
    /// A still of one, beside its source.
    Comparison,
    /// The preview for reviewers.
    Preview,
    /// An encoded segment or sound of a run in progress.
    Encoded,
    /// A file of a bag.
    Bag,
    /// A picture as evidence.
    Proof,
    /// An act that is due at a partner.
    Delivery,
    /// A unit of work of one worker.
    Part,
    /// Something else.
    Other,
}

impl Kind {
    const ALL: [Kind; 14] = [
        Kind::Mezzanine,
        Kind::Piece,
        Kind::Tail,
        Kind::Multipart,
        Kind::Rendition,
        Kind::Cover,
        Kind::Comparison,
        Kind::Preview,
        Kind::Encoded,
        Kind::Bag,
        Kind::Proof,
        Kind::Delivery,
        Kind::Part,
        Kind::Other,
    ];

    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Mezzanine => "mezzanine",
            Kind::Piece => "piece",
            Kind::Tail => "tail",
            Kind::Multipart => "multipart",
            Kind::Rendition => "rendition",
            Kind::Cover => "cover",
            Kind::Comparison => "comparison",
            Kind::Preview => "preview",
            Kind::Encoded => "encoded",
            Kind::Bag => "bag",
            Kind::Proof => "proof",
            Kind::Delivery => "delivery",
            Kind::Part => "part",
            Kind::Other => "other",
        }
    }

    /// The kind with this name.
    pub(crate) fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of the object under a key, as far as the key shows it.
    pub(super) fn of_key(key: &str) -> Self {
        match key.split('/').next() {
            Some("uploads") if key.contains("/tail-") => Kind::Tail,
            Some("uploads") => Kind::Mezzanine,
            Some("renditions") if key.contains("-compare-") && key.ends_with(".jpg") => Kind::Comparison,
            Some("renditions") if key.ends_with(".jpg") => Kind::Cover,
            Some("renditions") => Kind::Rendition,
            Some("previews") => Kind::Preview,
            Some("work") => Kind::Encoded,
            Some("bags") => Kind::Bag,
            Some("proofs") => Kind::Proof,
            _ => Kind::Other,
        }
    }
}
