//! The publish stage's handler: uses the method that the partner's file in the catalogue names.
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use pipeline::delivery::Desired;
use pipeline::part::Part;
use pipeline::partner::DeliveryMethod;
use pipeline::stage::Stage;
use runtime::outcome::Outcome;
use runtime::service::Runtime;
use runtime::worker::{Handler, Job};

use crate::deliver::bilibili::Bilibili;
use crate::deliver::douyin::Douyin;
use crate::deliver::drive;
use crate::deliver::mrss::Mrss;
use crate::deliver::operator::Operator;
use crate::deliver::s3_drop::S3Drop;
use crate::deliver::sftp_drop::SftpDrop;
use crate::exchange;
use crate::guarded::Guarded;
use crate::redact::Secrets;
use crate::task::Task;
use crate::turn::Turn;

/// The publish stage's handler.
pub struct Publish {
    runtime: Arc<Runtime>,
    client: reqwest::Client,
    guarded: Guarded,
}

impl Publish {
    /// A handler that works with these servers.
    pub fn new(runtime: Arc<Runtime>) -> Result<Self> {
        let guarded = Guarded::new(&runtime.config.allow_private_networks)?;
        Ok(Self { runtime, client: exchange::client()?, guarded })
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
        // What is to be taken back waits for no other delivery.
        let turn = Turn::new(job.claim.reserved || delivery.machine.desired == Desired::Gone);
        let (client, guarded, secrets) = (&self.client, &self.guarded, Secrets::default());
        let mut task = Task { runtime, job: &job, partner, delivery, client, guarded, secrets, turn };
        task.learn_secrets();
        let task = &mut task;
        match partner.method {
            DeliveryMethod::Bilibili => Box::pin(drive(&Bilibili, task)).await,
            DeliveryMethod::Douyin => drive(&Douyin, task).await,
            DeliveryMethod::S3Drop => drive(&S3Drop::new(task)?, task).await,
            DeliveryMethod::SftpDrop => drive(&SftpDrop, task).await,
            DeliveryMethod::Mrss => drive(&Mrss, task).await,
            DeliveryMethod::Operator => drive(&Operator, task).await,
        }
    }
}
