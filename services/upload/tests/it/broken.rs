use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::stage::{Entry, MIB, Stage, bytes, refusal, says, until};

/// A PATCH over a connection of its own that announces `announced` bytes and sends `sent`.
async fn begin(stage: &Stage, path: &str, entry: &Entry, more: &str, announced: usize, sent: &[u8]) -> TcpStream {
    let host = stage.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {host}\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {}\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {announced}\r\n{more}\r\n",
        entry.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    stream
}

#[tokio::test]
async fn what_came_before_a_connection_broke_is_kept() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = bytes(12 * MIB);
    let path = stage.create(&entry, film.len()).await;
    drop(begin(&stage, &path, &entry, "", film.len(), &film[..9 * MIB + 5]).await);
    stage.offset_reaches(&path, &entry, 9 * MIB + 5).await;
    stage.send(&path, &entry, 9 * MIB + 5, &film[9 * MIB + 5..]).await;
    assert!(stage.film(&entry).await == film);
}

#[tokio::test]
async fn a_broken_body_whose_digest_cannot_be_known_is_not_kept() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    let more = "Upload-Checksum: sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\r\n";
    drop(begin(&stage, &path, &entry, more, 10, b"abc").await);
    // The lock is released once the broken request is over.
    let id = path.strip_prefix("/files/").unwrap();
    until("the request is over", async || {
        stage.ask(format!("select coalesce(lock_fence, 0)::text from uploads where id = '{id}'")).await == "0"
    })
    .await;
    assert_eq!(stage.offset(&path, &entry).await, 0);
    assert!(stage.is_empty().await);
}

#[tokio::test]
async fn a_client_that_goes_silent_is_told_and_keeps_what_it_sent() {
    let stage = Stage::with(|settings| settings.read_deadline = Duration::from_millis(500)).await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    let _silent = begin(&stage, &path, &entry, "", 10, b"film").await;
    stage.offset_reaches(&path, &entry, 4).await;
}

#[tokio::test]
async fn a_silent_writer_gives_way_to_one_that_has_something_to_say() {
    let stage = Stage::with(|settings| settings.read_deadline = Duration::from_secs(3600)).await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    let id = path.strip_prefix("/files/").unwrap();
    let _silent = begin(&stage, &path, &entry, "", 10, &bytes(4)).await;
    until("the first writer has the lock", async || {
        stage.ask(format!("select coalesce(lock_fence, 0)::text from uploads where id = '{id}'")).await != "0"
    })
    .await;
    // The bytes of the silent client became durable, so the other one's offset is out of date …
    assert_eq!(refusal(stage.patch(&path, &entry, 0, bytes(10))).await, says(409, "offset_wrong"));
    // … and it continues from there.
    assert_eq!(stage.send(&path, &entry, 4, &bytes(10)[4..]).await, 10);
    assert_eq!(stage.film(&entry).await, bytes(10));
}

#[tokio::test]
async fn an_absent_object_store_is_503_and_the_upload_goes_on_when_it_is_back() {
    let mut stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = bytes(10 * MIB);
    let path = stage.create(&entry, film.len()).await;
    stage.send(&path, &entry, 0, &film[..MIB]).await;
    stage.stop_s3().await;
    for body in [film[MIB..2 * MIB].to_vec(), film[MIB..].to_vec()] {
        let answer = stage.patch(&path, &entry, MIB, body).send().await.unwrap();
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
    }
    assert_eq!(stage.offset(&path, &entry).await, MIB);
    stage.start_s3().await;
    stage.send(&path, &entry, MIB, &film[MIB..]).await;
    assert!(stage.film(&entry).await == film);
    assert_eq!(stage.scratch_files(), 0);
}

#[tokio::test]
async fn a_crash_before_the_object_was_made_is_mended_by_the_sweeper() {
    for crash in ["before", "after"] {
        let stage = Stage::new().await;
        let entry = stage.enter().await;
        stage.remember_parts().await;
        let film = bytes(9 * MIB);
        let path = stage.create(&entry, film.len()).await;
        stage.send(&path, &entry, 0, &film).await;
        stage.film(&entry).await;
        // As if the process had died between the object and the database, or before either. Its lock keeps the
        // service's own sweeper away until all is set up.
        let id = path.strip_prefix("/files/").unwrap();
        let locked = "state = 'assembling', lock_until = clock_timestamp() + interval '1 hour'";
        stage.execute(format!("update uploads set {locked} where id = '{id}'")).await;
        stage.execute("delete from parts".into()).await;
        stage.restore_parts(id).await;
        let machine = "jsonb_set(machine, '{state}', '{\"state\": \"uploading\"}'::jsonb)";
        stage.execute(format!("update submissions set machine = {machine}, state = 'uploading'")).await;
        if crash == "before" {
            let kept = stage.objects().await.remove(0);
            stage.app.objects.delete(&kept).await.unwrap();
            let key = pipeline::object_key::ObjectKey::Upload(id.parse().unwrap());
            let again = stage.app.objects.create_multipart(&key).await.unwrap();
            for (number, part) in [(1, &film[..8 * MIB]), (2, &film[8 * MIB..])] {
                let body = runtime::objects::Body::Bytes(part.to_vec().into());
                stage.app.objects.put_part(&again, number, body).await.unwrap();
            }
            stage.execute(format!("update uploads set multipart_id = '{}' where id = '{id}'", again.id)).await;
        }
        stage.execute(format!("update uploads set lock_until = null where id = '{id}'")).await;
        upload::sweep_once(&stage.app).await;
        assert!(stage.film(&entry).await == film, "{crash}");
        assert_eq!(stage.app.objects.list_multiparts("").await.unwrap(), []);
    }
}

#[tokio::test]
async fn an_object_that_is_not_what_was_received_never_becomes_the_film() {
    let stage = Stage::with(|settings| settings.finish_patience = Duration::ZERO).await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 9 * MIB).await;
    stage.send(&path, &entry, 0, &bytes(8 * MIB)).await;
    stage.execute("update upload_parts set sha256 = sha256('else')".into()).await;
    stage.send(&path, &entry, 8 * MIB, &bytes(MIB)).await;
    until("it is given up", async || stage.tus("HEAD", &path, &entry).send().await.unwrap().status() == 410).await;
    assert_eq!(stage.status(&entry).await["state"], "uploading");
    until("all is freed", async || stage.is_empty().await).await;
}

#[tokio::test]
async fn a_stopping_service_keeps_what_came() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    let (other, url) = stage.replica().await;
    let _open = begin(&stage, &path, &entry, "", 10, b"film").await;
    let id = path.strip_prefix("/files/").unwrap();
    until("the writer has the lock", async || {
        stage.ask(format!("select coalesce(lock_fence, 0)::text from uploads where id = '{id}'")).await != "0"
    })
    .await;
    stage.app.stop.cancel();
    until("the other replica knows", async || {
        let head = stage.tus_at(&url, "HEAD", &path, &entry).send().await.unwrap();
        head.headers()["upload-offset"] == "4"
    })
    .await;
    other.stop.cancel();
}
