//! The runbook on the admin port: the pages of `deploy/runbook` as they were when this program was built, for readers
//! who have only a link and a browser.
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::pages;

/// One page for each alert, by its name.
#[rustfmt::skip]
const PAGES: [(&str, &str); 31] = [
    ("AuthFailures", include_str!("../../../../deploy/runbook/AuthFailures.md")),
    ("BrokerUnstable", include_str!("../../../../deploy/runbook/BrokerUnstable.md")),
    ("ChildrenKilled", include_str!("../../../../deploy/runbook/ChildrenKilled.md")),
    ("CredentialsEnding", include_str!("../../../../deploy/runbook/CredentialsEnding.md")),
    ("CredentialsRefused", include_str!("../../../../deploy/runbook/CredentialsRefused.md")),
    ("DatabaseSlow", include_str!("../../../../deploy/runbook/DatabaseSlow.md")),
    ("DeadlineAtRisk", include_str!("../../../../deploy/runbook/DeadlineAtRisk.md")),
    ("DeadlineMissed", include_str!("../../../../deploy/runbook/DeadlineMissed.md")),
    ("DeliveriesRefused", include_str!("../../../../deploy/runbook/DeliveriesRefused.md")),
    ("DeliveriesUnknown", include_str!("../../../../deploy/runbook/DeliveriesUnknown.md")),
    ("DeliveryWaits", include_str!("../../../../deploy/runbook/DeliveryWaits.md")),
    ("DiskAlmostFull", include_str!("../../../../deploy/runbook/DiskAlmostFull.md")),
    ("ErrorBudgetBurnsFast", include_str!("../../../../deploy/runbook/ErrorBudgetBurnsFast.md")),
    ("ErrorBudgetBurnsSlowly", include_str!("../../../../deploy/runbook/ErrorBudgetBurnsSlowly.md")),
    ("FiguresStale", include_str!("../../../../deploy/runbook/FiguresStale.md")),
    ("LeasesExpiring", include_str!("../../../../deploy/runbook/LeasesExpiring.md")),
    ("MailsFail", include_str!("../../../../deploy/runbook/MailsFail.md")),
    ("NoProgress", include_str!("../../../../deploy/runbook/NoProgress.md")),
    ("OutboxLag", include_str!("../../../../deploy/runbook/OutboxLag.md")),
    ("Overloaded", include_str!("../../../../deploy/runbook/Overloaded.md")),
    ("PartsParked", include_str!("../../../../deploy/runbook/PartsParked.md")),
    ("QueueOld", include_str!("../../../../deploy/runbook/QueueOld.md")),
    ("RecallOverdue", include_str!("../../../../deploy/runbook/RecallOverdue.md")),
    ("ReelmillDown", include_str!("../../../../deploy/runbook/ReelmillDown.md")),
    ("ScratchAlmostFull", include_str!("../../../../deploy/runbook/ScratchAlmostFull.md")),
    ("SignInsRefused", include_str!("../../../../deploy/runbook/SignInsRefused.md")),
    ("StageStandsStill", include_str!("../../../../deploy/runbook/StageStandsStill.md")),
    ("StuckWork", include_str!("../../../../deploy/runbook/StuckWork.md")),
    ("UploadsDamaged", include_str!("../../../../deploy/runbook/UploadsDamaged.md")),
    ("UploadsHeldOff", include_str!("../../../../deploy/runbook/UploadsHeldOff.md")),
    ("WebhooksGivenUp", include_str!("../../../../deploy/runbook/WebhooksGivenUp.md")),
];

/// The pages' names, each with the sentence about what has happened.
pub(super) async fn list() -> pages::Page {
    let lines = PAGES.iter().map(|(name, text)| {
        let says = text.lines().nth(2).unwrap_or_default();
        format!("<dt><a href=\"/runbook/{name}\">{name}</a></dt>\n<dd>{}</dd>\n", pages::escaped(says))
    });
    let lines: String = lines.collect();
    pages::page(
        "运维手册 Runbook",
        &format!("<p>每个告警一页。<span class=en lang=en>One page for each alert.</span></p>\n<dl>\n{lines}</dl>\n"),
    )
}

/// One page as it is written. Browsers get it as HTML, because many would download Markdown.
pub(super) async fn page(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let name = name.trim_end_matches(".md");
    let Some((name, text)) = PAGES.iter().find(|(page, _)| *page == name) else {
        return (StatusCode::NOT_FOUND, "no alert has this name; /runbook lists them\n").into_response();
    };
    let browser =
        headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).is_some_and(|it| it.contains("text/html"));
    if browser {
        let words = format!("<p><a href=\"/runbook\">运维手册 Runbook</a></p>\n<pre>{}</pre>\n", pages::escaped(text));
        return pages::page(name, &words).into_response();
    }
    ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], *text).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_alert_has_its_page_and_every_page_its_alert() {
        let deploy = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");
        let rules = std::fs::read_to_string(format!("{deploy}/prometheus/rules.yml")).unwrap();
        let behind = |words: &'static str| rules.lines().filter_map(move |line| line.trim().strip_prefix(words));
        let alerts: BTreeSet<String> = behind("- alert: ").map(str::to_owned).collect();
        let linked: BTreeSet<String> =
            behind("runbook_url: ").filter_map(|url| url.rsplit_once('/')).map(|(_, name)| name.to_owned()).collect();
        let written: BTreeSet<String> = std::fs::read_dir(format!("{deploy}/runbook"))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap().trim_end_matches(".md").to_owned())
            .collect();
        let served: BTreeSet<String> = PAGES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert!(alerts.len() > 20, "{alerts:?}");
        assert_eq!(alerts, linked);
        assert_eq!(alerts, written);
        assert_eq!(alerts, served);
    }

    #[test]
    fn every_page_says_what_it_means_where_to_look_and_what_to_do() {
        for (name, text) in PAGES {
            assert!(text.starts_with(&format!("# {name}\n")), "{name}");
            for needed in
                ["## What it means", "**Entrants:**", "**Partners:**", "## Look here", "## Do this", "```console"]
            {
                assert!(text.contains(needed), "{name} has no {needed}");
            }
        }
    }
}
