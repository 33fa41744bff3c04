//! The main navigation: its items, and the roles that each is for.
use pipeline::person::Role;

use crate::roles::{AUDITOR, READERS, SCREENER};

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

/// A row of the table of items.
pub(super) struct Item {
    pub(super) here: Here,
    pub(super) href: &'static str,
    /// The roles that may use it; empty: everyone who is signed in.
    pub(super) roles: &'static [Role],
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
}

/// Every item, in order.
#[rustfmt::skip]
pub(super) static ITEMS: [Item; 10] = [
    Item { here: Here::Home, href: "/", roles: &[], zh: "首页", en: "Home" },
    Item { here: Here::Queue, href: "/queue/screening", roles: SCREENER, zh: "初筛", en: "Screening" },
    Item { here: Here::Works, href: "/works", roles: READERS, zh: "作品", en: "Works" },
    Item { here: Here::Deliveries, href: "/deliveries", roles: READERS, zh: "投放", en: "Deliveries" },
    Item { here: Here::Jobs, href: "/jobs", roles: READERS, zh: "批量任务", en: "Jobs" },
    Item { here: Here::Trouble, href: "/trouble", roles: READERS, zh: "异常", en: "Trouble" },
    Item { here: Here::Partners, href: "/partners", roles: READERS, zh: "平台", en: "Partners" },
    Item { here: Here::Audit, href: "/audit", roles: AUDITOR, zh: "审计", en: "Audit" },
    Item { here: Here::People, href: "/people", roles: &[Role::Admin, Role::Auditor], zh: "人员", en: "People" },
    Item { here: Here::Checks, href: "/checks", roles: &[Role::Operator, Role::Auditor], zh: "系统检查", en: "Checks" },
];
