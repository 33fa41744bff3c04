//! `reelmill doctor`: looks at everything that the services need and says of each what is wrong and how to mend it, in both languages.
use ::desk::view::checks::{Bounds, Health};
use chrono::{DateTime, Utc};
use pipeline::catalogue::Catalogue;
use runtime::clock::Clock;
use runtime::config::{CatalogueConfig, Config, KeysConfig};
use runtime::seal::Keyring;

use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs, Table};
use crate::settings;
use finding::{Finding, Mend, UNSET, is_loopback};

mod access;
mod desk;
mod finding;
mod machine;
mod partners;
mod servers;
mod state;

/// Options of `doctor`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// Checks everything; 1 if anything is bad.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let mut findings = machine::media().await;
    match environment() {
        Err(error) => {
            const MEND: Mend = Mend {
                zh: "改正其中所指的环境变量；`reelmill serve --help` 列出全部",
                en: "correct the variable that it names; `reelmill serve --help` lists them all",
            };
            // The lines after the first repeat the general usage.
            let words = error.to_string();
            findings.push(Finding::bad("settings", words.lines().next().unwrap_or_default(), MEND));
        }
        Ok(config) => findings.extend(of_settings(&config).await),
    }
    match args.output.output {
        Format::Json => output::print_json(&findings)?,
        Format::Table => output::print(&table(&findings))?,
    }
    let bad = findings.iter().any(|finding| finding.health == Health::Bad);
    Ok(if bad { Exit::Failure } else { Exit::Done })
}

/// The checks that need the settings of the services.
async fn of_settings(config: &Config) -> Vec<Finding> {
    let Config { database, allow_plaintext: allowed, broker, s3, catalogue, keys, upload, work, .. } = config;
    let (public_url, publish_url) = (upload.public_url.as_deref(), config.publish.publish_url.as_deref());
    let store = || servers::store(database, allowed, work);
    let mut findings = of_catalogue(catalogue, public_url);
    findings.push(sealing(keys));
    findings.push(desk::address(&config.desk, public_url, publish_url));
    findings.push(machine::scratch(&work.scratch_dir));
    findings.push(machine::scratch_kind(&work.scratch_dir));
    findings.push(machine::memory(work.slots));
    findings.extend(machine::ports(upload, &config.desk, &config.serving, &config.publish).await);
    findings.push(servers::database(database, store()).await);
    findings.extend(state::of_database(store(), Bounds::of(database, upload), catalogue, keys).await);
    findings.push(servers::broker(broker, allowed).await);
    findings.extend(access::lines(database, broker, s3, allowed));
    findings.extend(state::queues(broker, allowed).await);
    findings.extend(servers::objects(s3).await);
    findings.extend(servers::mail(&config.mail, public_url, allowed).await);
    findings
}

fn environment() -> Result<Config, clap::Error> {
    let given: Vec<(&str, &str)> = [("DATABASE_URL", "--database-url"), ("AMQP_URL", "--amqp-url")]
        .into_iter()
        .filter(|(variable, _)| std::env::var_os(variable).is_none())
        .map(|(_, option)| (option, UNSET))
        .collect();
    settings::read(&given)
}

/// The catalogue, and the needs of its contests and partners.
fn of_catalogue(config: &CatalogueConfig, public_url: Option<&str>) -> Vec<Finding> {
    const MEND: Mend = Mend {
        zh: "改正该文件；目录有错时 `serve` 不会启动",
        en: "correct the file; `serve` does not start with it",
    };
    match config.read() {
        Ok(known) => {
            let mut findings = vec![catalogue(&known, config), contests(&known, Clock::default().now())];
            findings.extend(demo(config, public_url));
            findings.push(partners::secrets(&known));
            findings
        }
        Err(error) => vec![Finding::bad("catalogue", format!("{error:#}"), MEND)],
    }
}

fn catalogue(catalogue: &Catalogue, config: &CatalogueConfig) -> Finding {
    let (contests, partners) = (catalogue.contests.len(), catalogue.partners.len());
    let from = if config.catalogue_dir.is_some() { "from CATALOGUE_DIR" } else { "built in" };
    Finding::good("catalogue", format!("{contests} contests, {partners} partners, {from}"))
}

/// Whether works can be entered into a contest.
fn contests(catalogue: &Catalogue, now: DateTime<Utc>) -> Finding {
    const NAME: &str = "contests";
    let open: Vec<&str> = catalogue.contests.values().filter(|it| it.accepts(now)).map(|it| it.id.as_str()).collect();
    if open.is_empty() {
        const MEND: Mend = Mend {
            zh: "如仍要接收报送，在活动文件中改 `opens_at` 与 `deadline`，并用 CATALOGUE_DIR 指向该目录；试用可设 DEMO_CONTEST=true",
            en: "if entries are still wanted, change `opens_at` and `deadline` in the contest's file, and name its directory with CATALOGUE_DIR; for a trial set DEMO_CONTEST=true",
        };
        return Finding::poor(NAME, "none takes entries now", MEND);
    }
    Finding::good(NAME, format!("{} of {} take entries now: {}", open.len(), catalogue.contests.len(), open.join(", ")))
}

/// Whether the built-in contest for trials exists. A custom catalogue defines its own contests.
fn demo(config: &CatalogueConfig, public_url: Option<&str>) -> Option<Finding> {
    const NAME: &str = "demo contest";
    const MEND: Mend = Mend {
        zh: "正式征选请去掉 DEMO_CONTEST：演示征选长期开放，任何人都能报送",
        en: "unset DEMO_CONTEST where a real contest is served: the demo is always open, and any person may enter works into it",
    };
    let public = public_url.filter(|url| !is_loopback(url));
    match (&config.catalogue_dir, config.demo_contest, public) {
        (Some(_), ..) => None,
        (None, false, _) => Some(Finding::good(NAME, "off; DEMO_CONTEST=true turns it on for a trial")),
        (None, true, None) => Some(Finding::good(NAME, "on, by DEMO_CONTEST, for a trial")),
        (None, true, Some(url)) => Some(Finding::poor(NAME, format!("on, by DEMO_CONTEST, at {url}"), MEND)),
    }
}

fn sealing(config: &KeysConfig) -> Finding {
    const MEND: Mend = Mend {
        zh: "PERSONAL_DATA_KEYS=\"k1:$(openssl rand -base64 32)\"；务必保存，丢失后数据无法解开",
        en: "PERSONAL_DATA_KEYS=\"k1:$(openssl rand -base64 32)\"; keep it, nothing opens the data without it",
    };
    let Some(text) = &config.personal_data_keys else {
        return Finding::bad(
            "personal data keys",
            "PERSONAL_DATA_KEYS is not set: the roles upload and desk do not start",
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
        table.row([mark, &finding.check, &finding.found]);
        if !finding.mend.is_empty() {
            table.row(["", "", &format!("修复：{}", finding.mend_zh)]);
            table.row(["", "", &format!("mend: {}", finding.mend)]);
        }
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(demo_contest: bool) -> CatalogueConfig {
        CatalogueConfig { catalogue_dir: None, demo_contest }
    }

    #[test]
    fn the_demo_is_off_unless_it_is_asked_for_and_on_in_public_it_is_to_be_looked_at() {
        let found = |demo, url| demo_of(&config(demo), url);
        assert_eq!(found(false, Some("https://a.example")).0, Health::Good);
        assert_eq!(found(true, None).0, Health::Good);
        for local in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080/"] {
            assert_eq!(found(true, Some(local)).0, Health::Good, "{local}");
        }
        for public in ["https://a.example", "http://127.0.0.1.example", "https://localhost.example/"] {
            assert_eq!(found(true, Some(public)).0, Health::Poor, "{public}");
        }
        let own = CatalogueConfig { catalogue_dir: Some("/catalogue".into()), ..config(true) };
        assert!(demo(&own, None).is_none());
        let open = |demo| config(demo).read().expect("the built-in one").contest(&"demo".into()).is_some();
        assert!(open(true) && !open(false));
    }

    fn demo_of(config: &CatalogueConfig, public_url: Option<&str>) -> (Health, String) {
        let finding = demo(config, public_url).expect("a finding");
        (finding.health, finding.found)
    }
}
