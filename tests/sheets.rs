//! A recommending unit enters forty works: a sheet and a folder, from the command line.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use calamine::{Reader as _, Xlsx};
use pipeline::catalogue::Catalogue;
use pipeline::form::id;
use pipeline::lang::Lang;
use pipeline::sheet::{Holds, columns};
use rust_xlsxwriter::{Format, Workbook};
use serde_json::Value;

use crate::support::crossing::Crossing;
use crate::support::wait::wait_until_true;
use crate::support::{TestPipeline, catalogue, process};

const SOON: Duration = Duration::from_secs(180);
const UNIT: &str = catalogue::UNIT_NAME;
/// Every film has this many bytes.
const FILM_BYTES: usize = 100_000;
/// Valid rows, which can be entered at once.
const RIGHT: usize = 34;

/// One row as a clerk fills it in.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) title: String,
    pub(crate) theme: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) file: &'static str,
}

pub(crate) fn row(title: &str) -> Row {
    Row { title: title.to_owned(), theme: "绿色低碳", phone: "13812345678", file: "" }
}

/// Forty rows: thirty-four valid ones, each with its file in the folder, and six invalid ones.
pub(crate) fn forty(folder: &Path) -> Vec<Row> {
    let film = |name: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("films lie in the folder")).expect("a folder");
        // Not a film, but distinct bytes.
        let bytes: Vec<u8> = name.bytes().chain(*b"\n").cycle().take(FILM_BYTES).collect();
        std::fs::write(path, bytes).expect("write a film");
    };
    let mut rows: Vec<Row> = (1..=30).map(|number| row(&format!("第{number:02}号车间的故事"))).collect();
    for (row, number) in rows.iter().zip(1..) {
        // A folder as a network drive holds it after thirty people have named the files.
        film(&match number % 5 {
            0 => format!("{number:02}-《{}》+张三+13812345678.mp4", row.title),
            1 => format!("{} 最终版.MP4", row.title),
            2 => format!("{}/成片.mov", row.title),
            3 => format!("二批/{}（1）.mp4", row.title.replace("车间", "车 间")),
            _ => format!("{}.mp4", row.title),
        });
    }
    rows.extend([row("早晨"), row("早晨的工厂"), Row { file: "DJI_0042.MP4", ..row("航拍") }, row("ＡＩ“智”造")]);
    for name in ["早晨.mp4", "早晨的工厂_终.mp4", "DJI_0042.MP4", "ai智造.mp4"] {
        film(name);
    }
    assert_eq!(rows.len(), RIGHT);
    rows.push(Row { theme: "太空", ..row("主题不对") });
    rows.push(Row { phone: "1.38E+10", ..row("电话不对") });
    rows.push(row("《第01号车间的故事》"));
    rows.push(row("没有视频"));
    rows.push(row("两个视频"));
    rows.push(row(""));
    for name in ["主题不对.mp4", "电话不对.mp4", "两个视频A.mp4", "两个视频B.mp4", "没有视频-承诺书.pdf", "旅游.mp4"]
    {
        film(name);
    }
    rows
}

/// The sheet as a file, below a title that is merged over all columns, with a signature under it.
pub(crate) fn write(rows: &[Row], path: &Path) {
    let catalogue = Catalogue::builtin();
    // The test's contest asks the same questions.
    let columns = columns(&catalogue.contests[&Catalogue::DEMO.into()]);
    let mut workbook = Workbook::new();
    let page = workbook.add_worksheet();
    let last = columns.len() as u16 - 1;
    page.merge_range(0, 0, 0, last, "短视频征选活动推荐汇总表", &Format::new()).expect("a title");
    for (column, place) in columns.iter().zip(0..) {
        page.write(1, place, column.label(Lang::Zh)).expect("a heading");
        for (row, line) in rows.iter().zip(2_u32..) {
            let text = match column.holds {
                Holds::Number => "",
                Holds::File => row.file,
                Holds::Answer(field) => match field.id.as_str() {
                    id::TITLE => row.title.as_str(),
                    id::THEME => row.theme,
                    id::NAME => "张三",
                    id::ORIGINALITY | id::RIGHTS => "是",
                    id::AI_USE => "未使用",
                    // Most clerks' phones are numbers to Excel.
                    id::PHONE if row.phone.bytes().all(|byte| byte.is_ascii_digit()) => {
                        page.write(line, place, row.phone.parse::<f64>().expect("digits")).expect("a number");
                        continue;
                    }
                    id::PHONE => row.phone,
                    _ => "",
                },
            };
            if !text.is_empty() {
                page.write(line, place, text).expect("a cell");
            }
        }
    }
    page.write(rows.len() as u32 + 3, 1, "填表人：李四").expect("a signature");
    workbook.save(path).expect("save the sheet");
}

/// The command, and how often each outcome is in its list.
struct Unit {
    sheet: PathBuf,
    folder: PathBuf,
}

impl Unit {
    fn args<'a>(&'a self, server: &'a str) -> Vec<&'a str> {
        let path = |path: &'a Path| path.to_str().expect("a path of plain text");
        let (sheet, folder) = (path(&self.sheet), path(&self.folder));
        let what = ["submit", "--sheet", sheet, "--dir", folder, "--unit", UNIT, "--contest", catalogue::CONTEST];
        [&what[..], &["--server", server, "--output", "json"]].concat()
    }
}

/// Removes what the command has stored about rows whose film the server does not have yet.
fn forget_what_is_unfinished(dir: &Path) {
    let mut forgotten = 0;
    for file in std::fs::read_dir(dir).expect("what is remembered").map(|entry| entry.expect("a file").path()) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if serde_json::from_str::<Value>(&text).is_ok_and(|entry| entry["uploaded"] == false) {
            std::fs::remove_file(&file).expect("forget it");
            forgotten += 1;
        }
    }
    assert_eq!(forgotten, 1, "one row was on its way");
}

fn ends(list: &Value) -> BTreeMap<&str, usize> {
    let mut ends = BTreeMap::new();
    for row in list["rows"].as_array().expect("rows") {
        *ends.entry(row["end"].as_str().expect("an end")).or_default() += 1;
    }
    ends
}

fn submissions(list: &Value) -> BTreeSet<&str> {
    let rows = list["rows"].as_array().expect("rows");
    rows.iter().filter(|row| row["end"] == "entered").filter_map(|row| row["submission"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_works_are_entered_once_whatever_interrupts_it() {
    // Within the tenth film, as each row sends its film and at most 8 KB besides.
    const HANGS_AT: u64 = 985_000;
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("upload", &["upload"]).await;
    let line = Crossing::to(&[service.api_address().expect("the address of the API")], &[]).await;
    let server = format!("http://{}", line.address());
    let unit = Unit { sheet: pipeline.dir().join("汇总表.xlsx"), folder: pipeline.dir().join("网盘") };
    let rows = forty(&unit.folder);
    write(&rows, &unit.sheet);
    let left: [(&str, usize); 5] =
        [("no_file", 1), ("repeats", 1), ("several_files", 1), ("wrong", 3), ("ready", RIGHT)];

    let dry = pipeline.command(&[&unit.args(&server)[..], &["--dry-run"]].concat()).await.exits(2);
    assert_eq!(ends(&dry.json()), BTreeMap::from(left));
    assert!(dry.stdout.contains("expects the file 没有视频.mp4"), "{}", dry.stdout);
    assert_eq!(dry.json()["unused"], serde_json::json!(["旅游.mp4"]), "{}", dry.stderr);
    assert_eq!(pipeline.truth.count("select count(*) from submissions").await, 0, "nothing is sent");

    // The connection hangs during the tenth film; then the command is killed with SIGKILL.
    line.stall_at(Some(HANGS_AT));
    let mut first = pipeline.start_command(&unit.args(&server));
    wait_until_true("the line hangs", SOON, async || line.passed() >= HANGS_AT).await;
    first.kill().await.expect("kill the submit");
    line.stall_at(None);
    // As if it had been killed before storing the server's answer: the server recognises the form by its key.
    forget_what_is_unfinished(&pipeline.dir().join("state/reelmill/submit"));
    let begun = pipeline.truth.count("select count(*) from submissions").await;
    assert_eq!(begun, 10, "submissions when the command was killed");

    let receipts = pipeline.dir().join("回执.xlsx");
    let with_list = [&unit.args(&server)[..], &["--receipts", receipts.to_str().expect("a path")]].concat();
    let done = pipeline.command(&with_list).await.exits(2);
    let entered = [left[0], left[1], left[2], left[3], ("entered", RIGHT)];
    assert_eq!(ends(&done.json()), BTreeMap::from(entered), "{}", done.stderr);
    assert_eq!(pipeline.truth.count("select count(*) from submissions").await, RIGHT as i64);
    let titles = "select count(distinct title) from submissions where recommending_unit = '某省工业和信息化厅'";
    assert_eq!(pipeline.truth.count(titles).await, RIGHT as i64);
    assert_eq!(pipeline.truth.count("select count(distinct mezzanine_sha256) from submissions").await, RIGHT as i64);
    let bytes = std::fs::read(&receipts).expect("the list of receipts");
    let mut list = Xlsx::new(std::io::Cursor::new(bytes)).expect("a spreadsheet");
    let page = list.worksheets().remove(0).1;
    assert_eq!(page.height(), 1 + rows.len());

    // The same command again: each work is found, and a row that changed since is left to a person.
    let again = pipeline.command(&unit.args(&server)).await.exits(2);
    assert_eq!(submissions(&again.json()), submissions(&done.json()));
    let mut changed = rows.clone();
    changed[0].phone = "13900000000";
    write(&changed, &unit.sheet);
    let again = pipeline.command(&unit.args(&server)).await.exits(2);
    assert_eq!(ends(&again.json())["entered_before"], 1, "{}", again.stderr);
    assert_eq!(pipeline.truth.count("select count(*) from submissions").await, RIGHT as i64);
}

/// A directory and an environment without servers.
fn alone() -> (tempfile::TempDir, BTreeMap<String, String>) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let env = [
        ("SCRATCH_DIR", path("scratch")),
        ("XDG_STATE_HOME", path("state")),
        ("REELMILL_ALLOW_MISSING_LANDLOCK", "true".to_owned()),
    ];
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    std::fs::create_dir(dir.path().join("films")).expect("a folder");
    (dir, env)
}

/// Runs a dry run of the demo with this file as its sheet.
async fn dry_run(dir: &Path, env: &BTreeMap<String, String>, name: &str, bytes: &[u8]) -> process::Ran {
    let (sheet, films) = (dir.join(name), dir.join("films"));
    std::fs::write(&sheet, bytes).expect("write a sheet");
    let [sheet, films] = [&sheet, &films].map(|path| path.to_str().expect("a path of plain text"));
    let args = ["submit", "--sheet", sheet, "--dir", films, "--unit", UNIT, "--contest", "demo", "--dry-run"];
    process::run(&args, env).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_sheet_is_refused_with_a_code_and_a_sentence_in_both_languages() {
    let (dir, env) = alone();
    let million = "x\n".repeat(1_000_000);
    let wrong: [(&[u8], &str, &str); 5] = [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet_old_format", ".xls"),
        (b"\0\0\0\x18ftypmp42", "sheet_unknown_format", ".csv"),
        (million.as_bytes(), "sheet_too_many_rows", "2000"),
        ("甲,乙\n1,2".as_bytes(), "sheet_no_headings", "模板"),
        ("作品名称,征选主题,联系电话\n".as_bytes(), "sheet_no_works", "没有作品"),
    ];
    for (bytes, code, said) in wrong {
        let refused = dry_run(dir.path(), &env, "汇总表.xlsx", bytes).await.exits(3);
        assert!(refused.stderr.contains(code) && refused.stderr.contains(said), "{code}: {}", refused.stderr);
    }
    let template = dir.path().join("模板.xlsx");
    let args = ["submit", "--contest", "demo", "--template", template.to_str().expect("a path")];
    process::run(&args, &env).await.exits(0);
    let empty = std::fs::read(&template).expect("the template");
    let refused = dry_run(dir.path(), &env, "汇总表.xlsx", &empty).await.exits(3);
    assert!(refused.stderr.contains("sheet_no_works"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_lies_is_not_believed_and_one_that_crashes_has_met_a_damaged_sheet() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, mut env) = alone();
    let program = dir.path().join("child");
    env.insert("REELMILL_CHILD_EXE".to_owned(), program.display().to_string());
    let cell = |text: &str| format!(r#"{{"sheets":[{{"name":"","rows":[{{"number":1,"cells":["{text}"]}}]}}]}}"#);
    let wide = cell(&vec!["x"; 65].join("\",\""));
    let lies = [
        (r#"echo '{"done":{"read":{"sheets":[]}}}'"#.to_owned(), 1, "does not fit"),
        (format!(r#"echo '{{"done":{{"read":{wide}}}}}'"#), 1, "does not fit"),
        (format!(r#"echo '{{"done":{{"read":{}}}}}'"#, cell(&"x".repeat(4001))), 1, "does not fit"),
        (format!(r#"printf '%s\n' '{{"done":{{"read":{}}}}}'"#, cell("\\u001b[2J")), 3, "sheet_damaged"),
        (r#"echo '{"done":7}'"#.to_owned(), 3, "sheet_damaged"),
        (r#"echo '{"rejected":{"code":"no_video"}}'"#.to_owned(), 3, "sheet_damaged"),
        ("kill -SEGV $$".to_owned(), 3, "sheet_damaged"),
        (r#"echo '{"failed":"the disk is full"}'"#.to_owned(), 1, "the disk is full"),
    ];
    for (lie, code, said) in lies {
        std::fs::write(&program, format!("#!/bin/sh\ncat >/dev/null\n{lie}\n")).expect("write the liar");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("make it a program");
        let ran = dry_run(dir.path(), &env, "汇总表.csv", b"a,b").await.exits(code);
        assert!(ran.stderr.contains(said), "{lie}: {}", ran.stderr);
    }
}
