//! What the sources of the desk and of the other crates must look like, so that an act exists once: acts and views know no protocol and
//! no command line, no other crate changes anything on a person's behalf, and what calls an act only parses and renders.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Names that acts and views do not use.
const PROTOCOL: [&str; 5] = ["axum", "clap", "http::", "reqwest", "hyper"];

/// Functions of the store by which persons change works, deliveries, jobs, webhooks, tokens and persons.
const CHANGES: &[&str] = &[
    "people::release",
    "people::recall",
    "hold_mezzanine",
    "set_texts",
    "proofs::add",
    ".add_proof(",
    "deliveries::note",
    ".delivery_note(",
    "parts::retry",
    "entrants::withdraw",
    "bulk::begin",
    "bulk::control",
    ".bulk_create(",
    ".bulk_control(",
    "tokens::create",
    "tokens::revoke",
    ".create_token(",
    ".revoke_token(",
    "persons::add",
    "persons::change_roles",
    "persons::end",
    ".add_person(",
    ".change_roles(",
    ".end_person(",
    "invitations::create",
    "invitations::accept",
    "sessions::begin",
    "sessions::end",
    "sessions::renew",
    "sign_in::set",
    "sign_in::use",
    ".add_webhook(",
    ".rotate_webhook(",
    ".remove_webhook(",
    ".resend_webhooks(",
    "held::hold",
    "held::undo",
    "reviews::put_aside",
    ".claim_next(",
    ".claim_card(",
    ".give_back(",
    "webhooks::remove",
    "webhooks::resend",
];

/// Where such a function is called outside the desk: entrants' own acts.
const CALLED: &[(&str, &str)] = &[("upload/src/entries/withdraw.rs", "entrants::withdraw")];

/// Chinese words that are not used, and the one that is: the glossary of `services/README.md`.
const DROPPED: [(&str, &str); 7] = [
    ("审查", "初筛"),
    ("召回", "撤下"),
    ("放行", "发布"),
    ("申报人", "报送人"),
    ("投稿人", "报送人"),
    ("搁置", "停下"),
    ("重新制作", "重新处理"),
];
/// A term of law, which is about something else.
const TERM: &str = "保密审查";

/// Most lines of the median handler and of the median command.
const LINES: usize = 25;

fn services() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every source below a path, a file or a folder, with its text.
fn sources(path: &Path) -> Vec<(PathBuf, String)> {
    if path.is_file() {
        return vec![(path.to_owned(), std::fs::read_to_string(path).unwrap())];
    }
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let source = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|it| it == "rs" || it == "html");
    entries.filter(source).flat_map(|path| sources(&path)).collect()
}

/// The lines that are no comment.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The lengths in lines of functions at the left margin that wait; with `handlers` only those that a path of the API
/// stands above.
fn lengths(text: &str, handlers: bool) -> Vec<usize> {
    let (mut lengths, mut described, mut began) = (Vec::new(), false, None);
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("#[utoipa::path(") {
            described = true;
        } else if line.starts_with("async fn ") || line.starts_with("pub(") && line.contains(" async fn ") {
            began = (described || !handlers).then_some(number);
            described = false;
        } else if line == "}"
            && let Some(first) = began.take()
        {
            lengths.push(number - first + 1);
        }
    }
    lengths
}

fn median(mut lengths: Vec<usize>) -> usize {
    assert!(lengths.len() >= 10, "{lengths:?}");
    lengths.sort_unstable();
    lengths[lengths.len() / 2]
}

#[test]
fn acts_and_views_know_neither_http_nor_the_command_line() {
    let here = services().join("desk/src");
    let mut wrong = Vec::new();
    for part in ["act", "act.rs", "view", "view.rs"] {
        for (path, text) in sources(&here.join(part)) {
            let used = PROTOCOL.into_iter().filter(|name| code(&text).any(|line| line.contains(name)));
            wrong.extend(used.map(|name| format!("{} uses {name}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_but_the_desk_changes_anything_on_a_persons_behalf() {
    let services = services();
    let mut called = BTreeSet::new();
    for name in ["upload", "probe", "transcode", "publish", "reelmill"] {
        for (path, text) in sources(&services.join(name).join("src")) {
            let path = path.strip_prefix(&services).unwrap().display().to_string();
            let changes = CHANGES.iter().filter(|change| code(&text).any(|line| line.contains(**change)));
            called.extend(changes.map(|change| (path.clone(), *change)));
        }
    }
    let expected: BTreeSet<_> = CALLED.iter().map(|(path, change)| ((*path).to_owned(), *change)).collect();
    let (more, less) = (called.difference(&expected), expected.difference(&called));
    assert_eq!(called, expected, "not by an act: {:?}; to be removed from CALLED: {:?}", more, less);
}

#[test]
fn handlers_and_commands_of_acts_only_parse_call_and_render() {
    let handlers = sources(&services().join("desk/src/http"));
    let handlers = median(handlers.iter().flat_map(|(_, text)| lengths(text, true)).collect());
    assert!(handlers <= LINES, "the median handler has {handlers} lines");
    let commands = sources(&services().join("reelmill/src/command"));
    let commands = commands.iter().filter(|(_, text)| text.contains("use desk::act::"));
    let commands = median(commands.flat_map(|(_, text)| lengths(text, false)).collect());
    assert!(commands <= LINES, "the median command has {commands} lines");
}

#[test]
fn one_chinese_word_stands_for_one_thing() {
    let services = services();
    let mut wrong = Vec::new();
    for folder in ["desk/src", "desk/templates", "pages/src", "pages/templates", "runtime/src", "pipeline/src"] {
        for (path, text) in sources(&services.join(folder)) {
            let text = text.replace(TERM, "");
            let words = DROPPED.iter().filter(|(word, _)| code(&text).any(|line| line.contains(word)));
            // This file has to name them.
            let words = words.filter(|_| !path.ends_with("desk/src/structure.rs"));
            wrong.extend(words.map(|(word, instead)| format!("{}: {word}, write {instead}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
