//! The servers: PostgreSQL, RabbitMQ, S3 and the mail server, each tested with a real operation within seconds.
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use runtime::broker::Broker;
use runtime::config::{BrokerConfig, DatabaseConfig, MailConfig, S3Config, WorkConfig};
use runtime::mail::{MailError, Mailer};
use runtime::metrics::Metrics;
use runtime::objects::{Body, Objects, StoredFile};
use runtime::store::submissions::ListFilter;
use runtime::store::{Policy, Store};
use runtime::transport::Trusted;
use sha2::{Digest, Sha256};

use super::access;
use super::finding::{Finding, Mend, UNSET};

/// Time limit within which a healthy server does these operations.
const PATIENCE: Duration = Duration::from_secs(15);

async fn within<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::time::timeout(PATIENCE, work).await.context("no answer within 15 s")?
}

/// The database of these settings, or why it cannot be used.
pub(super) fn store(config: &DatabaseConfig, allowed: &[Trusted], work: &WorkConfig) -> anyhow::Result<Store> {
    anyhow::ensure!(config.database_url != UNSET, "DATABASE_URL is not set");
    Store::new(config, allowed, Policy::from(work), Metrics::new()?)
}

/// Connects and reads a table, which shows that the schema exists.
pub(super) async fn database(config: &DatabaseConfig, store: anyhow::Result<Store>) -> Finding {
    const NAME: &str = "PostgreSQL";
    const MEND: Mend = Mend {
        zh: "启动它，建好数据库，并设 DATABASE_URL=postgres://用户@主机:端口/数据库（`make servers` 启动一个私有的）",
        en: "start it, create the database, and set DATABASE_URL=postgres://user@host:port/database (`make servers` starts a private one)",
    };
    const MIGRATE: Mend = Mend { zh: "运行 reelmill migrate", en: "reelmill migrate" };
    if config.database_url == UNSET {
        return Finding::bad(NAME, "DATABASE_URL is not set", MEND);
    }
    let store = match store {
        Ok(store) => store,
        Err(error) => return access::unreachable(NAME, &error, MEND),
    };
    if let Err(error) = within(store.ping()).await {
        return Finding::bad(NAME, format!("{error:#}"), MEND);
    }
    let one = ListFilter { limit: Some(1), ..ListFilter::default() };
    match within(store.submissions(&one)).await {
        Ok(_) => Finding::good(NAME, "answers, the schema is there"),
        Err(error) => Finding::bad(NAME, format!("answers, but the schema is missing or old: {error:#}"), MIGRATE),
    }
}

/// Connects and opens a channel.
pub(super) async fn broker(config: &BrokerConfig, allowed: &[Trusted]) -> Finding {
    const NAME: &str = "RabbitMQ";
    const MEND: Mend = Mend {
        zh: "启动它并设 AMQP_URL=amqp://用户:密码@主机:端口/虚拟主机（`make servers` 启动一个私有的）",
        en: "start it and set AMQP_URL=amqp://user:password@host:port/vhost (`make servers` starts a private one)",
    };
    if config.amqp_url == UNSET {
        return Finding::bad(NAME, "AMQP_URL is not set", MEND);
    }
    let asked = async { Broker::new(config, allowed, Metrics::new()?)?.answers().await };
    match within(asked).await {
        Ok(()) => Finding::good(NAME, "answers"),
        Err(error) => access::unreachable(NAME, &error, MEND),
    }
}

/// Connects to the mail server and signs in; no finding if none is configured.
pub(super) async fn mail(config: &MailConfig, public_url: Option<&str>, allowed: &[Trusted]) -> Option<Finding> {
    const NAME: &str = "mail server";
    const MEND: Mend = Mend {
        zh: "检查 SMTP_URL 的主机、端口、用户与密码，以及 MAIL_FROM 与 PUBLIC_URL；不设 SMTP_URL 时不提供邮件找回",
        en: "see the host, port, user and password of SMTP_URL, MAIL_FROM and PUBLIC_URL; without SMTP_URL lost links are not mailed",
    };
    let mailer = match Mailer::of(config, public_url, allowed) {
        Ok(mailer) => mailer?,
        Err(error) => return Some(access::unreachable(NAME, &error, MEND)),
    };
    Some(match mailer.answers().await {
        Ok(()) => Finding::good(NAME, "answers and accepts us"),
        Err(MailError::Refused(code)) => Finding::bad(NAME, format!("does not accept us{}", with(code)), MEND),
        Err(MailError::Later(code)) => Finding::bad(NAME, format!("is not reached{}", with(code)), MEND),
    })
}

fn with(code: Option<u16>) -> String {
    code.map_or(String::new(), |code| format!(" ({code})"))
}

/// Does everything with a test object that the services do with theirs.
pub(super) async fn objects(config: &S3Config) -> Vec<Finding> {
    const NAME: &str = "S3";
    const MEND: Mend = Mend {
        zh: "设置 S3_ENDPOINT、S3_BUCKET、S3_ACCESS_KEY_ID 与 S3_SECRET_ACCESS_KEY（`reelmill s3` 可把一个目录作为 S3）",
        en: "set S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY (`reelmill s3` serves a directory)",
    };
    const BUCKET: Mend = Mend {
        zh: "服务启动时会建立这个桶；没有建桶权限时请管理员先建好，或改正 S3_BUCKET、S3_ENDPOINT 与密钥",
        en: "the services make the bucket when they start; where they may not, let somebody make it, or correct S3_BUCKET, S3_ENDPOINT and the key",
    };
    if config.endpoint.is_none() && config.access_key.is_empty() {
        return vec![Finding::bad(NAME, "neither S3_ENDPOINT nor S3_ACCESS_KEY_ID is set", MEND)];
    }
    let objects = Objects::new(&config.into());
    if !objects.healthy().await {
        let why = match within(async { Ok(objects.list_page("doctor", None).await?) }).await {
            Ok(_) => "does not answer".to_owned(),
            Err(error) => brief(&error),
        };
        return vec![Finding::bad(NAME, format!("bucket {}: {why}", config.bucket), BUCKET)];
    }
    let round_trip = match within(small_object(&objects)).await {
        Ok(()) => Finding::good(NAME, format!("bucket {} takes, gives, copies, lists and deletes", config.bucket)),
        Err(error) => Finding::bad(NAME, brief(&error), RIGHTS),
    };
    let in_parts = match within(object_in_parts(&objects)).await {
        Ok(()) => Finding::good("S3 in parts", "uploads in parts begin, go on, end and are given up"),
        Err(error) => Finding::bad("S3 in parts", brief(&error), RIGHTS),
    };
    vec![round_trip, in_parts]
}

const RIGHTS: Mend = Mend {
    zh: "给该密钥对桶内对象的读、写、删、列出权限，以及分段上传的权限（s3:GetObject、PutObject、DeleteObject、ListBucket、AbortMultipartUpload、ListMultipartUploadParts）",
    en: "give the key these rights in the bucket: s3:GetObject, PutObject, DeleteObject, ListBucket, AbortMultipartUpload, ListMultipartUploadParts",
};

/// The cause in short: the rest of the SDK's text is for programmers.
fn brief(error: &anyhow::Error) -> String {
    let words = format!("{error:#}");
    let end = [" (ServiceError", " (DispatchFailure", " (TimeoutError"].iter().filter_map(|it| words.find(it)).min();
    words[..end.unwrap_or(words.len())].to_owned()
}

/// Uses the keys of an upload that never existed: no service reads them, and what a killed doctor leaves is swept as an
/// orphan.
async fn small_object(objects: &Objects) -> anyhow::Result<()> {
    const WORDS: &[u8] = b"reelmill doctor";
    let upload = UploadId(uuid::Uuid::now_v7());
    let (key, copy) = (ObjectKey::UploadTail(upload, 0), ObjectKey::UploadTail(upload, 1));
    objects.put_bytes(&key, WORDS).await.context("put an object")?;
    let mut reader = objects.read(&key).await.context("read it back")?;
    let back = reader.next().await.context("read it back")?.unwrap_or_default();
    anyhow::ensure!(&back[..] == WORDS, "what came back is not what was put");
    let stored =
        StoredFile { key: key.to_string(), bytes: WORDS.len() as u64, sha256: hex::encode(Sha256::digest(WORDS)) };
    objects.copy_file(&stored, &copy).await.context("copy it within the bucket")?;
    let listed = objects.list(&ObjectKey::upload_prefix(upload)).await.context("list the bucket")?.len();
    objects.delete(&key).await.context("delete it")?;
    objects.delete(&copy).await.context("delete it")?;
    anyhow::ensure!(listed == 2, "of two objects it lists {listed}");
    Ok(())
}

async fn object_in_parts(objects: &Objects) -> anyhow::Result<()> {
    let key = ObjectKey::Upload(UploadId(uuid::Uuid::now_v7()));
    let begun = objects.create_multipart(&key).await.context("begin an upload in parts")?;
    let part = objects.put_part(&begun, 1, Body::Bytes(Bytes::from_static(b"reelmill doctor"))).await;
    let part = part.context("put a part")?;
    let known = objects.list_parts(&begun).await.context("list its parts")?;
    anyhow::ensure!(known.len() == 1, "of one part it lists {}", known.len());
    objects.complete_multipart(&begun, &[part]).await.context("end an upload in parts")?;
    objects.delete(&key).await.context("delete it")?;
    let begun = objects.create_multipart(&key).await.context("begin an upload in parts")?;
    objects.abort_multipart(&begun).await.context("give an upload in parts up")
}

/// The nearest existing directory above `path`, or `path` itself.
pub(super) fn existing(path: &Path) -> &Path {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"))
}
