//! `reelmill render FILE --out DIR`: the whole media job of the services for one file, in the same sandbox, without a server.
use std::path::PathBuf;

use anyhow::Context;
use indicatif::MultiProgress;
use pipeline::id::PartnerId;
use pipeline::partner::Partner;
use pipeline::planner;
use pipeline::rendition::QcOutcome;
use pipeline::screening::screen;

use crate::exit::{Exit, WrongUsage};
use crate::local::{CatalogueArgs, Local};
use crate::output::{self, Format, OutputArgs, Table};
use crate::progress;

use job::Made;

mod job;

/// Options of `render`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The video
    file: PathBuf,
    /// Directory for the finished files; made if it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only for these partners of the contest
    #[arg(long, value_delimiter = ',', value_name = "PARTNERS")]
    partners: Vec<String>,
    /// Render although the contest would refuse the work
    #[arg(long)]
    force: bool,
    /// Jobs at once; the number of cores if absent
    #[arg(long, short, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    #[command(flatten)]
    catalogue: CatalogueArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Probes, screens, plans, encodes, joins and checks; 3 if the content is refused, 1 if a file fails quality control.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (catalogue, contest) = args.catalogue.read()?;
    let partners = chosen(&catalogue.partners_of(&contest), &args.partners)?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("make {}", args.out.display()))?;
    let local = Local::new()?;
    let source = local.source(&args.file)?;
    let bars = MultiProgress::new();
    let info = match local.probe(&source, &progress::of_job(&bars, "measuring")).await? {
        Ok(info) => info,
        Err(reason) => return Ok(super::probe::refused(&reason)),
    };
    let verdict = screen(&info, &contest.rules);
    if let Some(reason) = verdict.rejection() {
        let refused = super::probe::refused(&reason);
        if !args.force {
            return Ok(refused);
        }
        eprintln!("rendering it all the same (--force)");
    }
    let plan = planner::plan(&info, &partners, &catalogue.ladders);
    let jobs = args.jobs.map_or_else(cores, usize::from);
    let job = job::Job { local: &local, source: &source, info: &info, plan: &plan, bars: &bars, jobs, out: &args.out };
    let made = job.run().await?;
    match args.output.output {
        Format::Json => output::print_json(&made)?,
        Format::Table => output::print(&table(&made))?,
    }
    Ok(if made.iter().all(|made| made.pass) { Exit::Done } else { Exit::Failure })
}

fn chosen<'a>(partners: &[&'a Partner], wanted: &[String]) -> anyhow::Result<Vec<&'a Partner>> {
    if wanted.is_empty() {
        return Ok(partners.to_vec());
    }
    let find = |name: &String| {
        partners.iter().copied().find(|partner| partner.id.as_str() == name).ok_or_else(|| {
            let known: Vec<&str> = partners.iter().map(|partner| partner.id.as_str()).collect();
            WrongUsage(format!("the contest has no partner {name}; it has {}", known.join(", "))).into()
        })
    };
    wanted.iter().map(find).collect()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

fn table(made: &[Made]) -> String {
    let mut table = Table::with_headings(&["FILE", "PICTURE", "DURATION", "SIZE", "QC", "FOR"]);
    for file in made {
        let picture = format!("{}×{}", file.width, file.height);
        let failed: Vec<String> = file
            .qc
            .iter()
            .filter(|check| check.outcome != QcOutcome::Pass)
            .map(|check| format!("{} is {}, allowed {}", check.check, check.measured, check.limit))
            .collect();
        let qc = if file.pass { output::passed(&file.qc) } else { format!("FAILED: {}", failed.join("; ")) };
        let partners: Vec<&str> = file.partners.iter().map(PartnerId::as_str).collect();
        let (name, duration) = (file.file.display().to_string(), output::duration(file.duration_ms));
        table.row([&name, &picture, &duration, &output::bytes(file.bytes), &qc, &partners.join(", ")]);
    }
    table.to_string()
}
