//! Which folders of the bucket are ours, and whose object a key names.
use uuid::Uuid;

/// The folders of entries' objects, and those of uploads. `Kind::of_key` knows their contents.
pub(super) const OF_ENTRIES: [&str; 5] = ["bags", "previews", "proofs", "renditions", "work"];
pub(super) const OF_UPLOADS: &str = "uploads";
/// All of these, in order.
pub const FOLDERS: [&str; 6] = ["bags", "previews", "proofs", "renditions", OF_UPLOADS, "work"];

/// The folder and the owner of a key; `None` if the key is not ours.
pub(super) fn place(key: &str) -> Option<(&str, Uuid)> {
    let (prefix, rest) = key.split_once('/')?;
    let (owner, file) = rest.split_once('/')?;
    let known = FOLDERS.contains(&prefix);
    // In our own notation of ids, because a key is compared as text.
    let id: Uuid = owner.parse().ok()?;
    (known && !file.is_empty() && id.to_string() == owner).then_some((prefix, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_we_write_have_an_owner() {
        let id = Uuid::now_v7();
        assert_eq!(place(&format!("renditions/{id}/1/web/3.mp4")), Some(("renditions", id)));
        for foreign in [
            format!("renditions/{id}"),
            format!("renditions/{}/1/x", id.simple()),
            format!("holiday/{id}/1"),
            "renditions/x/1".to_owned(),
            format!("uploads/{id}/"),
        ] {
            assert_eq!(place(&foreign), None, "{foreign}");
        }
    }
}
