//! Whether each partner's required secrets are set, checked before the first work is due there.
use pipeline::catalogue::Catalogue;
use pipeline::partner::Partner;

use super::finding::{Finding, Mend};

/// For partners that a contest delivers to.
pub(super) fn secrets(catalogue: &Catalogue) -> Finding {
    judge(catalogue, publish::lacking)
}

fn judge(catalogue: &Catalogue, missing: impl Fn(&Partner) -> Vec<String>) -> Finding {
    const NAME: &str = "partners' secrets";
    const MEND: Mend = Mend {
        zh: "在角色 publish 的环境中设置这些变量（或各加 _FILE 指向文件），再按下面的“平台凭证”授权；在此之前，对这些平台的投放都会失败",
        en: "set these in the environment of the role publish (or each with _FILE to name a file), then authorise the accounts that \"partners' credentials\" below names; until then every delivery there fails",
    };
    let wanted: Vec<&Partner> = catalogue
        .partners
        .values()
        .filter(|partner| catalogue.contests.values().any(|contest| contest.partners.contains(&partner.id)))
        .collect();
    let missing: Vec<String> = wanted
        .iter()
        .map(|partner| (partner, missing(partner)))
        .filter(|(_, missing)| !missing.is_empty())
        .map(|(partner, missing)| format!("{}: {}", partner.id, missing.join(", ")))
        .collect();
    if missing.is_empty() {
        return Finding::good(NAME, format!("of {} partners, all there", wanted.len()));
    }
    // A process with other roles needs none of them.
    Finding::poor(NAME, missing.join("; "), MEND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::desk::view::checks::Health;

    #[test]
    fn each_partner_is_named_with_what_it_lacks() {
        let catalogue = Catalogue::builtin();
        let found = judge(&catalogue, |partner| match partner.id.as_str() {
            "cctv" => vec!["PARTNER_CCTV_SFTP_HOST".into(), "PARTNER_CCTV_SFTP_KEY".into()],
            "tiangong" => vec!["PARTNER_TIANGONG_S3_BUCKET".into()],
            _ => Vec::new(),
        });
        assert_eq!(found.health, Health::Poor);
        assert_eq!(
            found.found,
            "cctv: PARTNER_CCTV_SFTP_HOST, PARTNER_CCTV_SFTP_KEY; tiangong: PARTNER_TIANGONG_S3_BUCKET"
        );
        assert_eq!(judge(&catalogue, |_| Vec::new()).health, Health::Good);
    }
}
