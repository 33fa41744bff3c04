//! The frame of every page: this person's navigation, their name, the language switch, and a notice or a problem on
//! top.
use std::sync::Arc;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use pages::{Say, serve};
use pipeline::lang::Lang;
use pipeline::person::Person;
use runtime::problem::Problem;
use runtime::store::sessions::Site;
use runtime::store::tokens::Role;
use uuid::Uuid;

use super::READERS;

/// The item of the main navigation that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the page of that name")]
pub enum Here {
    /// None of them.
    Elsewhere,
    Home,
    Queue,
    Works,
    Deliveries,
    Jobs,
    Trouble,
    Audit,
    People,
    Partners,
    Checks,
}

/// One item of the main navigation.
pub struct Way {
    /// Its address.
    pub href: &'static str,
    /// Its label.
    pub text: &'static str,
    /// Whether this page belongs to it.
    pub here: bool,
}

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

/// The value `shell` of a page's template.
#[derive(Clone)]
pub struct Shell {
    /// The language.
    pub say: Say,
    /// The site where its readers sign in.
    pub site: Site,
    /// The person's name, once they are signed in.
    pub person: Option<String>,
    /// Path and query of the page itself.
    pub path: String,
    /// The time of rendering, by the server's clock.
    pub now: DateTime<Utc>,
    /// What was done, at the top.
    pub notice: Option<String>,
    /// What could not be done.
    pub problem: Option<Said>,
    here: Here,
    roles: Vec<Role>,
}

/// Item, address, roles that may use it, Chinese, English.
#[rustfmt::skip]
const WAYS: [(Here, &str, &[Role], &str, &str); 10] = [
    (Here::Home, "/", &[], "首页", "Home"),
    (Here::Queue, "/queue/screening", &[Role::Screener], "初筛", "Screening"),
    (Here::Works, "/works", READERS, "作品", "Works"),
    (Here::Deliveries, "/deliveries", READERS, "投放", "Deliveries"),
    (Here::Jobs, "/jobs", READERS, "批量任务", "Jobs"),
    (Here::Trouble, "/trouble", READERS, "异常", "Trouble"),
    (Here::Partners, "/partners", READERS, "平台", "Partners"),
    (Here::Audit, "/audit", &[Role::Auditor], "审计", "Audit"),
    (Here::People, "/people", &[Role::Admin, Role::Auditor], "人员", "People"),
    (Here::Checks, "/checks", &[Role::Operator, Role::Auditor], "系统检查", "Checks"),
];

impl Shell {
    /// Before the sign-in.
    pub(crate) fn outside(say: Say, path: impl Into<String>, now: DateTime<Utc>) -> Self {
        let (path, here, roles, site) = (path.into(), Here::Elsewhere, Vec::new(), Site::Console);
        Self { say, site, person: None, path, now, notice: None, problem: None, here, roles }
    }

    /// The same at this site.
    #[must_use]
    pub(crate) fn at(self, site: Site) -> Self {
        Self { site, ..self }
    }

    /// Whether it is a page of staff.
    pub fn is_console(&self) -> bool {
        self.site == Site::Console
    }

    /// For a person.
    pub(crate) fn inside(
        say: Say,
        path: impl Into<String>,
        now: DateTime<Utc>,
        person: &Arc<Person>,
        here: Here,
    ) -> Self {
        let mut roles: Vec<Role> = person.roles.iter().map(|held| held.role).collect();
        roles.dedup();
        Self { person: Some(person.name.clone()), here, roles, ..Self::outside(say, path, now) }
    }

    /// The same with a notice on top.
    #[must_use]
    pub fn noting(self, notice: impl Into<String>) -> Self {
        Self { notice: Some(notice.into()), ..self }
    }

    /// The same with a problem on top.
    #[must_use]
    pub fn with(self, problem: &Problem) -> Self {
        Self { problem: Some(Said::of(problem, self.say.lang)), ..self }
    }

    /// Whether the person holds this role in some contest: each act checks what they may do there.
    pub(crate) fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The navigation items of this person.
    pub fn ways(&self) -> Vec<Way> {
        if self.site == Site::Units {
            return vec![Way {
                href: self.site.home(),
                text: self.say.t("推荐单位", "Recommending units"),
                here: false,
            }];
        }
        let open = |roles: &[Role]| roles.is_empty() || roles.iter().any(|role| self.is(*role));
        let way = |(here, href, _, zh, en): &(Here, &'static str, _, &'static str, &'static str)| Way {
            href,
            text: self.say.t(zh, en),
            here: *here == self.here,
        };
        WAYS.iter().filter(|(_, _, roles, _, _)| open(roles)).map(way).collect()
    }

    /// A key for one form: a form that is sent twice is done once.
    pub fn key(&self) -> Uuid {
        Uuid::new_v4()
    }

    /// The same page in the other language.
    pub fn other_language(&self) -> String {
        serve::switch(self.say.lang.other(), &self.path)
    }
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
    fn of(problem: &Problem, lang: Lang) -> Self {
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
