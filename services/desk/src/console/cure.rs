//! The page on which a trouble is cured. Lists of what is wrong link to it.
use pages::Say;

use crate::view::trouble::Item;

/// Where to go, and what one does there.
pub(crate) struct Cure {
    pub(crate) href: String,
    pub(crate) text: &'static str,
}

/// For one trouble.
pub(crate) fn cure(item: &Item, say: Say) -> Cure {
    let Some(work) = item.submission else {
        return Cure {
            href: format!("/partners#{}", item.place), text: say.t("查看平台账号", "See the account")
        };
    };
    let at_partner = || format!("/works/{work}/deliveries/{}", item.place);
    let (href, text) = match item.code.as_str() {
        "parked" => (format!("/works/{work}"), say.t("重试", "Try again")),
        "overdue_recall" | "recall_waits" => (at_partner(), say.t("办理撤下", "Take it down")),
        "waits_for_person" => (at_partner(), say.t("办理投放", "Deliver it")),
        "unknown_delivery" | "refused_delivery" => (at_partner(), say.t("查看投放", "See the delivery")),
        _ => (format!("/works/{work}"), say.t("查看作品", "See the work")),
    };
    Cure { href, text }
}
