//! Douyin's notices. A notice only wakes the deliveries that it may be about; what they then read from the platform
//! counts. So it is harmless that notices come twice, late, and in any order.
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use pipeline::catalogue::Catalogue;
use pipeline::id::PartnerId;
use pipeline::partner::DeliveryMethod;
use runtime::doors::{Door, Reason};
use serde_json::{Value, json};
use tracing::{debug, warn};

use crate::deliver::signed_notice::{content, is_signed};
use crate::partner_app::{PartnerApp, denied};
use crate::partner_setting::partner_setting;
use crate::partner_text;

/// Number of remembered message ids. A forgotten id costs one more request to the platform.
const REMEMBERED: usize = 4096;

/// A route for each partner with this method: `/partners/<id>/webhook`.
pub(crate) fn routes(catalogue: &Catalogue) -> Router<PartnerApp> {
    let partners = catalogue.partners.values().filter(|partner| partner.method == DeliveryMethod::Douyin);
    partners.fold(Router::new(), |router, partner| {
        let listener = Arc::new(Listener { partner: partner.id.clone(), known: Mutex::default() });
        let answer = async move |State(app): State<PartnerApp>, headers: HeaderMap, body: Bytes| {
            listener.hear(&app, &headers, &body).await
        };
        router.route(&format!("/partners/{}/webhook", partner.id), post(answer))
    })
}

/// The receiver of one partner's notices.
struct Listener {
    partner: PartnerId,
    known: Mutex<Known>,
}

/// The ids of the last messages.
#[derive(Default)]
struct Known {
    order: VecDeque<String>,
    names: HashSet<String>,
}

impl Listener {
    async fn hear(&self, app: &PartnerApp, headers: &HeaderMap, body: &[u8]) -> Response {
        match self.heard(app, headers, body).await {
            Ok(response) => response,
            Err(error) => {
                // Without a success status it is sent again.
                warn!(partner = %self.partner, "a message of {} could not be heard: {error:#}", self.partner);
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    async fn heard(&self, app: &PartnerApp, headers: &HeaderMap, body: &[u8]) -> Result<Response> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let secret = partner_setting(&self.partner, "CLIENT_SECRET", |name| std::env::var(name).ok())?;
        let secret = secret.context("the client secret is not set")?;
        let signature = header("x-douyin-signature");
        if !is_signed(&secret, body, signature) {
            let reason = if signature.is_empty() { Reason::Missing } else { Reason::Wrong };
            let answer = StatusCode::UNAUTHORIZED.into_response();
            return Ok(denied(answer, Door::Notices, reason, Some(&self.partner)));
        }
        let Ok(message) = serde_json::from_slice::<Value>(body) else {
            return Ok(StatusCode::BAD_REQUEST.into_response());
        };
        if let Some(challenge) = content(&message).get("challenge") {
            return Ok(axum::Json(json!({ "challenge": challenge })).into_response());
        }
        let name = header("msg-id");
        let Some(item_id) = item_id(&message).filter(|_| !self.knows(name)) else {
            return Ok(StatusCode::OK.into_response());
        };
        let woken = app.store.partner_told(&self.partner, &item_id).await?;
        debug!(partner = %self.partner, woken, "{} sent a notice about {item_id}", self.partner);
        self.remember(name);
        Ok(StatusCode::OK.into_response())
    }

    fn knows(&self, name: &str) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).names.contains(name)
    }

    /// Only completely handled messages: one that failed half-way must be repeated.
    fn remember(&self, name: &str) {
        let known = &mut *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if name.is_empty() || !known.names.insert(name.to_owned()) {
            return;
        }
        known.order.push_back(name.to_owned());
        if known.order.len() > REMEMBERED
            && let Some(oldest) = known.order.pop_front()
        {
            known.names.remove(&oldest);
        }
    }
}

/// The work that a message is about.
fn item_id(message: &Value) -> Option<String> {
    content(message)["item_id"].as_str().and_then(partner_text::name_in_notice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_messages_are_known_and_no_more_than_that() {
        let listener = Listener { partner: "douyin".into(), known: Mutex::default() };
        for number in 0..=REMEMBERED {
            listener.remember(&number.to_string());
            listener.remember(&number.to_string());
        }
        assert!(!listener.knows("0") && listener.knows("1") && listener.knows(&REMEMBERED.to_string()));
        listener.remember("");
        assert!(!listener.knows(""), "a message without a name is heard every time");
    }

    #[test]
    fn the_content_may_be_an_object_or_a_text() {
        let id = |content: Value| item_id(&json!({ "content": content }));
        assert_eq!(id(json!({ "item_id": "@9V" })).as_deref(), Some("@9V"));
        assert_eq!(id(json!(r#"{"item_id":"@9V"}"#)).as_deref(), Some("@9V"));
        for other in [json!("no json"), json!({}), json!(null), json!({ "item_id": "" })] {
            assert_eq!(id(other), None);
        }
    }
}
