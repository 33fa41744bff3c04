//! `[[fields]]` of a contest's file: the questions of its form. A known field needs only its id, and a contest that
//! lists none asks the usual ones.
use serde::Deserialize;

use super::{LengthLimit, Theme, Unit};
use crate::form::{Choice, Field, Kind, Section, id};
use crate::partner::Name;
use crate::text::Limit;

/// A field as written. Missing keys default to [`usual`], or to [`own`] for a contest's own field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldFile {
    id: String,
    label: Option<Name>,
    hint: Option<Name>,
    kind: Option<Kind>,
    section: Option<Section>,
    required: Option<bool>,
    min_chars: Option<u32>,
    max_chars: Option<u32>,
    #[serde(default)]
    choices: Vec<Choice>,
}

/// The fields of a contest. The lengths of title and synopsis, the themes and the units have keys of their own.
pub(super) fn of(
    files: Vec<FieldFile>,
    title: LengthLimit,
    synopsis: LengthLimit,
    themes: &[Theme],
    units: &[Unit],
) -> Vec<Field> {
    let mut fields: Vec<Field> = if files.is_empty() {
        id::KNOWN.into_iter().map(usual).collect()
    } else {
        files.into_iter().map(field).collect()
    };
    for field in &mut fields {
        match field.id.as_str() {
            id::TITLE => field.limit(title),
            id::SYNOPSIS => field.limit(synopsis),
            id::THEME => {
                let choice = |it: &Theme| Choice { id: it.id.clone(), zh: it.zh.clone(), en: it.en.clone() };
                field.choices = themes.iter().map(choice).collect();
            }
            // A suggestion; another unit may be typed.
            id::UNIT if !units.is_empty() => {
                let choice =
                    |it: &Unit| Choice { id: it.id.to_string(), zh: it.name.zh.clone(), en: it.name.en.clone() };
                field.choices = units.iter().map(choice).collect();
            }
            _ => {}
        }
    }
    fields
}

/// What every form must contain: partners receive these texts and declarations, and organisers must be able to reach
/// the entrant.
pub(super) fn check(fields: &[Field]) -> Result<(), String> {
    let find = |id: &str| fields.iter().find(|field| field.id == id);
    for (id, kind) in [
        (id::TITLE, Kind::Line),
        (id::THEME, Kind::Choice),
        (id::NAME, Kind::Line),
        (id::ORIGINALITY, Kind::Declaration),
        (id::RIGHTS, Kind::Declaration),
        (id::AI_USE, Kind::Choice),
    ] {
        let field = find(id).ok_or_else(|| format!("{id} is missing"))?;
        if field.kind != kind {
            return Err(format!("{id} has another kind than it must have"));
        }
        if !field.required && id != id::TITLE {
            return Err(format!("{id} is not required"));
        }
    }
    if find(id::PHONE).is_none() && find(id::EMAIL).is_none() {
        return Err(format!("{} and {} are both missing", id::PHONE, id::EMAIL));
    }
    Ok(())
}

fn field(file: FieldFile) -> Field {
    let base = if id::KNOWN.contains(&file.id.as_str()) { usual(&file.id) } else { own(&file) };
    Field {
        id: file.id,
        label: file.label.unwrap_or(base.label),
        hint: file.hint.or(base.hint),
        kind: file.kind.unwrap_or(base.kind),
        section: file.section.unwrap_or(base.section),
        required: file.required.unwrap_or(base.required),
        min_chars: file.min_chars.unwrap_or(base.min_chars),
        max_chars: file.max_chars.unwrap_or(base.max_chars),
        choices: if file.choices.is_empty() { base.choices } else { file.choices },
    }
}

/// A contest's own field with nothing but an id: a line about the work.
fn own(file: &FieldFile) -> Field {
    let kind = file.kind.unwrap_or(Kind::Line);
    let limit = if kind == Kind::Text { Limit::many(0, 1000) } else { Limit::NAME };
    let section = if kind == Kind::Declaration { Section::Declarations } else { Section::Work };
    let name = || Name { zh: file.id.clone(), en: file.id.clone() };
    blank(&file.id, name(), kind, section).limited(limit)
}

/// A known field with nothing but an id.
fn usual(id: &str) -> Field {
    let name = |zh: &str, en: &str| Name { zh: zh.to_owned(), en: en.to_owned() };
    let new = |zh, en, kind, section| blank(id, name(zh, en), kind, section);
    match id {
        id::TITLE => new("作品名称", "Title of the work", Kind::Line, Section::Work),
        id::THEME => new("征选主题", "Theme", Kind::Choice, Section::Work).required(),
        id::SYNOPSIS => new("作品简介", "Synopsis", Kind::Text, Section::Work),
        id::NAME => new("参选人姓名或单位名称", "Name of the entrant", Kind::Line, Section::Entrant).required(),
        id::ORGANISATION => new("所在单位", "Organisation", Kind::Line, Section::Entrant),
        id::PHONE => new("联系电话", "Telephone", Kind::Phone, Section::Entrant),
        id::EMAIL => new("电子邮箱", "E-mail", Kind::Email, Section::Entrant),
        id::ORIGINALITY => {
            let (zh, en) = ("作品为原创，版权无争议", "The work is original and its rights are undisputed");
            new(zh, en, Kind::Declaration, Section::Declarations).required()
        }
        id::RIGHTS => {
            let zh = "作品不侵犯他人的著作权、肖像权、名誉权、隐私权等权利，同意主办方按征选方案传播";
            let en = "The work infringes no copyright, portrait, reputation or privacy of others, and the organiser may publish it as the call says";
            new(zh, en, Kind::Declaration, Section::Declarations).required()
        }
        id::AI_USE => Field {
            choices: uses_of_ai(),
            ..new("人工智能使用情况", "Use of AI", Kind::Choice, Section::Declarations).required()
        },
        id::AI_NOTE => {
            new("人工智能使用说明", "What AI was used for", Kind::Text, Section::Declarations).limited(Limit::NOTE)
        }
        // The last known field is `UNIT`.
        _ => new("推荐单位", "Recommending organisation", Kind::Line, Section::Entrant),
    }
}

/// The degrees of AI use of GB 45438-2025, with the ids used in packages and feeds.
fn uses_of_ai() -> Vec<Choice> {
    let choice = |id: &str, zh: &str, en: &str| Choice { id: id.to_owned(), zh: zh.to_owned(), en: en.to_owned() };
    vec![
        choice("none", "未使用", "None"),
        choice("assisted", "辅助创作", "It assisted people"),
        choice("generated", "含生成的画面或声音", "It made picture or sound of the work"),
    ]
}

fn blank(id: &str, label: Name, kind: Kind, section: Section) -> Field {
    let id = id.to_owned();
    Field { id, label, hint: None, kind, section, required: false, min_chars: 0, max_chars: 0, choices: Vec::new() }
        .limited(Limit::NAME)
}

impl Field {
    fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn limited(self, limit: Limit) -> Self {
        let chars = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { min_chars: chars(limit.min_chars), max_chars: chars(limit.max_chars), ..self }
    }

    /// A length that has a key of its own in the contest's file. A text that must have characters is required.
    fn limit(&mut self, LengthLimit { min_chars, max_chars }: LengthLimit) {
        (self.min_chars, self.max_chars, self.required) = (min_chars, max_chars, self.required || min_chars > 0);
    }
}
