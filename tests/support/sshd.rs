//! A partner's SFTP server: the real sshd of openssh-server on a loopback port, with keys of its own, for one test.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A running sshd and the directory that it serves. Stops when dropped.
pub(crate) struct Sshd {
    dir: TempDir,
    access: BTreeMap<String, String>,
}

impl Sshd {
    /// Starts one.
    pub(crate) fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("reelmill-sshd-").tempdir().expect("a directory for sshd");
        let mut sshd = Self { dir, access: BTreeMap::new() };
        sshd.run();
        sshd
    }

    /// The settings of a service for it, as `PARTNER_<ID>_…`.
    pub(crate) fn env(&self, partner: &str) -> Vec<(String, String)> {
        let partner = partner.to_ascii_uppercase();
        self.access.iter().map(|(name, value)| (format!("PARTNER_{partner}_{name}"), value.clone())).collect()
    }

    /// The address it listens at.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.access["SFTP_HOST"], self.access["SFTP_PORT"])
    }

    /// Its public key as a client pins it: type and base64.
    pub(crate) fn host_key(&self) -> &str {
        &self.access["SFTP_HOST_KEY"]
    }

    /// The text of the private key that it accepts.
    pub(crate) fn user_key(&self) -> String {
        std::fs::read_to_string(&self.access["SFTP_KEY_FILE"]).expect("the user's key")
    }

    /// The directory that the partner reads.
    pub(crate) fn drop_dir(&self) -> PathBuf {
        self.access["SFTP_DIR"].clone().into()
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("sshd.log")).unwrap_or_default()
    }

    /// Every file under the directory that the partner reads, by its relative path. Links are not followed.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let (root, mut files) = (self.drop_dir(), BTreeMap::new());
        let mut open = vec![root.clone()];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
                let path = entry.path();
                let kind = entry.file_type().expect("what an entry is");
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_file() {
                    let name = path.strip_prefix(&root).expect("below the root").display().to_string();
                    // It may have been renamed or removed since it was listed.
                    let Ok(bytes) = std::fs::read(&path) else { continue };
                    files.insert(name, bytes);
                }
            }
        }
        files
    }

    /// Ends the server and every session.
    pub(crate) fn stop(&self) {
        self.script("stop");
    }

    /// Starts it again at the same address with the same keys.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let before = self.address();
        self.run();
        assert_eq!(self.address(), before, "sshd came back elsewhere");
    }

    fn run(&mut self) {
        let env = self.script("start");
        let unquoted = |value: &str| value.trim_matches('\'').to_owned();
        self.access = env
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), unquoted(value)))
            .collect();
    }

    fn script(&self, command: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/local/sshd.sh");
        let output = Command::new(script).arg(command).arg(self.dir.path()).output().expect("run sshd.sh");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "sshd.sh {command} failed:\n{errors}");
        String::from_utf8(output.stdout).expect("text from sshd.sh")
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/local/sshd.sh");
        let _ = Command::new(script).arg("stop").arg(self.dir.path()).output();
    }
}
