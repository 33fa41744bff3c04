//! What `submit` writes down so that the same command resumes: one small file per entry in the user's state directory.
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Two UUIDs: 244 random bits.
const SECRET_BYTES: usize = 32;

/// How far an entry has come. Holds the entrant's token, so the file is readable by its owner only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Base address of the server.
    pub(crate) server: String,
    /// The submission's id.
    pub(crate) submission: String,
    /// The entrant's token for it.
    pub(crate) token: String,
    /// Where uploads are made (tus creation).
    pub(crate) endpoint: String,
    /// Address of the upload, once there is one.
    pub(crate) upload: Option<String>,
    /// The file, as it was when it was entered.
    pub(crate) file: FileMark,
    /// Whether the server has all of it.
    pub(crate) uploaded: bool,
    /// The key of the sheet's row that it is, by what the row said.
    #[serde(default)]
    pub(crate) row: Option<String>,
}

/// Tells whether a file is still the one that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileMark {
    /// Bytes.
    pub(crate) size: u64,
    /// Last change, ms since 1970.
    pub(crate) modified_ms: u64,
    /// SHA-256, lower-case hex.
    pub(crate) sha256: String,
}

/// What makes two commands "the same command": the same work for the same contest on the same server.
pub(crate) struct Key<'a> {
    pub(crate) server: &'a str,
    pub(crate) contest: &'a str,
    pub(crate) title: &'a str,
    pub(crate) file: &'a Path,
}

/// One entry's file in the state directory.
pub(crate) struct Memory {
    path: PathBuf,
}

impl Memory {
    /// The memory of the command that `key` tells apart.
    pub(crate) fn of(key: &Key) -> anyhow::Result<Self> {
        let file = key.file.canonicalize().with_context(|| format!("find {}", key.file.display()))?;
        let [server, contest, title] = [key.server, key.contest, key.title].map(str::as_bytes);
        let name = digest([server, contest, title, file.as_os_str().as_encoded_bytes()]);
        Ok(Self { path: directory()?.join(format!("{name}.json")) })
    }

    /// The memory of a work of a recommending unit's sheet: by its title, so that a row that was changed since is recognised.
    pub(crate) fn of_row(server: &str, contest: &str, unit: &str, title: &str) -> anyhow::Result<Self> {
        let name = digest(["row", server, contest, unit, title].map(str::as_bytes));
        Ok(Self { path: directory()?.join(format!("{name}.json")) })
    }

    /// What was stored. An unreadable file counts as none.
    pub(crate) fn recall(&self) -> Option<Entry> {
        serde_json::from_slice(&std::fs::read(&self.path).ok()?).ok()
    }

    /// Writes `entry` down whole or not at all.
    pub(crate) fn keep(&self, entry: &Entry) -> anyhow::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        let part = self.path.with_extension("part");
        let _ = std::fs::remove_file(&part);
        let write = || -> anyhow::Result<()> {
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
            file.write_all(&serde_json::to_vec_pretty(entry)?)?;
            file.sync_all()?;
            std::fs::rename(&part, &self.path)?;
            Ok(())
        };
        write().with_context(|| format!("remember the upload in {}", self.path.display()))
    }

    /// Forgets it, so that the next command starts from the beginning.
    pub(crate) fn forget(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl FileMark {
    /// Size and time of `file`, without its digest.
    pub(crate) fn glance(file: &Path) -> anyhow::Result<(u64, u64)> {
        let meta = std::fs::metadata(file).with_context(|| format!("look at {}", file.display()))?;
        anyhow::ensure!(meta.is_file(), "{} is not a file", file.display());
        let modified = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        Ok((meta.len(), modified.as_millis() as u64))
    }
}

/// The key of a row for the server: from all that its form says, and a secret of this user. Without the secret, anyone who knows what the
/// form says could ask the server for the answer to it, which holds the entrant's token.
pub(crate) fn row_key(server: &str, form: &[u8]) -> anyhow::Result<String> {
    let secret = secret()?;
    Ok(digest([&secret[..], server.as_bytes(), form]))
}

/// A secret that is made once for each user and machine.
fn secret() -> anyhow::Result<Vec<u8>> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = directory()?.join("secret");
    let read = || std::fs::read(&path).ok().filter(|secret| secret.len() == SECRET_BYTES);
    if let Some(secret) = read() {
        return Ok(secret);
    }
    let made = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(uuid::Uuid::into_bytes).concat();
    // Written aside and linked, so that two commands that begin at once have the same whole secret.
    let part = path.with_extension(uuid::Uuid::new_v4().to_string());
    let write = || -> anyhow::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        file.write_all(&made)?;
        file.sync_all()?;
        let linked = std::fs::hard_link(&part, &path);
        std::fs::remove_file(&part)?;
        if read().is_none() { linked.map_err(Into::into) } else { Ok(()) }
    };
    write().with_context(|| format!("make the secret {}", path.display()))?;
    read().with_context(|| format!("read the secret {}", path.display()))
}

/// 32 hexadecimal digits that tell these parts from others.
fn digest<const N: usize>(parts: [&[u8]; N]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex::encode(&digest.finalize()[..16])
}

/// `$XDG_STATE_HOME/reelmill/submit`, made if it is missing.
fn directory() -> anyhow::Result<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let base = state.or_else(home).context("neither XDG_STATE_HOME nor HOME says where to remember uploads")?;
    let path = base.join("reelmill/submit");
    std::fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
    Ok(path)
}
