//! `reelmill doctor`: looks at everything that the services need and says of each what is wrong and how to mend it.
use pipeline::catalogue::Catalogue;
use runtime::config::Config;
use runtime::seal::Keyring;
use serde::Serialize;

use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs, Table};
use crate::settings;

mod machine;
mod servers;
mod state;

/// Options of `doctor`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// What one check found.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    health: Health,
    found: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    mend: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    Good,
    /// Works, but somebody should look.
    Poor,
    Bad,
}

impl Finding {
    fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, health: Health::Good, found: found.into(), mend: "" }
    }

    fn poor(check: &'static str, found: impl Into<String>, mend: &'static str) -> Self {
        Self { check, health: Health::Poor, found: found.into(), mend }
    }

    fn bad(check: &'static str, found: impl Into<String>, mend: &'static str) -> Self {
        // The SDKs of the neighbours are talkative; the beginning names the cause.
        let found = found.into().chars().take(240).collect();
        Self { check, health: Health::Bad, found, mend }
    }
}

/// A stand-in for an address that is not set, so that the other settings can be read all the same.
const UNSET: &str = "unset";

/// Checks everything; 1 if anything is bad.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let mut findings = machine::media().await;
    match environment() {
        Err(error) => findings.push(Finding::bad("settings", error.to_string(), "correct the variable that it names")),
        Ok(config) => {
            findings.push(catalogue(&config));
            findings.push(keys(&config));
            findings.push(machine::scratch(&config));
            findings.push(machine::scratch_kind(&config));
            findings.extend(machine::ports(&config).await);
            findings.push(servers::database(&config).await);
            findings.extend(state::of_database(&config).await);
            findings.push(servers::broker(&config).await);
            findings.extend(state::queues(&config).await);
            findings.push(servers::objects(&config).await);
        }
    }
    match args.output.output {
        Format::Json => output::print_json(&findings)?,
        Format::Table => output::print(&table(&findings))?,
    }
    let bad = findings.iter().any(|finding| finding.health == Health::Bad);
    Ok(if bad { Exit::Failure } else { Exit::Done })
}

fn environment() -> Result<Config, clap::Error> {
    let given: Vec<(&str, &str)> = [("DATABASE_URL", "--database-url"), ("AMQP_URL", "--amqp-url")]
        .into_iter()
        .filter(|(variable, _)| std::env::var_os(variable).is_none())
        .map(|(_, option)| (option, UNSET))
        .collect();
    settings::read(&given)
}

fn catalogue(config: &Config) -> Finding {
    let words = |catalogue: &Catalogue| {
        let (contests, partners) = (catalogue.contests.len(), catalogue.partners.len());
        format!(
            "{contests} contests, {partners} partners, {}",
            if config.catalogue_dir.is_some() { "from CATALOGUE_DIR" } else { "built in" }
        )
    };
    match config.catalogue() {
        Ok(catalogue) => Finding::good("catalogue", words(&catalogue)),
        Err(error) => {
            Finding::bad("catalogue", format!("{error:#}"), "correct the file; `serve` does not start with it")
        }
    }
}

fn keys(config: &Config) -> Finding {
    const MEND: &str =
        "PERSONAL_DATA_KEYS=\"k1:$(openssl rand -base64 32)\"; keep it, nothing opens the data without it";
    let Some(text) = &config.personal_data_keys else {
        return Finding::bad(
            "personal data keys",
            "PERSONAL_DATA_KEYS is not set: the role upload cannot take entries",
            MEND,
        );
    };
    match Keyring::parse(text) {
        Ok(_) => Finding::good("personal data keys", "readable"),
        Err(error) => Finding::bad("personal data keys", error.to_string(), MEND),
    }
}

fn table(findings: &[Finding]) -> String {
    let mut table = Table::with_headings(&["", "CHECK", "FOUND"]);
    for finding in findings {
        let mark = match finding.health {
            Health::Good => "ok",
            Health::Poor => "look",
            Health::Bad => "WRONG",
        };
        table.row([mark, finding.check, &finding.found]);
        if !finding.mend.is_empty() {
            table.row(["", "", &format!("mend: {}", finding.mend)]);
        }
    }
    table.to_string()
}
