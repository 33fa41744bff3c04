//! Who may pull a feed: partners with a token, and with a key that signs the links of their files.
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pipeline::catalogue::Catalogue;
use pipeline::id::PartnerId;
use pipeline::partner::{DeliveryMethod, Partner};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::partner_setting::partner_setting;

/// The partner's secret for reading its feed.
pub(super) const TOKEN: &str = "FEED_TOKEN";
/// Our secret for signing its links.
pub(super) const LINK_KEY: &str = "FEED_LINK_KEY";
/// Shorter secrets could be guessed.
pub(crate) const SECRET_CHARS: usize = 16;

/// A partner that pulls a feed, and the key of its links; `None` for every other name.
pub(super) fn served<'a>(catalogue: &'a Catalogue, partner: &str) -> Option<(&'a Partner, String)> {
    let partner = catalogue.partner(&PartnerId::new(partner))?;
    (partner.method == DeliveryMethod::Mrss).then_some(partner).zip(secret(&partner.id, LINK_KEY))
}

/// A secret of sufficient length.
fn secret(partner: &PartnerId, name: &str) -> Option<String> {
    let value = partner_setting(partner, name, |name| std::env::var(name).ok()).ok()??;
    Some(value.trim().to_owned()).filter(|value| value.len() >= SECRET_CHARS)
}

/// Whether the request carries the partner's token, as a bearer or as a password.
pub(super) fn may_read(partner: &Partner, headers: &HeaderMap) -> bool {
    let token = secret(&partner.id, TOKEN);
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(credential);
    let (Some(token), Some(given)) = (token, given) else { return false };
    // Digests have the same length whatever was guessed.
    let (token, given) = (Sha256::digest(token), Sha256::digest(given));
    token.ct_eq(&given).into()
}

fn credential(header: &str) -> Option<String> {
    let (scheme, value) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| BASE64.decode(value.trim()).ok()).flatten()?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_as_bearer_or_as_password() {
        assert_eq!(credential("Bearer abc"), Some("abc".into()));
        assert_eq!(credential("bearer  abc "), Some("abc".into()));
        let basic = |text: &str| credential(&format!("Basic {}", BASE64.encode(text)));
        assert_eq!(basic("user:a:b"), Some("a:b".into()));
        assert_eq!(basic("user"), None);
        for wrong in ["", "abc", "Digest abc", "Basic ***"] {
            assert_eq!(credential(wrong), None, "{wrong}");
        }
    }
}
