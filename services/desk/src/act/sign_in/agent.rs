//! Browser and system of a client in short, by which a person recognises their sessions. A program can send any name,
//! so no decision depends on it.

/// Browsers by their names in User-Agent, the more specific first: most also claim to be Chrome and Safari.
const BROWSERS: [(&str, &str); 13] = [
    ("QIHU 360", "360"),
    ("360SE", "360"),
    ("360EE", "360"),
    ("Edg", "Edge"),
    ("MicroMessenger", "WeChat"),
    ("QQBrowser", "QQ Browser"),
    ("HuaweiBrowser", "Huawei Browser"),
    ("MiuiBrowser", "Mi Browser"),
    ("UCBrowser", "UC Browser"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
/// Systems, in the same way.
const SYSTEMS: [(&str, &str); 8] = [
    ("Windows", "Windows"),
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// Such as `Edge, Windows`; `None` if neither is known.
pub(super) fn short(user_agent: &str) -> Option<String> {
    let known = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (known(&BROWSERS), known(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser}, {system}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_what_it_does_not_share_with_others() {
        let check = |agent: &str, known: Option<&str>| assert_eq!(short(agent).as_deref(), known, "{agent}");
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
        check(chrome, Some("Chrome, Windows"));
        check(&format!("{chrome} Edg/126.0.0.0"), Some("Edge, Windows"));
        check(&format!("{chrome} QIHU 360SE"), Some("360, Windows"));
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1",
            Some("Safari, iPhone"),
        );
        check("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", Some("Firefox, Linux"));
        check("curl/8.5.0", None);
    }
}
