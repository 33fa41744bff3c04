//! Links that open one file for one partner for some time: an expiry and an HMAC over all of the link's content.
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use pipeline::id::{PartnerId, SubmissionId};
use sha2::Sha256;

/// Minimum life of a link. A partner that pulls its feed daily has time to fetch the files.
const LIFE_S: i64 = 24 * 3600;
/// Expiries are rounded up to this, so that an unchanged feed has the same bytes, and the same tag, for hours.
const STEP_S: i64 = 6 * 3600;

/// The file that a link opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) partner: PartnerId,
    pub(crate) submission: SubmissionId,
    pub(crate) run: u32,
    pub(crate) file: String,
}

/// Whether a link opens its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    Open,
    Expired,
    /// Not signed by us, or not for this file.
    Forged,
}

impl Target {
    /// The path and query of a link that is valid from `now` for a day or a little more.
    pub(crate) fn link(&self, key: &[u8], now: DateTime<Utc>) -> String {
        let expires = (now.timestamp() + LIFE_S + STEP_S - 1).div_euclid(STEP_S) * STEP_S;
        let signature = hex::encode(self.mac(key, expires).finalize().into_bytes());
        format!("{}?expires={expires}&signature={signature}", self.path())
    }

    /// Checks a link. The signature first: a client that cannot sign learns nothing about times.
    pub(crate) fn check(&self, key: &[u8], expires: i64, signature: &str, now: DateTime<Utc>) -> Checked {
        let signature = hex::decode(signature).unwrap_or_default();
        // Compares in constant time.
        match self.mac(key, expires).verify_slice(&signature) {
            Err(_) => Checked::Forged,
            Ok(()) if expires <= now.timestamp() => Checked::Expired,
            Ok(()) => Checked::Open,
        }
    }

    fn path(&self) -> String {
        format!("/partners/{}/files/{}/{}/{}", self.partner, self.submission, self.run, self.file)
    }

    fn mac(&self, key: &[u8], expires: i64) -> Hmac<Sha256> {
        #[allow(clippy::unwrap_used, reason = "an HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("{}\n{expires}", self.path()).as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn target(file: &str) -> Target {
        Target { partner: "china".into(), submission: SubmissionId(Uuid::from_u128(1)), run: 2, file: file.into() }
    }

    fn parts(link: &str) -> (i64, String) {
        let (_, query) = link.split_once("?expires=").unwrap();
        let (expires, signature) = query.split_once("&signature=").unwrap();
        (expires.parse().unwrap(), signature.to_owned())
    }

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(s, 0).unwrap()
    }

    #[test]
    fn a_link_opens_its_file_for_a_day_and_no_other_and_not_longer() {
        let now = 1_800_000_123;
        let (expires, signature) = parts(&target("a.mp4").link(b"key", at(now)));
        let check = |target: Target, key: &[u8], expires, when| target.check(key, expires, &signature, at(when));
        assert_eq!(check(target("a.mp4"), b"key", expires, now + LIFE_S - 1), Checked::Open);
        assert_eq!(check(target("a.mp4"), b"key", expires, now + LIFE_S + STEP_S), Checked::Expired);
        assert_eq!(check(target("b.mp4"), b"key", expires, now), Checked::Forged);
        assert_eq!(check(target("a.mp4"), b"key", expires + STEP_S, now), Checked::Forged);
        assert_eq!(check(target("a.mp4"), b"other", expires, now), Checked::Forged);
        let other = Target { partner: "other".into(), ..target("a.mp4") };
        assert_eq!(check(other, b"key", expires, now), Checked::Forged);
        assert_eq!(check(Target { run: 1, ..target("a.mp4") }, b"key", expires, now), Checked::Forged);
        for wrong in ["", "zz", &signature[..62], &format!("{signature}00")] {
            assert_eq!(target("a.mp4").check(b"key", expires, wrong, at(now)), Checked::Forged);
        }
    }

    #[test]
    fn links_stay_the_same_for_hours() {
        let now = STEP_S * 1000;
        let link = |s| target("a.mp4").link(b"key", at(s));
        assert_eq!(link(now + 1), link(now + STEP_S));
        assert_ne!(link(now), link(now + 1));
    }
}
