//! What clients do not see: the object store, the scratch directory and the rows.
use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection};

use super::{Entry, Stage, until};

impl Stage {
    /// The film as stored, once it was read back; checks the digest returned by the service.
    pub(crate) async fn film(&self, entry: &Entry) -> Vec<u8> {
        until("the film is whole", async || self.status(entry).await["state"] == "probe").await;
        let status = self.status(entry).await;
        // The submission moves on first; the parts of its upload are freed right after.
        until("only the film is left", async || self.objects().await.len() == 1).await;
        let stored = self.objects().await;
        let path = self.dir.path().join("film");
        let (bytes, sha256) = self.app.objects.get_to_file(&stored[0], &path).await.unwrap();
        assert_eq!(status["upload"]["offset"], bytes);
        assert_eq!(status["upload"]["sha256"], hex::encode(sha256));
        let film = std::fs::read(path).unwrap();
        assert_eq!(Sha256::digest(&film).as_slice(), sha256);
        film
    }

    /// Keys of everything in the object store.
    pub(crate) async fn objects(&self) -> Vec<String> {
        self.app.objects.list("").await.unwrap().into_iter().map(|it| it.key).collect()
    }

    /// Whether the object store contains no object and no part.
    pub(crate) async fn is_empty(&self) -> bool {
        self.objects().await.is_empty() && self.app.objects.list_multiparts("").await.unwrap().is_empty()
    }

    /// Number of parts of multipart uploads in the object store.
    pub(crate) fn part_files(&self) -> usize {
        let entries = std::fs::read_dir(&self.s3.root).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(".part-")).count()
    }

    /// Files in the scratch directory.
    pub(crate) fn scratch_files(&self) -> usize {
        let entries = std::fs::read_dir(self.app.scratch.path()).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().is_file()).count()
    }

    /// A query's single value as text.
    pub(crate) async fn ask(&self, query: String) -> String {
        let mut connection = PgConnection::connect(&self.database_url).await.unwrap();
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap()
    }

    /// Executes a statement. One that writes rows of deliveries or parts, or a work's machine, may make rows
    /// inconsistent.
    pub(crate) async fn execute(&self, statement: String) {
        let writes = |what: &str| statement.contains(what);
        if writes("deliveries") || writes(" parts") || writes("machine") {
            self.planted.store(true, Ordering::Relaxed);
        }
        self.write(statement).await;
    }

    /// Remembers the parts of uploads that are deleted from now on, for [`Self::restore_parts`].
    pub(crate) async fn remember_parts(&self) {
        for statement in [
            "create table remembered (like upload_parts)",
            "create function remember() returns trigger language plpgsql as
                'begin insert into remembered values (old.*); return old; end'",
            "create trigger remember before delete on upload_parts for each row execute function remember()",
        ] {
            self.write(statement.to_owned()).await;
        }
    }

    /// Restores the deleted parts of an upload, as if the transaction that made it the film had not committed.
    pub(crate) async fn restore_parts(&self, upload: &str) {
        self.write(format!("insert into upload_parts select * from remembered where upload = '{upload}'")).await;
    }

    /// Executes a statement that leaves all rows consistent.
    pub(crate) async fn write(&self, statement: String) {
        run(&self.database_url, statement).await;
    }
}

/// Executes a statement.
pub(super) async fn run(url: &str, statement: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
}
