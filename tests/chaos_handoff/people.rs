//! What people do while deliveries run: confirm, deliver bags, recall, retry, report.
use std::collections::BTreeSet;
use std::time::Instant;

use pipeline::delivery::{DeliveryEvent, Observed, RecallBy, Receipt};
use pipeline::id::{PartnerId, SubmissionId};
use runtime::store::partners::recalls::RecallTerms;
use runtime::store::submissions::history::Actor;
use uuid::Uuid;

use super::row::Row;
use super::{Chaos, Counts, DOUYIN, NET, PARTNERS, TV, partner};

impl Chaos {
    /// What people do meanwhile: confirm for Douyin, deliver bags, recall what the plan says, retry parked parts.
    pub(super) async fn people(
        &self,
        asked: &mut BTreeSet<(Uuid, String)>,
        released: Instant,
        puller: &partner::Puller,
        counts: &mut Counts,
    ) -> bool {
        let rows = self.rows().await;
        let recalled_before = asked.len();
        for row in &rows {
            if !row.is_over() {
                counts.over.insert(row.partner.clone(), released.elapsed());
            }
            let key = (row.submission, row.partner.clone());
            let number = self.number(row.submission);
            let phase = (!asked.contains(&key))
                .then(|| self.plan.recall_now(number, &row.partner, &row.machine, &counts.recalls));
            match (phase.flatten(), &row.machine.observed) {
                (Some(phase), _) => {
                    asked.insert(key);
                    self.recall(row).await;
                    *counts.recalls.entry(phase.name()).or_default() += 1;
                }
                (None, Observed::InReview { .. } | Observed::Recalling { .. }) if row.partner == TV => {
                    partner::answer(self, row)
                }
                (None, Observed::InReview { receipt }) if row.partner == NET && puller.had(row.submission) => {
                    let receipt = receipt.clone();
                    self.note(row, &DeliveryEvent::WentLive { receipt, public_url: None }).await;
                    counts.reported += 1;
                }
                (None, Observed::AwaitingOperator { intent }) if row.machine.desired.name() == "live" => {
                    let url = format!("https://partner.example/{}", row.submission);
                    let event = if row.partner == DOUYIN {
                        DeliveryEvent::Confirmed { intent: *intent }
                    } else {
                        DeliveryEvent::WentLive { receipt: Receipt(url.clone()), public_url: Some(url) }
                    };
                    self.note(row, &event).await;
                }
                (None, _) => {}
            }
        }
        let parked: Vec<Uuid> = sqlx::query_scalar("select distinct submission from parts where status = 'parked'")
            .fetch_all(self.pipeline.truth.pool())
            .await
            .expect("read the parked parts");
        for id in parked {
            counts.retried += self.store.retry(SubmissionId(id), None, Actor::Operator).await.expect("try again");
        }
        let planned = self
            .plan
            .recalls()
            .filter(|(number, partner)| !asked.contains(&(self.works[*number], (*partner).to_owned())));
        // The rows were read before this pass: a delivery recalled in this pass is not over.
        let begins = asked.len() > recalled_before;
        let complete = rows.len() == self.works.len() * PARTNERS.len();
        !begins && complete && planned.count() == 0 && rows.iter().all(Row::is_over)
    }

    pub(super) fn number(&self, submission: Uuid) -> usize {
        self.works.iter().position(|id| *id == submission).expect("a planted work")
    }

    async fn recall(&self, row: &Row) {
        let partners: BTreeSet<PartnerId> = [PartnerId::new(&row.partner)].into();
        let terms = RecallTerms { reason: Some("演习".into()), ..RecallTerms::default() };
        let id = SubmissionId(row.submission);
        self.store.recall(id, Some(&partners), &terms, Actor::Operator).await.expect("recall");
    }

    async fn note(&self, row: &Row, event: &DeliveryEvent) {
        let (id, partner) = (SubmissionId(row.submission), PartnerId::new(&row.partner));
        self.store.delivery_note(id, &partner, event, Actor::Operator).await.expect("note what a person did");
    }

    /// A person removes the works at the partner that no API call can remove, and reports it.
    pub(super) async fn people_take_back(&self) {
        for row in self.rows().await {
            let Observed::Recalling { receipt, by: RecallBy::Operator, .. } = &row.machine.observed else { continue };
            if let Some(Receipt(name)) = receipt.as_ref().filter(|_| row.partner == DOUYIN) {
                self.douyin.person_deletes(name);
            }
            self.note(&row, &DeliveryEvent::RecallConfirmed).await;
        }
    }
}
