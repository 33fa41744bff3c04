//! The table of codes: each reason once, with its HTTP status, its stable name and a sentence in both languages.
use crate::serving::full::Full;

/// One line of the table.
pub struct Row {
    /// The stable name.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// One sentence in Chinese.
    pub zh: &'static str,
    /// The same in English.
    pub en: &'static str,
}

const fn row(status: u16, code: &'static str, zh: &'static str, en: &'static str) -> Row {
    Row { code, status, zh, en }
}

/// Every port of ours uses the same text.
const fn held_off(full: Full) -> Row {
    row(full.status().as_u16(), full.code(), full.zh(), full.en())
}

/// Declares the codes and their lines together: there is no code without a line.
macro_rules! codes {
    ($($name:ident = $row:expr;)*) => {
        /// What is wrong. The stable name of a code never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the table says it, in the words that clients read")]
        pub enum Code {
            $($name,)*
        }

        impl Code {
            /// Its line of the table.
            pub fn row(self) -> Row {
                match self {
                    $(Code::$name => $row,)*
                }
            }
        }
    };
}

#[rustfmt::skip]
codes! {
    BodyTooLarge = row(413, "body_too_large", "提交的内容过大。", "The form is too large.");
    BodyNotJson = row(400, "body_not_json", "提交的内容不是有效的表单。", "The body is not a valid form.");
    FieldWrong = row(422, "field_wrong", "有一项内容不符合填写要求。", "A field does not keep its limits.");
    FormWrong = row(422, "form_wrong", "表单中有不符合要求的内容。", "Some fields of the form do not keep their limits.");
    TextUnfit = row(422, "text_unfit", "文字中含有不允许使用的字符。", "A text holds a character that is not allowed, such as a control character.");
    ContestUnknown = row(422, "contest_unknown", "没有这项征选活动。", "There is no such contest.");
    ThemeUnknown = row(422, "theme_unknown", "该活动没有这个主题。", "The contest has no such theme.");
    DeclarationMissing = row(422, "declaration_missing", "有承诺事项未勾选。", "A declaration is missing.");
    NotOpenYet = row(403, "not_open_yet", "征选尚未开始。", "The contest is not open yet.");
    UnitDeadlinePassed = row(403, "unit_deadline_passed", "该推荐单位的报送已经截止，请联系主办方。", "The deadline of this recommending unit has passed; please ask the organiser.");
    UnitQuotaFull = row(409, "unit_quota_full", "该推荐单位的推荐名额已满，请联系该单位或主办方。", "The quota of this recommending unit is used up; please ask the unit or the organiser.");
    UnitUnknown = row(404, "unit_unknown", "没有此推荐单位，或您不是该单位的报送人员。", "There is no such recommending unit, or you do not enter works for it.");
    SheetUnknown = row(404, "sheet_unknown", "没有此汇总表，或已过保存期限，请重新上传。", "There is no such sheet, or it has expired; please send it again.");
    SheetRefused = row(422, "sheet_refused", "汇总表未能读取。", "The sheet cannot be read.");
    DeadlinePassed = row(403, "deadline_passed", "报送已经截止。", "The deadline has passed.");
    TokenMissing = row(401, "token_missing", "请求缺少凭证。", "The request has no token.");
    TokenWrong = row(403, "token_wrong", "凭证无效。", "The token is not valid.");
    SignInNeeded = row(401, "sign_in_needed", "请先登录。", "Please sign in first.");
    CrossSite = row(403, "cross_site", "请求来自其他网站，未予执行。", "The request came from another site and was not carried out.");
    RoleMissing = row(403, "role_missing", "您的角色无权进行此操作。", "The role does not allow this.");
    ContestForeign = row(403, "contest_foreign", "您的权限不包括该征选活动。", "The credential is for another contest.");
    SubmissionUnknown = row(404, "submission_unknown", "没有这件作品。", "There is no such submission.");
    DeliveryUnknown = row(404, "delivery_unknown", "该作品没有对这个平台的投放。", "The submission has no delivery to this partner.");
    PartnerUnknown = row(422, "partner_unknown", "没有这个合作平台。", "There is no such partner.");
    Changed = row(409, "changed", "相关内容已有变化，请重新查看影响后再确认。", "Something has changed since the dry run; make another dry run before you confirm.");
    TokenUnknown = row(404, "token_unknown", "没有这个凭证。", "There is no such token.");
    PersonUnknown = row(404, "person_unknown", "没有这名人员。", "There is no such person.");
    PersonEnded = row(409, "person_ended", "该人员已停用。", "The person was ended.");
    RoleNotHeld = row(409, "role_not_held", "该人员不具有此角色。", "The person does not hold this role.");
    RoleBeyond = row(403, "role_beyond", "该角色或人员超出您的管理范围。", "The role, or a role that the person holds, is beyond the contests that you are admin of.");
    ContestMissing = row(422, "contest_missing", "该人员在多项活动中具有此角色，请指明活动。", "The person holds this role in several contests; name one.");
    LastAdmin = row(409, "last_admin", "该人员是最后一名全局管理员，请先指定另一名管理员。", "This is the last admin of all contests; make another person admin first.");
    LoginTaken = row(409, "login_taken", "该登录名已被他人使用。", "Another person has this login name.");
    LoginMissing = row(409, "login_missing", "该人员没有登录名，无法登录控制台。", "The person has no login name, and so cannot sign in.");
    SignInWrong = row(403, "sign_in_wrong", "登录名或密码不正确。", "The login name or the password is wrong.");
    CodeWrong = row(403, "code_wrong", "验证码不正确，或已经用过；请等待下一个验证码。", "The code is wrong or was used before; wait for the next one.");
    PasswordWrong = row(403, "password_wrong", "当前密码不正确。", "The current password is wrong.");
    PasswordUnfit = row(422, "password_unfit", "该密码不符合要求。", "This password does not meet the requirements.");
    SignInSlow = row(429, "sign_in_slow", "失败次数过多，请稍后再试。", "There were too many failures; please wait before you try again.");
    SignInExpired = row(403, "sign_in_expired", "登录步骤已超时，请重新开始。", "This step has expired; please start again.");
    InvitationUnknown = row(404, "invitation_unknown", "链接无效、已使用或已过期，请联系管理员。", "The link is invalid, was used or has expired; please ask an administrator for a new one.");
    AlreadySignedUp = row(409, "already_signed_up", "该人员已设置密码；如需重新设置，请使用重置。", "The person has set a password already; make a reset link instead.");
    SessionUnknown = row(404, "session_unknown", "没有该登录会话，或会话已结束。", "There is no such session, or it has ended.");
    WebhookUnknown = row(404, "webhook_unknown", "没有这个通知地址。", "There is no such webhook.");
    JobUnknown = row(404, "job_unknown", "没有这项批量任务。", "There is no such job.");
    NothingToResend = row(409, "nothing_to_resend", "没有可重新发送的通知。", "There is nothing to send again, or the webhook is not enabled.");
    ContactForgotten = row(404, "contact_forgotten", "联系方式已随撤回删除。", "The contact data was deleted when the work was withdrawn.");
    NotYet = row(404, "not_yet", "尚无结果。", "There is nothing to see yet.");
    NothingParked = row(409, "nothing_parked", "没有可重试的任务。", "No part of it is parked or waiting for a retry.");
    NotConfirmed = row(409, "not_confirmed", "对该平台的投放无须确认。", "Deliveries to this partner need no confirmation.");
    AwaitsConfirmation = row(409, "awaits_confirmation", "该投放等待确认发布，请使用“确认”（confirm）。", "This delivery waits for a person's confirmation; give it with `confirm`.");
    AwaitsDelivery = row(409, "awaits_delivery", "该投放由人工完成，发布后请登记（delivered）。", "A person makes this delivery; report it with `delivered` once the work is online there.");
    AwaitsRemoval = row(409, "awaits_removal", "该作品须由人工下架，下架后请登记凭据（recalled）。", "A person has to remove the work there; prove the removal with `recalled`.");
    NotByHand = row(409, "not_by_hand", "对该平台的投放由系统完成并核实，无须登记。", "Deliveries to this partner are made and checked by the system; there is nothing to report.");
    NotRecalled = row(409, "not_recalled", "该作品未被撤下，请先撤下（recall）。", "The work is not being recalled from this partner; use `recall` first.");
    RecallBySystem = row(409, "recall_by_system", "系统正在从该平台下架，无须登记凭据。", "The system is removing the work there; no proof is needed unless a person has to do it.");
    EvidenceMissing = row(422, "evidence_missing", "请提供平台上的网址或截图。", "Evidence is missing: an address at the partner, or a picture.");
    AddressForeign = row(422, "address_foreign", "该网址不属于这个平台。", "The address is not one of the partner's own.");
    PictureUnreadable = row(422, "picture_unreadable", "截图无法读取，请提供 JPEG 或 PNG 图片。", "The picture cannot be decoded; send a JPEG or a PNG.");
    BagUnknown = row(404, "bag_unknown", "该投放没有可下载的文件。", "This delivery has no bag: only deliveries by hand have one, from the hand-over until the recall.");
    StateWrong = row(409, "state_wrong", "当前状态下不能进行此操作。", "This is not possible in the present state.");
    CardTaken = row(409, "card_taken", "另一名工作人员正在审看该作品。", "Another reviewer has this work open.");
    DecisionHeld = row(409, "decision_held", "对该作品已作出决定，即将生效。", "A decision on this work is held and takes effect in a moment.");
    NothingToUndo = row(409, "nothing_to_undo", "没有可撤销的决定，或决定已经生效。", "There is no decision to undo, or it has taken effect already.");
    NothingSelected = row(409, "nothing_selected", "没有符合条件的作品。", "No work is selected.");
    TooManyWorks = row(422, "too_many_works", "所选作品过多，请缩小范围。", "More works are selected than one job or file can hold; narrow the selection.");
    InAnotherJob = row(409, "in_another_job", "作品已列入另一项批量任务。", "Another job contains these works; cancel it first.");
    TooManyWebhooks = row(409, "too_many_webhooks", "通知地址已达上限，请先删除不用的地址。", "The largest number of webhooks is reached; remove one first.");
    QueryWrong = row(400, "query_wrong", "查询参数无效。", "A parameter of the query is unknown or has no valid value.");
    FilterUnknown = row(400, "filter_unknown", "筛选条件的取值不存在。", "A filter names something that does not exist.");
    IdempotencyKeyMissing = row(400, "idempotency_key_missing", "请求缺少 Idempotency-Key。", "The request has no Idempotency-Key; send a new UUID, and the same one when you repeat it.");
    IdempotencyKeyReused = row(422, "idempotency_key_reused", "该 Idempotency-Key 已用于另一个请求。", "This Idempotency-Key was used for another request.");
    TooManyEntries = row(429, "too_many_entries", "提交过于频繁，请稍后再试。", "Too many requests; please try again later.");
    ForeignUpload = row(403, "foreign_upload", "该上传属于另一件作品。", "The upload belongs to another submission.");
    SubmissionClosed = row(409, "submission_closed", "该作品已不再接收上传。", "The submission accepts no more uploads.");
    NoFilmYet = row(409, "no_film_yet", "影片尚未收齐，请直接上传。", "The film has not arrived yet, so there is nothing to replace; upload it.");
    FilmStays = row(409, "film_stays", "该作品的影片不能再更换，如有需要请联系主办方。", "The work's film cannot be replaced any more; ask the organisers.");
    ReviewBegan = row(409, "review_began", "评审已经开始，填报内容不能再更改，如有需要请联系主办方。", "Review has begun, so the form cannot be corrected any more; ask the organisers.");
    RouteUnknown = row(404, "route_unknown", "没有这个地址。", "There is no such address.");
    MethodUnknown = row(405, "method_unknown", "该地址不支持这种请求。", "The address does not take this method.");
    ReceiptUnknown = row(404, "receipt_unknown", "没有这个回执编号，请核对后重试。", "There is no receipt with this number; please check it.");
    UploadUnknown = row(404, "upload_unknown", "没有此上传任务。", "There is no such upload.");
    UploadGone = row(410, "upload_gone", "该上传已过期或被取消，请重新上传。", "The upload expired or was cancelled; please start again.");
    VersionUnsupported = row(412, "version_unsupported", "只支持 tus 协议 1.0.0。", "Only version 1.0.0 of the tus protocol is supported.");
    TypeUnsupported = row(415, "type_unsupported", "上传内容的类型须为 application/offset+octet-stream。", "The content type has to be application/offset+octet-stream.");
    HeaderWrong = row(400, "header_wrong", "请求头缺失或无效。", "A header is missing or malformed.");
    OffsetWrong = row(409, "offset_wrong", "上传位置与服务器不一致，请先查询。", "The offset does not match the upload; query it first.");
    Locked = row(423, "locked", "另一个请求正在写入该上传。", "Another request is writing to the upload.");
    TooLarge = row(413, "too_large", "文件超过该活动的大小上限。", "The file is larger than the contest allows.");
    LengthExceeded = row(413, "length_exceeded", "内容超过了声明的长度。", "There is more than the declared length.");
    LengthChanged = row(400, "length_changed", "声明的长度不能更改。", "A declared length cannot change.");
    ChecksumMismatch = row(460, "checksum_mismatch", "内容校验不一致，未保存。", "The checksum does not match; nothing was stored.");
    ChecksumMalformed = row(400, "checksum_malformed", "校验值格式错误。", "The checksum is malformed.");
    ChecksumUnknown = row(400, "checksum_unknown", "不支持这种校验算法，支持 sha1、sha256、md5。", "The checksum algorithm is not supported; sha1, sha256 and md5 are.");
    ConcatWrong = row(400, "concat_wrong", "合并请求无效。", "The concatenation is malformed or names uploads that are not pieces of this submission.");
    FinalReadOnly = row(403, "final_read_only", "合并后的上传不能再写入。", "A concatenation cannot be written to.");
    PieceUnfinished = row(400, "piece_unfinished", "有分段尚未传完。", "A piece is not complete yet.");
    TooManyUploads = row(429, "too_many_uploads", "该作品未完成的上传过多，请先取消部分上传。", "The submission has too many unfinished uploads; cancel some first.");
    PieceInUse = row(409, "piece_in_use", "该分段正在合并，不能取消。", "The piece is being joined and cannot be cancelled.");
    JoinFailed = row(410, "join_failed", "有分段已不存在，合并失败，请重新上传。", "A piece is gone, so the pieces could not be joined; please upload again.");
    UploadDamaged = row(410, "upload_damaged", "存储未能完整保存该上传，请重新上传。", "The upload could not be stored intact; please upload again.");
    UploadBudget = row(429, "upload_budget", "该作品未完成的上传总量过大，请先取消部分上传。", "The submission's unfinished uploads are too large in total; cancel some first.");
    StoreFull = row(503, "store_full", "存储空间暂时不足，请稍后再试；已上传的内容不受影响。", "Storage is short at the moment; please try again later. What was uploaded is kept.");
    UploadsFull = row(503, "uploads_full", "当前未完成的上传过多，请稍后再试；已开始的上传不受影响。", "Too many uploads are unfinished at the moment; please try again later. Those that began go on.");
    TooSlow = row(503, "too_slow", "传输速度过慢，连接已断开；已收到的内容已保存，可以续传。", "The upload was too slow and was disconnected; what arrived is stored, and it can be resumed.");
    Interrupted = row(408, "interrupted", "连接中断，已收到的内容已保存，可以续传。", "The connection stalled; what arrived is stored, and the upload can be resumed.");
    Unavailable = row(503, "unavailable", "服务暂时不可用，请稍后续传。", "The service is unavailable for the moment; please resume later.");
    DatabaseUnavailable = row(503, "database_unavailable", "暂时无法连接数据库，请稍后再试。", "The database cannot be reached at the moment; please try again later.");
    TooManyStreams = row(429, "too_many_streams", "您打开的自动更新页面过多，请关闭一些。", "You have as many pages with live updates open as one person may; close some.");
    Overloaded = held_off(Full::Everywhere);
    TooManyAtOnce = held_off(Full::Address);
    Stopping = row(503, "stopping", "服务正在重启，请稍后续传。", "The service is restarting; please resume in a moment.");
    Internal = row(500, "internal", "服务器内部错误。", "Something failed on our side.");
}
