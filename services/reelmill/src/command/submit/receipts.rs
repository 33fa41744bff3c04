//! The list at the end: each row of the sheet with its result. For a terminal, for programs, and as a file to print and
//! stamp.
use std::path::Path;

use anyhow::Context;
use desk::export::{Cell, Column, Format as FileFormat, Sheet};
use pipeline::lang::Lang;
use serde::Serialize;

use super::plan::{Before, Next, Row, Why};
use crate::api::{EntryState, language};
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format, OutputArgs, Table};

/// The result of a row, actual or expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    /// It can be entered.
    Ready,
    /// It was begun and will be continued.
    Begun,
    /// The server has its form and its film.
    Entered,
    /// The film was refused.
    Rejected,
    /// The server refused the form.
    FormRefused,
    /// The contest accepts no entries now.
    NotAccepted,
    /// A failure of ours.
    Failed,
    /// The form's rules are broken.
    Wrong,
    /// An earlier row has the same title.
    Repeats,
    /// Probably entered already.
    EnteredBefore,
    /// No file matches.
    NoFile,
    /// Several files match.
    SeveralFiles,
}

impl End {
    fn label(self, lang: Lang) -> &'static str {
        let [zh, en] = match self {
            End::Ready => ["可报送", "ready"],
            End::Begun => ["待续传", "to be resumed"],
            End::Entered => ["已报送", "entered"],
            End::Rejected => ["未通过检查", "rejected"],
            End::FormRefused => ["报名表未通过", "form refused"],
            End::NotAccepted => ["不在报送时间内", "not accepted now"],
            End::Failed => ["未完成", "failed"],
            End::Wrong => ["填写有误", "wrong"],
            End::Repeats => ["与前行重复", "repeats a row"],
            End::EnteredBefore => ["可能已报送", "probably entered already"],
            End::NoFile => ["未找到视频", "no file"],
            End::SeveralFiles => ["视频不能确定", "several files"],
        };
        if lang == Lang::Zh { zh } else { en }
    }

    /// The exit code of a command with this as its worst row.
    fn exit(self) -> Exit {
        match self {
            End::Ready | End::Begun | End::Entered => Exit::Done,
            End::Rejected | End::NotAccepted => Exit::Refused,
            End::Failed => Exit::Failure,
            End::FormRefused | End::Wrong | End::Repeats | End::EnteredBefore | End::NoFile | End::SeveralFiles => {
                Exit::Usage
            }
        }
    }
}

/// One line of the list.
#[derive(Debug, Serialize)]
pub(super) struct Receipt {
    row: u32,
    title: String,
    file: String,
    pub(super) end: End,
    /// The submission, once there is one.
    submission: Option<String>,
    /// Its state at the server.
    state: Option<String>,
    /// A remark for people.
    note: String,
}

impl Receipt {
    /// The line before anything is sent.
    pub(super) fn of(row: &Row) -> Self {
        let lang = language();
        let (end, submission, note) = match &row.next {
            Next::Enter(enter) => (ahead(enter.before), enter.memory.recall().map(|it| it.submission), String::new()),
            Next::Leave(Why::Wrong(wrong)) => {
                let each = wrong.iter().map(|it| format!("{}: {}", it.field, it.text(lang)));
                (End::Wrong, None, each.collect::<Vec<_>>().join("; "))
            }
            Next::Leave(Why::Repeats(earlier)) => (End::Repeats, None, of_row(*earlier, lang)),
            Next::Leave(Why::EnteredBefore(id)) => (End::EnteredBefore, Some(id.clone()), changed(lang)),
            Next::Leave(Why::NoFile(name)) => (End::NoFile, None, expected(name, lang)),
            Next::Leave(Why::SeveralFiles(names)) => (End::SeveralFiles, None, names.join("; ")),
        };
        let (title, file) = (row.title.clone(), row.file.clone());
        Self { row: row.number, title, file, end, submission, state: None, note }
    }

    /// The server has it.
    pub(super) fn takes(&mut self, entry: &EntryState) {
        self.end = if entry.state == "rejected" { End::Rejected } else { End::Entered };
        self.submission = Some(entry.id.clone());
        self.state = Some(entry.state.clone());
        if let Some(reason) = &entry.rejection {
            self.note.clone_from(if language() == Lang::Zh { &reason.zh } else { &reason.en });
        }
    }

    /// It was not entered this time.
    pub(super) fn ends(&mut self, end: End, note: String) {
        (self.end, self.note) = (end, note);
    }
}

fn ahead(before: Before) -> End {
    match before {
        Before::Nothing => End::Ready,
        Before::Begun => End::Begun,
        Before::Entered => End::Entered,
    }
}

fn of_row(earlier: u32, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("与第 {earlier} 行作品名称相同"),
        Lang::En => format!("same title as row {earlier}"),
    }
}

fn expected(name: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("应有文件：{name}"),
        Lang::En => format!("expects the file {name}"),
    }
}

fn changed(lang: Lang) -> String {
    let [zh, en] = ["同名作品已报送，本行内容已变更", "a work of this title was entered; the row has changed since"];
    if lang == Lang::Zh { zh.to_owned() } else { en.to_owned() }
}

/// The whole list for programs.
#[derive(Serialize)]
struct List<'a> {
    unit: &'a str,
    rows: &'a [Receipt],
    /// Videos of the folder that belong to no row.
    unused: &'a [String],
}

/// Prints the list, also writes it to `file`, and returns the exit code: that of the most urgent row.
pub(super) fn give(
    unit: &str,
    receipts: &[Receipt],
    unused: &[String],
    output: OutputArgs,
    file: Option<&Path>,
) -> anyhow::Result<Exit> {
    match output.output {
        Format::Json => output::print_json(&List { unit, rows: receipts, unused })?,
        Format::Table => output::print(&table(receipts).to_string())?,
    }
    if let Some(path) = file {
        let bytes = kind(path)?.write(&sheet(unit, receipts))?;
        std::fs::write(path, bytes).with_context(|| format!("write {}", path.display()))?;
        eprintln!("{} receipts are in {}", receipts.len(), output::plain(&path.display().to_string()));
    }
    let exits = || receipts.iter().map(|receipt| receipt.end.exit());
    let worst = [Exit::Failure, Exit::Usage, Exit::Refused].into_iter().find(|exit| exits().any(|it| it == *exit));
    Ok(worst.unwrap_or(Exit::Done))
}

/// The kind of file for a path, by its extension.
pub(super) fn kind(path: &Path) -> anyhow::Result<FileFormat> {
    let ending = path.extension().and_then(|it| it.to_str()).unwrap_or_default().to_ascii_lowercase();
    let kind = [FileFormat::Xlsx, FileFormat::Csv].into_iter().find(|kind| kind.ending() == ending);
    kind.ok_or_else(|| WrongUsage(format!("{}: the list is written as .xlsx or .csv", path.display())).into())
}

fn table(receipts: &[Receipt]) -> Table {
    let mut table = Table::with_headings(&["ROW", "TITLE", "FILE", "END", "SUBMISSION", "STATE", "NOTE"]);
    for receipt in receipts {
        let Receipt { row, title, file, end, submission, state, note } = receipt;
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        let row = row.to_string();
        let submission = given(submission);
        let state = given(state);
        let cells: [&str; 7] = [&row, title, file, end.label(Lang::En), &submission, &state, note];
        table.row(cells);
    }
    table
}

fn sheet(unit: &str, receipts: &[Receipt]) -> Sheet {
    let lang = language();
    let say = |zh: &'static str, en: &'static str| if lang == Lang::Zh { zh } else { en };
    let columns = [
        (say("行号", "Row"), 6),
        (say("作品名称", "Title"), 30),
        (say("视频文件", "File"), 30),
        (say("状态", "End"), 14),
        (say("作品编号", "Submission"), 38),
        (say("说明", "Note"), 40),
    ];
    let rows = receipts.iter().map(|receipt| {
        let submission = receipt.submission.clone().unwrap_or_default();
        let texts: [&str; 5] = [&receipt.title, &receipt.file, receipt.end.label(lang), &submission, &receipt.note];
        let mut cells = vec![Cell::Number(receipt.row)];
        cells.extend(texts.map(Cell::from));
        cells
    });
    Sheet {
        title: say("报送回执清单", "Receipts").to_owned(),
        subtitle: unit.to_owned(),
        columns: columns.into_iter().map(|(heading, width)| Column::new(heading, width)).collect(),
        rows: rows.collect(),
    }
}
