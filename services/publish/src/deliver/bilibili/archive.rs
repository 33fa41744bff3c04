//! One archive of the account: what the platform shows, and what it means.
use anyhow::Result;
use pipeline::delivery::Receipt;
use serde_json::Value;

use super::client::{self, Call};
use super::platform::Failed;
use crate::deliver::Seen;
use crate::task::Task;

/// The archive with this name.
pub(super) async fn view(task: &Task<'_>, receipt: &Receipt) -> Result<Result<Value, Failed>> {
    let call = Call::get("archive.view", "/arcopen/fn/archive/view").with("resource_id", &receipt.0);
    client::call(task, &call).await
}

/// The meaning of an archive's state: 0 open; −2 returned, −4 locked and −16 failed to transcode are refusals; −100
/// deleted; all others are not public yet.
pub(super) fn seen(archive: &Value, receipt: &Receipt) -> Seen {
    if archive["resource_id"].as_str() != Some(&receipt.0) {
        return Seen::Unsure("the answer is about another work".to_owned());
    }
    let info = &archive["addit_info"];
    let said = [&info["state_desc"], &info["reject_reason"]].map(|text| text.as_str().unwrap_or_default());
    let words = said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("：");
    match info["state"].as_i64() {
        Some(0) => {
            let address = archive["video_info"]["share_url"].as_str().filter(|url| url.starts_with("https://"));
            let address =
                address.map_or_else(|| format!("https://www.bilibili.com/video/{}", receipt.0), str::to_owned);
            Seen::Live(Some(address))
        }
        Some(-2 | -4 | -16) => Seen::Refused(words),
        Some(-100) => Seen::Gone,
        Some(_) => Seen::InReview(words),
        None => Seen::Unsure("the answer has no state".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_archive_is_what_its_state_says_and_of_its_own_name_only() {
        let receipt = Receipt("BV1".to_owned());
        let archive = |id: &str, state: i64| {
            json!({ "resource_id": id, "video_info": { "share_url": "" },
                "addit_info": { "state": state, "state_desc": "打回", "reject_reason": "画面含有水印" } })
        };
        let Seen::Live(Some(address)) = seen(&archive("BV1", 0), &receipt) else { panic!("it is open") };
        assert_eq!(address, "https://www.bilibili.com/video/BV1");
        let Seen::Refused(words) = seen(&archive("BV1", -2), &receipt) else { panic!("it was returned") };
        assert_eq!(words, "打回：画面含有水印");
        assert!(matches!(seen(&archive("BV1", -30), &receipt), Seen::InReview(_)));
        assert!(matches!(seen(&archive("BV1", -100), &receipt), Seen::Gone));
        assert!(matches!(seen(&archive("BV2", 0), &receipt), Seen::Unsure(_)));
        assert!(matches!(seen(&json!({ "resource_id": "BV1" }), &receipt), Seen::Unsure(_)));
    }
}
