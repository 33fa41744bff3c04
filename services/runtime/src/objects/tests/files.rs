//! Files to and from the store, and copies within it.
use super::stage::{bytes, embedded, stages};
use crate::objects::{ObjectError, StoredFile};
use crate::scratch::Left;

#[tokio::test]
async fn a_file_comes_back_with_the_size_and_digest_that_were_told() {
    for stage in stages().await {
        let path = stage.dir.path().join("file");
        for length in [0, 1, 3_000_000] {
            let content = bytes(length);
            std::fs::write(&path, &content).unwrap();
            let stored = stage.objects.put_file(&stage.key(), &path).await.unwrap();
            assert_eq!(stored.key, stage.key().to_string());
            assert_eq!(stage.objects.head(&stored.key).await.unwrap(), length as u64);
            let (bytes, digest) = stage.objects.get_to_file(&stored.key, &stage.dir.path().join("back")).await.unwrap();
            assert_eq!((bytes, hex::encode(digest)), (stored.bytes, stored.sha256));
            assert_eq!(std::fs::read(stage.dir.path().join("back")).unwrap(), content);
        }
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn a_stretch_of_an_object_is_that_stretch() {
    for stage in stages().await {
        let content = bytes(300_000);
        stage.objects.put_bytes(&stage.key(), content.clone()).await.unwrap();
        for (from, to) in [(0, 300_000), (0, 1), (299_999, 300_000), (100_000, 200_001), (7, 7)] {
            let mut reader = stage.objects.read_range(&stage.key(), from, to).await.unwrap();
            let mut read = Vec::new();
            while let Some(bytes) = reader.next().await.unwrap() {
                read.extend_from_slice(&bytes);
            }
            assert!(read == content[from as usize..to as usize], "{from}–{to} gave {} bytes", read.len());
        }
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn of_ends_no_more_than_them_is_fetched() {
    for stage in stages().await {
        let content = bytes(300_000);
        stage.objects.put_bytes(&stage.key(), content.clone()).await.unwrap();
        let fetched = async |name: &str, ends: (u64, u64)| {
            let path = stage.dir.path().join(name);
            stage.objects.get_ends_to_file(&stage.key(), 300_000, ends, &path).await.unwrap();
            std::fs::read(path).unwrap()
        };
        let mut expected = content.clone();
        expected[100_000..290_000].fill(0);
        assert!(fetched("ends", (100_000, 10_000)).await == expected, "the middle is a hole");
        assert!(fetched("all", (200_000, 100_000)).await == content, "they meet");
        assert!(fetched("small", (400_000, 1)).await == content, "it is smaller than they are");
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_is_one_object() {
    for stage in stages().await {
        let path = stage.dir.path().join("file");
        std::fs::write(&path, bytes(65 * 1024 * 1024 + 7)).unwrap();
        let stored = stage.objects.put_file(&stage.key(), &path).await.unwrap();
        let (bytes, digest) = stage.objects.get_to_file(&stage.key(), &stage.dir.path().join("back")).await.unwrap();
        assert_eq!((bytes, hex::encode(digest)), (stored.bytes, stored.sha256));
        assert!(stage.objects.list_multiparts(&stage.prefix()).await.unwrap().is_empty());
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_a_child_left_is_put_by_what_was_opened_and_not_by_its_name() {
    for stage in stages().await {
        let out = stage.dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        // One that is sent in one call, and one that is sent in parts.
        for length in [300_000, 65 * 1024 * 1024 + 7] {
            let content = bytes(length);
            std::fs::write(out.join("made"), &content).unwrap();
            let left = Left::open(&out, "made", length as u64).unwrap();
            std::fs::write(stage.dir.path().join("secret"), "secret").unwrap();
            std::fs::remove_file(out.join("made")).unwrap();
            std::os::unix::fs::symlink("../secret", out.join("made")).unwrap();
            let stored = stage.objects.put_left(&stage.key(), &left).await.unwrap();
            assert_eq!(stored.bytes, length as u64);
            assert!(stage.content(&stage.key()).await == content);
            std::fs::remove_file(out.join("made")).unwrap();
        }
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_grows_while_it_is_put_is_not_kept() {
    let stage = embedded().await;
    std::fs::write(stage.dir.path().join("made"), bytes(1000)).unwrap();
    let left = Left::open(stage.dir.path(), "made", 2000).unwrap();
    std::fs::write(stage.dir.path().join("made"), bytes(1001)).unwrap();
    assert!(matches!(stage.objects.put_left(&stage.key(), &left).await, Err(ObjectError::File(_))));
    std::fs::write(stage.dir.path().join("made"), bytes(999)).unwrap();
    assert!(matches!(stage.objects.put_left(&stage.key(), &left).await, Err(ObjectError::File(_))));
    assert!(matches!(stage.objects.head(&stage.key()).await, Err(ObjectError::NotFound)));
}

#[tokio::test]
async fn what_is_fetched_never_goes_through_a_link() {
    let stage = embedded().await;
    stage.objects.put_bytes(&stage.key(), bytes(10)).await.unwrap();
    let (outside, to) = (stage.dir.path().join("outside"), stage.dir.path().join("to"));
    std::fs::write(&outside, "ours").unwrap();
    std::os::unix::fs::symlink(&outside, &to).unwrap();
    stage.objects.get_to_file(&stage.key(), &to).await.unwrap();
    assert_eq!(std::fs::read(&outside).unwrap(), b"ours");
    assert_eq!(std::fs::read(&to).unwrap(), bytes(10));
}

#[tokio::test]
async fn a_copy_is_the_same_bytes_under_another_key_and_one_that_is_not_is_refused() {
    for stage in stages().await {
        let content = bytes(6_000_000);
        let path = stage.dir.path().join("file");
        std::fs::write(&path, &content).unwrap();
        let stored = stage.objects.put_file(&stage.key(), &path).await.unwrap();
        let copied = stage.objects.copy_file(&stored, &stage.tail(1)).await.unwrap();
        assert_eq!((copied.bytes, &copied.sha256), (stored.bytes, &stored.sha256));
        assert_eq!(stage.content(&stage.tail(1)).await, content);
        // 5 MiB is the smallest part that servers accept, except for the last.
        stage.objects.copy_parts(&stored, &stage.tail(2), 5 * 1024 * 1024).await.unwrap();
        assert_eq!(stage.content(&stage.tail(2)).await, content);

        let other = StoredFile { sha256: "00".repeat(32), ..stored.clone() };
        let refused = stage.objects.copy_file(&other, &stage.tail(3)).await;
        assert!(matches!(refused, Err(ObjectError::Refused(_))), "{refused:?}");
        stage.objects.delete(&stage.key()).await.unwrap();
        for n in 3..5 {
            let gone = stage.objects.copy_file(&stored, &stage.tail(n)).await;
            assert!(matches!(gone, Err(ObjectError::NotFound)), "{gone:?}");
        }
        assert_eq!(stage.objects.list(&stage.prefix()).await.unwrap().len(), 2, "what was refused is not left behind");
        stage.objects.delete_prefix(&stage.prefix(), &[]).await.unwrap();
    }
}
