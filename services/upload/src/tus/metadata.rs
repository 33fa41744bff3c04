//! `Upload-Metadata`: `key base64, key base64`. Only `filename` and `sha256` are used; the rest is echoed.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use runtime::problem::{Code, Detail, Problem};
use runtime::store::entry::uploads::NewUpload;

/// Longest header that is stored.
const LONGEST: usize = 4096;
/// Longest file name to show, in characters.
const NAME_CHARS: usize = 255;

/// The used parts of the metadata.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// As sent.
    pub(crate) raw: String,
    /// The client's name of its file: text to display, never a key or a path.
    pub(crate) filename: Option<String>,
    /// The file's SHA-256, which the probe compares.
    pub(crate) sha256: Option<Vec<u8>>,
}

impl Metadata {
    /// Parses the header; absent or empty means no metadata.
    pub(crate) fn parse(header: Option<&str>) -> Result<Self, Problem> {
        let wrong = |zh: &str, en: &str| Code::HeaderWrong.about(Detail::new(zh, en).of("upload-metadata"));
        let raw = header.unwrap_or_default().trim();
        if raw.len() > LONGEST {
            return Err(wrong("超过 4096 字节", "longer than 4096 bytes"));
        }
        let mut this = Self { raw: raw.to_owned(), ..Self::default() };
        let mut seen = Vec::new();
        for pair in raw.split(',').filter(|_| !raw.is_empty()) {
            let mut words = pair.trim().split(' ');
            let (key, value) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            if key.is_empty() || words.next().is_some() || seen.contains(&key) {
                return Err(wrong(
                    "每对须为一个不重复的键和一个 base64 值",
                    "a pair is one key, unlike the others, and one value in base64",
                ));
            }
            seen.push(key);
            let value = STANDARD.decode(value).map_err(|_| wrong("值不是 base64", "a value is not base64"))?;
            match key {
                "filename" => this.filename = Some(shown(&value)),
                "sha256" => {
                    this.sha256 = Some(digest(&value).ok_or_else(|| wrong("sha256 不是摘要", "sha256 is no digest"))?)
                }
                _ => {}
            }
        }
        Ok(this)
    }

    /// An upload with this metadata.
    pub(crate) fn onto(self, upload: NewUpload) -> NewUpload {
        NewUpload { metadata: self.raw, filename: self.filename, declared_sha256: self.sha256, ..upload }
    }
}

/// The name without characters that could act on a terminal or a page.
fn shown(name: &[u8]) -> String {
    pipeline::lang::shown(&String::from_utf8_lossy(name)).chars().take(NAME_CHARS).collect()
}

/// 64 digits of hex, as sha256sum prints them, or the 32 bytes themselves.
fn digest(value: &[u8]) -> Option<Vec<u8>> {
    let bytes = if value.len() == 32 { value.to_vec() } else { hex::decode(value).ok()? };
    (bytes.len() == 32).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &str) -> Result<Metadata, &'static str> {
        Metadata::parse(Some(header)).map_err(|problem| problem.code.name())
    }

    #[test]
    fn name_and_digest_are_read_and_the_rest_is_kept() {
        let digest = "a".repeat(64);
        let header = format!("filename w6QubXA0, is_public, sha256 {}", STANDARD.encode(&digest));
        let metadata = parse(&header).unwrap();
        assert_eq!(metadata.filename.unwrap(), "ä.mp4");
        assert_eq!(metadata.sha256.unwrap(), [0xaa; 32]);
        assert_eq!(metadata.raw, header);
        assert_eq!(Metadata::parse(None).unwrap(), Metadata::default());
        assert_eq!(parse(" ").unwrap(), Metadata::default());
    }

    #[test]
    fn a_name_that_acts_is_tamed() {
        let header = format!("filename {}", STANDARD.encode("../\u{202e}a\r\nb\u{1b}[2J"));
        assert_eq!(parse(&header).unwrap().filename.unwrap(), "../ab[2J");
    }

    #[test]
    fn malformed_metadata_is_refused() {
        for wrong in [",", "a YQ==,", "a YQ== YQ==", "a !", "a YQ==,a YQ==", "sha256 YQ==", &"a".repeat(5000)] {
            assert_eq!(parse(wrong).unwrap_err(), "header_wrong", "{wrong}");
        }
    }
}
