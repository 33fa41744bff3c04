//! A part: what one worker does in one claim. Its text form is the key in the database and in object keys.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{PartnerId, RenditionName};
use crate::stage::Stage;

/// The object of one job of a stage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Part {
    /// The stored source as a whole: probe and screen.
    Mezzanine,
    /// One section of the picture, by its index in the plan: transcode.
    Segment(u32),
    /// The sound of the whole work: transcode.
    Audio,
    /// One finished file: assemble.
    Rendition(RenditionName),
    /// One partner: publish.
    Partner(PartnerId),
}

/// A part together with its stage, as returned by `advance`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartToDo {
    /// The stage whose worker does it.
    pub stage: Stage,
    /// What it works on.
    pub part: Part,
}

impl Part {
    /// The partner to publish to; `None` for the parts of all other stages.
    pub fn partner(&self) -> Option<&PartnerId> {
        match self {
            Part::Partner(partner) => Some(partner),
            Part::Mezzanine | Part::Segment(_) | Part::Audio | Part::Rendition(_) => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Mezzanine => f.write_str("mezzanine"),
            Part::Segment(index) => write!(f, "segment/{index}"),
            Part::Audio => f.write_str("audio"),
            Part::Rendition(name) => write!(f, "rendition/{name}"),
            Part::Partner(partner) => write!(f, "partner/{partner}"),
        }
    }
}

/// The text is not a part's.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no part; parts are mezzanine, segment/N, audio, rendition/NAME and partner/NAME")]
pub struct UnknownPart(String);

impl FromStr for Part {
    type Err = UnknownPart;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownPart(text.to_owned());
        match text.split_once('/') {
            None if text == "mezzanine" => Ok(Part::Mezzanine),
            None if text == "audio" => Ok(Part::Audio),
            Some(("segment", index)) => index.parse().map(Part::Segment).map_err(|_| unknown()),
            Some(("rendition", name)) => name.parse().map(Part::Rendition).map_err(|_| unknown()),
            Some(("partner", name)) => name.parse().map(Part::Partner).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for Part {
    type Error = UnknownPart;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parts_text_leads_back_to_it() {
        let parts = [
            Part::Mezzanine,
            Part::Segment(7),
            Part::Audio,
            Part::Rendition("web-720".into()),
            Part::Partner("bilibili".into()),
        ];
        for part in parts {
            assert_eq!(part.to_string().parse::<Part>().unwrap(), part);
        }
        for wrong in ["", "segment", "segment/x", "rendition/", "film/1", "rendition/../x", "partner/a\0"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }
}
