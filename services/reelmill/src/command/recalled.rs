//! `reelmill recalled ID --partner P --screenshot FILE`: an operator took a work back by hand, and this proves it.
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::{Observed, RecallBy};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::object_key::ObjectKey;
use runtime::clock::Clock;
use runtime::objects::{Objects, StoredFile};
use runtime::store::proofs::{NewProof, Shows};
use uuid::Uuid;

use crate::command::delivered::web_address;
use crate::command::release::instant;
use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::settings::{self, NO_SERVERS};
use crate::typed;

/// Options of `recalled`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// The partner
    #[arg(long, value_name = "PARTNER")]
    partner: String,
    /// A picture of what is there now, at most 20 MB
    #[arg(long, value_name = "FILE")]
    screenshot: PathBuf,
    /// When it was seen, such as 2024-08-15T20:00:00+08:00; now if absent
    #[arg(long, value_name = "TIME", value_parser = instant)]
    seen_at: Option<DateTime<Utc>>,
    /// The public address that was looked at, where it is not known already
    #[arg(long, value_name = "URL", value_parser = web_address)]
    url: Option<String>,
    /// What was done, in a few words
    #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
    words: Option<String>,
    /// The work is gone although its address still answers: some platforms answer 200 for what they have deleted
    #[arg(long)]
    insist: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// The largest picture, bytes.
const PICTURE_BYTES: u64 = 20_000_000;

/// Stores the proof. The publish stage looks at the public address before it believes it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let partner = PartnerId::new(args.partner);
    let Some(delivery) = store.delivery(args.id, &partner).await? else {
        return Err(WrongUsage(format!("{} has no delivery to {partner}", args.id)).into());
    };
    let Observed::Recalling { by: RecallBy::Operator, .. } = delivery.machine.observed else {
        let state = delivery.machine.observed.name();
        return Err(WrongUsage(format!("the delivery to {partner} is {state}; no operator is to take it back")).into());
    };
    let id = Uuid::now_v7();
    let file = put_picture(&args.screenshot, &ObjectKey::Proof(args.id, partner.clone(), id)).await?;
    let proof = NewProof {
        id,
        submission: args.id,
        partner: partner.clone(),
        shows: Shows::Gone,
        seen_at: args.seen_at.unwrap_or_else(|| Clock::default().now()),
        public_url: args.url,
        words: args.words.clone(),
        file: Some(file),
        insists: args.insist,
    };
    store.add_proof(&proof, None, args.database.by(&store, args.words).await?).await?;
    eprintln!(
        "{}: noted for {partner}; it counts once the public address was looked at: reelmill status {}",
        args.id, args.id
    );
    Ok(Exit::Done)
}

/// Stores a picture that a person took.
pub(crate) async fn put_picture(path: &Path, key: &ObjectKey) -> anyhow::Result<StoredFile> {
    let picture = tokio::fs::metadata(path).await.with_context(|| format!("read {}", path.display()))?;
    if !picture.is_file() || picture.len() == 0 || picture.len() > PICTURE_BYTES {
        let wrong = format!("{} is no picture of 1 to {PICTURE_BYTES} bytes", path.display());
        return Err(WrongUsage(wrong).into());
    }
    let config = settings::read(&NO_SERVERS)?;
    let objects = Objects::new(&(&config.s3).into());
    objects.put_file(key, path).await.with_context(|| format!("store {}", path.display()))
}
