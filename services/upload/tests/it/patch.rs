use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::stage::{MIB, Stage, bytes, location, refusal, says};

fn sha256(bytes: &[u8]) -> String {
    format!("sha256 {}", STANDARD.encode(Sha256::digest(bytes)))
}

#[tokio::test]
async fn bytes_in_any_pieces_make_the_film() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = bytes(20 * MIB + 11);
    let path = stage.create(&entry, film.len()).await;
    // Less than a part, exactly to its end, one and a bit, and the rest.
    let ends = [1, MIB, 8 * MIB, 8 * MIB + 1, 17 * MIB, film.len()];
    let mut offset = 0;
    for end in ends {
        assert_eq!(stage.send(&path, &entry, offset, &film[offset..end]).await, end);
        assert_eq!(stage.offset(&path, &entry).await, end);
        offset = end;
    }
    assert!(stage.film(&entry).await == film);
    assert_eq!(stage.scratch_files(), 0);
    assert_eq!(stage.app.objects.list_multiparts("").await.unwrap(), []);
}

#[tokio::test]
async fn a_film_in_one_request_is_many_parts() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = bytes(24 * MIB);
    let path = stage.create(&entry, film.len() + 1).await;
    stage.send(&path, &entry, 0, &film).await;
    let parts = async || stage.ask("select count(*)::text from upload_parts".into()).await;
    assert_eq!(parts().await, "3");
    let last = [film, vec![1]].concat();
    stage.send(&path, &entry, last.len() - 1, &last[last.len() - 1..]).await;
    assert!(stage.film(&entry).await == last);
    assert_eq!(parts().await, "0", "they are forgotten once the film is whole");
}

#[tokio::test]
async fn only_the_present_offset_is_written_to() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    stage.send(&path, &entry, 0, &bytes(4)).await;
    for offset in [0, 3, 5, 11] {
        let answer = stage.patch(&path, &entry, offset, bytes(1)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["upload-offset"].to_str().unwrap()), (409, "4"));
    }
    for offset in ["-4", "x", ""] {
        let request = stage.tus("PATCH", &path, &entry).header("content-type", "application/offset+octet-stream");
        assert_eq!(refusal(request.header("upload-offset", offset).body("x")).await, says(400, "header_wrong"));
    }
    let none = stage.tus("PATCH", &path, &entry).header("content-type", "application/offset+octet-stream");
    assert_eq!(refusal(none.body("x")).await, says(400, "header_wrong"));
    assert_eq!(stage.send(&path, &entry, 4, &bytes(10)[4..]).await, 10);
    assert_eq!(stage.film(&entry).await, bytes(10));
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    let request = || stage.tus("PATCH", &path, &entry).header("upload-offset", 0).body("film");
    assert_eq!(refusal(request()).await, says(415, "type_unsupported"));
    assert_eq!(refusal(request().header("content-type", "video/mp4")).await, says(415, "type_unsupported"));
    assert_eq!(stage.offset(&path, &entry).await, 0);
}

#[tokio::test]
async fn more_than_the_length_is_refused_whether_it_was_announced_or_not() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    assert_eq!(refusal(stage.patch(&path, &entry, 0, bytes(11))).await, says(413, "length_exceeded"));
    let chunks = futures::stream::iter([Ok::<_, std::io::Error>(bytes(6)), Ok(bytes(6))]);
    let unannounced = stage.patch(&path, &entry, 0, reqwest::Body::wrap_stream(chunks));
    assert_eq!(refusal(unannounced).await, says(413, "length_exceeded"));
    assert_eq!(stage.offset(&path, &entry).await, 0);
    assert!(stage.is_empty().await);
}

#[tokio::test]
async fn a_deferred_length_is_told_once_and_bounded_by_the_contest() {
    let stage = Stage::new().await;
    let entry = stage.enter_into("small", "digital").await;
    let created = stage.tus("POST", "/files", &entry).header("upload-defer-length", 1).send().await.unwrap();
    let path = location(&created);
    stage.send(&path, &entry, 0, &bytes(4)).await;
    let head = stage.tus("HEAD", &path, &entry).send().await.unwrap();
    assert_eq!(head.headers()["upload-defer-length"], "1");
    assert!(head.headers().get("upload-length").is_none());
    assert_eq!(refusal(stage.patch(&path, &entry, 4, bytes(997))).await, says(413, "too_large"));
    let told = |length: usize, body: Vec<u8>| stage.patch(&path, &entry, 4, body).header("upload-length", length);
    assert_eq!(refusal(told(3, vec![])).await, says(400, "length_changed"));
    assert_eq!(refusal(told(1001, vec![])).await, says(413, "too_large"));
    assert_eq!(refusal(told(10, bytes(7))).await, says(413, "length_exceeded"));
    assert_eq!(told(10, vec![]).send().await.unwrap().status(), 204);
    assert_eq!(refusal(told(11, vec![])).await, says(400, "length_changed"));
    stage.send(&path, &entry, 4, &bytes(10)[4..]).await;
    assert_eq!(stage.film(&entry).await, bytes(10));
}

#[tokio::test]
async fn a_length_told_at_last_ends_the_upload() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = location(&stage.tus("POST", "/files", &entry).header("upload-defer-length", 1).send().await.unwrap());
    stage.send(&path, &entry, 0, &bytes(9 * MIB)).await;
    let end = stage.patch(&path, &entry, 9 * MIB, vec![]).header("upload-length", 9 * MIB);
    assert_eq!(end.send().await.unwrap().status(), 204);
    assert!(stage.film(&entry).await == bytes(9 * MIB));
}

#[tokio::test]
async fn a_body_with_its_digest_is_stored_and_one_without_leaves_no_trace() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = bytes(18 * MIB);
    let path = stage.create(&entry, film.len()).await;
    let patch = |offset: usize, end: usize, checksum: &str| {
        stage.patch(&path, &entry, offset, film[offset..end].to_vec()).header("upload-checksum", checksum)
    };
    assert_eq!(patch(0, 5, &sha256(&film[..5])).send().await.unwrap().status(), 204);
    assert_eq!(refusal(patch(5, 9, &sha256(b"else"))).await, says(460, "checksum_mismatch"));
    // Longer than a part, so that parts were sent before the digest was known.
    assert_eq!(refusal(patch(5, film.len(), &sha256(b"else"))).await, says(460, "checksum_mismatch"));
    assert_eq!(refusal(patch(5, 9, "crc32 AAAA")).await, says(400, "checksum_unknown"));
    for malformed in ["sha1", "sha1 !", "sha1 AAAA", "sha256  AAAA"] {
        assert_eq!(refusal(patch(5, 9, malformed)).await, says(400, "checksum_malformed"), "{malformed}");
    }
    assert_eq!(stage.offset(&path, &entry).await, 5);
    assert_eq!(patch(5, film.len(), &sha256(&film[5..])).send().await.unwrap().status(), 204);
    assert!(stage.film(&entry).await == film);
}

#[tokio::test]
async fn a_finished_upload_takes_nothing_more_and_says_so_quietly() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 4).await;
    stage.send(&path, &entry, 0, &bytes(4)).await;
    stage.film(&entry).await;
    assert_eq!(stage.patch(&path, &entry, 4, vec![]).send().await.unwrap().status(), 204);
    assert_eq!(refusal(stage.patch(&path, &entry, 4, bytes(1))).await, says(413, "length_exceeded"));
    assert_eq!(refusal(stage.patch(&path, &entry, 0, bytes(4))).await, says(409, "offset_wrong"));
    assert_eq!(stage.offset(&path, &entry).await, 4);
    assert_eq!(stage.film(&entry).await, bytes(4));
}
