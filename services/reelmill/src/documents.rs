//! Checks the documents: their commands, options, make targets, paths, links and variables exist, the reference is what
//! the program prints, and it contains everything that the program reads.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::command::reference;

mod printed;

/// The front door and the documents beside the code they describe. The reference is compared as a whole.
const DOCUMENTS: [&str; 5] =
    ["README.md", "services/README.md", "deploy/README.md", "deploy/backup/README.md", "bench/RESULTS.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("read {path}: {error}"))
}

/// The text under one heading of the second level.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let (_, rest) = document.split_once(&format!("\n## {heading}\n")).expect("a section of this name");
    rest.split("\n## ").next().expect("its text")
}

/// The text between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    // Blocks of commands begin and end with three of them, so the pairs still match.
    text.split('`').skip(1).step_by(2)
}

/// Lines that a reader types: code between backticks, and each line of a block.
fn typed(text: &str) -> impl Iterator<Item = &str> {
    code(text).flat_map(str::lines).map(|line| line.trim().trim_start_matches("$ "))
}

/// `a/{b,c/d}.rs` is `a/b.rs` and `a/c/d.rs`.
fn expanded(span: &str) -> Vec<String> {
    let Some((before, rest)) = span.split_once('{') else { return vec![span.to_owned()] };
    let Some((inside, after)) = rest.split_once('}') else { return vec![span.to_owned()] };
    let end = |piece: &str| if piece.ends_with('/') || piece.contains(".rs") { "" } else { after }.to_owned();
    inside.split(',').map(|piece| format!("{before}{piece}{}", end(piece))).collect()
}

fn exists(path: &str) -> bool {
    // A path that begins with a crate's folder is in services/.
    let bases = [
        ".",
        "services",
        "services/pipeline",
        "services/pipeline/catalogue",
        "services/pipeline/src",
        "services/runtime/src",
    ];
    let inside = bases.iter().chain(&["services/reelmill/src"]);
    // Created by deploy/secrets.sh.
    path == "deploy/.secrets"
        || inside.map(|base| root().join(base)).any(|base| base.join(path.trim_end_matches('/')).exists())
}

#[test]
fn the_front_door_is_short() {
    assert!(read("README.md").lines().count() <= 120);
}

#[test]
fn every_path_of_the_documents_is_there() {
    let mut paths = BTreeSet::new();
    let architecture = read("services/README.md");
    for heading in ["Code map", "How to add"] {
        let spans = code(section(&architecture, heading))
            .filter(|span| span.contains('/') || span.contains(".rs") || span.contains(".toml"));
        paths.extend(spans.flat_map(expanded));
    }
    let tops = ["services/", "deploy/", "helm/", "tests/", "bench/", "proto/", ".ci/"];
    for document in DOCUMENTS.map(read) {
        paths.extend(code(&document).filter(|span| tops.iter().any(|top| span.starts_with(top))).flat_map(|span| {
            // `cargo nextest …` and the like are commands, but a script may be called with its options.
            expanded(span.split(' ').next().unwrap_or(span))
        }));
    }
    assert!(paths.len() > 50, "{paths:?}");
    let missing: Vec<_> = paths.iter().filter(|path| !exists(path)).collect();
    assert!(missing.is_empty(), "the documents name what is not there: {missing:?}");
}

/// A heading's anchor, as GitHub and GitLab generate it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|it| it.is_alphanumeric() || ['-', '_'].contains(it)).collect()
}

#[test]
fn every_link_of_the_documents_leads_to_a_file_and_a_heading() {
    for document in DOCUMENTS {
        let text = read(document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, heading) =
                target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
            let beside = root().join(document).parent().expect("a folder").join(file);
            let path = if file.is_empty() { root().join(document) } else { beside };
            assert!(path.exists(), "{document}: {target} is not there");
            let Some(heading) = heading else { continue };
            let text = std::fs::read_to_string(path).expect("a document");
            let headings: BTreeSet<String> = text
                .lines()
                .filter(|line| line.starts_with('#'))
                .map(|line| anchor(line.trim_start_matches('#').trim()))
                .collect();
            assert!(headings.contains(heading), "{document}: {target} has no such heading");
        }
    }
}

#[test]
fn the_committed_reference_is_what_the_program_prints() {
    let (committed, printed) = (read("deploy/REFERENCE.md"), reference::markdown(Cli::command()));
    let differs = committed.lines().zip(printed.lines()).find(|(committed, printed)| committed != printed);
    assert!(
        committed == printed,
        "deploy/REFERENCE.md is old; `make reference` writes it. First difference: {differs:#?}"
    );
}

/// All code of the services in one.
fn sources(dir: &Path, into: &mut String) {
    for entry in std::fs::read_dir(dir).expect("a directory of code") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "html")
            // These list what is searched for.
            && !["documents.rs", "reference.rs", "settings.rs"].iter().any(|name| path.ends_with(name))
        {
            into.push_str(&std::fs::read_to_string(&path).expect("code"));
        }
    }
}

/// Words in capitals, as variables are written.
fn is_variable(word: &str) -> bool {
    word.len() > 2 && word.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_')
}

/// The strings that follow `call` in `code`.
fn given<'a>(code: &'a str, call: &str) -> Vec<&'a str> {
    code.split(call).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn variables_of(command: &Command, into: &mut BTreeSet<String>) {
    into.extend(command.get_arguments().filter_map(|it| it.get_env()).map(|name| name.to_string_lossy().into_owned()));
    command.get_subcommands().for_each(|command| variables_of(command, into));
}

#[test]
fn the_reference_has_each_variable_that_the_code_reads_and_no_other() {
    let (mut code_of_services, mut known) = (String::new(), BTreeSet::new());
    sources(&root().join("services"), &mut code_of_services);
    variables_of(&Cli::command(), &mut known);
    let listed = reference::WITHOUT_OPTION.iter().flat_map(|(names, ..)| names.iter().copied());
    known.extend(listed.clone().map(str::to_owned));
    for call in ["env::var(\"", "env::var_os(\""] {
        for name in given(&code_of_services, call) {
            let elsewhere = name.starts_with("TEST_") || name == "PATH";
            assert!(elsewhere || known.contains(name), "the reference says nothing of {name}");
        }
    }
    for name in listed {
        // Those of the SDK, of the subscriber and of the TLS library.
        let by_others = name.starts_with("OTEL_") || ["RUST_LOG", "SSL_CERT_FILE"].contains(&name);
        assert!(by_others || code_of_services.contains(&format!("\"{name}\"")), "nothing reads {name}");
    }
    // And of partners, after PARTNER_<ID>_.
    let all = pipeline::partner::DeliveryMethod::ALL.into_iter().flat_map(publish::settings::of);
    let settings: BTreeSet<&str> = all.map(|setting| setting.name).collect();
    for call in ["secret(\"", "setting(\"", "partner_setting(&self.partner, \"", "address(task, \""] {
        for name in given(&code_of_services, call).into_iter().filter(|name| is_variable(name)) {
            assert!(settings.contains(name), "the reference says nothing of PARTNER_<ID>_{name}");
        }
    }
    for name in settings {
        assert!(code_of_services.contains(&format!("\"{name}\"")), "nothing reads PARTNER_<ID>_{name}");
    }
}

#[test]
fn every_variable_of_the_documents_is_in_the_reference_or_read_by_a_script() {
    let mut known = read("deploy/REFERENCE.md");
    for folder in ["deploy/local", "bench", "deploy/backup", "deploy"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let script =
                path.extension().is_some_and(|extension| ["sh", "py", "yaml"].iter().any(|it| extension == *it));
            if script {
                known.push_str(&std::fs::read_to_string(path).expect("a script"));
            }
        }
    }
    let words: BTreeSet<&str> = known.split(|it: char| !it.is_ascii_alphanumeric() && it != '_').collect();
    for document in DOCUMENTS {
        let text = read(document);
        for name in code(&text).filter(|it| it.contains('_') && is_variable(it)) {
            // A variable of tests is one of the servers' with the prefix TEST_; the chart's and Grafana's own are
            // documented there.
            let named = words.contains(name) || words.contains(name.trim_start_matches("TEST_"));
            let read = named || name == "PROMETHEUS_URL";
            assert!(read, "{document}: nothing reads {name}");
        }
    }
}

#[test]
fn every_command_of_the_documents_is_one_and_has_its_options() {
    let cli = Cli::command();
    for document in DOCUMENTS {
        let text = read(document);
        for line in typed(&text) {
            let Some(rest) = line.strip_prefix("reelmill ").or(line.strip_prefix(".local/reelmill ")) else { continue };
            let rest = rest.split(" #").next().unwrap_or(rest);
            if let Some(wrong) = wrong_in(&cli, rest) {
                panic!("{document}: reelmill {rest}: {wrong}");
            }
        }
    }
}

/// The error in a command line after `reelmill`, if any.
fn wrong_in(cli: &Command, line: &str) -> Option<String> {
    let mut command = cli;
    for word in line.split([' ', '|']) {
        if let Some(option) = word.strip_prefix("--") {
            let option = option.split('=').next().unwrap_or(option);
            let known = command.get_arguments().any(|it| it.get_long() == Some(option)) || option == "help";
            if !known {
                return Some(format!("there is no --{option}"));
            }
        } else if let Some(inner) = command.find_subcommand(word) {
            command = inner;
        }
    }
    let help = line == "help" || line.starts_with("help ");
    (!help && std::ptr::eq(command, cli)).then(|| "there is no such command".to_owned())
}

#[test]
fn every_make_target_of_the_documents_is_one() {
    let makefile = read("Makefile");
    for document in DOCUMENTS {
        let text = read(document);
        for line in typed(&text) {
            let Some(at) = line.find("make ").filter(|at| *at == 0 || !line[..*at].ends_with(char::is_alphanumeric))
            else {
                continue;
            };
            let word = line[at + 5..].split(' ').find(|word| !word.starts_with('-') && !word.contains('='));
            let target = word.unwrap_or_default().trim_end_matches(['…', ')']);
            // A family of targets is written with dots at its end.
            assert!(makefile.contains(&format!("\n{target}")), "{document}: there is no `make {target}`");
        }
    }
}

/// utoipa writes one schema per name, the last one that it finds.
#[test]
fn no_two_schemas_of_the_apis_have_one_name() {
    let mut names = std::collections::BTreeMap::<String, Vec<String>>::new();
    let mut open: Vec<_> = ["desk", "runtime", "upload"].map(|it| root().join("services").join(it).join("src")).into();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|it| it.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for part in text.split("#[derive(").skip(1).filter(|it| it.split(')').next().unwrap().contains("ToSchema")) {
            let word = |before: &str| part.split_once(before).map(|(_, rest)| rest);
            let head = &part[..part.find(['{', ';']).unwrap_or(part.len())];
            let name = match (head.contains("(as = "), word("struct "), word("enum ")) {
                (true, ..) => word("(as = "),
                (_, Some(one), Some(other)) => Some(if one.len() > other.len() { one } else { other }),
                (_, one, other) => one.or(other),
            };
            let name: String = name.unwrap().chars().take_while(|it| it.is_ascii_alphanumeric()).collect();
            names.entry(name).or_default().push(path.display().to_string());
        }
    }
    assert!(names.len() > 50);
    for (name, files) in names {
        assert!(files.len() == 1, "{name} in {files:?}: `#[schema(as = …)]` gives one another name");
    }
}
