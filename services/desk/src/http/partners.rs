//! GET /api/v1/partners: who gets works, by which way, and whether their accounts are well.
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use runtime::store::accounts::AccountRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Desk;
use runtime::problem::Problem;

/// A partner of the catalogue.
#[derive(Serialize, ToSchema)]
pub(crate) struct Partner {
    id: String,
    zh: String,
    en: String,
    /// The way to it, such as `bilibili` or `sftp_drop`.
    method: &'static str,
    /// Hours within which a recall has to be proven.
    recall_within_hours: u32,
    /// Accounts that were used; none where a person carries the files.
    accounts: Vec<Account>,
}

/// An account at a partner.
#[derive(Serialize, ToSchema)]
pub(crate) struct Account {
    name: String,
    /// `unknown`, `valid` or `refused`, as the partner said last.
    health: String,
    /// In the partner's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    health_at: Option<DateTime<Utc>>,
    has_credentials: bool,
    /// When the credentials end.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    /// Failed calls in a row.
    failures: u32,
    /// Until when no call is made, since too many failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_until: Option<DateTime<Utc>>,
}

impl From<&AccountRow> for Account {
    fn from(row: &AccountRow) -> Self {
        Self {
            name: row.account.name.clone(),
            health: row.health.clone(),
            words: row.health_words.clone(),
            health_at: row.health_at,
            has_credentials: row.has_credentials,
            expires_at: row.expires_at,
            failures: row.failures,
            open_until: row.open_until,
        }
    }
}

/// Lists the partners of the catalogue.
#[utoipa::path(get, path = "/api/v1/partners", tag = "desk", security(("token" = [])),
    responses((status = 200, description = "By id", body = Vec<Partner>)))]
pub(crate) async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<Vec<Partner>>, Problem> {
    let rows = desk.store.accounts().await?;
    let partners = desk.catalogue.partners.values().map(|partner| Partner {
        id: partner.id.to_string(),
        zh: partner.name.zh.clone(),
        en: partner.name.en.clone(),
        method: partner.method.name(),
        recall_within_hours: partner.recall_within_h,
        accounts: rows.iter().filter(|row| row.account.partner == partner.id).map(Account::from).collect(),
    });
    Ok(Json(partners.collect()))
}
