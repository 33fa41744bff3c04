//! Security headers for every answer of every port. Browsers use the stated content type, show the answer in no frame,
//! and send no Referer when a link is followed, because our addresses contain ids.
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

const NOSNIFF: &str = "nosniff";
const NO_REFERRER: &str = "no-referrer";
const NO_FRAME: &str = "frame-ancestors 'none'";
/// The policy of answers without their own: they load nothing and appear in no frame.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds the headers. A page's own policies stay; its content policy is completed.
pub(crate) fn secure(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static(NOSNIFF));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static(NO_REFERRER));
    let own: Vec<HeaderValue> = headers.get_all(CONTENT_SECURITY_POLICY).iter().map(completed).collect();
    headers.remove(CONTENT_SECURITY_POLICY);
    for policy in own {
        headers.append(CONTENT_SECURITY_POLICY, policy);
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
}

/// The same as lines of a head, for an answer that is written directly.
pub(super) fn as_lines() -> String {
    format!(
        "{X_CONTENT_TYPE_OPTIONS}: {NOSNIFF}\r\n{REFERRER_POLICY}: {NO_REFERRER}\r\n{CONTENT_SECURITY_POLICY}: {NOTHING}\r\n"
    )
}

fn completed(policy: &HeaderValue) -> HeaderValue {
    let Ok(text) = policy.to_str() else { return HeaderValue::from_static(NOTHING) };
    if text.split(';').any(|directive| directive.trim_start().starts_with("frame-ancestors")) {
        return policy.clone();
    }
    let whole = format!("{}; {NO_FRAME}", text.trim().trim_end_matches(';'));
    // Both halves are valid header values.
    HeaderValue::from_str(&whole).unwrap_or(HeaderValue::from_static(NOTHING))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy_of(own: &[&'static str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for policy in own {
            headers.append(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        secure(&mut headers);
        assert_eq!(
            (&headers["x-content-type-options"], &headers["referrer-policy"]),
            (&HeaderValue::from_static("nosniff"), &HeaderValue::from_static("no-referrer"))
        );
        headers.get_all(CONTENT_SECURITY_POLICY).iter().map(|it| it.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_policy_of_its_own_stays_and_is_completed() {
        assert_eq!(policy_of(&[]), ["default-src 'none'; frame-ancestors 'none'"]);
        assert_eq!(policy_of(&["default-src 'self';"]), ["default-src 'self'; frame-ancestors 'none'"]);
        assert_eq!(policy_of(&["frame-ancestors 'self'"]), ["frame-ancestors 'self'"]);
        assert_eq!(policy_of(&["img-src a", "img-src b"]).len(), 2);
    }

    #[test]
    fn an_answer_that_is_written_by_hand_has_the_same() {
        let mut headers = HeaderMap::new();
        secure(&mut headers);
        let lines = as_lines();
        for (name, value) in &headers {
            assert!(lines.contains(&format!("{name}: {}\r\n", value.to_str().unwrap())), "{name} in {lines}");
        }
        assert_eq!(lines.matches("\r\n").count(), headers.len());
    }
}
