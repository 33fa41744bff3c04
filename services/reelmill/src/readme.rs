//! The README is true: its commands, variables, make targets and paths exist, and none of the program's is missing from it.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};

use crate::cli::Cli;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("the README")
}

/// What stands under one heading.
fn section<'a>(readme: &'a str, heading: &str) -> &'a str {
    let (_, rest) = readme.split_once(&format!("\n## {heading}\n")).expect("a section of this name");
    rest.split("\n## ").next().expect("its text")
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    // Blocks of commands begin and end with three of them, so the pairs go on to match.
    text.split('`').skip(1).step_by(2)
}

/// The first cells of a table's rows.
fn first_cells(text: &str) -> impl Iterator<Item = &str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| row.split(" | ").next()).filter(|cell| cell.contains('`'))
}

/// `a/{b,c/d}.rs` is `a/b.rs` and `a/c/d.rs`.
fn expanded(span: &str) -> Vec<String> {
    let Some((before, rest)) = span.split_once('{') else { return vec![span.to_owned()] };
    let Some((inside, after)) = rest.split_once('}') else { return vec![span.to_owned()] };
    let end = |piece: &str| if piece.ends_with('/') || piece.contains(".rs") { "" } else { after }.to_owned();
    inside.split(',').map(|piece| format!("{before}{piece}{}", end(piece))).collect()
}

fn exists(path: &str) -> bool {
    // Where a path begins with a crate's folder, as people call it, it lies in services/.
    let bases = [
        ".",
        "services",
        "services/pipeline",
        "services/pipeline/catalogue",
        "services/pipeline/src",
        "services/runtime/src",
    ];
    let inside = bases.iter().chain(&["services/reelmill/src"]);
    // Made by deploy/secrets.sh.
    path == "deploy/.secrets"
        || inside.map(|base| root().join(base)).any(|base| base.join(path.trim_end_matches('/')).exists())
}

#[test]
fn every_path_of_the_readme_is_there() {
    let readme = readme();
    let mut paths = BTreeSet::new();
    for heading in ["Where things are", "How do I add…"] {
        let spans = code(section(&readme, heading))
            .filter(|span| span.contains('/') || span.contains(".rs") || span.contains(".toml"));
        paths.extend(spans.flat_map(expanded));
    }
    let tops = ["services/", "deploy/", "helm/", "tests/", "bench/", "proto/", ".ci/"];
    paths.extend(code(&readme).filter(|span| tops.iter().any(|top| span.starts_with(top))).flat_map(|span| {
        // `cargo nextest …` and the like are commands, but a script may be called with its options.
        expanded(span.split(' ').next().unwrap_or(span))
    }));
    assert!(paths.len() > 50, "{paths:?}");
    let missing: Vec<_> = paths.iter().filter(|path| !exists(path)).collect();
    assert!(missing.is_empty(), "the README names what is not there: {missing:?}");
}

fn variables_of(command: &Command, into: &mut BTreeSet<String>) {
    let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
    into.extend(shown.filter_map(|argument| argument.get_env()).map(|name| name.to_string_lossy().into_owned()));
    command.get_subcommands().for_each(|command| variables_of(command, into));
}

/// All code of the services in one.
fn sources(dir: &Path, into: &mut String) {
    for entry in std::fs::read_dir(dir).expect("a directory of code") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("readme.rs") {
            into.push_str(&std::fs::read_to_string(&path).expect("code"));
        }
    }
}

/// Words in capitals, as variables are written.
fn is_variable(word: &str) -> bool {
    word.len() > 2 && word.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_')
}

#[test]
fn the_table_of_variables_has_each_that_the_program_reads_and_no_other() {
    let (readme, mut code_of_services, mut options) = (readme(), String::new(), BTreeSet::new());
    sources(&root().join("services"), &mut code_of_services);
    variables_of(&Cli::command(), &mut options);
    let table = section(&readme, "Configuration");
    let told: BTreeSet<&str> = first_cells(table).flat_map(code).collect();
    let missing: Vec<_> = options.iter().filter(|name| !told.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "the README says nothing of {missing:?}");
    // And what the code asks the environment for itself: by a name of ours, or a partner's behind PARTNER_<NAME>_.
    for call in ["env::var(\"", "env::var_os(\""] {
        for name in code_of_services.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
            let elsewhere = name.starts_with("TEST_") || ["HOME", "PATH"].contains(&name);
            assert!(elsewhere || told.contains(name), "the README says nothing of {name}");
        }
    }
    let partners: BTreeSet<&str> =
        told.iter().filter_map(|it| it.strip_prefix("PARTNER_<NAME>_").or(it.strip_prefix("…_"))).collect();
    for call in ["secret(\"", "setting(\"", "partner_setting(&self.partner, \""] {
        for name in code_of_services.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(!is_variable(name) || partners.contains(name), "the README says nothing of PARTNER_<NAME>_{name}");
        }
    }
    for name in told {
        let suffix = name.trim_start_matches("PARTNER_<NAME>").trim_start_matches('…').trim_start_matches('_');
        let read = options.contains(name) || code_of_services.contains(&format!("\"{suffix}\""));
        // The SDK's and the subscriber's own.
        let by_others = name.starts_with("OTEL_BSP") || name.starts_with("OTEL_TRACES") || name == "RUST_LOG";
        assert!(read || by_others, "nothing reads {name}");
    }
}

#[test]
fn the_table_of_commands_has_each_command_and_no_other() {
    let readme = readme();
    let cli = Cli::command();
    let known: BTreeSet<&str> = cli.get_subcommands().filter(|it| !it.is_hide_set()).map(Command::get_name).collect();
    let table = section(&readme, "Command line");
    let told: BTreeSet<&str> = first_cells(table)
        .flat_map(code)
        .filter_map(|span| span.split([' ', '[']).next())
        .filter(|it| !it.is_empty())
        .collect();
    assert_eq!(known, told);
    for span in code(&readme).filter_map(|span| span.strip_prefix("reelmill ")) {
        let command = span.split(' ').next().unwrap_or_default();
        let named = known.contains(command) || command == "help" || command.starts_with(|it: char| it.is_ascii_digit());
        assert!(named, "there is no reelmill {command}");
    }
}

#[test]
fn every_make_target_of_the_readme_is_one() {
    let (readme, makefile) = (readme(), std::fs::read_to_string(root().join("Makefile")).expect("the Makefile"));
    for span in code(&readme) {
        let Some(at) = span.find("make ") else { continue };
        let words = span[at + 5..].split(' ').find(|word| !word.starts_with('-') && !word.contains('='));
        let target = words.unwrap_or_default().trim_end_matches(['…', ')']);
        // A family of targets is written with dots behind it.
        assert!(makefile.contains(&format!("\n{target}")), "there is no `make {target}`");
    }
}
