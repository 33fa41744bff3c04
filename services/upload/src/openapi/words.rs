//! The document's texts in Chinese; the English ones are at each handler.
use runtime::serving::openapi::Words;

/// All of them.
#[rustfmt::skip]
pub(super) const WORDS: Words = Words {
    description: "投稿：先 POST 推荐表，再按 tus 1.0.0（https://tus.io/protocols/resumable-upload）把影片传到应答给出的地址，并带上应答中的凭证。\
        出错时返回 application/problem+json，其中 `code` 固定不变，文字按 Accept-Language 用中文或英文。带 Idempotency-Key 的请求，\
        24 小时内重复时得到与第一次相同的应答，并标有 `Idempotent-Replayed`。",
    tags: &[("entries", "推荐表"), ("tus", "影片上传"), ("service", "关于本服务")],
    operations: &[
        ("get", "/api/v1/docs", "每个地址、做什么、谁可以用。"),
        ("get", "/api/v1/openapi.json", "本接口说明，供程序使用。"),
        ("post", "/api/v1/submissions", "提交作品。"),
        ("get", "/api/v1/submissions/{id}", "查询作品进展。"),
        ("patch", "/api/v1/submissions/{id}", "评审开始前更正填报内容。未提及的各项不变，整份表单仍须符合提交时的要求。"),
        ("post", "/api/v1/submissions/{id}/replacement", "更换影片：之后按 tus 把新影片传到应答给出的地址；新影片收齐之前，原影片继续有效。"),
        ("delete", "/api/v1/submissions/{id}", "撤回作品。重复撤回视为已完成。"),
        ("options", "/files", "查询上传协议的版本、扩展与上限；不需要版本头和凭证。"),
        ("post", "/files", "为凭证所属的作品新建上传。截止时间以此刻为准，之后可以继续传完。"),
        ("head", "/files/{id}", "查询上传的位置、长度、元数据与有效期。"),
        ("patch", "/files/{id}", "从 `Upload-Offset` 处续传。"),
        ("delete", "/files/{id}", "放弃未完成的上传。已传完的属于作品，请撤回作品。"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_tag_is_described_in_both_languages_and_nothing_else_is() {
        WORDS.assert_complete(&crate::document());
    }

    #[test]
    fn the_document_is_sound() {
        runtime::serving::openapi::assert_sound(&crate::document());
    }
}
