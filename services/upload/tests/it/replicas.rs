use crate::stage::{MIB, Stage, bytes};

#[tokio::test]
async fn two_replicas_serve_one_upload() {
    let stage = Stage::new().await;
    let (_other, url) = stage.replica().await;
    let entry = stage.enter().await;
    let film = bytes(20 * MIB);
    let path = stage.create(&entry, film.len()).await;
    for (turn, start) in (0..film.len()).step_by(3 * MIB).enumerate() {
        let end = film.len().min(start + 3 * MIB);
        let at = if turn % 2 == 0 { &stage.url } else { &url };
        let request = stage.tus_at(at, "PATCH", &path, &entry).header("upload-offset", start);
        let request = request.header("content-type", "application/offset+octet-stream");
        assert_eq!(request.body(film[start..end].to_vec()).send().await.unwrap().status(), 204);
    }
    assert!(stage.film(&entry).await == film);
}

#[tokio::test]
async fn of_two_writers_at_one_offset_one_wins() {
    let stage = Stage::new().await;
    let (_other, url) = stage.replica().await;
    let entry = stage.enter().await;
    let films = [vec![1; 9 * MIB], vec![2; 9 * MIB]];
    let path = stage.create(&entry, 9 * MIB).await;
    let patch = async |at: &str, body: &[u8]| {
        let request = stage.tus_at(at, "PATCH", &path, &entry).header("upload-offset", 0);
        let request = request.header("content-type", "application/offset+octet-stream").body(body.to_vec());
        request.send().await.unwrap().status().as_u16()
    };
    let told: [u16; 2] = tokio::join!(patch(&stage.url, &films[0]), patch(&url, &films[1])).into();
    let winner = told.iter().position(|status| *status == 204).unwrap();
    assert!(matches!(told[1 - winner], 409 | 423), "{told:?}");
    assert!(stage.film(&entry).await == films[winner]);
}

#[tokio::test]
async fn the_lock_of_a_dead_writer_runs_out() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    let id = path.strip_prefix("/files/").unwrap();
    // The state left by a killed process.
    let lock = "lock_fence = nextval('upload_fences'), lock_until = clock_timestamp() + interval '2 seconds'";
    stage.execute(format!("update uploads set {lock} where id = '{id}'")).await;
    assert_eq!(stage.send(&path, &entry, 0, &bytes(10)).await, 10);
    assert_eq!(stage.film(&entry).await, bytes(10));
}
