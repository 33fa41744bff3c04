//! The phrase for each act, for a sentence that starts with the actor's name.

/// An act: its stable name, and what the person did, in Chinese and English.
type Said = (&'static str, &'static str, &'static str);

/// Every act that is recorded in the trail, by its name.
#[rustfmt::skip]
pub const ACTS: [Said; 50] = [
    ("bulk_job_changed", "调整了批量任务", "paused, resumed or cancelled a job"),
    ("bulk_job_created", "发起了批量任务", "started a job of several works"),
    ("contact_read", "查看了报送人的联系方式", "read who entered the work"),
    ("corrected", "更正了填报内容", "corrected the form"),
    ("cure_closed", "提前结束了补正", "closed the window for corrections"),
    ("cure_opened", "开放了补正", "opened a window for corrections"),
    ("delivery_confirmed", "确认了投放", "confirmed the delivery"),
    ("delivery_handed_to_operator", "将投放转为人工办理", "handed the delivery to a person"),
    ("delivery_recall_confirmed", "登记了下架凭据，撤下已证明", "proved that the work was taken down"),
    ("delivery_replace", "要求更换平台上的文件", "ordered a replacement at the partner"),
    ("delivery_unwanted", "要求撤下投放", "ordered the delivery to be taken back"),
    ("delivery_wanted", "要求投放", "ordered the delivery"),
    ("delivery_went_live", "登记了作品已在平台上线", "reported the work online at the partner"),
    ("held", "保全了影片", "put the source on hold"),
    ("key_replaced", "更换了查询链接", "replaced the link of the entry"),
    ("key_revoked", "停用了查询链接", "ended the link of the entry"),
    ("let_go", "解除了影片保全", "ended the hold of the source"),
    ("noted", "为作品写了备注", "wrote a note on the work"),
    ("partner_authorised", "存入了平台账号的令牌", "stored the tokens of an account at a partner"),
    ("password_set", "设置了密码", "set a password"),
    ("person_added", "添加了人员", "added a person"),
    ("person_ended", "停用了人员", "ended a person"),
    ("person_invited", "生成了登录设置链接", "made a sign-in link"),
    ("person_roles_changed", "调整了人员角色", "changed the roles of a person"),
    ("personal_data_removed", "按期删除了报送人的个人信息", "deleted the entrant's personal data when its time was over"),
    ("proof_added", "提交了凭据", "added a proof"),
    ("recall_ordered", "撤下了作品", "recalled the work"),
    ("recalled", "撤下了作品", "recalled the work"),
    ("recovery_codes_made", "生成了恢复码", "made recovery codes"),
    ("released", "发布了作品", "released the work"),
    ("replacing", "要求更换影片", "announced another film"),
    ("reprocess", "要求重新处理作品", "ordered a new run of the work"),
    ("retried", "重试了已停下的任务", "tried parked parts again"),
    ("review_accepted", "初筛通过了作品", "accepted the work in screening"),
    ("review_refused", "初筛未通过作品", "refused the work in screening"),
    ("revoked", "撤下了作品", "took the work out of the contest"),
    ("second_factor_set", "设置了验证器", "set up a second factor"),
    ("session_ended", "结束了登录会话", "ended a session"),
    ("signed_in", "登录了控制台", "signed in"),
    ("texts_set", "修改了投放文字", "changed the texts of a delivery"),
    ("token_created", "创建了接口凭证", "created a token"),
    ("token_revoked", "撤销了接口凭证", "revoked a token"),
    ("unit_work_entered", "为推荐单位报送了作品", "entered a work for a unit"),
    ("unit_work_opened", "为推荐单位打开了作品", "opened a work for a unit"),
    ("webhook_added", "添加了通知地址", "added a webhook"),
    ("webhook_removed", "删除了通知地址", "removed a webhook"),
    ("webhook_resent", "重新发送了通知", "sent notices again"),
    ("webhook_rotated", "更换了通知地址的密钥", "changed the secret of a webhook"),
    ("webhook_tested", "测试了通知地址", "tested a webhook"),
    ("withdrawn", "撤回了作品", "withdrew the work"),
];

/// What the person did, in Chinese and English. An act of a newer release is shown by its name.
pub fn said(act: &str) -> (&str, &str) {
    ACTS.iter().find(|(name, ..)| *name == act).map_or((act, act), |(_, zh, en)| (zh, en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_in_order_and_every_one_that_the_store_names_has_words() {
        assert!(ACTS.is_sorted_by(|a, b| a.0 < b.0));
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let (mut folders, mut named) = (vec![here.join("../runtime/src/store"), here.join("src/act")], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                for rest in text.split("act: \"").skip(1) {
                    let act = rest.split('"').next().unwrap();
                    assert!(ACTS.iter().any(|(name, ..)| *name == act), "{act}, in {}", path.display());
                    named += 1;
                }
            }
        }
        assert!(named >= 8, "{named}");
        assert_eq!(said("unheard_of"), ("unheard_of", "unheard_of"));
    }
}
