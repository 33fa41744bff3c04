//! `reelmill delivered ID --partner P --url URL`: an operator brought the bag to the partner, and this is where it can be seen.
use std::path::PathBuf;

use pipeline::delivery::{Observed, Receipt};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::object_key::ObjectKey;
use runtime::clock::Clock;
use runtime::store::proofs::{NewProof, Shows};
use uuid::Uuid;

use crate::command::recalled::put_picture;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::typed;

/// Options of `delivered`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// The partner
    #[arg(long, value_name = "PARTNER")]
    partner: String,
    /// Public address at the partner
    #[arg(long, value_name = "URL", value_parser = web_address)]
    url: String,
    /// The partner's own name for the work, such as its video id; the address if absent
    #[arg(long, value_name = "ID", value_parser = typed::receipt)]
    receipt: Option<String>,
    /// A picture of the published work, at most 20 MB
    #[arg(long, value_name = "FILE")]
    screenshot: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Only http and https: the address is shown as a link to others.
pub(crate) fn web_address(text: &str) -> Result<String, String> {
    let wrong = || "an address such as https://example.com/video/1".to_owned();
    let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url.into()) } else { Err(wrong()) }
}

/// Records it, if the delivery waits for an operator.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let partner = PartnerId::new(args.partner);
    let Some(delivery) = store.delivery(args.id, &partner).await? else {
        return Err(WrongUsage(format!("{} has no delivery to {partner}", args.id)).into());
    };
    let state = delivery.machine.observed.name();
    let receipt = match delivery.machine.observed {
        Observed::AwaitingOperator { .. } => Receipt(args.receipt.unwrap_or_else(|| args.url.clone())),
        // The partner shows it and never told us, or told a worker that died before it wrote that down. Its name is known.
        Observed::InReview { receipt } => receipt,
        Observed::Planned
        | Observed::Sending { .. }
        | Observed::Unknown { .. }
        | Observed::Live { .. }
        | Observed::Recalling { .. }
        | Observed::Recalled { .. }
        | Observed::Refused { .. } => {
            let said = format!("the delivery to {partner} is {state}, not awaiting an operator");
            return Err(WrongUsage(said).into());
        }
    };
    let id = Uuid::now_v7();
    let file = match &args.screenshot {
        Some(path) => Some(put_picture(path, &ObjectKey::Proof(args.id, partner.clone(), id)).await?),
        None => None,
    };
    let proof = NewProof {
        id,
        submission: args.id,
        partner: partner.clone(),
        shows: Shows::Live,
        seen_at: Clock::default().now(),
        public_url: Some(args.url),
        words: None,
        file,
        insists: false,
    };
    store.add_proof(&proof, Some(&receipt), args.database.by(&store, None).await?).await?;
    eprintln!("{}: {partner} is live", args.id);
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_taken() {
        assert!(web_address("https://www.bilibili.com/video/BV1").is_ok());
        for wrong in ["javascript:alert(1)", "BV1", "file:///etc/passwd", "https://"] {
            assert!(web_address(wrong).is_err(), "{wrong}");
        }
    }
}
