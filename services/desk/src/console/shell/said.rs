//! A problem as a page shows it: with the labels of the form's fields in place of the names that programs use.
use axum::http::StatusCode;
use pipeline::lang::Lang;
use runtime::problem::Problem;

/// A problem as shown on a page.
#[derive(Clone, Debug)]
pub struct Said {
    /// One sentence.
    pub sentence: &'static str,
    /// Its stable code.
    pub code: &'static str,
    /// What exactly is wrong.
    pub detail: Option<String>,
    /// Each wrong field with what is allowed.
    pub fields: Vec<(String, String)>,
    /// The status of its page.
    pub status: StatusCode,
}

/// Fields by their labels in the forms: acts name a wrong field as programs send it.
#[rustfmt::skip]
const FIELDS: &[(&str, &str, &str)] = &[
    ("again", "再次输入", "the same again"), ("at", "时间", "time"), ("code", "验证码", "code"), ("contest", "活动", "contest"),
    ("current", "当前密码", "current password"), ("from", "开始环节", "stage"), ("login", "登录名", "login name"), ("name", "姓名", "name"),
    ("new", "新密码", "new password"), ("note", "备注", "note"), ("partners", "平台", "partners"), ("password", "密码", "password"), ("phrase", "常用理由", "phrase"),
    ("picture", "截图", "picture"), ("reason", "事由", "reason"), ("receipt", "平台编号", "name there"), ("role", "角色", "role"),
    ("seen_at", "查看时间", "when it was seen"), ("state", "状态", "state"), ("tags", "标签", "tags"), ("text", "简介", "description"),
    ("theme", "征选主题", "theme"), ("title", "标题", "title"), ("url", "公开地址", "address"), ("where", "条件", "conditions"), ("words", "理由", "words"),
];

/// The label of a field in forms.
fn label(field: &str, lang: Lang) -> &str {
    let row = FIELDS.iter().find(|(name, _, _)| *name == field);
    row.map_or(field, |(_, zh, en)| if lang == Lang::Zh { *zh } else { *en })
}

/// A detail that begins with a field's name, with the form's label in its place.
fn labelled(detail: &str, lang: Lang) -> String {
    let colon = if lang == Lang::Zh { "：" } else { ": " };
    match detail.split_once(colon) {
        Some((field, allowed)) => format!("{}{colon}{allowed}", label(field, lang)),
        None => detail.to_owned(),
    }
}

impl Said {
    pub(super) fn of(problem: &Problem, lang: Lang) -> Self {
        let row = problem.code.row();
        let of = |zh: &str, en: &str| if lang == Lang::Zh { zh.to_owned() } else { en.to_owned() };
        Self {
            sentence: if lang == Lang::Zh { row.zh } else { row.en },
            code: row.code,
            detail: problem.detail.as_ref().map(|detail| labelled(detail.text(lang), lang)),
            fields: problem.fields.iter().map(|it| (label(&it.field, lang).to_owned(), of(&it.zh, &it.en))).collect(),
            // Every status of the table is one.
            status: StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_called_as_its_form_calls_it() {
        assert_eq!(labelled("reason：须为 1 至 500 个字符", Lang::Zh), "事由：须为 1 至 500 个字符");
        assert_eq!(labelled("seen_at: a Beijing time", Lang::En), "when it was seen: a Beijing time");
        assert_eq!(labelled("current state: live", Lang::En), "current state: live");
        assert_eq!(labelled("当前状态：已上线", Lang::Zh), "当前状态：已上线");
    }
}
