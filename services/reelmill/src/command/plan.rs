//! `reelmill plan FILE`: what would be made of a file for a contest's partners, and why.
use std::path::PathBuf;

use indicatif::MultiProgress;
use pipeline::planner;
use pipeline::rendition::{Plan, VideoSource};

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

/// Measures the file and prints the plan, whether or not the contest would take it.
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
    match args.output.output {
        Format::Json => output::print_json(&plan)?,
        Format::Table => output::print(&table(&plan))?,
    }
    Ok(Exit::Done)
}

fn table(plan: &Plan) -> String {
    let mut text = format!(
        "{} frames at {:.3} fps in {} segments; {} encodes of the picture, {} of the sound, {} files\n\n",
        plan.picture.frames,
        plan.picture.frame_rate.value(),
        plan.segments.len(),
        plan.videos.len(),
        plan.audios.len(),
        plan.renditions.len()
    );
    let mut table = Table::with_headings(&["RENDITION", "SIZE", "PICTURE", "SOUND", "FOR"]);
    for rendition in &plan.renditions {
        let picture = match &rendition.video {
            VideoSource::Copied => "copied".to_owned(),
            VideoSource::Encoded(id) => match plan.videos.iter().find(|video| video.id == *id) {
                Some(video) => format!("{id}: CRF {}, at most {} kbit/s", video.crf, video.max_bitrate_kbps),
                None => id.to_string(),
            },
        };
        let sound = rendition.audio.as_ref().and_then(|id| plan.audios.iter().find(|audio| audio.id == *id));
        let sound =
            sound.map_or("none".into(), |a| format!("{}: {} kbit/s, {} LUFS", a.id, a.bitrate_kbps, a.loudness_lufs));
        let partners: Vec<&str> = rendition.partners.iter().map(|partner| partner.as_str()).collect();
        let size = format!("{}×{}", rendition.width, rendition.height);
        table.row([rendition.name.as_str(), &size, &picture, &sound, &partners.join(", ")]);
    }
    text += &table.to_string();
    text += "\nwhy\n";
    for rendition in &plan.renditions {
        for because in &rendition.because {
            text += &format!("  {}: {}\n", rendition.name, output::plain(&because.en));
            text += &format!("  {}  {}\n", " ".repeat(rendition.name.as_str().len()), output::plain(&because.zh));
        }
    }
    text
}
