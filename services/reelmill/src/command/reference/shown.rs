//! The commands and arguments of a command line as the document prints them.
use std::fmt::Write;

use clap::{Arg, Command};

use super::markdown::sentence;

/// A visible command, with its full name.
pub(super) struct Shown<'a> {
    pub(super) name: String,
    pub(super) command: &'a Command,
    pub(super) rows: Vec<Row>,
}

/// One argument as the tables print it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) shown: String,
    pub(super) variable: Option<String>,
    pub(super) default: String,
    pub(super) meaning: String,
    pub(super) flag: bool,
}

/// All visible commands below `command`, each before its own subcommands.
pub(super) fn collect<'a>(command: &'a Command, into: &mut Vec<Shown<'a>>) {
    for command in command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help") {
        let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
        into.push(Shown { name, command, rows: rows(command) });
        collect(command, into);
    }
}

/// In the order of `--help`: operands, options, options under a heading of their own.
fn rows(command: &Command) -> Vec<Row> {
    let ours = |it: &&Arg| !it.is_hide_set() && !["help", "version"].contains(&it.get_id().as_str());
    let mut arguments: Vec<&Arg> = command.get_arguments().filter(ours).collect();
    arguments.sort_by_key(|it| (!it.is_positional(), it.get_help_heading().is_some()));
    arguments.into_iter().map(row).collect()
}

fn row(argument: &Arg) -> Row {
    let short = argument.get_short().filter(|_| argument.get_long().is_some());
    let before = short.map(|short| format!("-{short}, ")).unwrap_or_default();
    let mut meaning = sentence(&argument.get_help().map(ToString::to_string).unwrap_or_default());
    let flag = !argument.get_action().takes_values();
    let values: Vec<String> = argument.get_possible_values().iter().filter(|it| !it.is_hide_set()).map(value).collect();
    if !flag && !values.is_empty() && !argument.is_hide_possible_values_set() {
        let _ = write!(meaning, " Values: {}.", values.join("; "));
    }
    Row {
        shown: format!("{before}{argument}"),
        variable: argument.get_env().map(|name| name.to_string_lossy().into_owned()),
        default: default(argument),
        meaning,
        flag,
    }
}

fn value(value: &clap::builder::PossibleValue) -> String {
    let help = value.get_help().map(|help| format!(" ({})", help.to_string().trim_end_matches('.')));
    format!("`{}`{}", value.get_name(), help.unwrap_or_default())
}

fn default(argument: &Arg) -> String {
    if argument.is_required_set() {
        return "required".to_owned();
    }
    let values: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    match values.join(",") {
        _ if values.is_empty() || argument.is_hide_default_value_set() => String::new(),
        text if text.is_empty() => "empty".to_owned(),
        text => format!("`{text}`"),
    }
}
