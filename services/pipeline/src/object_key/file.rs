//! Files with names of their own within a key.
use std::fmt;

/// The subject of a comparison's still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compared {
    /// The source, scaled as the rendition is.
    Source,
    /// The rendition.
    Rendition,
}

impl Compared {
    /// Both.
    pub const BOTH: [Compared; 2] = [Compared::Source, Compared::Rendition];

    /// Its one name: in keys, addresses and on disk.
    pub fn name(self) -> &'static str {
        match self {
            Compared::Source => "source",
            Compared::Rendition => "rendition",
        }
    }
}

/// The files for reviewers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PreviewFile {
    /// The work, at a small size.
    Proxy,
    /// The storyboard's pictures on one sheet.
    Storyboard,
    /// The times of the storyboard's pictures.
    Cues,
}

impl PreviewFile {
    /// All of them.
    pub const ALL: [PreviewFile; 3] = [PreviewFile::Proxy, PreviewFile::Storyboard, PreviewFile::Cues];

    /// Its one name: in keys, addresses and on disk.
    pub fn name(self) -> &'static str {
        match self {
            PreviewFile::Proxy => "proxy.mp4",
            PreviewFile::Storyboard => "storyboard.jpg",
            PreviewFile::Cues => "storyboard.vtt",
        }
    }
}

/// The files of a delivery bag. Their names are generated: `{rendition}.mp4` and the like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BagFile(String);

impl BagFile {
    /// Accepts plain file names of `[a-z0-9._-]` only; `None` for anything that could be a path.
    pub fn new(name: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
        (!name.is_empty() && !name.starts_with('.') && name.len() <= 128 && name.chars().all(plain))
            .then(|| Self(name.to_owned()))
    }
}

impl fmt::Display for BagFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
