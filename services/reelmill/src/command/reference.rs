//! `reelmill reference`: every command, option and variable as Markdown. Commands come from the command line's own
//! definition and partners' settings from `publish`; only variables read without an option are listed here. Its output
//! is deploy/REFERENCE.md.
use std::fmt::Write;

use clap::Command;
use pipeline::partner::DeliveryMethod;
use publish::settings::{self, Otherwise};

use crate::exit::{self, Exit};
use markdown::{cell, code, sentence, table};
use shown::{Row, Shown, collect};

mod markdown;
mod shown;

/// An option with the same text at this many commands is printed once, in a table of its own.
const MANY: usize = 5;
/// Commands that are listed for one variable; if there are more, the first and a number.
const NAMED: usize = 3;

/// Read from the environment without an option: names, default, meaning.
pub(crate) const WITHOUT_OPTION: [(&[&str], &str, &str); 8] = [
    (&["RUST_LOG"], "`info`", "Filter of the log, as the crate `tracing-subscriber` reads it"),
    (&["LOG_FORMAT"], "`text`", "`json` writes each line of the log as a JSON object"),
    (
        &["OTEL_BSP_…", "OTEL_TRACES_SAMPLER…"],
        "",
        "Batches and sampling of traces, as the OpenTelemetry SDK reads them",
    ),
    (&["SSL_CERT_FILE"], "the system's", "PEM file with the root certificates that servers are checked against"),
    (&["XDG_STATE_HOME"], "`~/.local/state`", "Where `reelmill submit` records entries and their uploads"),
    (
        &["LC_ALL", "LC_MESSAGES", "LANG"],
        "",
        "The language that `reelmill submit` asks the server for and writes lists in: Chinese for a value that begins with `zh`, else English",
    ),
    (&["LOGNAME", "USER"], "`command line`", "The name for the audit trail where `REELMILL_AS` is absent"),
    (&["HOME"], "", "Used for the default of `XDG_STATE_HOME`"),
];

/// Prints the document of the command line `cli`.
pub(crate) fn run(cli: Command) -> anyhow::Result<Exit> {
    crate::output::print(&markdown(cli))?;
    Ok(Exit::Done)
}

/// The whole document.
pub(crate) fn markdown(mut cli: Command) -> String {
    // Gives usage lines the names of the commands above them.
    cli.build();
    let mut commands = Vec::new();
    collect(&cli, &mut commands);
    let many = of_many(&commands);
    let sections = [
        "# Reference\n\nWritten by `make reference` from the program itself; do not edit. `reelmill help COMMAND` prints the same for one command."
            .to_owned(),
        format!("## Exit codes\n\n```text\n{}\n```", exit::CODES.trim_start_matches("Exit codes:\n")),
        variables(&commands),
        partners(),
        without_option(),
        options_of_many(&many),
        list(&commands),
    ];
    let each = commands.iter().map(|command| section(command, &many));
    sections.into_iter().chain(each).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// Each variable once, with the text of the first command that reads it.
fn variables(commands: &[Shown]) -> String {
    let mut found: Vec<(&str, &Row, Vec<&str>)> = Vec::new();
    for command in commands {
        for row in &command.rows {
            let Some(variable) = row.variable.as_deref() else { continue };
            match found.iter_mut().find(|(name, ..)| *name == variable) {
                Some((.., readers)) => readers.push(&command.name),
                None => found.push((variable, row, vec![&command.name])),
            }
        }
    }
    let rows = found.into_iter().map(|(variable, row, readers)| {
        let default = if row.flag { "`false`".to_owned() } else { row.default.clone() };
        vec![code(variable), default, readers_of(&readers), row.meaning.clone()]
    });
    let rows = table(&["variable", "default", "option of", "meaning"], rows);
    let intro = "Each is also an option of the commands named here; the option overrides the variable. Other commands that need a setting of \
                 the services, such as `doctor` and `fsck`, read the variable alone.";
    format!("## Variables\n\n{intro}\n\n{rows}")
}

fn readers_of(readers: &[&str]) -> String {
    let names =
        |readers: &[&str]| readers.iter().map(|it| code(it.trim_start_matches("reelmill "))).collect::<Vec<_>>();
    if readers.len() <= NAMED {
        return names(readers).join(", ");
    }
    format!("{} and {} more", names(&readers[..1]).join(", "), readers.len() - 1)
}

fn partners() -> String {
    let all =
        DeliveryMethod::ALL.into_iter().flat_map(|method| settings::of(method).iter().map(move |it| (method, it)));
    let rows = all.map(|(method, setting)| {
        let otherwise = match setting.otherwise {
            Otherwise::Required => "required".to_owned(),
            Otherwise::Default(value) => code(value),
            Otherwise::Absent => String::new(),
        };
        vec![code(method.name()), code(&format!("PARTNER_<ID>_{}", setting.name)), otherwise, sentence(setting.about)]
    });
    let rows = table(&["method", "variable", "default", "meaning"], rows);
    format!(
        "## Variables of partners\n\nRead by the role publish. `<ID>` is the partner's id in the catalogue, in capitals, with `_` for `-`. A \
         variable with `_FILE` after its name may name a file that holds the value.\n\n{rows}"
    )
}

fn without_option() -> String {
    let rows = WITHOUT_OPTION.iter().map(|(names, default, meaning)| {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        vec![names.join(", "), (*default).to_owned(), sentence(meaning)]
    });
    format!("## Variables without an option\n\n{}", table(&["variable", "default", "meaning"], rows))
}

/// Arguments that at least [`MANY`] commands have with the same text, in the order of their first command.
fn of_many(commands: &[Shown]) -> Vec<Row> {
    let all: Vec<&Row> = commands.iter().flat_map(|command| &command.rows).collect();
    let mut many: Vec<Row> = Vec::new();
    for row in &all {
        let alike = all.iter().filter(|it| *it == row).count();
        if alike >= MANY && row.shown.starts_with('-') && !many.contains(row) {
            many.push((*row).clone());
        }
    }
    many
}

fn arguments<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let rows = rows.map(|row| {
        let variable = row.variable.as_deref().map(code).unwrap_or_default();
        vec![code(&row.shown), variable, row.default.clone(), row.meaning.clone()]
    });
    table(&["argument", "variable", "default", "meaning"], rows)
}

fn options_of_many(many: &[Row]) -> String {
    format!("## Options of many commands\n\n{}", arguments(many.iter()))
}

fn list(commands: &[Shown]) -> String {
    let rows = commands.iter().map(|it| vec![code(&it.name), about(it.command)]);
    format!("## Commands\n\n{}", table(&["command", "does"], rows))
}

/// In one sentence.
fn about(command: &Command) -> String {
    sentence(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

/// With all its paragraphs.
fn long_about(command: &Command) -> String {
    let Some(long) = command.get_long_about() else { return about(command) };
    long.to_string().split("\n\n").map(sentence).collect::<Vec<_>>().join("\n\n")
}

fn section(shown: &Shown, many: &[Row]) -> String {
    let mut text = format!("### {}\n\n{}", shown.name, cell(&long_about(shown.command)));
    // A group of commands is not a command by itself.
    if shown.command.is_subcommand_required_set() {
        return text;
    }
    let usage = shown.command.clone().render_usage().to_string();
    let _ = write!(text, "\n\n```text\n{}\n```", usage.trim_start_matches("Usage: "));
    let (common, own): (Vec<&Row>, Vec<&Row>) = shown.rows.iter().partition(|row| many.contains(row));
    if !own.is_empty() {
        let _ = write!(text, "\n\n{}", arguments(own.into_iter()));
    }
    if !common.is_empty() {
        // `-o, --output <FORM>` begins with its short name.
        let long = |row: &&Row| row.shown.split(' ').find(|word| word.starts_with("--")).map(code);
        let names: Vec<String> = common.iter().filter_map(long).collect();
        let _ = write!(text, "\n\n[Options of many commands](#options-of-many-commands): {}.", names.join(", "));
    }
    text
}
