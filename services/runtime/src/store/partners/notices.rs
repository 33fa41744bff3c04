//! Notices from a partner are not trusted. Their only effect is an earlier check: the parts that they may concern are
//! woken.
use anyhow::Context;
use pipeline::id::PartnerId;
use pipeline::part::Part;
use pipeline::stage::Stage;

use crate::store::Store;
use crate::store::outgoing::messages;

impl Store {
    /// A partner reported something about the work that it calls `receipt`. Wakes the part that waits for it, and those
    /// whose call was never answered, because the name may be theirs. Returns how many were waiting.
    pub async fn partner_told(&self, partner: &PartnerId, receipt: &str) -> anyhow::Result<u64> {
        let part = &Part::Partner(partner.clone()).to_string();
        self.transaction("partner_told", |tx, _| {
            Box::pin(async move {
                let woken = sqlx::query!(
                    "/* wake_told */
                    update parts set status = 'pending', not_before = clock_timestamp()
                    where stage = 'publish' and part = $2 and status = 'waiting' and submission in (
                        select submission from deliveries where partner = $1 and machine #>> '{observed,receipt}' = $3
                        union all
                        select submission from deliveries where partner = $1 and state = 'unknown')",
                    partner.as_str(),
                    part,
                    receipt,
                )
                .execute(&mut *tx)
                .await
                .context("wake the parts that a notice concerns")?
                .rows_affected();
                messages::add_hints(tx, (0..woken).map(|_| Stage::Publish)).await?;
                Ok(woken)
            })
        })
        .await
    }
}
