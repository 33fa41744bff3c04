//! The publish stage's handler: uses the method that the partner's file in the catalogue names.
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
use crate::redact::Secrets;
use crate::task::Task;
use crate::tools::Tools;
use crate::turn::Turn;

/// The publish stage's handler.
pub struct Publish {
    tools: Tools,
}

impl Publish {
    /// A handler that works with these servers.
    ///
    /// # Errors
    /// When the clients for HTTP cannot be created.
    pub fn new(runtime: &Runtime) -> Result<Self> {
        Ok(Self { tools: Tools::of(runtime)? })
    }
}

impl Handler for Publish {
    const STAGE: Stage = Stage::Publish;

    async fn handle(&self, job: Job) -> Result<Outcome> {
        let Part::Partner(id) = &job.part else { bail!("{} is no part of publish", job.part) };
        let tools = &self.tools;
        let partner = tools.catalogue.partner(id).with_context(|| format!("the catalogue has no partner {id}"))?;
        let delivery = tools.store.delivery(job.submission.id, id).await?;
        let delivery = delivery.with_context(|| format!("no delivery to {id} is planned"))?;
        // What is to be taken back waits for no other delivery.
        let turn = Turn::new(job.claim.reserved || delivery.machine.desired == Desired::Gone);
        let mut task = Task { tools, job: &job, partner, delivery, secrets: Secrets::default(), turn };
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
