//! Style sheets and ES modules, embedded. Each address contains a digest of the bytes, so browsers may cache it for
//! ever and fetch a new version at once.
use std::borrow::Cow;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// One file as browsers receive it.
#[derive(Debug)]
pub struct Asset {
    /// Its file name in the source, without the extension.
    pub name: &'static str,
    /// Its name in addresses: `style.0123456789abcdef.css`.
    pub file: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
}

/// Style sheets by their names in the source.
const STYLES: &[(&str, &[u8])] = &[("style", include_bytes!("../assets/style.css"))];
/// Our modules, each after those that it imports.
const MODULES: &[(&str, &str)] = &[
    ("compare", include_str!("../assets/compare.js")),
    ("countdown", include_str!("../assets/countdown.js")),
    ("film", include_str!("../assets/film.js")),
    ("fingerprint", include_str!("../assets/fingerprint.js")),
    ("draft", include_str!("../assets/draft.js")),
    ("live", include_str!("../assets/live.js")),
    ("meter", include_str!("../assets/meter.js")),
    ("open", include_str!("../assets/open.js")),
    ("page", include_str!("../assets/page.js")),
    ("player", include_str!("../assets/player.js")),
    ("queue", include_str!("../assets/queue.js")),
    ("unfinished", include_str!("../assets/unfinished.js")),
    ("dropped", include_str!("../assets/dropped.js")),
    ("watched", include_str!("../assets/watched.js")),
    ("folder", include_str!("../assets/folder.js")),
    ("send", include_str!("../assets/send.js")),
];
/// The one third-party script, as npm installs it. It is not a module: a page loads it as a script before the modules
/// that use it.
const TUS: &[u8] = include_bytes!("../node_modules/tus-js-client/dist/tus.min.js");

const ICON: &[u8] = include_bytes!("../assets/icon.svg");

static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let style = |(name, bytes): &(&'static str, &'static [u8])| {
        Asset::new(name, "css", "text/css; charset=utf-8", Cow::Borrowed(*bytes))
    };
    let mut all: Vec<Asset> = STYLES.iter().map(style).collect();
    all.push(Asset::new("icon", "svg", "image/svg+xml", Cow::Borrowed(ICON)));
    all.push(Asset::new("tus", "js", SCRIPT, Cow::Borrowed(TUS)));
    for (name, text) in MODULES {
        // An import names the file in the source; browsers are sent to the address with its digest.
        let imported = all.iter().filter(|asset| asset.media_type == SCRIPT);
        let text = imported.fold((*text).to_owned(), |text, it| {
            text.replace(&format!("\"./{}.js\"", it.name), &format!("\"./{}\"", it.file))
        });
        let asset = Asset::new(name, "js", SCRIPT, Cow::Owned(text.into_bytes()));
        all.push(asset);
    }
    all
});

const SCRIPT: &str = "text/javascript; charset=utf-8";

impl Asset {
    fn new(name: &'static str, ending: &str, media_type: &'static str, bytes: Cow<'static, [u8]>) -> Self {
        let digest = hex::encode(&Sha256::digest(&bytes)[..8]);
        Self { name, file: format!("{name}.{digest}.{ending}"), media_type, bytes }
    }
}

/// The asset with this name in an address.
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

/// The address of a module, or of `tus`, which is a script.
///
/// # Panics
/// If there is no module with this name. Any test of the page would show it.
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
        assert!(file.contains(&hex::encode(&Sha256::digest(&asset.bytes)[..8])));
        assert!(find("style.css").is_none());
    }

    #[test]
    fn a_module_imports_others_by_addresses_that_exist() {
        let text = |asset: &'static Asset| std::str::from_utf8(&asset.bytes).unwrap();
        let send = find(module("send").strip_prefix("/assets/").unwrap()).unwrap();
        assert!(text(send).contains(&module("fingerprint").replace("/assets", ".")), "by name and digest");
        let modules = ALL.iter().filter(|asset| MODULES.iter().any(|(name, _)| *name == asset.name));
        for asset in modules.filter(|asset| asset.media_type == SCRIPT) {
            for line in text(asset).lines().filter(|line| line.starts_with("import ")) {
                let (_, from) = line.trim_end_matches("\";").rsplit_once("\"./").expect(line);
                assert!(find(from).is_some(), "{}: {line}", asset.name);
            }
        }
    }

    #[test]
    fn modules_are_short_and_build_no_code_from_text() {
        for (name, text) in MODULES {
            assert!(text.lines().count() <= 150, "{name}");
            for wrong in ["innerHTML", "eval(", "new Function", "document.write", "insertAdjacentHTML"] {
                assert!(!text.contains(wrong), "{name}: {wrong}");
            }
        }
    }
}
