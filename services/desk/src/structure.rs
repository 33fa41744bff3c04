//! Rules for the sources of the desk and of the other crates, so that each act exists once: acts and views know no
//! protocol and no command line, no other crate changes anything on a person's behalf, and the callers of an act only
//! parse and render.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Names that acts and views do not use.
const PROTOCOL: [&str; 5] = ["axum", "clap", "http::", "reqwest", "hyper"];

/// Functions of the store that change something for a person and take no `By`: sign-ins, and the claim of a card. All
/// others are found by their `By`.
const WITHOUT_BY: &[&str] = &[
    "invitations::accept",
    "invitations::create",
    "sessions::begin",
    "sessions::end",
    "sessions::renew",
    "sign_in::set",
    "sign_in::use",
    "held::undo",
    "reviews::put_aside",
    ".claim_next(",
    ".claim_card(",
    ".give_back(",
];

/// The folder of entrants' own acts. They change only their own entry.
const ENTRANTS: &str = "upload/src/act/";

/// Chinese words that are not used, each with its replacement: the glossary of `services/README.md`.
const DROPPED: [(&str, &str); 8] = [
    ("审查", "初筛"),
    ("召回", "撤下"),
    ("放行", "发布"),
    ("申报人", "报送人"),
    ("投稿人", "报送人"),
    ("搁置", "停下"),
    ("重新制作", "重新处理"),
    ("解码错误", "损坏"),
];
/// A legal term with another meaning.
const TERM: &str = "保密审查";

/// The most lines of the median handler and of the median command.
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

/// The lines that are not comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The lengths in lines of the async functions at the left margin; with `handlers`, only those below an API path
/// attribute.
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

/// How a call of each store function looks that takes a `By`, such as `orders::release`. The trail and the history
/// themselves are not acts.
fn changes() -> BTreeSet<String> {
    let mut found: BTreeSet<String> = WITHOUT_BY.iter().map(|it| (*it).to_owned()).collect();
    for (path, text) in sources(&services().join("runtime/src/store")) {
        let module = path.file_stem().unwrap().to_str().unwrap();
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        for function in shipped.split("pub async fn ").skip(1).filter(|_| !["audit", "history"].contains(&module)) {
            let (name, rest) = function.split_at(function.find(['(', '<']).unwrap());
            let given = rest.split(" {\n").next().unwrap();
            if given.contains("by: &By") {
                // A module may re-export what its submodules contain.
                let above = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
                let method = given.contains("&self");
                found.insert(if method { format!(".{name}(") } else { format!("{module}::{name}") });
                found.extend((!method && above != "store").then(|| format!("{above}::{name}")));
            }
        }
    }
    found
}

/// Which of these calls the sources below a folder make, and in which file.
fn called<'a>(folder: &Path, changes: &'a BTreeSet<String>) -> BTreeSet<(String, &'a str)> {
    let mut called = BTreeSet::new();
    for (path, text) in sources(folder) {
        let path = path.strip_prefix(services()).unwrap().display().to_string();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let made = changes.iter().filter(|it| code(text).any(|line| line.contains(it.as_str())));
        called.extend(made.map(|it| (path.clone(), it.as_str())));
    }
    called
}

#[test]
fn nothing_but_the_desk_changes_anything_on_a_persons_behalf() {
    let changes = changes();
    assert!(changes.len() > 30 && changes.contains("orders::release"), "{changes:?}");
    for name in ["upload", "units", "probe", "transcode", "publish", "pages", "reelmill"] {
        let called = called(&services().join(name).join("src"), &changes);
        let elsewhere: Vec<_> = called.iter().filter(|(path, _)| !path.starts_with(ENTRANTS)).collect();
        assert!(elsewhere.is_empty(), "not by an act: {elsewhere:?}");
    }
    let acts = called(&services().join("upload/src/act"), &changes);
    let expected = [
        ("correct.rs", "entrants::correct"),
        ("key.rs", "receipts::change_key"),
        ("link.rs", "receipts::change_key"),
        ("replace.rs", "submissions::apply"),
        ("withdraw.rs", "entrants::withdraw"),
    ];
    assert_eq!(acts, expected.map(|(file, call)| (format!("{ENTRANTS}{file}"), call)).into());
    // A listed name that the desk does not use was renamed.
    let by_desk: BTreeSet<_> = called(&services().join("desk/src"), &changes).into_iter().map(|(_, it)| it).collect();
    let gone: Vec<_> = WITHOUT_BY.iter().filter(|it| !by_desk.contains(*it)).collect();
    assert!(gone.is_empty(), "{gone:?}");
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

/// Whether a text contains a sentence: a word, a blank, and more.
fn is_sentence(text: &str) -> bool {
    let is_word = |it: &str| it.len() > 1 && it.chars().all(|c| c.is_ascii_lowercase());
    text.split([' ', ':', ',']).filter(|it| is_word(it)).count() > 1 || text.split(": ").nth(1).is_some_and(is_word)
}

#[test]
fn what_is_said_about_a_problem_is_said_in_both_languages() {
    let mut wrong = Vec::new();
    for name in ["desk", "upload", "units", "runtime"] {
        for (path, text) in sources(&services().join(name).join("src")) {
            if path.ends_with("tests.rs") || path.ends_with("structure.rs") {
                continue;
            }
            let shipped = text.split("#[cfg(test)]").next().unwrap();
            for call in shipped.split(".about(").skip(1) {
                let literal = call.trim_start_matches("format!(").strip_prefix('"').and_then(|it| it.split('"').next());
                if literal.is_some_and(is_sentence) {
                    wrong.push(format!("{}: {}", path.display(), literal.unwrap_or_default()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "`Detail::new` says it in Chinese and English: {wrong:#?}");
    assert!(is_sentence("reason: 1 to 500 characters") && is_sentence("where, works: one of them"));
    assert!(!is_sentence("{field}: {}") && !is_sentence("stage"));
}
