//! Where PostgreSQL's user keeps WAL and backups, and the scripts of operators that write and read them.
use std::path::{Path, PathBuf};
use std::process::Command;

use super::SOON;
use crate::support::wait::wait_until_true;
use crate::support::{Servers, TestPipeline};

/// The directory for WAL and backups, owned by PostgreSQL's own user. Removed with the servers' directory.
pub(super) struct Vault {
    pub(super) dir: PathBuf,
}

impl Vault {
    pub(super) fn new(servers: &Servers) -> Self {
        let dir = servers.directory().join("vault");
        std::fs::create_dir_all(dir.join("wal")).expect("a directory for WAL");
        std::fs::create_dir_all(dir.join("db")).expect("a directory for backups");
        // The script must be readable for that user: the checkout may be in a private home directory.
        std::fs::copy(script("archive-wal.sh"), dir.join("archive-wal.sh")).expect("copy the script");
        std::fs::copy(script("restore.sh"), dir.join("restore.sh")).expect("copy the script");
        let vault = Self { dir };
        vault.hand_over();
        vault
    }

    /// Gives everything in it to PostgreSQL's own user.
    pub(super) fn hand_over(&self) {
        if rustix::process::geteuid().is_root() {
            run(Command::new("chown").arg("-R").arg("postgres:").arg(&self.dir));
        }
    }

    pub(super) fn wal(&self) -> PathBuf {
        self.dir.join("wal")
    }

    /// Enables WAL archiving, as the documentation says.
    pub(super) async fn archives(&self, pipeline: &TestPipeline) {
        let command = format!("{} %p %f {}", self.dir.join("archive-wal.sh").display(), self.wal().display());
        for setting in ["archive_mode = on".to_owned(), format!("archive_command = '{command}'")] {
            let alter = sqlx::AssertSqlSafe(format!("alter system set {setting}"));
            sqlx::query(alter).execute(pipeline.truth.pool()).await.expect("set it");
        }
        pipeline.servers.restart_postgres_immediately();
        wait_until_true("the server archives", SOON, async || {
            let mode = sqlx::query_scalar::<_, String>("show archive_mode").fetch_one(pipeline.truth.pool()).await;
            mode.is_ok_and(|mode| mode == "on")
        })
        .await;
    }

    /// Ends the current WAL segment and waits until it is archived.
    pub(super) async fn catches_up(&self, pipeline: &TestPipeline) {
        let segment = "select pg_walfile_name(pg_switch_wal())";
        let name: String =
            sqlx::query_scalar(segment).fetch_one(pipeline.truth.pool()).await.expect("end the segment of WAL");
        wait_until_true("the WAL is archived", SOON, async || self.wal().join(&name).exists()).await;
    }
}

pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/backup").join(name)
}

/// Runs a program to its end and returns what it printed.
pub(super) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("run {command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}:\n{errors}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

/// A command as PostgreSQL's user, which owns the data.
pub(super) fn as_postgres(program: &Path) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}
