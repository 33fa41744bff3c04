//! `reelmill plan FILE`: what would be made of a file for a contest's partners, why, and at what cost.
use std::path::PathBuf;

use indicatif::MultiProgress;
use pipeline::planner::{self, Estimate, How, Line};
use pipeline::rendition::{Because, Plan};
use serde::Serialize;

use crate::exit::Exit;
use crate::local::{CatalogueArgs, Local};
use crate::output::{self, Format, OutputArgs, Table};
use crate::progress;

/// Options of `plan`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The video
    file: PathBuf,
    #[command(flatten)]
    catalogue: CatalogueArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// The plan, and its form for people.
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    plan: Plan,
    estimate: Estimate,
    lines: Vec<Line>,
}

/// Measures the file and prints the plan, whether or not the contest would accept it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (catalogue, contest) = args.catalogue.read()?;
    let local = Local::new()?;
    let source = local.source(&args.file)?;
    let bar = progress::of_job(&MultiProgress::new(), "measuring");
    let info = match local.probe(&source, &bar).await? {
        Ok(info) => info,
        Err(reason) => return Ok(super::probe::refused(&reason)),
    };
    let plan = planner::plan(&info, &catalogue.partners_of(&contest), &catalogue.ladders);
    let estimate = Estimate::of(&plan, &info);
    let lines = planner::explain(&plan, &estimate);
    let explained = Explained { plan, estimate, lines };
    match args.output.output {
        Format::Json => output::print_json(&explained)?,
        Format::Table => output::print(&table(&explained))?,
    }
    Ok(Exit::Done)
}

fn table(explained: &Explained) -> String {
    let Explained { plan, estimate, lines } = explained;
    let frames = plan.picture.frames;
    let rate = plan.picture.frame_rate.value();
    let segments = plan.segments.len();
    let videos = plan.videos.len();
    let audios = plan.audios.len();
    let files = plan.renditions.len();
    let mut text = format!(
        "{frames} frames at {rate:.3} fps in {segments} segments; {videos} encodes of the picture, {audios} of the sound, {files} files\n\n"
    );
    let mut table = Table::with_headings(&["PARTNER", "RENDITION", "PICTURE", "HOW", "CPU", "FILE"]);
    for line in lines {
        let size = format!("{}×{}", line.width, line.height);
        let how = how(&line.how);
        let cpu = if line.cpu_s > 0.0 { seconds(line.cpu_s) } else { "–".to_owned() };
        let bytes = format!("~{}", output::bytes(line.bytes));
        table.row([line.partner.as_str(), line.rendition.as_str(), &size, &how, &cpu, &bytes]);
    }
    text += &table.to_string();
    let made: f64 = lines.iter().map(|line| line.cpu_s).sum();
    let decoding = estimate.transcode_cpu_s() + estimate.assemble_cpu_s() - made;
    let all = seconds(estimate.cpu_s());
    let probe = seconds(estimate.probe_cpu_s);
    let decoding = seconds(decoding);
    text += &format!(
        "\nCPU of one core: {all} in all, {probe} of it for the probe, {decoding} to decode once for all encodes\n"
    );
    text + &reasons(plan)
}

fn how(how: &How) -> String {
    match how {
        How::Copied => "copied".to_owned(),
        How::Encoded => "encoded".to_owned(),
        How::SharesPicture { rendition } => format!("picture of {rendition}"),
        How::Shared { with } => format!("shared with {with}"),
    }
}

/// Seconds of processor time; short work with a decimal.
fn seconds(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}

/// Every reason for each file, once, in both languages.
fn reasons(plan: &Plan) -> String {
    let mut text = "\nwhy\n".to_owned();
    for rendition in &plan.renditions {
        text += &format!("  {}\n", rendition.name);
        let mut said: Vec<&Because> = Vec::new();
        for because in &rendition.because {
            if said.contains(&because) {
                continue;
            }
            said.push(because);
            text += &output::prose(4, &because.en);
            text += &output::prose(4, &because.zh);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use pipeline::catalogue::Catalogue;
    use pipeline::media_info::MediaInfo;

    use super::*;

    /// A camera's file of 61 s that Bilibili accepts unchanged, and Douyin does not.
    const CAMERA: &str = include_str!("plan/camera.json");

    #[test]
    fn the_table_of_a_camera_file_names_the_limit_behind_each_decision() {
        let info: MediaInfo = serde_json::from_str(CAMERA).unwrap();
        let catalogue = Catalogue::builtin();
        let partners: Vec<_> = catalogue.partners.values().collect();
        let plan = planner::plan(&info, &partners, &catalogue.ladders);
        let estimate = Estimate::of(&plan, &info);
        let lines = planner::explain(&plan, &estimate);
        let explained = Explained { plan, estimate, lines };
        insta::assert_snapshot!("plan_of_a_camera_file", table(&explained));
        let json = serde_json::to_value(&explained).unwrap();
        assert!(json["renditions"].is_array() && json["estimate"]["probe_cpu_s"].is_number(), "{json}");
        assert_eq!(json["lines"][0]["how"], "copied");
    }
}
