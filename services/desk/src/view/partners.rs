//! The partners: who receives works, by which method, and the condition of our accounts with them.
use chrono::{DateTime, Utc};
use pipeline::partner::Limits;
use runtime::problem::Problem;
use runtime::serving::openapi::vocabulary::AccountHealth;
use runtime::store::partners::accounts::AccountRow;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Desk;

/// A partner of the catalogue.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Partner {
    /// Its id.
    pub id: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// The delivery method, such as `bilibili` or `sftp_drop`.
    pub method: &'static str,
    /// Hours within which a recall must be proven.
    pub recall_within_hours: u32,
    /// What it accepts, each limit with how well it is known.
    pub limits: Vec<Limit>,
    /// Accounts that were used; none for partners that are served by hand.
    pub accounts: Vec<Account>,
}

/// A limit of a partner.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Limit {
    /// Its key in the catalogue, such as `max_size_bytes`; the unit is its last word.
    pub name: String,
    /// The limit itself.
    pub value: u64,
    /// How well it is known: `O` the platform's own document, `C` a contract that quotes it, `R` code that does it, `2` a secondary page, `A`
    /// our assumption.
    pub tag: String,
    /// The document or page.
    pub source: String,
}

/// An account at a partner.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// `unknown`, `valid` or `refused`, by the partner's last answer.
    #[schema(value_type = AccountHealth)]
    pub health: String,
    /// In the partner's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The time of that answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_at: Option<DateTime<Utc>>,
    /// Whether credentials are stored. Secrets in the environment are not visible here.
    pub has_credentials: bool,
    /// When the credentials end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Whole days until then; negative once they have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// Until when the calls made so far use the rate budget; absent if all of it is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_until: Option<DateTime<Utc>>,
    /// Failed calls in a row.
    pub failures: u32,
    /// Until when no call is made, because too many failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_until: Option<DateTime<Utc>>,
}

/// Every partner of the catalogue, by id.
pub async fn partners(desk: &Desk) -> Result<Vec<Partner>, Problem> {
    let rows = desk.store.accounts().await?;
    let now = desk.clock.now();
    let partners = desk.catalogue.partners.values().map(|partner| Partner {
        id: partner.id.to_string(),
        zh: partner.name.zh.clone(),
        en: partner.name.en.clone(),
        method: partner.method.name(),
        recall_within_hours: partner.recall_within_h,
        limits: limits_of(&partner.limits),
        accounts: rows
            .iter()
            .filter(|row| row.account.partner == partner.id)
            .map(|row| Account::of(row, now))
            .collect(),
    });
    Ok(partners.collect())
}

/// The known limits, by their names in the catalogue.
fn limits_of(limits: &Limits) -> Vec<Limit> {
    // A struct of numbers and texts: it becomes JSON, and an absent limit becomes null.
    let Ok(Value::Object(fields)) = serde_json::to_value(limits) else { return Vec::new() };
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let limit = |(name, it): (String, Value)| {
        let value = it["value"].as_u64()?;
        Some(Limit { name, value, tag: text(&it["tag"]), source: text(&it["source"]) })
    };
    fields.into_iter().filter_map(limit).collect()
}

impl Account {
    fn of(row: &AccountRow, now: DateTime<Utc>) -> Self {
        // Rounded down, so that credentials with an hour left have 0 days, and ended ones a negative number.
        let days = |end: DateTime<Utc>| (end - now).num_seconds().div_euclid(86_400);
        Self {
            name: row.account.name.clone(),
            health: row.health.clone(),
            words: row.health_words.clone(),
            health_at: row.health_at,
            has_credentials: row.has_credentials,
            expires_at: row.expires_at,
            days_left: row.expires_at.map(days),
            budget_until: Some(row.budget_until).filter(|until| *until > now),
            failures: row.failures,
            open_until: row.open_until.filter(|until| *until > now),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use runtime::store::partners::accounts::Account as Named;

    use super::*;

    #[test]
    fn every_limit_of_the_catalogue_is_listed_with_where_it_is_known_from() {
        let catalogue = pipeline::catalogue::Catalogue::builtin();
        let limits: Vec<_> = catalogue.partners().flat_map(|it| limits_of(&it.limits)).collect();
        let tags = ["O", "C", "R", "2", "A"];
        assert!(limits.len() > 9 && limits.iter().all(|it| tags.contains(&it.tag.as_str()) && !it.source.is_empty()));
        assert!(limits.iter().any(|it| it.name == "max_size_bytes"));
    }

    #[test]
    fn days_left_are_whole_and_negative_once_the_credentials_have_ended() {
        let now = DateTime::UNIX_EPOCH;
        let left = |seconds: i64| {
            let row = AccountRow {
                account: Named { partner: "bilibili".into(), name: "main".into() },
                budget_until: now,
                failures: 0,
                open_until: Some(now),
                has_credentials: true,
                expires_at: Some(now + TimeDelta::seconds(seconds)),
                health: "valid".into(),
                health_words: None,
                health_at: None,
            };
            let account = Account::of(&row, now);
            assert_eq!((account.budget_until, account.open_until), (None, None));
            account.days_left
        };
        assert_eq!([left(3_600), left(86_400), left(-1)], [Some(0), Some(1), Some(-1)]);
    }
}
