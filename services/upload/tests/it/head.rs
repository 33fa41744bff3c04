use crate::stage::{Stage, bytes, location, refusal, says};

#[tokio::test]
async fn head_tells_what_is_durable_and_echoes_the_metadata() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let metadata = "filename ZmlsbS5tcDQ=,is_public";
    let request = stage.tus("POST", "/files", &entry).header("upload-length", 10).header("upload-metadata", metadata);
    let path = location(&request.send().await.unwrap());
    stage.send(&path, &entry, 0, &bytes(4)).await;
    let answer = stage.tus("HEAD", &path, &entry).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for (name, value) in [
        ("upload-offset", "4"),
        ("upload-length", "10"),
        ("upload-metadata", metadata),
        ("cache-control", "no-store"),
        ("tus-resumable", "1.0.0"),
    ] {
        assert_eq!(answer.headers()[name], value, "{name}");
    }
}

#[tokio::test]
async fn foreign_and_unknown_uploads_tell_nothing() {
    let stage = Stage::new().await;
    let (one, other) = (stage.enter().await, stage.enter().await);
    let path = stage.create(&one, 10).await;
    let answer = stage.tus("HEAD", &path, &other).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.headers().get("upload-offset").is_none());
    for nowhere in ["/files/6f9619ff-8b86-d011-b42d-00cf4fc964ff", "/files/x", "/files/..%2fx"] {
        let answer = stage.tus("HEAD", nowhere, &one).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{nowhere}");
        assert!(answer.headers().get("upload-offset").is_none());
    }
    assert_eq!(refusal(stage.patch(&path, &other, 0, bytes(1))).await, says(403, "foreign_upload"));
    assert_eq!(refusal(stage.tus("DELETE", &path, &other)).await, says(403, "foreign_upload"));
    assert_eq!(stage.offset(&path, &one).await, 0);
}

#[tokio::test]
async fn a_method_may_be_named_in_a_header() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 4).await;
    let request = stage.tus("POST", &path, &entry).header("x-http-method-override", "PATCH");
    let request = request.header("upload-offset", 0).header("content-type", "application/offset+octet-stream");
    assert_eq!(request.body(bytes(4)).send().await.unwrap().status(), 204);
    assert_eq!(stage.film(&entry).await, bytes(4));
}

#[tokio::test]
async fn an_entry_names_its_latest_unfinished_upload_until_there_is_none() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let named = async || stage.status(&entry).await["upload_url"].as_str().map(ToOwned::to_owned);
    assert_eq!(named().await, None);
    let first = stage.create(&entry, 4).await;
    assert_eq!(named().await, Some(first.clone()));
    let second = stage.create(&entry, 4).await;
    assert_eq!(named().await, Some(second.clone()), "the first is of a file that was given up for another");
    // A client cannot resume a piece of a concatenation by itself.
    let piece = stage.tus("POST", "/files", &entry).header("upload-length", "4").header("upload-concat", "partial");
    assert_eq!(piece.send().await.unwrap().status(), 201);
    assert_eq!(named().await, Some(second.clone()));
    assert_eq!(stage.tus("DELETE", &second, &entry).send().await.unwrap().status(), 204);
    assert_eq!(named().await, Some(first.clone()));
    stage.send(&first, &entry, 0, &bytes(4)).await;
    assert_eq!(named().await, None);
}
