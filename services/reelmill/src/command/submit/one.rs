//! The submission of one work: its form, its bytes, and the result of screening. It continues after an interruption.
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::api::{Api, Entered, EntryState, Form, Look, Warning};
use crate::exit::Exit;
use crate::output;
use crate::resume::{Entry, FileMark, Memory};
use crate::{progress, tus};

/// Polling interval of `--wait`.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// The result for one file.
pub(super) struct Done {
    pub(super) exit: Exit,
    pub(super) entry: EntryState,
}

/// One file, its form, and the stored state of an earlier command.
pub(super) struct One<'a> {
    pub(super) api: &'a Api,
    pub(super) server: &'a str,
    pub(super) file: &'a Path,
    pub(super) form: Form,
    /// The key of a sheet's row, by which the server recognises its form: it is entered once, whatever happens.
    pub(super) row: Option<String>,
    pub(super) memory: Memory,
    /// Enter it once more.
    pub(super) again: bool,
    /// Wait for screening.
    pub(super) wait: bool,
}

impl One<'_> {
    /// Enters the work, or continues it. `Err` is the exit code if the form was refused; the reason has been printed.
    pub(super) async fn enter(&self) -> anyhow::Result<Result<Done, Exit>> {
        if self.again {
            self.memory.forget();
        }
        let entry = match self.begun().await? {
            Some(entry) => entry,
            None => match self.begin().await? {
                Ok(entry) => entry,
                Err(exit) => return Ok(Err(exit)),
            },
        };
        let entry = if entry.uploaded { entry } else { self.upload(entry).await? };
        self.look(&entry).await.map(Ok)
    }

    /// The entry that an earlier command began with this very file.
    async fn begun(&self) -> anyhow::Result<Option<Entry>> {
        let Some(mut entry) = self.memory.recall() else { return Ok(None) };
        let (size, modified_ms) = FileMark::glance(self.file)?;
        if (size, modified_ms) != (entry.file.size, entry.file.modified_ms) {
            let mark = mark(self.file).await?;
            if mark.sha256 != entry.file.sha256 {
                if self.row.is_none() {
                    eprintln!(
                        "{} has changed since it was begun as {}: entering it again",
                        self.shown(),
                        entry.submission
                    );
                    return Ok(None);
                }
                if entry.uploaded {
                    eprintln!(
                        "{} has changed since it was sent as {}; what was sent counts",
                        self.shown(),
                        entry.submission
                    );
                    return Ok(Some(entry));
                }
                // A row is entered once: its submission gets the file as it is now.
                entry.upload = None;
            }
            entry.file = mark;
        }
        if entry.uploaded {
            let again = if self.row.is_none() { " (--again enters it once more)" } else { "" };
            eprintln!("{} is already entered as {}{again}", self.shown(), entry.submission);
        } else {
            eprintln!("{}: resuming {}", self.shown(), entry.submission);
        }
        Ok(Some(entry))
    }

    /// Sends the entry form and stores the server's answer.
    async fn begin(&self) -> anyhow::Result<Result<Entry, Exit>> {
        let file = mark(self.file).await?;
        let entered = match self.api.enter(&self.form, self.row.as_deref()).await? {
            Ok(entered) => entered,
            Err(problem) => {
                eprintln!("{}: the form was refused: {}", self.shown(), output::plain(&problem.shown()));
                for field in problem.fields() {
                    eprintln!("  {}", output::plain(&field));
                }
                // A contest that is closed to all is a refusal; errors in a form are for the caller to correct.
                return Ok(Err(if problem.forbids() { Exit::Refused } else { Exit::Usage }));
            }
        };
        let Entered { id, token, upload, warnings } = entered;
        self.print_warnings(&warnings);
        let server = self.server.to_owned();
        let (endpoint, row) = (upload.endpoint, self.row.clone());
        let entry = Entry { server, submission: id, token, endpoint, upload: None, file, uploaded: false, row };
        self.memory.keep(&entry)?;
        Ok(Ok(entry))
    }

    /// Sends bytes until the server has them all.
    async fn upload(&self, mut entry: Entry) -> anyhow::Result<Entry> {
        let address = match &entry.upload {
            Some(address) => address.clone(),
            None => {
                let metadata = self.metadata(&entry);
                let size = entry.file.size;
                tus::create(&self.api.http, &entry.endpoint, &entry.token, size, &metadata).await?
            }
        };
        entry.upload = Some(address.clone());
        self.memory.keep(&entry)?;
        let upload = tus::Upload { http: &self.api.http, address: &address, token: &entry.token };
        let bar = progress::of_bytes(&self.shown(), entry.file.size);
        let counted = bar.clone();
        let sent = upload.send(self.file, entry.file.size, move |offset| counted.set_position(offset)).await;
        bar.finish_and_clear();
        match sent {
            Ok(()) => {
                eprintln!("{}: {} sent as {}", self.shown(), output::bytes(entry.file.size), entry.submission);
                entry.uploaded = true;
                self.memory.keep(&entry)?;
                Ok(entry)
            }
            Err(tus::Stopped::Gone) => {
                self.memory.forget();
                bail!(
                    "the server does not have the upload of {} any more; the same command enters it again",
                    entry.submission
                )
            }
            Err(tus::Stopped::Refused(words)) => bail!("the server refuses the upload: {words}"),
            Err(tus::Stopped::Failed(error)) => Err(error.context("upload; the same command resumes")),
        }
    }

    /// Reads the state once, or until screening has decided.
    async fn look(&self, entry: &Entry) -> anyhow::Result<Done> {
        let mut looked = false;
        loop {
            let now = self.api.state_of(&entry.submission, &entry.token).await?;
            if now.state == "rejected" {
                self.print_refusal(&now);
                return Ok(Done { exit: Exit::Refused, entry: now });
            }
            if !looked && !now.first_look.is_empty() {
                looked = true;
                self.print_first_look(&now.first_look);
            }
            let undecided = matches!(now.state.as_str(), "uploading" | "probe" | "screen");
            if !self.wait || !undecided {
                // All bytes are there, but reading them back takes time; `uploading` would look like a failure.
                let state = if now.state == "uploading" { "received, being verified" } else { &now.state };
                eprintln!("{}: {}", self.shown(), output::plain(state));
                return Ok(Done { exit: Exit::Done, entry: now });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// The result of the first look: the verdict follows when all of the film was decoded.
    fn print_first_look(&self, look: &[Look]) {
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

    /// The entry counts all the same; the organisers may set other texts for a partner.
    fn print_warnings(&self, warnings: &[Warning]) {
        for Warning { partner, zh, en } in warnings {
            eprintln!("{}: {} does not take it as it is: {}", self.shown(), output::plain(partner), output::plain(en));
            eprintln!("  {}", output::plain(zh));
        }
    }

    fn print_refusal(&self, now: &EntryState) {
        let Some(reason) = &now.rejection else {
            eprintln!("{}: refused", self.shown());
            return;
        };
        eprintln!("{}: refused ({})", self.shown(), output::plain(&reason.code));
        eprintln!("  {}", output::plain(&reason.zh));
        eprintln!("  {}", output::plain(&reason.en));
    }

    fn metadata(&self, entry: &Entry) -> String {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        tus::metadata(&[("submission", &entry.submission), ("filename", &name), ("sha256", &entry.file.sha256)])
    }

    fn shown(&self) -> String {
        output::plain(&self.file.file_name().unwrap_or_default().to_string_lossy())
    }
}

/// Size, time and digest of a file; reads it once.
async fn mark(file: &Path) -> anyhow::Result<FileMark> {
    let (size, modified_ms) = FileMark::glance(file)?;
    anyhow::ensure!(size > 0, "{} is empty", file.display());
    let path = file.to_owned();
    let bar = progress::of_bytes("reading", size);
    let counted = bar.clone();
    let sha256 = tokio::task::spawn_blocking(move || digest(&path, |bytes| counted.inc(bytes))).await??;
    bar.finish_and_clear();
    Ok(FileMark { size, modified_ms, sha256 })
}

fn digest(path: &Path, counted: impl Fn(u64)) -> anyhow::Result<String> {
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
        counted(count as u64);
    }
}
