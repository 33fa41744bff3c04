//! Values that must not be found, in every form in which they could appear.
use serde_json::json;

use super::places::Places;

/// The values that must not be found, each with a name for messages.
pub(super) struct Canaries(Vec<(&'static str, Vec<u8>)>);

impl Canaries {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a secret in every form in which it could appear: as is, in a URL, in JSON, in base64, and as the database
    /// prints bytes.
    pub(super) fn add(&mut self, what: &'static str, secret: impl AsRef<[u8]>) {
        let secret = secret.as_ref();
        assert!(secret.len() >= 8, "{what} is so short that it may match by chance");
        self.0.push((what, secret.to_vec()));
        self.0.push((what, hex::encode(secret).into_bytes()));
        self.0.push((what, base64_of(secret).trim_end_matches('=').into()));
        if let Ok(text) = std::str::from_utf8(secret) {
            let in_url = reqwest::Url::parse_with_params("http://x/", [("k", text)]).expect("a URL");
            self.0.push((what, in_url.query().expect("a query")[2..].into()));
            self.0.push((what, json!(text).to_string().trim_matches('"').into()));
        }
    }

    /// Panics with the first place that contains one.
    pub(super) fn are_not_in(&self, places: &Places) {
        for (place, content) in places.all() {
            for (what, secret) in &self.0 {
                let found = content.windows(secret.len()).position(|window| window == secret);
                if let Some(at) = found {
                    let around = &content[at.saturating_sub(300)..content.len().min(at + secret.len() + 100)];
                    panic!("a {what} is in a {place}: …{}…", String::from_utf8_lossy(around));
                }
            }
        }
    }
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub(super) fn base64_decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}
