//! Signature 2.0 [R]: six headers, sorted, as `name:value` in lines, signed with HMAC-SHA256 and the application's secret.
use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;

/// The identity that signs a request.
pub(super) struct Signer<'a> {
    /// The application's id.
    pub(super) client_id: &'a str,
    /// Its secret.
    pub(super) client_secret: &'a str,
}

impl Signer<'_> {
    /// The headers of one try: its body, a nonce never used before, and the time in seconds since 1970.
    pub(super) fn headers(&self, body: &[u8], nonce: &str, at_s: i64) -> Vec<(&'static str, String)> {
        // In alphabetical order, as they are signed. The MD5 of an empty body is that of the empty string.
        let mut headers = vec![
            ("x-bili-accesskeyid", self.client_id.to_owned()),
            ("x-bili-content-md5", hex::encode(Md5::digest(body))),
            ("x-bili-signature-method", "HMAC-SHA256".to_owned()),
            ("x-bili-signature-nonce", nonce.to_owned()),
            ("x-bili-signature-version", "2.0".to_owned()),
            ("x-bili-timestamp", at_s.to_string()),
        ];
        let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        headers.push(("authorization", hmac_hex(self.client_secret, &lines.join("\n"))));
        headers
    }
}

fn hmac_hex(secret: &str, text: &str) -> String {
    // HMAC takes keys of any length.
    #[allow(clippy::unwrap_used, reason = "a key of any length is a key")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf 'x-bili-accesskeyid:id\nx-bili-content-md5:…\n…' | openssl dgst -sha256 -hmac secret
    const OF_NOTHING: &str = "52369cfb8976705c03da5d9f3fceeef594460e6b475781318d3767087ea39047";
    const OF_JSON: &str = "99bba407b83f297b7b9208563c0c37d4a1c09cada00c8b3cdce9acd5bc6a66c8";

    #[test]
    fn a_request_has_the_signature_that_openssl_computes() {
        let signer = Signer { client_id: "id", client_secret: "secret" };
        let headers = signer.headers(b"", "nonce-1", 1_700_000_000);
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        assert!(names[..6].is_sorted(), "{names:?}");
        assert_eq!(headers[1].1, "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(headers[6], ("authorization", OF_NOTHING.to_owned()));
        let headers = signer.headers(br#"{"name":"a.mp4","utype":"0"}"#, "nonce-2", 1_700_000_000);
        assert_eq!(headers[6], ("authorization", OF_JSON.to_owned()));
    }
}
