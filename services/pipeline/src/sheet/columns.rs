//! The columns: those of the contest's form, in its order, between a serial number and the name of the film's file.
use super::title::plain;
use crate::catalogue::Contest;
use crate::form::{Field, Kind, id};
use crate::lang::Lang;

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'c> {
    /// Its content.
    pub holds: Holds<'c>,
}

/// The content of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds<'c> {
    /// A number for people. Not read.
    Number,
    /// Answers to a question of the form.
    Answer(&'c Field),
    /// The name of the film's file, which may be empty if the file has the work's title as its name.
    File,
}

/// Other names that clerks use for a column: sheets are older than forms, and are copied from one contest to the next.
const ALSO: [(&str, &[&str]); 8] = [
    (id::TITLE, &["作品名称", "作品名", "作品标题", "视频名称", "标题", "名称", "title"]),
    (id::THEME, &["主题", "征选主题", "参选主题", "作品主题", "申报主题", "类别", "theme"]),
    (id::SYNOPSIS, &["作品简介", "内容简介", "作品介绍", "简介", "synopsis"]),
    (id::NAME, &["参选人", "报送人", "作者", "作者姓名", "联系人", "联系人姓名", "姓名", "name"]),
    (id::ORGANISATION, &["单位全称", "参选单位", "报送单位", "单位名称", "所在单位", "单位", "organisation"]),
    (id::PHONE, &["联系电话", "联系方式", "手机", "手机号", "手机号码", "电话", "电话号码", "phone"]),
    (id::EMAIL, &["电子邮箱", "电子邮件", "邮箱", "邮箱地址", "email"]),
    (id::AI_USE, &["AI使用", "AI使用情况", "是否使用AI", "人工智能使用情况"]),
];
/// The same for the serial number and the file; the template uses the first one.
const NUMBER: [&str; 4] = ["序号", "编号", "No.", "number"];
const FILE: [&str; 7] = ["视频文件名", "文件名", "文件名称", "视频文件", "作品文件名", "视频文件名称", "file"];

/// The columns of a contest's sheet. There is none for the recommending unit: the sheet belongs to it.
pub fn columns(contest: &Contest) -> Vec<Column<'_>> {
    let answers = contest.fields.iter().filter(|field| field.id != id::UNIT).map(Holds::Answer);
    let all = [Holds::Number].into_iter().chain(answers).chain([Holds::File]);
    all.map(|holds| Column { holds }).collect()
}

impl Column<'_> {
    /// Its name in the template.
    pub fn label(&self, lang: Lang) -> &str {
        match (self.holds, lang) {
            (Holds::Answer(field), Lang::Zh) => &field.label.zh,
            (Holds::Answer(field), Lang::En) => &field.label.en,
            (Holds::Number, Lang::Zh) => NUMBER[0],
            (Holds::Number, Lang::En) => NUMBER[2],
            (Holds::File, Lang::Zh) => FILE[0],
            (Holds::File, Lang::En) => "Name of the video file",
        }
    }

    /// Whether each row needs it.
    pub fn required(&self) -> bool {
        matches!(self.holds, Holds::Answer(field) if field.required)
    }

    /// The choices that the template offers.
    pub fn choices(&self, lang: Lang) -> Vec<&str> {
        let Holds::Answer(field) = self.holds else { return Vec::new() };
        match (field.kind, lang) {
            (Kind::Declaration, Lang::Zh) => vec!["是"],
            (Kind::Declaration, Lang::En) => vec!["yes"],
            _ => field.choices.iter().map(|choice| choice.text(lang)).collect(),
        }
    }

    /// Whether a heading names this column: by its label in either language, or by another usual name. Remarks in
    /// brackets and signs such as an asterisk are ignored.
    pub(crate) fn is_called(&self, heading: &str) -> bool {
        let heading = plain(&unbracketed(heading));
        let also: &[&str] = match self.holds {
            Holds::Number => &NUMBER,
            Holds::File => &FILE,
            Holds::Answer(field) => ALSO.iter().find(|(id, _)| *id == field.id).map_or(&[], |(_, names)| names),
        };
        let labels = [Lang::Zh, Lang::En].map(|lang| self.label(lang));
        !heading.is_empty() && labels.iter().chain(also).any(|name| plain(&unbracketed(name)) == heading)
    }
}

/// A text without the parts in brackets.
fn unbracketed(text: &str) -> String {
    let mut depth = 0_u32;
    let outside = text.chars().filter(|c| match c {
        '(' | '（' | '【' | '[' => {
            depth += 1;
            false
        }
        ')' | '）' | '】' | ']' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0,
    });
    outside.collect()
}

#[cfg(test)]
mod tests;
