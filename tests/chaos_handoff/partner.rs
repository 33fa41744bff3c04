//! The partners without a platform: one reads its SFTP folders and answers, one pulls the feed and its files.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pipeline::delivery::Observed;
use reqwest::Client;
use serde_json::json;
use uuid::Uuid;

use super::{Chaos, FEED_TOKEN, Row, TV};

/// The partner with the SFTP server reports a complete work as published, or as removed once that is requested.
pub(super) fn answer(chaos: &Chaos, row: &Row) {
    let folder = chaos.sshd.drop_dir().join(row.submission.to_string()).join("1");
    let status = match &row.machine.observed {
        Observed::Recalling { .. } if folder.join("recall.json").exists() => "recalled",
        Observed::InReview { .. } if folder.join(".done").exists() => "published",
        _ => return,
    };
    let receipt = json!({ "submission": row.submission, "run": 1, "status": status }).to_string();
    // Written under another name first; the folder may vanish at any moment, and then there is nothing to answer.
    let whole = folder.join("receipt.tmp");
    if std::fs::write(&whole, receipt).is_ok() {
        let _ = std::fs::rename(&whole, folder.join("receipt.json"));
    }
}

/// Complete folders of a work there. An incomplete folder is an error, unless it is being removed.
pub(super) fn folders(chaos: &Chaos, row: &Row, wrong: &mut Vec<String>) -> usize {
    let of_work = |name: &String| name.starts_with(&row.submission.to_string());
    let there: Vec<String> = chaos.sshd.files().into_keys().filter(of_work).collect();
    let done = there.iter().filter(|name| name.ends_with("/.done")).count();
    let rest = there.iter().filter(|name| !["receipt.json", "recall.json"].iter().any(|it| name.ends_with(it))).count();
    if done == 0 && rest > 0 {
        wrong.push(format!("half a folder at {TV}: {there:?}, {}", row.described()));
    }
    done
}

/// The partner that pulls: it remembers what it has.
#[derive(Default)]
pub(super) struct Puller {
    has: BTreeMap<String, Instant>,
}

/// After this time a person asks the partner about the work it has fetched.
const ASKED_AFTER: Duration = Duration::from_secs(10);

impl Puller {
    /// Whether it has had a work's film long enough for a person to have asked.
    pub(super) fn had(&self, work: Uuid) -> bool {
        let film = |path: &str| path.contains(&work.to_string()) && path.ends_with(".mp4");
        self.has.iter().any(|(path, since)| film(path) && since.elapsed() > ASKED_AFTER)
    }

    /// Reads a worker's feed and fetches what is new. If the worker dies meanwhile, the next call continues.
    pub(super) async fn pull(&mut self, address: &str) {
        let client = Client::new();
        for item in items(address).await {
            let links = item.split("url=\"").skip(1).filter_map(|rest| rest.split('"').next());
            for link in links.map(|link| link.replace("&amp;", "&")) {
                let Ok(mut url) = reqwest::Url::parse(&link) else { continue };
                let file = url.path().to_owned();
                // Links name the worker that wrote the feed; another worker serves them as well.
                let Some((host, port)) = address.split_once(':') else { continue };
                let moved = url.set_host(Some(host)).is_ok() && url.set_port(port.parse().ok()).is_ok();
                if self.has.contains_key(&file) || !moved {
                    continue;
                }
                let Ok(answer) = client.get(url).timeout(Duration::from_secs(5)).send().await else { return };
                if answer.status().is_success() && answer.bytes().await.is_ok() {
                    self.has.insert(file, Instant::now());
                }
            }
        }
    }
}

/// The items of the whole feed, page by page, as text; empty if the worker was just killed.
pub(super) async fn items(address: &str) -> Vec<String> {
    let client = Client::new();
    let (mut next, mut found) = (Some(format!("http://{address}/partners/net/feed.xml")), Vec::new());
    while let Some(url) = next.take() {
        let request = client.get(&url).bearer_auth(FEED_TOKEN).timeout(Duration::from_secs(5));
        let Ok(answer) = request.send().await else { return found };
        let Ok(text) = answer.text().await else { return found };
        found.extend(text.split("<item>").skip(1).map(str::to_owned));
        let link = text.lines().find(|line| line.contains("rel=\"next\""));
        let link = link.and_then(|line| line.split("href=\"").nth(1)?.split('"').next());
        next = link.map(|url| url.replace("&amp;", "&"));
    }
    found
}
