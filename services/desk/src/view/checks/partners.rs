//! Credentials at partners that are stored in the database. Only the role `publish` sees variables of the environment.
use chrono::{DateTime, TimeDelta, Utc};
use pages::Say;
use pipeline::catalogue::Catalogue;
use pipeline::id::PartnerId;
use pipeline::lang::Lang;
use pipeline::partner::DeliveryMethod;
use runtime::store::Store;
use runtime::store::partners::accounts::AccountRow;

use super::finding::{Both, Finding, SEE, Words, both, said};
use crate::names::partner_name;

/// Credentials that end within this time must be renewed.
const ENDS_SOON: TimeDelta = TimeDelta::days(7);
const NAME: Both = Both { zh: "平台凭证", en: "partners' credentials" };

pub(super) async fn credentials(store: &Store, catalogue: &Catalogue, now: DateTime<Utc>) -> Finding {
    match store.accounts().await {
        Ok(accounts) => judge(&accounts, catalogue, now),
        Err(error) => Finding::bad(NAME, said(&error), SEE),
    }
}

/// Tokens that are stored in the database. `partner authorise` stores them.
fn judge(accounts: &[AccountRow], catalogue: &Catalogue, now: DateTime<Utc>) -> Finding {
    const AUTHORISE: Both = Both {
        zh: "请账号所有者授权，再把得到的令牌存入：`reelmill partner authorise PARTNER --stdin`（各行 ACCESS_TOKEN=…、REFRESH_TOKEN=…、EXPIRES_AT=…）",
        en: "ask the account's owner to authorise it, then store the tokens: `reelmill partner authorise PARTNER --stdin` (lines ACCESS_TOKEN=…, REFRESH_TOKEN=…, EXPIRES_AT=…)",
    };
    let with = |is: &dyn Fn(&AccountRow) -> bool| {
        let found: Vec<_> = accounts.iter().filter(|it| is(it)).map(|it| it.account.partner.as_str()).collect();
        (!found.is_empty()).then(|| named(catalogue, &found))
    };
    if let Some(Words { zh, en }) = with(&|it| it.health == "refused") {
        return Finding::bad(NAME, both(format!("被 {zh} 拒绝"), format!("refused by {en}")), AUTHORISE);
    }
    let authorised = |id: &PartnerId| accounts.iter().any(|it| it.account.partner == *id && it.has_credentials);
    let delivered_to = |id: &PartnerId| catalogue.contests.values().any(|contest| contest.partners.contains(id));
    let missing: Vec<&str> = catalogue
        .partners()
        .filter(|it| it.method == DeliveryMethod::Bilibili && delivered_to(&it.id) && !authorised(&it.id))
        .map(|it| it.id.as_str())
        .collect();
    if !missing.is_empty() {
        let Words { zh, en } = named(catalogue, &missing);
        return Finding::poor(NAME, both(format!("尚未授权：{zh}"), format!("not authorised: {en}")), AUTHORISE);
    }
    if let Some(Words { zh, en }) = with(&|it| ends_within(it.expires_at, now, ENDS_SOON)) {
        const MEND: Both = Both {
            zh: "`reelmill partner list` 列出到期时间；请在此之前续期：`reelmill partner authorise PARTNER --stdin`",
            en: "reelmill partner list shows when; renew them before: `reelmill partner authorise PARTNER --stdin`",
        };
        return Finding::poor(NAME, both(format!("一周内到期：{zh}"), format!("end within a week: {en}")), MEND);
    }
    let kept = accounts.iter().filter(|it| it.has_credentials).count();
    let zh = format!("已存 {kept} 份，未被拒绝，无即将到期");
    Finding::good(NAME, both(zh, format!("{kept} stored, none refused, none about to expire")))
}

/// Partners by name, each with its id, which the commands take.
fn named(catalogue: &Catalogue, ids: &[&str]) -> Words {
    let listed = |lang: Lang| {
        let say = Say::new(lang);
        let name =
            |id: &&str| format!("{}{}{id}{}", partner_name(catalogue, say, id), say.t("（", " ("), say.t("）", ")"));
        ids.iter().map(name).collect::<Vec<_>>().join(say.t("、", ", "))
    };
    both(listed(Lang::Zh), listed(Lang::En))
}

/// Whether something ends within this time.
fn ends_within(end: Option<DateTime<Utc>>, now: DateTime<Utc>, time: TimeDelta) -> bool {
    end.is_some_and(|at| at - now < time)
}

#[cfg(test)]
mod tests {
    use runtime::store::partners::accounts::Account;

    use super::super::finding::Health;
    use super::*;

    #[test]
    fn an_account_that_was_never_authorised_is_named_with_the_command_that_does_it() {
        let catalogue = Catalogue::builtin();
        let now = DateTime::UNIX_EPOCH;
        let none = judge(&[], &catalogue, now);
        assert_eq!((none.health, none.found.en.as_str()), (Health::Poor, "not authorised: Bilibili (bilibili)"));
        let mend = none.mend.expect("what mends it").en;
        assert!(mend.contains("reelmill partner authorise PARTNER --stdin"), "{mend}");
        let account = |health: &str, days: i64| AccountRow {
            account: Account { partner: "bilibili".into(), name: "main".into() },
            budget_until: now,
            failures: 0,
            open_until: None,
            has_credentials: true,
            expires_at: Some(now + TimeDelta::days(days)),
            health: health.into(),
            health_words: None,
            health_at: None,
        };
        assert_eq!(judge(&[account("valid", 30)], &catalogue, now).health, Health::Good);
        assert_eq!(judge(&[account("valid", 3)], &catalogue, now).health, Health::Poor);
        assert_eq!(judge(&[account("refused", 30)], &catalogue, now).health, Health::Bad);
    }
}
