//! `reelmill bag ID --partner P --out DIR`: fetches the files that a person uploads at a partner, and prints what to
//! enter there. Continues after an interruption; a different file of the same name is never overwritten.
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use desk::Desk;
use desk::view::bag::{Bag, Stored, bag};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::person::Sees;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format, OutputArgs, Table};

/// Bytes read from disk at once.
const BATCH_BYTES: usize = 1024 * 1024;

/// Options of `bag`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// The partner
    #[arg(long, value_name = "PARTNER")]
    partner: String,
    /// Directory for the files; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Fetches the files, compares them with the delivered ones, and prints the checklist.
pub(crate) async fn run(args: Args) -> Result<Exit> {
    let desk = args.database.desk().await?;
    let (bag, files) = bag(&desk, &Sees::All, args.id, &PartnerId::new(args.partner)).await?;
    fs::create_dir_all(&args.out).await.with_context(|| format!("make {}", args.out.display()))?;
    for file in &files {
        let path = args.out.join(file.name.to_string());
        match fetch(&desk, file, &path).await? {
            Fetched::New => eprintln!("{}: fetched", path.display()),
            Fetched::There => eprintln!("{}: already there", path.display()),
        }
    }
    match args.output.output {
        Format::Json => output::print_json(&bag)?,
        Format::Table => output::print(&checklist(&bag))?,
    }
    Ok(Exit::Done)
}

#[derive(Debug, PartialEq, Eq)]
enum Fetched {
    New,
    There,
}

/// Fetches one file to `path`. Until it is complete it has `.part` after its name.
async fn fetch(desk: &Desk, file: &Stored, path: &Path) -> Result<Fetched> {
    if is_there(path).await? {
        let (bytes, sha256) = digest_of(path).await?;
        if bytes == file.bytes && hex::encode(sha256.finalize()) == file.sha256 {
            return Ok(Fetched::There);
        }
        return Err(WrongUsage(format!("{} is another file; it is not overwritten", path.display())).into());
    }
    let part = path.with_file_name(format!("{}.part", file.name));
    let sha256 = complete(desk, file, &part).await?;
    if sha256 != file.sha256 {
        fs::remove_file(&part).await.with_context(|| format!("remove {}", part.display()))?;
        bail!("{} is not what was handed over; try again", file.key);
    }
    put_in_place(&part, path).await?;
    Ok(Fetched::New)
}

/// Whether there is a regular file. Anything else of that name, including a link, is not touched.
async fn is_there(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path).await {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(WrongUsage(format!("{} is no plain file", path.display())).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("look for {}", path.display())),
    }
}

/// Fetches the missing bytes of a file into `part`; returns the digest of the whole file.
async fn complete(desk: &Desk, file: &Stored, part: &Path) -> Result<String> {
    let (mut at, mut sha256) = (0, Sha256::new());
    if is_there(part).await? {
        (at, sha256) = digest_of(part).await?;
    }
    if at > file.bytes {
        fs::remove_file(part).await.with_context(|| format!("remove {}", part.display()))?;
        (at, sha256) = (0, Sha256::new());
    }
    let mut to = OpenOptions::new().create(true).append(true).open(part).await?;
    if at < file.bytes {
        let reader = desk.objects.read_range(&file.key, at, file.bytes).await;
        let mut reader = reader.with_context(|| format!("fetch {}", file.key))?;
        while let Some(bytes) = reader.next().await.with_context(|| format!("fetch {}", file.key))? {
            to.write_all(&bytes).await.with_context(|| format!("write {}", part.display()))?;
            sha256.update(&bytes);
        }
    }
    to.flush().await?;
    to.sync_all().await?;
    Ok(hex::encode(sha256.finalize()))
}

/// Size and running digest of a file on this disk.
async fn digest_of(path: &Path) -> Result<(u64, Sha256)> {
    let mut file = File::open(path).await.with_context(|| format!("read {}", path.display()))?;
    let mut bytes = 0;
    let mut sha256 = Sha256::new();
    let mut batch = vec![0; BATCH_BYTES];
    loop {
        match file.read(&mut batch).await.with_context(|| format!("read {}", path.display()))? {
            0 => return Ok((bytes, sha256)),
            read => {
                sha256.update(&batch[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// Renames a file to its name, unless that exists by now.
async fn put_in_place(part: &Path, path: &Path) -> Result<()> {
    match fs::hard_link(part, path).await {
        Ok(()) => fs::remove_file(part).await.with_context(|| format!("remove {}", part.display())),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(WrongUsage(format!("{} is another file; it is not overwritten", path.display())).into())
        }
        // USB sticks and network shares have no hard links.
        Err(_) if !is_there(path).await? => {
            fs::rename(part, path).await.with_context(|| format!("write {}", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("write {}", path.display())),
    }
}

/// What to enter where, in Chinese like the partner's pages.
fn checklist(bag: &Bag) -> String {
    let list = &bag.checklist;
    let mut table = Table::of_facts();
    table.fact("平台", format!("{}（{}）", bag.partner_name, bag.partner));
    table.fact("作品编号", bag.id.to_string());
    table.fact("标题", &list.title);
    for (at, line) in list.text.lines().enumerate() {
        table.row([if at == 0 { "简介" } else { "" }, line]);
    }
    table.fact("标签", list.tags.join("、"));
    table.fact("推荐单位", &list.recommending_unit);
    table.fact("AI 使用声明", ai_use(list.ai_use.as_deref()));
    table.fact("视频", list.videos.join("、"));
    table.fact("封面", list.covers.join("、"));
    table.fact("校验", "sha256sum -c checksums.sha256");
    if let Some(next) = &bag.next {
        table.fact("发布后登记", &next.command);
    }
    table.to_string()
}

fn ai_use(declared: Option<&str>) -> &str {
    match declared {
        None => "",
        Some("none") => "未使用",
        Some("assisted") => "辅助使用",
        Some("generated") => "含 AI 生成内容",
        Some(other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_gets_its_name_unless_that_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let (part, path) = (dir.path().join("a.mp4.part"), dir.path().join("a.mp4"));
        std::fs::write(&part, "new").unwrap();
        put_in_place(&part, &path).await.unwrap();
        assert!(!part.exists());
        std::fs::write(&part, "newer").unwrap();
        assert!(put_in_place(&part, &path).await.unwrap_err().is::<WrongUsage>());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert!(is_there(dir.path()).await.is_err(), "a directory is no file");
    }

    #[tokio::test]
    async fn what_came_before_an_interruption_is_part_of_the_digest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "first half, ").unwrap();
        let (bytes, mut sha256) = digest_of(&path).await.unwrap();
        sha256.update("second half");
        assert_eq!(bytes, 12);
        assert_eq!(sha256.finalize(), Sha256::digest("first half, second half"));
    }
}
