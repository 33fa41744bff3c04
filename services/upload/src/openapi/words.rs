//! The document's words in Chinese, beside the English that stands at each handler: organisers read the one, programs' authors the
//! other. Each summary carries both, and `x-summary` has them apart.
use serde_json::json;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};

/// What the API is for.
const DESCRIPTION: &str = "投稿：先 POST 推荐表，再按 tus 1.0.0（https://tus.io/protocols/resumable-upload）把影片传到应答给出的地址，并带上应答中的凭证。\
    出错时返回 application/problem+json，其中 `code` 固定不变，文字按 Accept-Language 用中文或英文。主办方人员另有凭证\
    （`reelmill token create`）；`x-roles` 说明哪些角色可以使用，`x-entrant` 说明投稿人自己的凭证是否可以。凡有改动的请求须带 \
    Idempotency-Key：24 小时内重复的请求得到与第一次相同的应答，并标有 `Idempotent-Replayed`。";

/// The tags.
const TAGS: [(&str, &str); 4] =
    [("entries", "推荐表"), ("tus", "影片上传"), ("desk", "主办方，按角色"), ("service", "关于本服务")];

/// Every operation.
#[rustfmt::skip]
const OPERATIONS: [(&str, &str, &str); 46] = [
    ("get", "/", "首页：这里有什么、在哪里。"),
    ("get", "/api/v1/docs", "每个地址、做什么、谁可以用。"),
    ("get", "/api/v1/openapi.json", "本接口说明，供程序使用。"),

    ("post", "/api/v1/submissions", "提交作品。"),
    ("get", "/api/v1/submissions/{id}", "查询作品进展。"),
    ("delete", "/api/v1/submissions/{id}", "撤回作品。重复撤回视为已完成。"),

    ("options", "/files", "查询上传协议的版本、扩展与上限；不需要版本头和凭证。"),
    ("post", "/files", "为凭证所属的作品新建上传。截止时间以此刻为准，之后可以继续传完。"),
    ("head", "/files/{id}", "查询上传的位置、长度、元数据与有效期。"),
    ("patch", "/files/{id}", "从 `Upload-Offset` 处续传。"),
    ("delete", "/files/{id}", "放弃未完成的上传。已传完的属于作品，请撤回作品。"),

    ("get", "/api/v1/submissions", "列出作品，新的在前。"),
    ("get", "/api/v1/parked", "列出多次失败而搁置的任务，按作品，新的在前。"),
    ("get", "/api/v1/submissions/{id}/history", "作品经历，旧的在前；过长时只给最新一千行。"),
    ("get", "/api/v1/submissions/{id}/verdict", "审查结论：每条规则的实测值与要求。"),
    ("get", "/api/v1/submissions/{id}/media-info", "影片的检测结果。"),
    ("get", "/api/v1/submissions/{id}/preview", "审查前可看的预览，检测时生成。"),
    ("get", "/api/v1/submissions/{id}/preview/{file}", "预览文件：`proxy.mp4`、`storyboard.jpg` 或 `storyboard.vtt`。可请求一个字节范围。"),
    ("get", "/api/v1/submissions/{id}/renditions", "当前有效的成片，即各平台所得。"),
    ("get", "/api/v1/submissions/{id}/parts", "作品的各项任务，逐轮列出。"),
    ("get", "/api/v1/submissions/{id}/deliveries", "作品在各平台的投放情况。"),
    ("get", "/api/v1/submissions/{id}/exchanges", "就该作品与各平台的往来记录，旧的在前；过多时只给最新一千条。"),
    ("get", "/api/v1/submissions/{id}/contact", "投稿人是谁、如何联系。"),
    ("post", "/api/v1/submissions/{id}/review", "通过或退回待审查的作品。"),
    ("post", "/api/v1/submissions/{id}/release", "放行完成的作品给各平台，或再增加平台。"),
    ("post", "/api/v1/submissions/{id}/recall", "从已有或可能已有该作品的全部或部分平台召回。此后保留原片。"),
    ("post", "/api/v1/submissions/{id}/reprocess", "重新制作一件作品。新成片通过质检之前，现有成片继续有效。"),
    ("get", "/api/v1/jobs", "列出批量任务，新的在前，并给出各状态的作品数。"),
    ("post", "/api/v1/jobs", "对选中的全部作品重新制作，作为一项批量任务：每次少量，让新投稿优先。"),
    ("get", "/api/v1/jobs/{job}/works", "列出一项批量任务的作品，按投稿时间，每页一千件。"),
    ("post", "/api/v1/jobs/{job}/order", "暂停、继续或取消一项批量任务。"),
    ("put", "/api/v1/submissions/{id}/deliveries/{partner}/texts", "为某个平台另写标题、简介或标签，对之后的投放有效。"),
    ("post", "/api/v1/submissions/{id}/retry", "让搁置和等待中的任务再试五次。"),
    ("post", "/api/v1/submissions/{id}/deliveries/{partner}/delivered", "报告作品已由人工投放到平台，以及在哪里可以看到。"),
    ("post", "/api/v1/submissions/{id}/deliveries/{partner}/recalled", "证明作品已由人工下架。系统查看公开地址之后才算数。"),
    ("get", "/api/v1/submissions/{id}/proofs", "人工在各平台所见的凭据，旧的在前。"),
    ("post", "/api/v1/submissions/{id}/deliveries/{partner}/confirm", "确认发布：平台规则不允许由机器决定。"),

    ("get", "/api/v1/partners", "列出合作平台。"),
    ("get", "/api/v1/audit", "查看审计记录，新的在前。只限一项活动的凭证，只见该活动的作品。"),
    ("get", "/api/v1/tokens", "列出凭证，新的在前，包括已失效的。"),
    ("post", "/api/v1/tokens", "新建凭证。只限一项活动的人，所建凭证也只限该活动。"),
    ("delete", "/api/v1/tokens/{token}", "吊销凭证，从下一个请求起无效。重复吊销没有影响。"),
    ("get", "/api/v1/webhooks", "列出变更通知的接收地址，旧的在前。只限一项活动的凭证，只见该活动的。"),
    ("get", "/api/v1/webhooks/{webhook}/messages", "一个地址的最新通知，新的在前，含每次尝试。"),
    ("post", "/api/v1/webhooks/{webhook}/resend", "以原编号重新发送一条通知，或全部未送达的。"),
    ("delete", "/api/v1/webhooks/{webhook}", "不再通知该地址，并删除其密钥。"),
];

/// Puts the Chinese before the English.
pub(super) struct Words;

impl Modify for Words {
    fn modify(&self, document: &mut OpenApi) {
        let english = document.info.description.take().unwrap_or_default();
        document.info.description = Some(format!("{DESCRIPTION}\n\n{english}"));
        for tag in document.tags.iter_mut().flatten() {
            if let Some((_, zh)) = TAGS.iter().find(|(name, _)| *name == tag.name) {
                let english = tag.description.take().unwrap_or_default();
                tag.description = Some(format!("{zh} {english}"));
            }
        }
        for (method, path, zh) in OPERATIONS {
            if let Some(operation) = document.paths.paths.get_mut(path).and_then(|item| operation(item, method)) {
                let en = operation.summary.take().unwrap_or_default();
                operation.summary = Some(format!("{zh} {en}"));
                let apart = Extensions::builder().add("x-summary", json!({ "zh": zh, "en": en })).build();
                operation.extensions.get_or_insert_default().merge(apart);
            }
        }
    }
}

/// The operation of a path that has this method, in small letters.
pub(super) fn operation<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    let operation = match method {
        "get" => &mut item.get,
        "put" => &mut item.put,
        "post" => &mut item.post,
        "delete" => &mut item.delete,
        "options" => &mut item.options,
        "head" => &mut item.head,
        "patch" => &mut item.patch,
        _ => return None,
    };
    operation.as_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_tag_is_described_in_both_languages_and_nothing_else_is() {
        let document = serde_json::to_value(crate::openapi::document()).unwrap();
        let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let latin =
            |text: &str| text.split(' ').filter(|word| word.chars().all(|c| c.is_ascii_alphabetic())).count() > 0;
        let mut operations = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let (zh, en) = (&operation["x-summary"]["zh"], &operation["x-summary"]["en"]);
                let both = zh.as_str().is_some_and(chinese) && en.as_str().is_some_and(|en| latin(en) && !chinese(en));
                assert!(both, "{method} {path}: {operation}");
                operations += 1;
            }
        }
        assert_eq!(operations, OPERATIONS.len(), "words for what there is not");
        for tag in document["tags"].as_array().unwrap() {
            assert!(tag["description"].as_str().is_some_and(|it| chinese(it) && latin(it)), "{tag}");
        }
        assert!(document["info"]["description"].as_str().is_some_and(|it| chinese(it) && it.contains("Enter a film")));
    }
}
