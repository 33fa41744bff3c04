//! Signature 2.0, checked as strictly as documented. Written independently of the adapter's code, so that both do not
//! share a mistake.
use hmac::{Hmac, Mac as _};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::{Refusal, State};
use crate::support::platforms::{Asked, World};

/// The largest accepted difference between two clocks, seconds.
const SKEW_S: i64 = 600;

impl State {
    /// Checks the six headers, the clock, the nonce, the body's digest and the signature over all of them.
    pub(super) fn check_signature(&mut self, world: &World, asked: &Asked) -> Result<(), Refusal> {
        let header = |name: &str| asked.header(&format!("x-bili-{name}")).to_owned();
        let sign = |words: &str| (4002, format!("签名异常: {words}"));
        if header("accesskeyid") != self.keys.client_id {
            return Err((4001, "应用无效".into()));
        }
        if header("signature-method") != "HMAC-SHA256" || header("signature-version") != "2.0" {
            return Err(sign("method or version"));
        }
        let at: i64 = header("timestamp").parse().map_err(|_| sign("timestamp"))?;
        if (at - world.now_s()).abs() > SKEW_S {
            return Err((4003, "请求过期".into()));
        }
        let nonce = header("signature-nonce");
        if nonce.is_empty() {
            return Err(sign("no nonce"));
        }
        if self.nonces.contains(&nonce) {
            return Err((4004, "重复请求".into()));
        }
        self.check_digest(asked, &header("content-md5"))?;
        let text = format!(
            "x-bili-accesskeyid:{}\nx-bili-content-md5:{}\nx-bili-signature-method:HMAC-SHA256\nx-bili-signature-nonce:{nonce}\n\
             x-bili-signature-version:2.0\nx-bili-timestamp:{at}",
            self.keys.client_id,
            header("content-md5"),
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(self.keys.client_secret.as_bytes()).expect("any key does");
        mac.update(text.as_bytes());
        if asked.header("authorization") != hex::encode(mac.finalize().into_bytes()) {
            return Err(sign("hmac"));
        }
        self.nonces.push(nonce);
        Ok(())
    }

    /// The MD5 rule of the multipart cover is not documented: the digest of the whole body and that of an empty one
    /// both pass.
    fn check_digest(&self, asked: &Asked, declared: &str) -> Result<(), Refusal> {
        let multipart = asked.header("content-type").starts_with("multipart/");
        let of_body = hex::encode(Md5::digest(&asked.body));
        let of_nothing = multipart && declared == hex::encode(Md5::digest(b""));
        (declared == of_body || of_nothing).then_some(()).ok_or_else(|| (4002, "签名异常: content-md5".to_owned()))
    }
}
