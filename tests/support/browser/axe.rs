//! axe-core in a page: barriers for people who use a screen reader, a keyboard or high contrast. WebDriver runs it, so
//! the content security policy of the page does not apply.
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use super::{Browser, WIDTHS};

/// What is checked: WCAG 2.1, levels A and AA.
const RUN: &str = r#"
    const done = arguments[arguments.length - 1];
    const only = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] };
    const described = ({ id, help, nodes }) => ({ id, help, nodes: nodes.slice(0, 5).map((it) => `${it.target}: ${it.html.slice(0, 160)} ${it.failureSummary}`) });
    axe.run(document, { runOnly: only, resultTypes: ["violations"] })
        .then(({ violations }) => done(violations.map(described)), (error) => done(String(error)));
"#;

impl Browser {
    /// The violations that axe-core finds in the page, and whether the page is in another language than `lang` (`zh` or `en`).
    pub(crate) async fn axe(&self, lang: &str) -> Vec<String> {
        let mut found = Vec::new();
        let tag = self.ask("return document.documentElement.lang").await;
        if !tag.as_str().is_some_and(|tag| tag.starts_with(lang)) {
            found.push(format!("the page is in {tag}, not in {lang}"));
        }
        if self.ask("return typeof axe").await == "undefined" {
            self.ask(source()).await;
        }
        let answer = self.client.execute_async(RUN, Vec::new()).await.expect("run axe-core");
        match answer.as_array() {
            Some(findings) => found.extend(findings.iter().map(|it| format!("axe-core: {it:#}"))),
            None => found.push(format!("axe-core failed: {answer}")),
        }
        found
    }

    /// Checks a page in every variant: Chinese and English, wide and narrow, light and dark. Returns violations found
    /// by axe-core, errors in the console, content that the policy blocked, and pages wider than the window.
    /// Screenshots are written under the name `name`.
    pub(crate) async fn look_at(&self, path: &str, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        for lang in ["zh", "en"] {
            self.speak(lang, path).await;
            found.extend(self.look(lang, name).await);
        }
        found
    }

    /// The same for the open page, which is in this language.
    pub(crate) async fn look(&self, lang: &str, name: &str) -> Vec<String> {
        let (path, mut found) = (self.path().await, BTreeSet::new());
        let status = self.ask("return performance.getEntriesByType('navigation')[0].responseStatus").await;
        if status != 200 {
            found.insert(format!("answered with {status}"));
        }
        found.extend(self.complaints().await);
        for width in WIDTHS {
            self.wide(width).await;
            // Colours do not depend on the width.
            let schemes: &[&str] = if width == WIDTHS[0] { &["dark", "light"] } else { &["light"] };
            for scheme in schemes {
                self.scheme(scheme).await;
                found.extend(self.axe(lang).await);
            }
            let wide = self.ask("return document.documentElement.scrollWidth").await;
            if wide.as_u64().is_none_or(|wide| wide > u64::from(width)) {
                found.insert(format!("{wide} CSS pixels wide in a window of {width}"));
            }
            self.picture(name, lang, width).await;
        }
        self.wide(WIDTHS[0]).await;
        // Discards console lines caused by axe-core.
        self.complaints().await;
        found.into_iter().map(|it| format!("{path} ({lang}): {it}")).collect()
    }

    /// Opens a page in this language; later pages keep it.
    pub(crate) async fn speak(&self, lang: &str, path: &str) {
        let switch = reqwest::Url::parse_with_params(&format!("{}/lang/{lang}", self.base), [("back", path)]);
        let switch = switch.expect("an address").to_string();
        self.open(switch.strip_prefix(&self.base).expect("an address of ours")).await;
        self.arrives(path).await;
    }
}

fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/axe/node_modules/axe-core/axe.min.js");
        let say = "axe-core is not installed; `make test` does it, or type: npm ci --prefix tests/support/axe";
        std::fs::read_to_string(file).expect(say)
    })
}
