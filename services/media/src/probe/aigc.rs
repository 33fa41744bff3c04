//! Finds the AI label (GB 45438-2025) among a file's tags.
use crate::av;
use crate::read::source::Source;

/// The label carries ids and a signature, so it may be longer than other text; beyond this it is no label.
const MAX_LABEL: usize = 8192;

/// The label as found under the key `AIGC`, or, from writers that wrap it, the comment that holds `{"AIGC":{…}}`.
pub(super) fn find(source: &Source) -> Option<String> {
    let tags = av::tags(&source.input, MAX_LABEL, |key| is_label(key) || is_comment(key));
    let plain = tags.iter().find(|(key, value)| is_label(key) && !value.is_empty());
    let wrapped = || tags.iter().find(|(key, value)| is_comment(key) && is_wrapped(value));
    plain.or_else(wrapped).map(|(_, value)| value.clone())
}

fn is_label(key: &str) -> bool {
    key.eq_ignore_ascii_case("AIGC")
}

fn is_comment(key: &str) -> bool {
    ["comment", "description", "synopsis"].iter().any(|name| key.eq_ignore_ascii_case(name))
}

fn is_wrapped(value: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(value)
        .is_ok_and(|json| json.get("AIGC").is_some_and(|label| label.is_object()))
}
