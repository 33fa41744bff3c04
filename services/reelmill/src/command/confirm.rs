//! `reelmill confirm ID… --partner P`: a person says yes to a publishing that the partner's rules allow no machine to decide.
use anyhow::Context;
use pipeline::delivery::{DeliveryEvent, Observed};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::partner::DeliveryMethod;
use runtime::store::Store;
use runtime::store::history::By;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::settings;

/// Options of `confirm`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entries' ids
    #[arg(required = true)]
    ids: Vec<SubmissionId>,
    /// The partner
    #[arg(long, value_name = "PARTNER")]
    partner: String,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Confirms each delivery that waits for it; the first that does not ends the command.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let partner = PartnerId::new(args.partner);
    is_confirmed(&partner)?;
    let store = args.database.connect().await?;
    let by = args.database.by(&store, None).await?;
    for id in args.ids {
        confirm(&store, id, &partner, &by).await?;
    }
    Ok(Exit::Done)
}

async fn confirm(store: &Store, id: SubmissionId, partner: &PartnerId, by: &By) -> anyhow::Result<()> {
    let Some(delivery) = store.delivery(id, partner).await? else {
        return Err(WrongUsage(format!("{id} has no delivery to {partner}")).into());
    };
    let Observed::AwaitingOperator { intent } = delivery.machine.observed else {
        let state = delivery.machine.observed.name();
        return Err(
            WrongUsage(format!("the delivery of {id} to {partner} is {state}, not awaiting an operator")).into()
        );
    };
    let event = DeliveryEvent::Confirmed { intent };
    let now = store.delivery_note(id, partner, &event, by.clone()).await?;
    // Between the look and the note it may have been taken back, or confirmed by somebody else.
    if matches!(
        now.observed,
        Observed::AwaitingOperator { .. } | Observed::Recalling { .. } | Observed::Recalled { .. }
    ) {
        let state = now.observed.name();
        return Err(
            WrongUsage(format!("the delivery of {id} to {partner} is {state} by now and was not confirmed")).into()
        );
    }
    eprintln!("{id}: confirmed for {partner}");
    Ok(())
}

/// Only where an adapter waits for a yes: a bag that a person carries is reported with its address instead.
fn is_confirmed(partner: &PartnerId) -> anyhow::Result<()> {
    let config = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?;
    let catalogue = config.catalogue().context("read the catalogue (CATALOGUE_DIR)")?;
    let Some(known) = catalogue.partner(partner) else {
        return Err(WrongUsage(format!("the catalogue has no partner {partner}")).into());
    };
    match known.method {
        DeliveryMethod::Douyin => Ok(()),
        DeliveryMethod::Operator => {
            Err(WrongUsage(format!("{partner} is served by hand: say `reelmill delivered` once it is there")).into())
        }
        DeliveryMethod::Bilibili | DeliveryMethod::SftpDrop | DeliveryMethod::S3Drop | DeliveryMethod::Mrss => {
            Err(WrongUsage(format!("deliveries to {partner} need no confirmation")).into())
        }
    }
}
