use crate::stage::{Entry, MIB, Stage, bytes, location, number, refusal, says, until};

async fn piece(stage: &Stage, entry: &Entry, bytes: &[u8]) -> String {
    let request = stage.tus("POST", "/files", entry).header("upload-concat", "partial");
    let path = location(&request.header("upload-length", bytes.len()).send().await.unwrap());
    stage.send(&path, entry, 0, bytes).await;
    path
}

#[tokio::test]
async fn pieces_become_one_film_and_are_freed() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = bytes(19 * MIB + 3);
    let cuts = [0, 9 * MIB, 9 * MIB + 1, film.len()];
    let mut pieces = Vec::new();
    for cut in cuts.windows(2) {
        pieces.push(piece(&stage, &entry, &film[cut[0]..cut[1]]).await);
    }
    assert_eq!(stage.status(&entry).await["state"], "uploading");
    let concat = format!("final;{} {}{} {}", pieces[0], stage.url, pieces[1], pieces[2]);
    let post = || stage.tus("POST", "/files", &entry).header("upload-concat", &concat);
    let path = location(&post().send().await.unwrap());
    assert!(stage.film(&entry).await == film);
    let head = stage.tus("HEAD", &path, &entry).send().await.unwrap();
    assert_eq!((number(&head, "upload-offset"), number(&head, "upload-length")), (film.len(), film.len()));
    assert!(head.headers()["upload-concat"].to_str().unwrap().starts_with("final;/files/"));
    for piece in &pieces {
        assert_eq!(stage.tus("HEAD", piece, &entry).send().await.unwrap().status(), 410);
    }
    until("no part is left", async || stage.app.objects.list_multiparts("").await.unwrap().is_empty()).await;
}

#[tokio::test]
async fn a_lost_answer_to_a_concatenation_may_be_asked_for_again() {
    // The answer does not wait for verification, so that the second request comes while the first one's upload is being
    // made.
    let stage = Stage::with(|settings| settings.finish_patience = std::time::Duration::ZERO).await;
    let entry = stage.enter().await;
    let one = piece(&stage, &entry, &bytes(5)).await;
    let post = || stage.tus("POST", "/files", &entry).header("upload-concat", format!("final;{one}"));
    let first = location(&post().send().await.unwrap());
    let second = post().send().await.unwrap();
    // If it is made already, the answer may also be that its submission has its film.
    assert!(second.status() == 409 || location(&second) == first);
    assert_eq!(stage.film(&entry).await, bytes(5));
}

#[tokio::test]
async fn what_is_wrong_with_a_concatenation_makes_no_upload() {
    let stage = Stage::new().await;
    let (entry, other) = (stage.enter().await, stage.enter().await);
    let ours = piece(&stage, &entry, b"ours").await;
    let theirs = piece(&stage, &other, b"theirs").await;
    let whole = stage.create(&entry, 4).await;
    let request = stage.tus("POST", "/files", &entry).header("upload-concat", "partial").header("upload-length", 9);
    let unfinished = location(&request.send().await.unwrap());
    let post = |concat: String| stage.tus("POST", "/files", &entry).header("upload-concat", concat);
    for wrong in [
        "final;".into(),
        "whole".into(),
        format!("final;{theirs}"),
        format!("final;{whole}"),
        format!("final;{ours} {ours}"),
        "final;/files/6f9619ff-8b86-d011-b42d-00cf4fc964ff".into(),
    ] {
        assert_eq!(refusal(post(wrong.clone())).await, says(400, "concat_wrong"), "{wrong}");
    }
    assert_eq!(refusal(post(format!("final;{ours}")).header("upload-length", 4)).await, says(400, "concat_wrong"));
    assert_eq!(refusal(post(format!("final;{ours} {unfinished}"))).await, says(400, "piece_unfinished"));
    assert_eq!(stage.ask("select count(*)::text from uploads where kind = 'final'".into()).await, "0");
    assert_eq!(stage.status(&entry).await["state"], "uploading");
}

#[tokio::test]
async fn a_concatenation_cannot_be_written_to() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let one = piece(&stage, &entry, &bytes(5)).await;
    let post = stage.tus("POST", "/files", &entry).header("upload-concat", format!("final;{one}"));
    let path = location(&post.send().await.unwrap());
    assert_eq!(refusal(stage.patch(&path, &entry, 5, bytes(1))).await, says(403, "final_read_only"));
}
