//! The neighbours: PostgreSQL, RabbitMQ and S3, each asked to do something real within seconds.
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use runtime::broker::Broker;
use runtime::config::Config;
use runtime::metrics::Metrics;
use runtime::objects::Objects;
use runtime::store::Store;
use runtime::store::submissions::ListFilter;

use super::{Finding, UNSET};

/// What a healthy neighbour needs at most for what is asked here.
const PATIENCE: Duration = Duration::from_secs(15);

async fn within<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::time::timeout(PATIENCE, work).await.context("no answer within 15 s")?
}

/// Connects and reads a table, which shows that the schema is there.
pub(super) async fn database(config: &Config) -> Finding {
    const NAME: &str = "PostgreSQL";
    const MEND: &str =
        "start it and set DATABASE_URL=postgres://user@host:port/database (`make servers` starts a private one)";
    if config.database_url == UNSET {
        return Finding::bad(NAME, "DATABASE_URL is not set", MEND);
    }
    let store = match Metrics::new().and_then(|metrics| Store::new(config, metrics)) {
        Ok(store) => store,
        Err(error) => return Finding::bad(NAME, format!("{error:#}"), MEND),
    };
    if let Err(error) = within(store.ping()).await {
        return Finding::bad(NAME, format!("{error:#}"), MEND);
    }
    let one = ListFilter { limit: Some(1), ..ListFilter::default() };
    match within(store.submissions(&one)).await {
        Ok(_) => Finding::good(NAME, "answers, the schema is there"),
        Err(error) => {
            Finding::bad(NAME, format!("answers, but the schema is missing or old: {error:#}"), "reelmill migrate")
        }
    }
}

/// Connects and opens a channel.
pub(super) async fn broker(config: &Config) -> Finding {
    const NAME: &str = "RabbitMQ";
    const MEND: &str =
        "start it and set AMQP_URL=amqp://user:password@host:port/vhost (`make servers` starts a private one)";
    if config.amqp_url == UNSET {
        return Finding::bad(NAME, "AMQP_URL is not set", MEND);
    }
    let asked = async { Broker::new(config, Metrics::new()?)?.check().await };
    match within(asked).await {
        Ok(()) => Finding::good(NAME, "answers"),
        Err(error) => Finding::bad(NAME, format!("{error:#}"), MEND),
    }
}

/// Puts an object, reads it back and deletes it.
pub(super) async fn objects(config: &Config) -> Finding {
    const NAME: &str = "S3";
    const MEND: &str =
        "set S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY (`reelmill s3` serves a directory)";
    if config.s3.endpoint.is_none() && config.s3.access_key.is_empty() {
        return Finding::bad(NAME, "neither S3_ENDPOINT nor S3_ACCESS_KEY_ID is set", MEND);
    }
    let objects = Objects::new(&(&config.s3).into());
    // A key of an upload that never was; no service looks there.
    let key = ObjectKey::UploadTail(UploadId(uuid::Uuid::now_v7()), 0);
    let round_trip = async {
        objects.put_bytes(&key, &b"reelmill doctor"[..]).await.context("put an object")?;
        let mut reader = objects.read(&key).await.context("read it back")?;
        let back = reader.next().await.context("read it back")?.unwrap_or_default();
        objects.delete(&key).await.context("delete it")?;
        anyhow::ensure!(&back[..] == b"reelmill doctor", "what came back is not what was put");
        Ok(())
    };
    match within(round_trip).await {
        Ok(()) => Finding::good(NAME, format!("bucket {} takes, gives and deletes", config.s3.bucket)),
        Err(error) => Finding::bad(NAME, format!("{error:#}"), MEND),
    }
}

/// The directory that exists above `path`, or `path` itself.
pub(super) fn existing(path: &Path) -> &Path {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"))
}
