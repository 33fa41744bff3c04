//! What is kept of a call and its answer: no credentials, and a bounded part of each body.
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::request::{Answer, Body, Request};
use crate::redact::Secrets;

/// Bytes of a body that are kept as evidence.
const EVIDENCE_BYTES: usize = 16 << 10;
/// Headers of an answer that are kept as evidence.
const TELLING: [&str; 6] = ["content-type", "retry-after", "date", "etag", "location", "x-request-id"];

pub(super) fn request_evidence(request: &Request) -> Value {
    let headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.to_string(), header_evidence(name.as_str(), value))).collect();
    let body = match &request.body {
        Body::Empty => Value::Null,
        Body::Json(value) => value.clone(),
        Body::Form(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()
        }
        Body::Bytes { content_type, bytes } => {
            json!({ "type": content_type, "bytes": bytes.len(), "sha256": hex::encode(Sha256::digest(bytes)) })
        }
        Body::File { offset, bytes, .. } => json!({ "offset": offset, "bytes": bytes }),
    };
    json!({ "method": request.method.as_str(), "url": request.url.as_str(), "headers": headers, "body": body })
}

/// Credentials are never stored, whatever their value.
fn header_evidence(name: &str, value: &str) -> Value {
    const PROVING: [&str; 4] = ["authorization", "access-token", "cookie", "proxy-authorization"];
    if PROVING.contains(&name) { json!("[cut]") } else { json!(value) }
}

pub(super) fn answer_evidence(answer: &Answer, hide: bool) -> Value {
    let headers: Map<String, Value> = answer
        .headers
        .iter()
        .filter(|(name, _)| TELLING.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let body = if hide {
        json!({ "bytes": answer.body.len(), "sha256": hex::encode(Sha256::digest(&answer.body)) })
    } else {
        let clipped = &answer.body[..answer.body.len().min(EVIDENCE_BYTES)];
        serde_json::from_slice(&answer.body)
            .ok()
            .filter(|_| answer.body.len() <= EVIDENCE_BYTES)
            // Postgres cannot store NUL in JSON.
            .unwrap_or_else(|| json!(String::from_utf8_lossy(clipped)))
    };
    json!({ "status": answer.status, "headers": headers, "bytes": answer.body.len(), "body": body })
}

pub(super) fn failure_evidence(secrets: &Secrets, words: &str) -> Value {
    json!({ "failure": secrets.cut(words) })
}
