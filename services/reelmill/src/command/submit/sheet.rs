//! `reelmill submit --sheet`: every work of a recommending unit's sheet, with its video from a folder. What is clear is entered; what is
//! wrong, missing or ambiguous is named and left to a person, who corrects the sheet or the folder and types the same command again.
use std::path::Path;

use anyhow::Context;
use indicatif::ProgressBar;
use paper::{Book, Limits, Refusal};
use pipeline::catalogue::Contest;
use pipeline::lang::Lang;
use pipeline::text::{Limit, Text};

use super::args::Args;
use super::folder;
use super::one::One;
use super::plan::{Next, Place, Row, plan};
use super::receipts::{self, End, Receipt};
use crate::api::{Api, language};
use crate::exit::{Exit, WrongUsage};
use crate::local::{CatalogueArgs, Local, link_or_copy};
use crate::output;

/// Rows that fail one after another before the command stops: the server is unavailable, and each row would say so.
const FAILURES: usize = 3;

/// Writes an empty sheet.
pub(super) fn template(args: &Args, path: &Path) -> anyhow::Result<Exit> {
    let bytes = paper::template(&contest(args)?, language()).context("make the template")?;
    std::fs::write(path, bytes).with_context(|| format!("write {}", path.display()))?;
    Ok(Exit::Done)
}

/// Enters the works of a sheet, or continues them.
pub(super) async fn run(args: &Args, sheet: &Path, dir: &Path) -> anyhow::Result<Exit> {
    let unit = Text::new(&args.form.unit, Limit::NAME)
        .map_err(|error| WrongUsage(format!("--unit: {}", error.text(Lang::En))))?;
    let list = args.of_unit.receipts.as_deref();
    list.map(receipts::kind).transpose()?;
    let contest = contest(args)?;
    let book = match read(sheet).await? {
        Ok(book) => book,
        Err(refusal) => return Ok(refused(sheet, refusal.code(), |lang| refusal.text(lang))),
    };
    let sheet = match upload::sheet::works(&contest, unit.as_str(), &book) {
        Ok(works) => works,
        Err(error) => return Ok(refused(sheet, error.code(), |lang| error.text(lang))),
    };
    for heading in &sheet.unknown {
        eprintln!("the column {} is not read", output::plain(heading));
    }
    let named: Vec<&str> = sheet.works.iter().map(|work| work.file.as_str()).collect();
    let place = Place { server: &args.server, contest: &contest, unit: unit.as_str() };
    let (rows, unused) = plan(&place, &sheet.works, &folder::look(dir, &named)?)?;
    let mut receipts: Vec<Receipt> = rows.iter().map(Receipt::of).collect();
    for name in &unused {
        eprintln!("{} belongs to no row", output::plain(name));
    }
    if !args.of_unit.dry_run {
        enter_all(args, rows, &mut receipts).await?;
    }
    receipts::give(unit.as_str(), &receipts, &unused, args.output, list)
}

fn contest(args: &Args) -> anyhow::Result<Contest> {
    let catalogue = CatalogueArgs::of(&args.contest, args.of_unit.catalogue_dir.clone());
    catalogue.read().map(|(_, contest)| contest)
}

/// Reads the cells in the sandboxed child, as the services do.
async fn read(file: &Path) -> anyhow::Result<Result<Book, Refusal>> {
    let limits = Limits::default();
    let meta = std::fs::metadata(file).with_context(|| format!("open {}", file.display()))?;
    if !meta.is_file() {
        return Err(WrongUsage(format!("{} is not a file", file.display())).into());
    }
    // The child would refuse it too, but it would have to be copied first.
    if meta.len() > limits.file_bytes {
        return Ok(Err(Refusal::FileTooLarge { most_bytes: limits.file_bytes }));
    }
    let local = Local::new()?;
    let dir = local.dir("sheet")?;
    link_or_copy(file, &dir.path().join(upload::sheet::SHEET))?;
    let request = upload::sheet::request(dir.path(), limits, local.allow_missing_landlock);
    let answer = local.run(&request, upload::sheet::DEADLINE, &ProgressBar::hidden()).await;
    upload::sheet::answered(answer, &limits).context("read the sheet")
}

fn refused(sheet: &Path, code: &str, text: impl Fn(Lang) -> String) -> Exit {
    eprintln!("{}: refused ({code})", output::plain(&sheet.display().to_string()));
    eprintln!("  {}\n  {}", text(Lang::Zh), text(Lang::En));
    Exit::Refused
}

/// Enters row after row. A failure does not stop the others.
async fn enter_all(args: &Args, rows: Vec<Row>, receipts: &mut [Receipt]) -> anyhow::Result<()> {
    let api = Api::new(&args.server)?;
    let count = rows.len();
    let mut failures = 0;
    for (at, (row, receipt)) in rows.into_iter().zip(receipts).enumerate() {
        let Next::Enter(enter) = row.next else { continue };
        eprintln!("[{}/{count}] {}", at + 1, output::plain(&row.title));
        let one = One {
            api: &api,
            server: &args.server,
            file: &enter.path,
            form: enter.form,
            row: Some(enter.key),
            memory: enter.memory,
            again: false,
            wait: args.wait,
        };
        match one.enter().await {
            Ok(Ok(done)) => receipt.takes(&done.entry),
            Ok(Err(Exit::Refused)) => receipt.ends(End::NotAccepted, String::new()),
            Ok(Err(_)) => receipt.ends(End::FormRefused, String::new()),
            Err(error) => {
                eprintln!("{}: {}", output::plain(&row.file), output::plain(&format!("{error:#}")));
                receipt.ends(End::Failed, format!("{error:#}"));
                failures += 1;
                if failures >= FAILURES {
                    eprintln!("stopped after {FAILURES} failures in a row; the same command resumes");
                    break;
                }
                continue;
            }
        }
        failures = 0;
    }
    Ok(())
}
