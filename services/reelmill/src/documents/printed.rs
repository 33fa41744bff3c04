//! Every command that the program prints for people exists.
use std::collections::BTreeSet;

use clap::CommandFactory;

use super::{root, sources, wrong_in};
use crate::cli::Cli;

/// The end of a command in a text of the program: the end of the text, a punctuation mark, or the continuation of a
/// sentence.
const ENDS: [char; 15] = ['"', '`', '<', '\\', '(', ')', '（', '）', '，', '；', ';', '…', ',', ':', '\n'];

#[test]
fn every_command_that_the_program_prints_is_one_and_has_its_options() {
    let cli = Cli::command();
    let mut code = String::new();
    sources(&root().join("services"), &mut code);
    let mut checked = BTreeSet::new();
    let shown = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    for rest in shown.flat_map(|line| line.split("reelmill ").skip(1)) {
        let line = rest.split(ENDS).next().unwrap_or_default().trim().trim_end_matches(['.', '。']);
        // Not a version, an inserted name, or the name of a connection.
        let is_typed = line.starts_with(|c: char| c.is_ascii_lowercase()) && line != "relay";
        if !is_typed || !checked.insert(line.to_owned()) {
            continue;
        }
        assert_eq!(wrong_in(&cli, line), None, "reelmill {line}");
    }
    assert!(checked.len() > 20, "{checked:?}");
}
