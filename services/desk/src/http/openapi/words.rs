//! The document's words in Chinese, beside the English that stands at each handler.
use runtime::serving::openapi::Words;

/// All of them.
#[rustfmt::skip]
pub(super) const WORDS: Words = Words {
    description: "供主办方、初筛员、运维员与审计员使用。凭证由 `reelmill token create` 或本接口新建；`x-roles` 说明哪些角色可以使用。\
        出错时返回 application/problem+json，其中 `code` 固定不变，文字按 Accept-Language 用中文或英文。凡有改动的请求须带 \
        Idempotency-Key：24 小时内重复的请求得到与第一次相同的应答，并标有 `Idempotent-Replayed`。",
    tags: &[("desk", "工作台，按角色"), ("service", "关于本服务")],
    operations: &[
        ("get", "/api/v1/docs", "每个地址、做什么、谁可以用。"),
        ("get", "/api/v1/openapi.json", "本接口说明，供程序使用。"),
        ("get", "/api/v1/submissions/{id}", "查看一件作品的全部情况。"),
        ("get", "/api/v1/submissions", "列出作品，新的在前。"),
        ("get", "/api/v1/parked", "列出多次失败而停下的任务，按作品，新的在前。"),
        ("get", "/api/v1/trouble", "列出须人工处理的事项，最紧急的在前，并附处理命令。"),
        ("get", "/api/v1/contests", "列出征选活动：主题、开始与截止时间、合作平台及成片规格。"),
        ("get", "/api/v1/submissions/{id}/trace", "作品的时间用在哪里：各状态、各项任务、等待谁。"),
        ("get", "/api/v1/submissions/{id}/history", "作品经历，旧的在前；过长时只给最新一千行。"),
        ("get", "/api/v1/submissions/{id}/verdict", "自动初筛结果：每条规则的实测值与要求。"),
        ("get", "/api/v1/submissions/{id}/media-info", "影片的检测结果。"),
        ("get", "/api/v1/submissions/{id}/preview", "初筛时可看的预览，检测时生成。"),
        ("get", "/api/v1/submissions/{id}/preview/{file}", "预览文件：`proxy.mp4`、`storyboard.jpg` 或 `storyboard.vtt`。可请求一个字节范围。"),
        ("get", "/api/v1/submissions/{id}/renditions", "当前有效的成片，即各平台所得。"),
        ("get", "/api/v1/submissions/{id}/parts", "作品的各项任务，逐轮列出。"),
        ("get", "/api/v1/submissions/{id}/deliveries", "作品在各平台的投放情况。"),
        ("get", "/api/v1/submissions/{id}/exchanges", "就该作品与各平台的往来记录，旧的在前；过多时只给最新一千条。"),
        ("get", "/api/v1/submissions/{id}/contact", "报送人是谁、如何联系。"),
        ("post", "/api/v1/submissions/{id}/review", "决定待初筛的作品通过或不通过。"),
        ("post", "/api/v1/submissions/{id}/release", "把完成的作品发布到各平台，或再增加平台。"),
        ("post", "/api/v1/submissions/{id}/recall", "从已有或可能已有该作品的全部或部分平台撤下。影片同时予以保全。"),
        ("post", "/api/v1/submissions/{id}/reprocess", "重新处理一件作品。新成片通过质检之前，现有成片继续有效。"),
        ("get", "/api/v1/jobs", "列出批量任务，新的在前，并给出各状态的作品数。只限一项活动的凭证，只见该活动的。"),
        ("post", "/api/v1/jobs", "对选中的全部作品重新处理、发布或撤下，作为一项批量任务：每次少量；重新处理让新报送的作品优先。只限一项活动的凭证，只能选该活动的作品。"),
        ("get", "/api/v1/jobs/{job}", "查看一项批量任务。"),
        ("get", "/api/v1/jobs/{job}/works", "列出一项批量任务的作品，按报送时间。"),
        ("post", "/api/v1/jobs/{job}/order", "暂停、继续或取消一项批量任务。"),
        ("put", "/api/v1/submissions/{id}/deliveries/{partner}/texts", "为某个平台另写标题、简介或标签，对之后的投放有效。"),
        ("post", "/api/v1/submissions/{id}/withdraw", "代报送人撤回作品；报送人信息随即删除。"),
        ("post", "/api/v1/submissions/{id}/hold", "保全作品的影片，不予删除；或解除保全。"),
        ("post", "/api/v1/submissions/{id}/cure", "为一件作品开放补正：期限内报送人可更换影片、更正填报内容；或提前结束。"),
        ("post", "/api/v1/submissions/{id}/retry", "让停下和等待重试的任务再试五次。"),
        ("post", "/api/v1/submissions/{id}/deliveries/{partner}/delivered", "登记作品已由人工投放到平台，并附网址或截图。"),
        ("post", "/api/v1/submissions/{id}/deliveries/{partner}/recalled", "登记作品已由人工下架的凭据。系统查看公开地址后生效。"),
        ("get", "/api/v1/submissions/{id}/deliveries/{partner}/bag", "由人工投放的文件，以及平台上应填写的内容。"),
        ("get", "/api/v1/submissions/{id}/deliveries/{partner}/bag/{file}", "投放文件之一。可请求一个字节范围。"),
        ("get", "/api/v1/submissions/{id}/proofs", "人工在各平台所见的凭据，旧的在前。"),
        ("post", "/api/v1/submissions/{id}/deliveries/{partner}/confirm", "确认发布：平台规则不允许由机器决定。"),
        ("get", "/api/v1/partners", "列出合作平台。"),
        ("get", "/api/v1/audit", "查看审计记录，新的在前。只限一项活动的凭证，只见该活动的作品。"),
        ("get", "/api/v1/persons", "列出人员及其角色，新的在前，包括已停用的。"),
        ("post", "/api/v1/persons", "新增人员并授予角色。"),
        ("post", "/api/v1/persons/{person}/roles", "授予或收回人员的角色；所收回角色的凭证随即失效。"),
        ("post", "/api/v1/persons/{person}/end", "停用人员：其凭证全部失效，登录名可供他人使用。"),
        ("get", "/api/v1/tokens", "列出凭证，新的在前，包括已失效的。"),
        ("post", "/api/v1/tokens", "为本人新建相同角色的凭证。只限一项活动的人，所建凭证也只限该活动。"),
        ("delete", "/api/v1/tokens/{token}", "吊销凭证，从下一个请求起无效。重复吊销没有影响。"),
        ("get", "/api/v1/webhooks", "列出变更通知的接收地址，旧的在前。只限一项活动的凭证，只见该活动的。"),
        ("get", "/api/v1/webhooks/{webhook}/messages", "列出发往一个地址的通知，新的在前，含每次尝试。"),
        ("post", "/api/v1/webhooks", "新增接收变更通知的地址。签名密钥只在应答中给出一次。"),
        ("post", "/api/v1/webhooks/{webhook}/rotate", "更换签名密钥，新密钥只给出一次。旧密钥仍可用 24 小时。"),
        ("post", "/api/v1/webhooks/{webhook}/test", "发送一条测试通知。"),
        ("post", "/api/v1/webhooks/{webhook}/resend", "以原编号重新发送一条通知，或全部未送达的。"),
        ("delete", "/api/v1/webhooks/{webhook}", "不再通知该地址，并删除其密钥。"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_tag_is_described_in_both_languages_and_nothing_else_is() {
        WORDS.assert_complete(&super::super::document());
    }

    #[test]
    fn the_document_is_sound() {
        runtime::serving::openapi::assert_sound(&super::super::document());
        runtime::serving::openapi::assert_bounded(&super::super::document());
    }
}
