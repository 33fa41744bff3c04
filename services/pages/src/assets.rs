//! Style sheets and ES modules, embedded. The address of each holds a digest of its bytes, so browsers may keep it for ever and a new
//! version is fetched at once.
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// One file as browsers get it.
#[derive(Debug)]
pub struct Asset {
    /// Its file name in the source, without the ending.
    pub name: &'static str,
    /// Its name in addresses: `style.0123456789abcdef.css`.
    pub file: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

/// Style sheets and modules by their names in the source.
const STYLES: &[(&str, &[u8])] = &[("style", include_bytes!("../assets/style.css"))];
const MODULES: &[(&str, &[u8])] = &[
    ("compare", include_bytes!("../assets/compare.js")),
    ("countdown", include_bytes!("../assets/countdown.js")),
    ("film", include_bytes!("../assets/film.js")),
    ("draft", include_bytes!("../assets/draft.js")),
    ("live", include_bytes!("../assets/live.js")),
    ("open", include_bytes!("../assets/open.js")),
    ("page", include_bytes!("../assets/page.js")),
    ("player", include_bytes!("../assets/player.js")),
    ("queue", include_bytes!("../assets/queue.js")),
];

const ICON: &[u8] = include_bytes!("../assets/icon.svg");

static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let styles = STYLES.iter().map(|(name, bytes)| Asset::new(name, "css", "text/css; charset=utf-8", bytes));
    let modules = MODULES.iter().map(|(name, bytes)| Asset::new(name, "js", "text/javascript; charset=utf-8", bytes));
    let icon = Asset::new("icon", "svg", "image/svg+xml", ICON);
    styles.chain(modules).chain([icon]).collect()
});

impl Asset {
    fn new(name: &'static str, ending: &str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let digest = hex::encode(&Sha256::digest(bytes)[..8]);
        Self { name, file: format!("{name}.{digest}.{ending}"), media_type, bytes }
    }
}

/// The asset of this name in an address.
pub fn find(file: &str) -> Option<&'static Asset> {
    ALL.iter().find(|asset| asset.file == file)
}

/// The address of the style sheet.
pub fn style() -> String {
    address("style", "css")
}

/// The address of the icon in a browser's tab.
pub fn icon() -> String {
    address("icon", "svg")
}

/// The address of a module.
///
/// # Panics
/// Where there is no module of this name, which each page's test would show.
pub fn module(name: &str) -> String {
    address(name, "js")
}

fn address(name: &str, ending: &str) -> String {
    let found = ALL.iter().find(|asset| asset.name == name && asset.file.ends_with(ending));
    #[allow(clippy::panic, reason = "a name in a template that is no file: every test of the page fails")]
    let asset = found.unwrap_or_else(|| panic!("no asset {name}.{ending}"));
    format!("/assets/{}", asset.file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_bytes_that_it_returns() {
        let file = style().strip_prefix("/assets/").unwrap().to_owned();
        let asset = find(&file).unwrap();
        assert_eq!((asset.name, asset.media_type), ("style", "text/css; charset=utf-8"));
        assert!(file.contains(&hex::encode(&Sha256::digest(asset.bytes)[..8])));
        assert!(find("style.css").is_none());
    }

    #[test]
    fn modules_are_short_and_build_no_code_from_text() {
        for (name, bytes) in MODULES {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.lines().count() <= 150, "{name}");
            for wrong in ["innerHTML", "eval(", "new Function", "document.write", "insertAdjacentHTML"] {
                assert!(!text.contains(wrong), "{name}: {wrong}");
            }
        }
    }
}
