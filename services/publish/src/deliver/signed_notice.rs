//! The form of notices that platforms send: signed with the application's secret, and with a content in JSON.
use serde_json::Value;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// Whether the signature is hex SHA-1 of the client's secret and the body. In constant time.
pub(super) fn is_signed(client_secret: &str, body: &[u8], signature: &str) -> bool {
    let right = hex::encode(Sha1::new().chain_update(client_secret).chain_update(body).finalize());
    right.as_bytes().ct_eq(signature.trim().to_ascii_lowercase().as_bytes()).into()
}

/// The content of a notice: an object, or a string that contains one.
pub(super) fn content(message: &Value) -> Value {
    match &message["content"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_over_this_very_body_is_a_signature() {
        // printf 'secret{"event":"x"}' | sha1sum
        let right = "cdbd147248cf255d206fdc8f14f04b6585d3bec1";
        assert!(is_signed("secret", br#"{"event":"x"}"#, right));
        assert!(is_signed("secret", br#"{"event":"x"}"#, &right.to_ascii_uppercase()));
        for (secret, body, signature) in [
            ("other", r#"{"event":"x"}"#, right),
            ("secret", r#"{"event":"y"}"#, right),
            ("secret", r#"{"event":"x"}"#, &right[1..]),
            ("secret", r#"{"event":"x"}"#, ""),
        ] {
            assert!(!is_signed(secret, body.as_bytes(), signature), "{secret} {body} {signature}");
        }
    }
}
