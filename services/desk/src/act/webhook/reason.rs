//! Why a webhook is changed.
use serde::Deserialize;
use utoipa::ToSchema;

/// Why a webhook is changed.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookReason {
    /// Why, for the audit trail.
    pub reason: Option<String>,
}
