//! Settings that a partner's method needs and that are missing: checked before the first work is due there.
use anyhow::Result;
use pipeline::id::PartnerId;
use pipeline::partner::{DeliveryMethod, Partner};

use crate::deliver::mrss::access::SECRET_CHARS;
use crate::deliver::sftp_drop::access::Access;
use crate::partner_setting::{partner_setting, variable};
use crate::settings::required;

/// Names of the missing variables, or what is wrong with one. The tokens of an authorised bilibili account are in the
/// database, so they are not checked.
pub fn missing_settings(partner: &Partner) -> Vec<String> {
    missing_in(partner, |name| std::env::var(name).ok())
}

fn missing_in(partner: &Partner, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let setting = |name: &str| partner_setting(&partner.id, name, &read);
    let mut wanted: Vec<&str> = required(partner.method).collect();
    // A receiver of notices must be able to verify them.
    if partner.method == DeliveryMethod::S3Drop && matches!(setting("NOTICE_URL"), Ok(Some(_))) {
        wanted.push("NOTICE_SECRET");
    }
    let missing: Vec<String> =
        wanted.into_iter().filter_map(|name| wrong_with(&partner.id, name, setting(name))).collect();
    if missing.is_empty()
        && partner.method == DeliveryMethod::SftpDrop
        && let Err(error) = Access::from(setting)
    {
        return vec![format!("{error:#}")];
    }
    missing
}

fn wrong_with(partner: &PartnerId, name: &str, value: Result<Option<String>>) -> Option<String> {
    let variable = variable(partner, name);
    match value {
        Err(error) => Some(format!("{variable} ({error:#})")),
        Ok(None) => Some(variable),
        Ok(Some(value)) if name.starts_with("FEED_") && value.trim().len() < SECRET_CHARS => {
            Some(format!("{variable} (shorter than {SECRET_CHARS} characters)"))
        }
        Ok(Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use pipeline::catalogue::Catalogue;

    use super::*;

    fn of(id: &str, set: &[(&str, &str)]) -> Vec<String> {
        let catalogue = Catalogue::builtin();
        let partner = catalogue.partner(&PartnerId::new(id)).expect("a partner");
        missing_in(partner, |name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn what_is_not_set_is_named_by_its_variable_and_what_is_set_is_not() {
        assert_eq!(
            of("tiangong", &[("PARTNER_TIANGONG_S3_ENDPOINT", "http://a"), ("PARTNER_TIANGONG_S3_BUCKET", "b")]),
            ["PARTNER_TIANGONG_S3_ACCESS_KEY_ID", "PARTNER_TIANGONG_S3_SECRET_ACCESS_KEY"]
        );
        let all = [("PARTNER_BILIBILI_CLIENT_ID", "id"), ("PARTNER_BILIBILI_CLIENT_SECRET", "secret")];
        assert_eq!(of("bilibili", &all), Vec::<String>::new());
        assert_eq!(of("bilibili", &all[..1]), ["PARTNER_BILIBILI_CLIENT_SECRET"]);
        assert_eq!(of("weixin_channels", &[]), Vec::<String>::new(), "people need no secret of ours");
    }

    #[test]
    fn a_key_that_is_none_and_a_file_that_is_not_there_are_reported_without_their_text() {
        let set = [
            ("PARTNER_CCTV_SFTP_HOST", "h"),
            ("PARTNER_CCTV_SFTP_USER", "u"),
            ("PARTNER_CCTV_SFTP_KEY", "this is no key"),
            ("PARTNER_CCTV_SFTP_HOST_KEY", "ssh-ed25519 AAAA"),
        ];
        let said = of("cctv", &set);
        assert!(said.len() == 1 && said[0].contains("SFTP_KEY") && !said[0].contains("this is no key"), "{said:?}");
        let said = of("cctv", &[set[0], set[1], set[3], ("PARTNER_CCTV_SFTP_KEY_FILE", "/nowhere/key")]);
        assert!(said.len() == 1 && said[0].starts_with("PARTNER_CCTV_SFTP_KEY (read the file"), "{said:?}");
    }
}
