//! Keys are written and read alike.
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

#[test]
fn what_could_be_a_path_is_no_plain_key() {
    let wrong = ["", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "a/./b", "a\u{0}", "a\n/b", "a\\b"];
    for wrong in wrong.map(str::to_owned).into_iter().chain(["x".repeat(1025)]) {
        assert!(!is_plain(&wrong), "{wrong:?}");
    }
    assert!(is_plain("work/1/2/segment-0/3/v1") && is_plain("a/.done") && is_plain("a..b"));
}

proptest! {
    /// However hostile the names in a key are, it has the expected number of parts.
    #[test]
    fn no_name_changes_where_a_key_lies(text in "\\PC*|[./]{0,6}|[\0-\x1f]*") {
        let (id, fence) = (SubmissionId(Uuid::nil()), Fence(7));
        let (name, partner) = (RenditionName::new(&*text), PartnerId::new(&*text));
        let file = BagFile::new(&text).unwrap_or_else(|| BagFile::new("a.mp4").unwrap());
        for (key, parts) in [
            (ObjectKey::Segment(id, 1, 2, fence, EncodeId::new(&*text)), 6),
            (ObjectKey::Audio(id, 1, fence, EncodeId::new(&*text)), 6),
            (ObjectKey::Rendition(id, 1, name.clone(), fence), 5),
            (ObjectKey::Cover(id, 1, name.clone(), fence), 5),
            (ObjectKey::PartnerCover(id, 1, name.clone(), fence, 0), 5),
            (ObjectKey::Comparison(id, 1, name, fence, 0, Compared::Source), 5),
            (ObjectKey::Bag(id, 1, partner.clone(), file.clone()), 5),
            (ObjectKey::Proof(id, partner, [0; 32]), 4),
            (ObjectKey::Drop(id, 1, file), 3),
        ] {
            let key = key.to_string();
            prop_assert!(is_plain(&key), "{}", key);
            prop_assert_eq!(key.split('/').count(), parts, "{}", key);
        }
    }
}

#[test]
fn a_bag_file_is_never_a_path() {
    for wrong in ["", "..", "../x", "a/b", "ä", "A", ".done", "a b", &"x".repeat(129)] {
        assert!(BagFile::new(wrong).is_none(), "{wrong}");
    }
    assert!(BagFile::new("web-1080.mp4").is_some());
}
