//! The publish stage's handler: refuses what may not leave, then takes the way that the partner's file in the catalogue names.
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use pipeline::delivery::{Delivery, DeliveryEvent, Desired};
use pipeline::id::PartnerId;
use pipeline::part::Part;
use pipeline::partner::{DeliveryMethod, Partner};
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use runtime::outcome::{Outcome, Output};
use runtime::service::Runtime;
use runtime::store::deliveries::DeliveryRow;
use runtime::store::parts::Commit;
use runtime::store::renditions::RenditionRow;
use runtime::worker::{Handler, Job};
use serde_json::Value;

use crate::deliver::{operator, s3_drop};
use crate::package::{self, PackageFile};

/// The publish stage's handler.
pub struct Publish {
    runtime: Arc<Runtime>,
}

/// One delivery being worked on: everything that an adapter needs, and the one way to write down what it did.
pub(crate) struct Task<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) job: &'a Job,
    pub(crate) partner: &'a Partner,
    pub(crate) delivery: DeliveryRow,
}

impl Publish {
    /// A handler that works with these servers.
    pub fn new(runtime: Arc<Runtime>) -> Self {
        Self { runtime }
    }
}

impl Handler for Publish {
    const STAGE: Stage = Stage::Publish;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        let Part::Partner(id) = &job.part else { bail!("{} is no part of publish", job.part) };
        let runtime = self.runtime.as_ref();
        let partner = runtime.catalogue.partner(id).with_context(|| format!("the catalogue has no partner {id}"))?;
        let delivery = runtime.store.delivery(job.submission.id, id).await?;
        let delivery = delivery.with_context(|| format!("no delivery to {id} is planned"))?;
        let mut task = Task { runtime, job: &job, partner, delivery };
        match partner.method {
            DeliveryMethod::S3Drop => s3_drop::advance(&mut task).await,
            // These platforms' own adapters are not built yet. Until then a person takes the bag there, visibly.
            DeliveryMethod::Bilibili
            | DeliveryMethod::Douyin
            | DeliveryMethod::SftpDrop
            | DeliveryMethod::Mrss
            | DeliveryMethod::Operator => operator::advance(&mut task).await,
        }
    }
}

impl Task<'_> {
    /// Whether the work is to be seen at the partner, or gone from it.
    pub(crate) fn desired(&self) -> Desired {
        self.delivery.machine.desired
    }

    /// The delivery as last written.
    pub(crate) fn machine(&self) -> &Delivery {
        &self.delivery.machine
    }

    /// Writes down what happened. Fails where the part is no longer ours: then nothing may be sent any more either.
    pub(crate) async fn note(&mut self, event: DeliveryEvent, receipt: Option<&Value>) -> Result<()> {
        let noted = self.runtime.store.delivery_apply(&self.job.claim, &event, receipt).await?;
        self.delivery.machine = noted.context("another worker has this delivery by now")?;
        if let Some(receipt) = receipt {
            self.delivery.receipt = Some(receipt.clone());
        }
        Ok(())
    }

    /// Fails unless the claim still holds, by the database's word: the last thing to ask before what cannot be undone.
    pub(crate) async fn still_ours(&self) -> Result<()> {
        match self.runtime.store.renew(&self.job.claim, 1.0).await? {
            Commit::Committed => Ok(()),
            Commit::Fenced => bail!("another worker has this delivery by now"),
        }
    }

    /// The package of the renditions in force, checked: nothing leaves that did not pass quality control, that a partner
    /// does not get by plan, or whose rights are not declared.
    pub(crate) async fn package(&self) -> Result<Vec<PackageFile>> {
        let work = &self.job.submission;
        let plan = work.plan.as_ref().context("the submission has no plan")?;
        let rows = self.runtime.store.renditions(work.id).await?;
        let declared = |what: &str| work.declarations.get(what).and_then(Value::as_bool) == Some(true);
        for what in ["originality", "rights"] {
            if !declared(what) {
                bail!("the entrant did not declare {what}: nothing may be published");
            }
        }
        package::build(work, &chosen(plan, &rows, &self.partner.id)?)
    }

    /// The part's end once the delivery has come to its own.
    pub(crate) fn done(&self) -> Outcome {
        Outcome::Done(Output::Published { receipt: self.delivery.receipt.clone().unwrap_or(Value::Null) })
    }
}

/// The renditions that the plan makes for this partner, best first, each of which passed quality control.
fn chosen<'a>(plan: &Plan, rows: &'a [RenditionRow], partner: &PartnerId) -> Result<Vec<&'a RenditionRow>> {
    let mut chosen = Vec::new();
    for planned in plan.renditions.iter().filter(|planned| planned.partners.contains(partner)) {
        let row = rows.iter().find(|row| row.name == planned.name);
        let row = row.with_context(|| format!("rendition {} is not in force", planned.name))?;
        if row.rendition.qc.is_empty() || row.rendition.qc.iter().any(|check| !check.pass) {
            bail!("rendition {} did not pass quality control", planned.name);
        }
        chosen.push(row);
    }
    Ok(chosen)
}
