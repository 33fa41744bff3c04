//! `reelmill serve [--roles …]`: the services, all in one process or the ones that are named.
use std::sync::Arc;

use runtime::config::Config;
use runtime::desk_url::desk_url;
use runtime::service::{Runtime, Services};

use crate::exit::Exit;

/// Options of `serve`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What this process does; everything if absent
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Role::ALL, env = "ROLES", value_name = "ROLES")]
    roles: Vec<Role>,
    #[command(flatten)]
    config: Config,
}

/// A service. Production runs one role a deployment, all of the same image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    /// The public API: entry forms and resumable uploads.
    Upload,
    /// The desk: the API of organisers, reviewers, operators and auditors.
    Desk,
    /// Stages probe and screen.
    Probe,
    /// Stages transcode and assemble.
    Transcode,
    /// Stage publish.
    Publish,
}

impl Role {
    const ALL: [Role; 5] = [Role::Upload, Role::Desk, Role::Probe, Role::Transcode, Role::Publish];

    fn services(self, runtime: &Arc<Runtime>) -> anyhow::Result<Services> {
        let services = Services::new();
        Ok(match self {
            Role::Upload => services.task("upload", |runtime| {
                upload::serve(runtime, |runtime, app| units::further(runtime, app, transcode::artefact::addresses))
            }),
            Role::Desk => {
                let desk = desk::Desk::of(runtime, transcode::artefact::addresses)?;
                services.task("desk", |runtime| desk::serve(runtime, desk))
            }
            Role::Probe => services.worker(probe::Measure::new(runtime)).worker(probe::Screen::new(runtime)),
            Role::Transcode => {
                services.worker(transcode::Encode::new(runtime)).worker(transcode::Assemble::new(runtime))
            }
            Role::Publish => services
                .worker(publish::Publish::new(runtime)?)
                .task("partners", publish::serve)
                .task("webhooks", publish::webhooks::serve),
        })
    }
}

/// Serves until the process is asked to stop.
pub(crate) fn run(args: Args) -> anyhow::Result<Exit> {
    // Before any secret is read.
    runtime::child::hide_this_process()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(args))
}

async fn serve(args: Args) -> anyhow::Result<Exit> {
    let _telemetry = runtime::telemetry::init("reelmill", args.config.otlp_endpoint.as_deref())?;
    // Checked before anything is connected.
    desk_url(&args.config.desk)?;
    let runtime = Runtime::start(args.config).await?;
    let mut services = Services::new();
    for role in args.roles {
        services = services.and(role.services(&runtime)?);
    }
    runtime.run(services).await?;
    Ok(Exit::Done)
}
