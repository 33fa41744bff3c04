//! The frame of every page: this person's navigation, their name, the language switch, and a notice or a problem on
//! top.
use std::sync::Arc;

use chrono::{DateTime, Utc};
use pages::{Say, serve};
use pipeline::person::Person;
use runtime::problem::Problem;
use runtime::store::people::sessions::Site;
use runtime::store::people::tokens::Role;
use uuid::Uuid;

use said::Said;
use ways::{ITEMS, Item, Way};

mod said;
mod ways;

pub use ways::Here;

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

impl Shell {
    /// Before the sign-in.
    pub(crate) fn outside(say: Say, path: impl Into<String>, now: DateTime<Utc>) -> Self {
        Self {
            say,
            site: Site::Console,
            person: None,
            path: path.into(),
            now,
            notice: None,
            problem: None,
            here: Here::Elsewhere,
            roles: Vec::new(),
        }
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
        let items = ITEMS.iter().filter(|item| open(item.roles));
        let way =
            |item: &Item| Way { href: item.href, text: self.say.t(item.zh, item.en), here: item.here == self.here };
        items.map(way).collect()
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
