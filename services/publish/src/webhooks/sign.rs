//! Signatures (`v1,` and base64 of HMAC-SHA256 over id, time and body) of Standard Webhooks 1.0. Secrets are `runtime::webhook`'s.
use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use sha2::Sha256;

/// The headers of one attempt: signed with every valid secret, the newest first, so that a receiver may change to a new
/// one in its own time.
pub(crate) fn headers(
    id: &str,
    at: DateTime<Utc>,
    body: &str,
    secrets: &[Vec<u8>],
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let timestamp = at.timestamp();
    let signatures: Vec<String> = secrets.iter().map(|secret| signature(id, timestamp, body, secret)).collect();
    Ok(vec![
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("webhook-id"), HeaderValue::from_str(id).context("a webhook's id")?),
        (HeaderName::from_static("webhook-timestamp"), HeaderValue::from(timestamp)),
        (HeaderName::from_static("webhook-signature"), HeaderValue::from_str(&signatures.join(" "))?),
    ])
}

fn signature(id: &str, timestamp: i64, body: &str, secret: &[u8]) -> String {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap_or_else(|_| unreachable!("HMAC takes every key"));
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use runtime::webhook::{secret_bytes as secret, written};

    use super::*;

    /// The test vector of the reference implementations.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_reference_vector_comes_out() {
        assert_eq!(signature(ID, AT, BODY, &secret(SECRET).unwrap()), SIGNATURE);
        // Without its prefix it is the same secret.
        assert_eq!(secret(&SECRET[6..]).unwrap(), secret(SECRET).unwrap());
        assert_eq!(written(&secret(SECRET).unwrap()), SECRET);
    }

    #[test]
    fn during_a_rotation_both_secrets_sign_with_a_space_between() {
        let secrets = [vec![7; 32], secret(SECRET).unwrap()];
        let headers = headers(ID, DateTime::from_timestamp(AT, 999).unwrap(), BODY, &secrets).unwrap();
        let value = |name: &str| headers.iter().find(|(it, _)| it == name).unwrap().1.to_str().unwrap();
        assert_eq!((value("webhook-id"), value("webhook-timestamp")), (ID, "1614265330"));
        let (new, old) = value("webhook-signature").split_once(' ').unwrap();
        assert!(new.starts_with("v1,") && new != old);
        assert_eq!(old, SIGNATURE);
    }
}
