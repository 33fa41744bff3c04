//! A partner's answer: `receipt.json` or `receipt.xml` in the work's folder. An untrusted file: bounded, checked
//! against its work; an error in it changes nothing.
//!
//! Both forms have the same fields: `submission`, `run`, `status` (`accepted`, `ingested`, `published`, `refused`,
//! `recalled`), with `published` an optional `url`, with `refused` a `reason`. Unknown fields are the partner's own.
use std::collections::BTreeMap;

use pipeline::id::SubmissionId;
use reqwest::Url;

use super::receipt_fields::{json_fields, xml_fields};

/// The names that a receipt may have.
pub(crate) const NAMES: [&str; 2] = ["receipt.json", "receipt.xml"];
/// The largest receipt, bytes: a hundred times what one needs.
pub(crate) const MOST_BYTES: usize = 64 * 1024;
/// The longest address, bytes, which is also the limit of browsers.
const URL_BYTES: usize = 2048;
/// Longest stored reason, characters.
const REASON_CHARS: usize = 500;

/// The partner's progress. If two receipts disagree, the later status counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// It has the files.
    Accepted,
    /// They are in its own store.
    Ingested,
    /// The work is public.
    Published {
        /// The address, if given.
        url: Option<String>,
    },
    /// The partner does not accept it.
    Refused {
        /// In its words.
        reason: String,
    },
    /// It removed the work at our request.
    Recalled,
}

/// Parses a receipt about one run of one work. The error says what is wrong with it, for people.
pub(crate) fn read(name: &str, content: &[u8], submission: SubmissionId, run: u32) -> Result<Status, String> {
    if content.len() > MOST_BYTES {
        return Err(format!("{name} has more than {MOST_BYTES} bytes"));
    }
    let text = std::str::from_utf8(content).map_err(|_| format!("{name} is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}');
    let fields = if name.ends_with(".xml") { xml_fields(text) } else { json_fields(text) };
    let fields = fields.map_err(|problem| format!("{name}: {problem}"))?;
    status(&fields, submission, run).map_err(|problem| format!("{name}: {problem}"))
}

fn status(fields: &BTreeMap<String, String>, submission: SubmissionId, run: u32) -> Result<Status, String> {
    let field = |name: &str| fields.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let wanted = |name: &str| field(name).ok_or_else(|| format!("{name} is missing"));
    if wanted("submission")?.parse() != Ok(submission) {
        return Err("it is about another submission".to_owned());
    }
    if wanted("run")?.parse() != Ok(run) {
        return Err("it is about another run".to_owned());
    }
    match wanted("status")? {
        "accepted" => Ok(Status::Accepted),
        "ingested" => Ok(Status::Ingested),
        "published" => Ok(Status::Published { url: field("url").map(address).transpose()? }),
        "refused" => {
            let reason = field("reason").unwrap_or("no reason given");
            let reason = reason.chars().filter(|c| !c.is_control()).take(REASON_CHARS).collect();
            Ok(Status::Refused { reason })
        }
        "recalled" => Ok(Status::Recalled),
        _ => Err("its status is none of accepted, ingested, published, refused, recalled".to_owned()),
    }
}

/// An address that may be shown as a link.
fn address(text: &str) -> Result<String, String> {
    let plain = text.len() <= URL_BYTES && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    let url = Url::parse(text).ok().filter(|url| plain && url.has_host() && url.username().is_empty());
    match url.filter(|url| matches!(url.scheme(), "http" | "https") && url.password().is_none()) {
        Some(url) => Ok(url.to_string()),
        None => Err("its url is no web address".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    const ID: SubmissionId = SubmissionId(Uuid::from_u128(42));

    fn json(fields: Value) -> Result<Status, String> {
        let mut receipt = json!({ "submission": ID, "run": 2 });
        for (name, value) in fields.as_object().unwrap() {
            receipt[name] = value.clone();
        }
        read("receipt.json", receipt.to_string().as_bytes(), ID, 2)
    }

    fn xml(inside: &str) -> Result<Status, String> {
        let text = format!(
            "<?xml version=\"1.0\"?>\n<receipt>\n<submission>{ID}</submission><run>2</run>{inside}</receipt>\n"
        );
        read("receipt.xml", text.as_bytes(), ID, 2)
    }

    #[test]
    fn both_forms_say_the_same() {
        let url = "https://tv.example/v/1?a=1&b=2";
        let published = Status::Published { url: Some(url.into()) };
        assert_eq!(json(json!({ "status": "published", "url": url, "operator": { "id": 7 } })), Ok(published.clone()));
        assert_eq!(
            xml("<status>published</status><url>https://tv.example/v/1?a=1&amp;b=2</url><x><y/></x>"),
            Ok(published)
        );
        let refused = Status::Refused { reason: "音频 <过响>".into() };
        assert_eq!(json(json!({ "status": "refused", "reason": "音频 <过响>\u{0}" })), Ok(refused.clone()));
        assert_eq!(xml("<status>refused</status><reason>音频 <![CDATA[<过响>]]></reason>"), Ok(refused));
        for (word, status) in
            [("accepted", Status::Accepted), ("ingested", Status::Ingested), ("recalled", Status::Recalled)]
        {
            assert_eq!(json(json!({ "status": word, "run": "2" })), Ok(status.clone()));
            assert_eq!(xml(&format!("<status> {word}\n</status>")), Ok(status));
        }
    }

    #[test]
    fn what_is_about_another_work_or_says_nothing_changes_nothing() {
        let other = Uuid::from_u128(43);
        json(json!({ "status": "published", "submission": other })).unwrap_err();
        json(json!({ "status": "published", "run": 1 })).unwrap_err();
        json(json!({ "status": "published", "run": null })).unwrap_err();
        json(json!({ "status": "live" })).unwrap_err();
        json(json!({})).unwrap_err();
        xml("").unwrap_err();
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for url in [
            "javascript:alert(1)",
            "//x",
            "https://",
            "https://u:p@x/",
            "ftp://x/",
            "https://x/ y",
            "file:///etc/passwd",
        ] {
            json(json!({ "status": "published", "url": url })).unwrap_err();
        }
        json(json!({ "status": "published", "url": format!("https://x/{}", "a".repeat(3000)) })).unwrap_err();
        assert_eq!(json(json!({ "status": "published" })), Ok(Status::Published { url: None }));
    }

    #[test]
    fn hostile_files_are_errors() {
        let bomb = format!(
            "<!DOCTYPE r [<!ENTITY a \"{}\"><!ENTITY b \"&a;&a;&a;&a;\">]><receipt><status>&b;</status></receipt>",
            "x".repeat(1000)
        );
        let external = "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><receipt/>";
        let entity = "<receipt><status>&passwd;</status></receipt>";
        let deep = format!("<receipt>{}", "<a>".repeat(10_000));
        let twice = "<receipt></receipt><receipt></receipt>";
        for text in [&*bomb, external, entity, &deep, twice, "", "<receipt>", "<receipt/><", "</receipt>", "<other/>"] {
            read("receipt.xml", text.as_bytes(), ID, 2).unwrap_err();
        }
        for text in ["", "[", "[]", "null", "\"x\"", &"[".repeat(60_000), "{\"submission\":1e999}"] {
            read("receipt.json", text.as_bytes(), ID, 2).unwrap_err();
        }
        read("receipt.json", b"\xff\xfe{}", ID, 2).unwrap_err();
        read("receipt.json", &vec![b' '; MOST_BYTES + 1], ID, 2).unwrap_err();
    }
}
