//! `reelmill submit FILE…`: enters works over HTTP like any entrant, with a resumable upload. Interrupted, the same command
//! goes on where it was; finished, it says so instead of entering the work twice.
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;
use sha2::{Digest, Sha256};

use crate::api::{AiUse, Api, Contact, Declarations, Entered, Entrant, Form, Look, Standing, Warning};
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format, OutputArgs};
use crate::resume::{Entry, FileMark, Key, Memory};
use crate::{progress, tus};

/// Time between two questions of `--wait`.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Options of `submit`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The videos, one work each
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Title of the work; one for each file, in their order
    #[arg(long = "title", required = true, value_name = "TITLE")]
    titles: Vec<String>,
    /// Theme of the contest, by name or id: 高端升级 (high-end), 数智赋能 (digital) or 绿色低碳 (green)
    #[arg(long)]
    theme: String,
    /// Contest to enter, by its id; the server's page /about lists the open ones
    #[arg(long, value_name = "CONTEST")]
    contest: String,
    /// Address of the server
    #[arg(long, env = "REELMILL_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    server: String,
    /// Wait until screening has passed or refused it
    #[arg(long)]
    wait: bool,
    /// Enter it once more although the same command was finished before
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    form: FormArgs,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Entry form")]
struct FormArgs {
    /// What the work is about
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    synopsis: String,
    /// Organisation that recommends the work
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    unit: String,
    /// Entrant's name
    #[arg(long)]
    name: String,
    /// Entrant's organisation
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// Entrant's phone number; a phone number or an e-mail address is needed
    #[arg(long, required_unless_present = "email")]
    phone: Option<String>,
    /// Entrant's e-mail address
    #[arg(long)]
    email: Option<String>,
    /// Declare: the work is original and its rights are undisputed
    #[arg(long, required = true)]
    original: bool,
    /// Declare: the organiser may publish it as the call for entries says
    #[arg(long, required = true)]
    rights: bool,
    /// Declare: what part AI had in the work
    #[arg(long, value_enum, value_name = "PART")]
    ai: AiUse,
    /// More about that, in words
    #[arg(long, value_name = "WORDS")]
    ai_note: Option<String>,
    /// Answer a question of the contest's own, by its id in the contest's file; `true` declares
    #[arg(long = "answer", value_name = "ID=TEXT", value_parser = answer)]
    answers: Vec<(String, String)>,
}

/// How one file ended.
struct Done {
    exit: Exit,
    standing: Standing,
}

/// Enters every file in turn; the worst end is the command's.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    if args.titles.len() != args.files.len() {
        let (titles, files) = (args.titles.len(), args.files.len());
        return Err(WrongUsage(format!("{files} files need {files} --title, not {titles}")).into());
    }
    let api = Api::new(&args.server)?;
    let mut worst = Exit::Done;
    for (file, title) in args.files.iter().zip(&args.titles) {
        let one = One { args: &args, api: &api, file, title };
        let done = match one.enter().await.with_context(|| format!("enter {}", file.display()))? {
            Ok(done) => done,
            Err(exit) => {
                worst = exit;
                continue;
            }
        };
        match args.output.output {
            Format::Table => output::print(&format!("{}\n", done.standing.id))?,
            Format::Json => output::print_json(&done.standing)?,
        }
        if done.exit != Exit::Done {
            worst = done.exit;
        }
    }
    Ok(worst)
}

/// One file's way to the server.
struct One<'a> {
    args: &'a Args,
    api: &'a Api,
    file: &'a Path,
    title: &'a str,
}

impl One<'_> {
    /// Enters the work, or goes on with it. `Err` is the exit code if the form was refused, which has been told.
    async fn enter(&self) -> anyhow::Result<Result<Done, Exit>> {
        let key = Key { server: &self.args.server, contest: &self.args.contest, title: self.title, file: self.file };
        let memory = Memory::of(&key)?;
        if self.args.again {
            memory.forget();
        }
        let entry = match self.begun(&memory).await? {
            Some(entry) => entry,
            None => match self.begin(&memory).await? {
                Ok(entry) => entry,
                Err(exit) => return Ok(Err(exit)),
            },
        };
        let entry = if entry.uploaded { entry } else { self.upload(entry, &memory).await? };
        self.wait(&entry).await.map(Ok)
    }

    /// What an earlier command began with this very file.
    async fn begun(&self, memory: &Memory) -> anyhow::Result<Option<Entry>> {
        let Some(mut entry) = memory.recall() else { return Ok(None) };
        let (size, modified_ms) = FileMark::glance(self.file)?;
        if (size, modified_ms) != (entry.file.size, entry.file.modified_ms) {
            let mark = mark(self.file).await?;
            if mark.sha256 != entry.file.sha256 {
                eprintln!("{} has changed since it was begun as {}: entering it anew", self.shown(), entry.submission);
                return Ok(None);
            }
            entry.file = mark;
        }
        if entry.uploaded {
            eprintln!("{} is already entered as {} (--again enters it once more)", self.shown(), entry.submission);
        } else {
            eprintln!("{}: resuming {}", self.shown(), entry.submission);
        }
        Ok(Some(entry))
    }

    /// Sends the entry form and writes down what the server answered.
    async fn begin(&self, memory: &Memory) -> anyhow::Result<Result<Entry, Exit>> {
        let file = mark(self.file).await?;
        let entered = match self.api.enter(&self.form()).await? {
            Ok(entered) => entered,
            Err(problem) => {
                eprintln!("{}: the form was refused: {}", self.shown(), output::plain(&problem.shown()));
                for field in problem.fields() {
                    eprintln!("  {}", output::plain(&field));
                }
                // Closed to everybody is a refusal; a form that is filled in wrongly is the caller's to correct.
                return Ok(Err(if problem.forbids() { Exit::Refused } else { Exit::Usage }));
            }
        };
        let Entered { id, token, upload, warnings } = entered;
        self.tell_warnings(&warnings);
        let server = self.args.server.clone();
        let entry =
            Entry { server, submission: id, token, endpoint: upload.endpoint, upload: None, file, uploaded: false };
        memory.keep(&entry)?;
        Ok(Ok(entry))
    }

    /// Sends the bytes until the server has them all.
    async fn upload(&self, mut entry: Entry, memory: &Memory) -> anyhow::Result<Entry> {
        let address = match &entry.upload {
            Some(address) => address.clone(),
            None => {
                let metadata = self.metadata(&entry);
                let size = entry.file.size;
                tus::create(&self.api.http, &entry.endpoint, &entry.token, size, &metadata).await?
            }
        };
        entry.upload = Some(address.clone());
        memory.keep(&entry)?;
        let upload = tus::Upload { http: &self.api.http, address: &address, token: &entry.token };
        let bar = progress::of_bytes(&self.shown(), entry.file.size);
        let told = bar.clone();
        let sent = upload.send(self.file, entry.file.size, move |offset| told.set_position(offset)).await;
        bar.finish_and_clear();
        match sent {
            Ok(()) => {
                eprintln!("{}: {} sent as {}", self.shown(), output::bytes(entry.file.size), entry.submission);
                entry.uploaded = true;
                memory.keep(&entry)?;
                Ok(entry)
            }
            Err(tus::Stopped::Gone) => {
                memory.forget();
                bail!(
                    "the server does not have the upload of {} any more; the same command enters it anew",
                    entry.submission
                )
            }
            Err(tus::Stopped::Refused(words)) => bail!("the server refuses the upload: {words}"),
            Err(tus::Stopped::Failed(error)) => Err(error.context("upload; the same command resumes")),
        }
    }

    /// Asks once, or until screening has decided.
    async fn wait(&self, entry: &Entry) -> anyhow::Result<Done> {
        let mut looked = false;
        loop {
            let standing = self.api.standing(&entry.submission, &entry.token).await?;
            if standing.state == "rejected" {
                self.tell_refusal(&standing);
                return Ok(Done { exit: Exit::Refused, standing });
            }
            if !looked && !standing.first_look.is_empty() {
                looked = true;
                self.tell_first_look(&standing.first_look);
            }
            let undecided = matches!(standing.state.as_str(), "uploading" | "probe" | "screen");
            if !self.args.wait || !undecided {
                // All bytes are there, but reading them back takes its time; `uploading` would look like a failure.
                let state = if standing.state == "uploading" { "received, being verified" } else { &standing.state };
                eprintln!("{}: {}", self.shown(), output::plain(state));
                return Ok(Done { exit: Exit::Done, standing });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// What the headers say: the verdict follows when all of the film was decoded.
    fn tell_first_look(&self, look: &[Look]) {
        let broken: Vec<&Look> = look.iter().filter(|look| look.outcome == "fail").collect();
        if broken.is_empty() {
            eprintln!("{}: length and shape are right by its headers; now all of it is decoded", self.shown());
            eprintln!("  从文件头看，时长和画幅符合要求；正在完整解码检查。");
            return;
        }
        eprintln!("{}: will most likely be refused, by its headers; all of it is decoded to be sure", self.shown());
        for look in broken {
            eprintln!("  {}", output::plain(&look.zh));
            eprintln!("  {}", output::plain(&look.en));
        }
    }

    /// The entry counts all the same; the organisers may write other texts for a partner.
    fn tell_warnings(&self, warnings: &[Warning]) {
        for Warning { partner, zh, en } in warnings {
            eprintln!("{}: {} does not take it as it is: {}", self.shown(), output::plain(partner), output::plain(en));
            eprintln!("  {}", output::plain(zh));
        }
    }

    fn tell_refusal(&self, standing: &Standing) {
        let Some(reason) = &standing.rejection else {
            eprintln!("{}: refused", self.shown());
            return;
        };
        eprintln!("{}: refused ({})", self.shown(), output::plain(&reason.code));
        eprintln!("  {}", output::plain(&reason.zh));
        eprintln!("  {}", output::plain(&reason.en));
    }

    fn form(&self) -> Form {
        let form = &self.args.form;
        Form {
            contest: self.args.contest.clone(),
            title: self.title.to_owned(),
            theme: theme_id(&self.args.contest, &self.args.theme),
            synopsis: form.synopsis.clone(),
            recommending_unit: form.unit.clone(),
            entrant: Entrant {
                name: form.name.clone(),
                organisation: form.organisation.clone(),
                contact: Contact { phone: form.phone.clone(), email: form.email.clone() },
            },
            declarations: Declarations {
                originality: form.original,
                rights: form.rights,
                ai_use: form.ai,
                ai_note: form.ai_note.clone(),
            },
            answers: form.answers.iter().cloned().collect(),
        }
    }

    fn metadata(&self, entry: &Entry) -> String {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        tus::metadata(&[("submission", &entry.submission), ("filename", &name), ("sha256", &entry.file.sha256)])
    }

    fn shown(&self) -> String {
        output::plain(&self.file.file_name().unwrap_or_default().to_string_lossy())
    }
}

/// `ID=TEXT`, split.
fn answer(given: &str) -> Result<(String, String), String> {
    let (id, text) = given.split_once('=').ok_or("write it as ID=TEXT")?;
    Ok((id.trim().to_owned(), text.to_owned()))
}

/// The id of a theme that was given by its name, as the call for entries prints it. What the built-in catalogue does not know
/// goes to the server as it is, which knows its own.
fn theme_id(contest: &str, theme: &str) -> String {
    let catalogue = Catalogue::builtin();
    let themes = catalogue.contest(&ContestId::new(contest)).map(|contest| contest.themes.clone()).unwrap_or_default();
    let named = themes.into_iter().find(|it| it.zh == theme || it.en.eq_ignore_ascii_case(theme));
    named.map_or_else(|| theme.to_owned(), |it| it.id)
}

/// Size, time and digest of a file; reads it once.
async fn mark(file: &Path) -> anyhow::Result<FileMark> {
    let (size, modified_ms) = FileMark::glance(file)?;
    anyhow::ensure!(size > 0, "{} is empty", file.display());
    let path = file.to_owned();
    let bar = progress::of_bytes("reading", size);
    let told = bar.clone();
    let sha256 = tokio::task::spawn_blocking(move || digest(&path, |bytes| told.inc(bytes))).await??;
    bar.finish_and_clear();
    Ok(FileMark { size, modified_ms, sha256 })
}

fn digest(path: &Path, told: impl Fn(u64)) -> anyhow::Result<String> {
    use std::io::Read;
    let mut file = std::fs::File::open(path).with_context(|| format!("open {}", path.display()))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer).with_context(|| format!("read {}", path.display()))?;
        if count == 0 {
            return Ok(hex::encode(digest.finalize()));
        }
        digest.update(&buffer[..count]);
        told(count as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_may_be_given_as_the_call_prints_it() {
        assert_eq!(theme_id("demo", "绿色低碳"), "green");
        assert_eq!(theme_id("demo", "green"), "green");
        assert_eq!(theme_id("another", "绿色低碳"), "绿色低碳");
    }

    #[test]
    fn an_answer_is_split_at_its_first_equals_sign() {
        assert_eq!(
            answer("first_published=https://a.b/?v=1").unwrap(),
            ("first_published".into(), "https://a.b/?v=1".into())
        );
        assert!(answer("crew").is_err());
    }
}
