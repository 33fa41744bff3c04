//! The shape of a picture: width to height.
use std::fmt;

use serde::{Deserialize, Serialize};

/// Width to height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Aspect {
    /// Width, at least 1.
    pub width: u32,
    /// Height, at least 1.
    pub height: u32,
}

impl Aspect {
    /// Its form in file names: `16x9`.
    pub fn in_names(self) -> String {
        format!("{}x{}", self.width, self.height)
    }

    /// Whether a picture of this size has the shape, up to a pixel.
    pub fn fits(self, width: u32, height: u32) -> bool {
        let (across, down) = (i64::from(self.width), i64::from(self.height));
        let off = (i64::from(width) * down - i64::from(height) * across).abs();
        off <= across.max(down)
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.width, self.height)
    }
}

impl TryFrom<String> for Aspect {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once(':').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
        match parts {
            Some((width @ 1..=1000, height @ 1..=1000)) => Ok(Self { width, height }),
            Some(_) | None => Err(format!("{text:?} is no aspect; write W:H of 1 to 1000, such as 16:9")),
        }
    }
}

impl From<Aspect> for String {
    fn from(aspect: Aspect) -> Self {
        aspect.to_string()
    }
}
