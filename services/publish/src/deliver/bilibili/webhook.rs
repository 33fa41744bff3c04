//! The platform's notices: `video_open` and `video_fail`, doubled and out of order. A notice only wakes the delivery
//! that it names; what that reads from the platform counts. So a repeated or late one is harmless.
use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use pipeline::id::PartnerId;
use pipeline::partner::DeliveryMethod;
use runtime::doors::{Door, Reason};
use runtime::store::partners::exchanges::{ExchangeOutcome, NewExchange};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::deliver::signed_notice::{content, is_signed};
use crate::partner_app::{PartnerApp, denied};
use crate::partner_setting::partner_setting;
use crate::partner_text;

/// The route of every partner with this method.
pub(crate) fn routes() -> Router<PartnerApp> {
    Router::new().route("/partners/bilibili/webhook", post(notice))
}

async fn notice(State(app): State<PartnerApp>, headers: HeaderMap, body: Bytes) -> Response {
    let signature = headers.get("x-bilibili-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(partner) = signer(&app, &body, signature) else {
        let reason = if signature.is_empty() { Reason::Missing } else { Reason::Wrong };
        return denied(StatusCode::UNAUTHORIZED.into_response(), Door::Notices, reason, None);
    };
    take_signed(&app, &partner, &body).await.into_response()
}

/// Accepts a notice with a valid signature.
async fn take_signed(app: &PartnerApp, partner: &PartnerId, body: &[u8]) -> StatusCode {
    let Some((event, resource_id)) = named(body) else { return StatusCode::OK };
    match take(app, partner, &event, &resource_id, body).await {
        Ok(0) => tracing::debug!(%partner, "{event} about {resource_id}: no delivery waits for it"),
        Ok(_) => tracing::info!(%partner, "{event} about {resource_id}: its delivery looks"),
        Err(error) => {
            tracing::warn!(%partner, "could not take {event} about {resource_id}: {error:#}");
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    StatusCode::OK
}

/// Stores the notice as evidence and wakes the waiting deliveries; returns their number.
async fn take(app: &PartnerApp, partner: &PartnerId, event: &str, resource_id: &str, body: &[u8]) -> Result<u64> {
    let store = &app.store;
    let kept = json!({ "event": event, "resource_id": resource_id, "bytes": body.len(),
        "sha256": hex::encode(Sha256::digest(body)) });
    let new = NewExchange { submission: None, partner, intent: None, step: "webhook", request: &kept, passing: false };
    let exchange = store.open_exchange(&new).await?;
    let woken = store.partner_told(partner, resource_id).await?;
    store.close_exchange(exchange, ExchangeOutcome::Answered, &json!({ "status": 200, "woken": woken })).await?;
    Ok(woken)
}

/// The partner whose application's secret signed the body: hex SHA-1 of secret and body [O].
fn signer(app: &PartnerApp, body: &[u8], signature: &str) -> Option<PartnerId> {
    let ours = app.catalogue.partners().filter(|partner| partner.method == DeliveryMethod::Bilibili);
    let signed = |id: &PartnerId| match partner_setting(id, "CLIENT_SECRET", |name| std::env::var(name).ok()) {
        Ok(Some(secret)) => is_signed(&secret, body, signature),
        Ok(None) | Err(_) => false,
    };
    ours.map(|partner| &partner.id).find(|id| signed(id)).cloned()
}

/// The event and the work that it names. The content is an object, or a string that contains one.
fn named(body: &[u8]) -> Option<(String, String)> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let content = content(&body);
    let text = |value: &Value| value.as_str().filter(|text| text.len() <= 64).and_then(partner_text::name_in_notice);
    Some((text(&body["event"])?, text(&content["resource_id"])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_names_its_work_in_an_object_or_a_text() {
        let said = Some(("video_open".to_owned(), "BV1".to_owned()));
        assert_eq!(named(br#"{"event":"video_open","content":{"resource_id":"BV1"}}"#), said);
        assert_eq!(named(br#"{"event":"video_open","content":"{\"resource_id\":\"BV1\"}"}"#), said);
        for other in [
            "",
            "{}",
            r#"{"event":"video_open","content":{"resource_id":"BV1\u0000"}}"#,
            r#"{"event":"video_open","content":"x"}"#,
            r#"{"event":1,"content":{"resource_id":"BV1"}}"#,
        ] {
            assert_eq!(named(other.as_bytes()), None, "{other}");
        }
    }
}
