use crate::stage::{MIB, Stage, bytes, refusal, says, until};

#[tokio::test]
async fn a_given_up_upload_leaves_nothing_in_the_object_store() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 30 * MIB).await;
    stage.send(&path, &entry, 0, &bytes(9 * MIB)).await;
    assert!(!stage.is_empty().await);
    assert_eq!(stage.tus("DELETE", &path, &entry).send().await.unwrap().status(), 204);
    until("all is freed", async || stage.is_empty().await).await;
    assert_eq!(stage.tus("HEAD", &path, &entry).send().await.unwrap().status(), 410);
    assert_eq!(refusal(stage.tus("DELETE", &path, &entry)).await, says(410, "upload_gone"));
    assert_eq!(refusal(stage.patch(&path, &entry, 9 * MIB, bytes(1))).await, says(410, "upload_gone"));
}

#[tokio::test]
async fn a_whole_film_is_not_given_up_by_its_upload() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 4).await;
    stage.send(&path, &entry, 0, &bytes(4)).await;
    stage.film(&entry).await;
    assert_eq!(refusal(stage.tus("DELETE", &path, &entry)).await, says(409, "submission_closed"));
    assert_eq!(stage.film(&entry).await, bytes(4));
}
