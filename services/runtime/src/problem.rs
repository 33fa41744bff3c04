//! Every reason to refuse a request or an act: stable code, HTTP status and text in both languages, in one table.
//! Programs read the code. `serving::render` turns a problem into an answer.
use std::num::NonZeroU32;

use pipeline::form::Wrong;
use pipeline::lang::Lang;
use pipeline::person;
use pipeline::replacing::Refusal;
use tracing::{error, warn};

use crate::doors::{Denied, Door, Reason};
use crate::objects::ObjectError;
use crate::serving::RETRY_AFTER_S;
use crate::serving::places::Full;
use crate::store::uploads::Failure;

mod detail;

pub use detail::{Detail, FieldProblem};

/// What is wrong. The text form of a code, in the table below, never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table says it, in the words that clients read")]
pub enum Code {
    BodyTooLarge,
    BodyNotJson,
    FieldWrong,
    FormWrong,
    TextUnfit,
    ContestUnknown,
    ThemeUnknown,
    DeclarationMissing,
    NotOpenYet,
    DeadlinePassed,
    UnitDeadlinePassed,
    UnitQuotaFull,
    UnitUnknown,
    SheetUnknown,
    SheetRefused,
    TokenMissing,
    TokenWrong,
    SignInNeeded,
    CrossSite,
    RoleMissing,
    ContestForeign,
    SubmissionUnknown,
    DeliveryUnknown,
    PartnerUnknown,
    Changed,
    TokenUnknown,
    PersonUnknown,
    PersonEnded,
    RoleNotHeld,
    RoleBeyond,
    ContestMissing,
    LastAdmin,
    LoginTaken,
    LoginMissing,
    SignInWrong,
    CodeWrong,
    PasswordWrong,
    PasswordUnfit,
    SignInSlow,
    SignInExpired,
    InvitationUnknown,
    AlreadySignedUp,
    SessionUnknown,
    WebhookUnknown,
    JobUnknown,
    NothingToResend,
    ContactForgotten,
    NotYet,
    NothingParked,
    NotConfirmed,
    AwaitsConfirmation,
    AwaitsDelivery,
    AwaitsRemoval,
    NotByHand,
    NotRecalled,
    RecallBySystem,
    EvidenceMissing,
    AddressForeign,
    PictureUnreadable,
    BagUnknown,
    StateWrong,
    CardTaken,
    DecisionHeld,
    NothingToUndo,
    NothingSelected,
    TooManyWorks,
    InAnotherJob,
    TooManyWebhooks,
    QueryWrong,
    FilterUnknown,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    TooManyEntries,
    ForeignUpload,
    SubmissionClosed,
    NoFilmYet,
    FilmStays,
    ReviewBegan,
    RouteUnknown,
    MethodUnknown,
    UploadUnknown,
    ReceiptUnknown,
    UploadGone,
    VersionUnsupported,
    TypeUnsupported,
    HeaderWrong,
    OffsetWrong,
    Locked,
    TooLarge,
    LengthExceeded,
    LengthChanged,
    ChecksumMismatch,
    ChecksumMalformed,
    ChecksumUnknown,
    ConcatWrong,
    FinalReadOnly,
    PieceUnfinished,
    PieceInUse,
    JoinFailed,
    UploadDamaged,
    TooManyUploads,
    UploadBudget,
    StoreFull,
    UploadsFull,
    Interrupted,
    TooSlow,
    Unavailable,
    DatabaseUnavailable,
    Overloaded,
    TooManyAtOnce,
    TooManyStreams,
    Stopping,
    Internal,
}

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

impl Code {
    /// Its line of the table.
    #[rustfmt::skip]
    pub fn row(self) -> Row {
        match self {
            Code::BodyTooLarge => row(413, "body_too_large", "提交的内容过大。", "The form is too large."),
            Code::BodyNotJson => row(400, "body_not_json", "提交的内容不是有效的表单。", "The body is not a valid form."),
            Code::FieldWrong => row(422, "field_wrong", "有一项填写不符合要求。", "A field does not keep its limits."),
            Code::FormWrong => row(422, "form_wrong", "表单中有不符合要求的内容。", "Some fields of the form do not keep their limits."),
            Code::TextUnfit => row(422, "text_unfit", "文字中含有不允许使用的字符。", "A text holds a character that is not allowed, such as a control character."),
            Code::ContestUnknown => row(422, "contest_unknown", "没有这项征选活动。", "There is no such contest."),
            Code::ThemeUnknown => row(422, "theme_unknown", "该活动没有这个主题。", "The contest has no such theme."),
            Code::DeclarationMissing => row(422, "declaration_missing", "有承诺事项未勾选。", "A declaration is missing."),
            Code::NotOpenYet => row(403, "not_open_yet", "征选尚未开始。", "The contest is not open yet."),
            Code::UnitDeadlinePassed => row(403, "unit_deadline_passed", "该推荐单位的报送已经截止，请联系主办方。", "The deadline of this recommending unit has passed; please ask the organiser."),
            Code::UnitQuotaFull => row(409, "unit_quota_full", "该推荐单位的推荐名额已满，请联系该单位或主办方。", "The quota of this recommending unit is used up; please ask the unit or the organiser."),
            Code::UnitUnknown => row(404, "unit_unknown", "没有此推荐单位，或您不是该单位的报送人员。", "There is no such recommending unit, or you do not enter works for it."),
            Code::SheetUnknown => row(404, "sheet_unknown", "没有此汇总表，或已过保存期限，请重新上传。", "There is no such sheet, or it has expired; please send it again."),
            Code::SheetRefused => row(422, "sheet_refused", "汇总表未能读取。", "The sheet cannot be read."),
            Code::DeadlinePassed => row(403, "deadline_passed", "申报已经截止。", "The deadline has passed."),
            Code::TokenMissing => row(401, "token_missing", "请求缺少凭证。", "The request has no token."),
            Code::TokenWrong => row(403, "token_wrong", "凭证无效。", "The token is not valid."),
            Code::SignInNeeded => row(401, "sign_in_needed", "请先登录。", "Please sign in first."),
            Code::CrossSite => row(403, "cross_site", "请求来自其他网站，未予执行。", "The request came from another site and was not carried out."),
            Code::RoleMissing => row(403, "role_missing", "您的角色无权进行此操作。", "The role does not allow this."),
            Code::ContestForeign => row(403, "contest_foreign", "您的权限不包括该征选活动。", "The credential is for another contest."),
            Code::SubmissionUnknown => row(404, "submission_unknown", "没有这件作品。", "There is no such submission."),
            Code::DeliveryUnknown => row(404, "delivery_unknown", "该作品没有对这个平台的投放。", "The submission has no delivery to this partner."),
            Code::PartnerUnknown => row(422, "partner_unknown", "没有这个合作平台。", "There is no such partner."),
            Code::Changed => row(409, "changed", "情况已有变化，请重新查看影响后再确认。", "Something has changed since the dry run; look at a new one before you confirm."),
            Code::TokenUnknown => row(404, "token_unknown", "没有这个凭证。", "There is no such token."),
            Code::PersonUnknown => row(404, "person_unknown", "没有这名人员。", "There is no such person."),
            Code::PersonEnded => row(409, "person_ended", "该人员已停用。", "The person was ended."),
            Code::RoleNotHeld => row(409, "role_not_held", "该人员不具有此角色。", "The person does not hold this role."),
            Code::RoleBeyond => row(403, "role_beyond", "该角色或人员超出您的管理范围。", "The role, or a role that the person holds, is beyond the contests that you are admin of."),
            Code::ContestMissing => row(422, "contest_missing", "该人员在多项活动中具有此角色，请指明活动。", "The person holds this role in several contests; name one."),
            Code::LastAdmin => row(409, "last_admin", "该人员是最后一名全局管理员，请先指定另一名管理员。", "This is the last admin of all contests; make another person admin first."),
            Code::LoginTaken => row(409, "login_taken", "该登录名已被他人使用。", "Another person has this login name."),
            Code::LoginMissing => row(409, "login_missing", "该人员没有登录名，无法登录控制台。", "The person has no login name, and so cannot sign in."),
            Code::SignInWrong => row(403, "sign_in_wrong", "登录名或密码不正确。", "The login name or the password is wrong."),
            Code::CodeWrong => row(403, "code_wrong", "验证码不正确，或已经用过；请等待下一个验证码。", "The code is wrong or was used before; wait for the next one."),
            Code::PasswordWrong => row(403, "password_wrong", "当前密码不正确。", "The current password is wrong."),
            Code::PasswordUnfit => row(422, "password_unfit", "该密码不符合要求。", "This password does not meet the requirements."),
            Code::SignInSlow => row(429, "sign_in_slow", "失败次数过多，请稍后再试。", "There were too many failures; please wait before you try again."),
            Code::SignInExpired => row(403, "sign_in_expired", "登录步骤已超时，请重新开始。", "This step has expired; please start again."),
            Code::InvitationUnknown => row(404, "invitation_unknown", "链接无效、已使用或已过期，请联系管理员。", "The link is invalid, was used or has expired; please ask an administrator for a new one."),
            Code::AlreadySignedUp => row(409, "already_signed_up", "该人员已设置密码；如需重新设置，请使用重置。", "The person has set a password already; make a reset link instead."),
            Code::SessionUnknown => row(404, "session_unknown", "没有该登录会话，或会话已结束。", "There is no such session, or it has ended."),
            Code::WebhookUnknown => row(404, "webhook_unknown", "没有这个通知地址。", "There is no such webhook."),
            Code::JobUnknown => row(404, "job_unknown", "没有这项批量任务。", "There is no such job."),
            Code::NothingToResend => row(409, "nothing_to_resend", "没有可重新发送的通知。", "There is nothing to send again, or the webhook is not enabled."),
            Code::ContactForgotten => row(404, "contact_forgotten", "联系方式已随撤回删除。", "The contact data was deleted when the work was withdrawn."),
            Code::NotYet => row(404, "not_yet", "尚无结果。", "There is nothing to see yet."),
            Code::NothingParked => row(409, "nothing_parked", "没有可重试的任务。", "No part of it is parked or waiting for a retry."),
            Code::NotConfirmed => row(409, "not_confirmed", "对该平台的投放无须确认。", "Deliveries to this partner need no confirmation."),
            Code::AwaitsConfirmation => row(409, "awaits_confirmation", "该投放等待确认发布，请使用“确认”（confirm）。", "This delivery waits for a person's confirmation; give it with `confirm`."),
            Code::AwaitsDelivery => row(409, "awaits_delivery", "该投放由人工完成，发布后请登记（delivered）。", "A person makes this delivery; report it with `delivered` once the work is online there."),
            Code::AwaitsRemoval => row(409, "awaits_removal", "该作品须由人工下架，下架后请登记凭据（recalled）。", "A person has to remove the work there; prove the removal with `recalled`."),
            Code::NotByHand => row(409, "not_by_hand", "对该平台的投放由系统完成并核实，无须登记。", "Deliveries to this partner are made and checked by the system; there is nothing to report."),
            Code::NotRecalled => row(409, "not_recalled", "该作品未被撤下，请先撤下（recall）。", "The work is not being recalled from this partner; use `recall` first."),
            Code::RecallBySystem => row(409, "recall_by_system", "系统正在从该平台下架，无须登记凭据。", "The system is removing the work there; no proof is needed unless a person has to do it."),
            Code::EvidenceMissing => row(422, "evidence_missing", "请提供平台上的网址或截图。", "Evidence is missing: an address at the partner, or a picture."),
            Code::AddressForeign => row(422, "address_foreign", "该网址不属于这个平台。", "The address is not one of the partner's own."),
            Code::PictureUnreadable => row(422, "picture_unreadable", "截图无法读取，请提供 JPEG 或 PNG 图片。", "The picture cannot be decoded; send a JPEG or a PNG."),
            Code::BagUnknown => row(404, "bag_unknown", "该投放没有可取的文件。", "This delivery has no bag: only deliveries by hand have one, from the hand-over until the recall."),
            Code::StateWrong => row(409, "state_wrong", "当前状态下不能进行此操作。", "In its present state this changes nothing."),
            Code::CardTaken => row(409, "card_taken", "另一名工作人员正在审看该作品。", "Another reviewer has this work open."),
            Code::DecisionHeld => row(409, "decision_held", "对该作品已作出决定，即将生效。", "A decision on this work is held and takes effect in a moment."),
            Code::NothingToUndo => row(409, "nothing_to_undo", "没有可撤销的决定，或决定已经生效。", "There is no decision to undo, or it has taken effect already."),
            Code::NothingSelected => row(409, "nothing_selected", "没有符合条件的作品。", "No work is selected."),
            Code::TooManyWorks => row(422, "too_many_works", "所选作品过多，请缩小范围。", "More works are selected than one job or file can hold; narrow the selection."),
            Code::InAnotherJob => row(409, "in_another_job", "作品已列入另一项批量任务。", "Another job contains these works; cancel it first."),
            Code::TooManyWebhooks => row(409, "too_many_webhooks", "通知地址已达上限，请先删除不用的地址。", "The largest number of webhooks is reached; remove one first."),
            Code::QueryWrong => row(400, "query_wrong", "查询参数无效。", "A parameter of the query is unknown or has no valid value."),
            Code::FilterUnknown => row(400, "filter_unknown", "筛选条件的取值不存在。", "A filter names something that does not exist."),
            Code::IdempotencyKeyMissing => row(400, "idempotency_key_missing", "请求缺少 Idempotency-Key。", "The request has no Idempotency-Key; send a new UUID, and the same one when you repeat it."),
            Code::IdempotencyKeyReused => row(422, "idempotency_key_reused", "该 Idempotency-Key 已用于另一个请求。", "This Idempotency-Key was used for another request."),
            Code::TooManyEntries => row(429, "too_many_entries", "提交过于频繁，请稍后再试。", "Too many requests; please try again later."),
            Code::ForeignUpload => row(403, "foreign_upload", "该上传属于另一件作品。", "The upload belongs to another submission."),
            Code::SubmissionClosed => row(409, "submission_closed", "该作品已不再接收上传。", "The submission accepts no more uploads."),
            Code::NoFilmYet => row(409, "no_film_yet", "影片尚未收齐，请直接上传。", "The film has not arrived yet, so there is nothing to replace; upload it."),
            Code::FilmStays => row(409, "film_stays", "该作品的影片不能再更换，如有需要请联系主办方。", "The work's film cannot be replaced any more; ask the organisers."),
            Code::ReviewBegan => row(409, "review_began", "评审已经开始，填报内容不能再更改，如有需要请联系主办方。", "Review has begun, so the form cannot be corrected any more; ask the organisers."),
            Code::RouteUnknown => row(404, "route_unknown", "没有这个地址。", "There is no such address."),
            Code::MethodUnknown => row(405, "method_unknown", "该地址不支持这种请求。", "The address does not take this method."),
            Code::ReceiptUnknown => row(404, "receipt_unknown", "没有这个回执编号，请核对后重试。", "There is no receipt with this number; please check it."),
            Code::UploadUnknown => row(404, "upload_unknown", "没有这个上传。", "There is no such upload."),
            Code::UploadGone => row(410, "upload_gone", "该上传已过期或被取消，请重新上传。", "The upload expired or was cancelled; please start again."),
            Code::VersionUnsupported => row(412, "version_unsupported", "只支持 tus 协议 1.0.0。", "Only version 1.0.0 of the tus protocol is supported."),
            Code::TypeUnsupported => row(415, "type_unsupported", "上传内容的类型须为 application/offset+octet-stream。", "The content type has to be application/offset+octet-stream."),
            Code::HeaderWrong => row(400, "header_wrong", "请求头缺失或无效。", "A header is missing or malformed."),
            Code::OffsetWrong => row(409, "offset_wrong", "上传位置与服务器不一致，请先查询。", "The offset does not match the upload; query it first."),
            Code::Locked => row(423, "locked", "另一个请求正在写入该上传。", "Another request is writing to the upload."),
            Code::TooLarge => row(413, "too_large", "文件超过该活动的大小上限。", "The file is larger than the contest allows."),
            Code::LengthExceeded => row(413, "length_exceeded", "内容超过了声明的长度。", "There is more than the declared length."),
            Code::LengthChanged => row(400, "length_changed", "声明的长度不能更改。", "A declared length cannot change."),
            Code::ChecksumMismatch => row(460, "checksum_mismatch", "内容校验不一致，未保存。", "The checksum does not match; nothing was stored."),
            Code::ChecksumMalformed => row(400, "checksum_malformed", "校验值格式错误。", "The checksum is malformed."),
            Code::ChecksumUnknown => row(400, "checksum_unknown", "不支持这种校验算法，支持 sha1、sha256、md5。", "The checksum algorithm is not supported; sha1, sha256 and md5 are."),
            Code::ConcatWrong => row(400, "concat_wrong", "合并请求无效。", "The concatenation is malformed or names uploads that are not pieces of this submission."),
            Code::FinalReadOnly => row(403, "final_read_only", "合并后的上传不能再写入。", "A concatenation cannot be written to."),
            Code::PieceUnfinished => row(400, "piece_unfinished", "有分段尚未传完。", "A piece is not complete yet."),
            Code::TooManyUploads => row(429, "too_many_uploads", "该作品未完成的上传过多，请先取消一些。", "The submission has too many unfinished uploads; cancel some first."),
            Code::PieceInUse => row(409, "piece_in_use", "该分段正在合并，不能取消。", "The piece is being joined and cannot be cancelled."),
            Code::JoinFailed => row(410, "join_failed", "有分段已不存在，合并失败，请重新上传。", "A piece is gone, so the pieces could not be joined; please upload again."),
            Code::UploadDamaged => row(410, "upload_damaged", "存储未能完整保存该上传，请重新上传。", "The upload could not be stored intact; please upload again."),
            Code::UploadBudget => row(429, "upload_budget", "该作品未完成的上传总量过大，请先取消一些。", "The submission's unfinished uploads are too large in total; cancel some first."),
            Code::StoreFull => row(503, "store_full", "存储空间暂时不足，请稍后再试；已上传的内容不受影响。", "Storage is short at the moment; please try again later. What was uploaded is kept."),
            Code::UploadsFull => row(503, "uploads_full", "当前未完成的上传过多，请稍后再试；已开始的上传不受影响。", "Too many uploads are unfinished at the moment; please try again later. Those that began go on."),
            Code::TooSlow => row(503, "too_slow", "传输过慢，连接已让出；已收到的内容已保存，可以续传。", "The upload was too slow and was disconnected; what arrived is stored, and it can be resumed."),
            Code::Interrupted => row(408, "interrupted", "连接中断，已收到的内容已保存，可以续传。", "The connection stalled; what arrived is stored, and the upload can be resumed."),
            Code::Unavailable => row(503, "unavailable", "服务暂时不可用，请稍后续传。", "The service is unavailable for the moment; please resume later."),
            Code::DatabaseUnavailable => row(503, "database_unavailable", "暂时无法连接数据库，请稍后再试。", "The database cannot be reached at the moment; please try again later."),
            Code::TooManyStreams => row(429, "too_many_streams", "您打开的自动更新页面过多，请关闭一些。", "You have as many pages with live updates open as one person may; close some."),
            Code::Overloaded => held_off(Full::Everywhere),
            Code::TooManyAtOnce => held_off(Full::Address),
            Code::Stopping => row(503, "stopping", "服务正在重启，请稍后续传。", "The service is restarting; please resume in a moment."),
            Code::Internal => row(500, "internal", "服务器内部错误。", "Something failed on our side."),
        }
    }

    /// The stable name that clients read.
    pub fn name(self) -> &'static str {
        self.row().code
    }

    /// The HTTP status of the answer, including 460, which tus 1.0.0 defines for a wrong checksum.
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// Seconds until the same request may succeed. A full store or a full table needs more than a moment.
    pub fn retry_after_s(self) -> u32 {
        if matches!(self, Code::StoreFull | Code::UploadsFull) { 60 } else { RETRY_AFTER_S }
    }

    /// The problem with more detail. A sentence needs [`Detail::new`]; names and limits are the same in both languages.
    pub fn about(self, detail: impl Into<Detail>) -> Problem {
        Problem { detail: Some(detail.into()), ..self.into() }
    }

    /// The problem of a request that was refused at a door. `credential` is the id that it presented, if it is known.
    pub fn refused(self, door: Door, reason: Reason, credential: Option<impl ToString>) -> Problem {
        let credential = credential.map(|id| id.to_string());
        Problem { refused: Some(Box::new(Refused { door, reason, credential })), ..self.into() }
    }

    /// What is logged about a refusal that was created without more detail.
    fn refusal(self) -> Option<Refused> {
        let (door, reason) = match self {
            Code::TokenMissing => (Door::Organisers, Reason::Missing),
            Code::TokenWrong => (Door::Organisers, Reason::Wrong),
            Code::RoleMissing | Code::ContestForeign | Code::RoleBeyond => (Door::Organisers, Reason::Forbidden),
            Code::ForeignUpload => (Door::Entrants, Reason::Forbidden),
            _ => return None,
        };
        Some(Refused { door, reason, credential: None })
    }
}

/// Who was refused at which door: for the log, never for the client.
#[derive(Clone, Debug)]
pub struct Refused {
    door: Door,
    reason: Reason,
    credential: Option<String>,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotOpenYet(at) => Code::NotOpenYet.about(at.to_rfc3339()),
            Refusal::TooLate(at) => Code::DeadlinePassed.about(at.to_rfc3339()),
            Refusal::NoFilm => Code::NoFilmYet.into(),
            Refusal::FilmStays => Code::FilmStays.into(),
            Refusal::ReviewBegan => Code::ReviewBegan.into(),
            Refusal::TakenBack => Code::SubmissionClosed.into(),
        }
    }
}

impl From<Failure> for Code {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::JoinFailed => Code::JoinFailed,
            Failure::Damaged | Failure::StoreFailed => Code::UploadDamaged,
        }
    }
}

/// A problem before rendering: the renderer turns it into text in the language that the client asked for.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Its code.
    pub code: Code,
    /// Which field or header, and what is allowed; never what was sent.
    pub detail: Option<Detail>,
    /// Each wrong field of a form.
    pub fields: Vec<FieldProblem>,
    /// The offset up to which bytes are stored, if a client can use it.
    pub offset: Option<u64>,
    /// Seconds until the same request may succeed, if more is known than [`Code::retry_after_s`] gives.
    pub retry_after_s: Option<NonZeroU32>,
    /// Set if a credential was required and was not sufficient.
    pub refused: Option<Box<Refused>>,
    /// What failed on our side: for the log and for operators on the command line, never for a client.
    pub cause: Option<Box<str>>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Problem {
            code,
            detail: None,
            fields: Vec::new(),
            offset: None,
            retry_after_s: None,
            refused: None,
            cause: None,
        }
    }
}

/// The detail is its subject, the same in every language: an id, a role, a login name.
impl From<person::Refused> for Problem {
    fn from(refused: person::Refused) -> Self {
        use person::Refused;
        match refused {
            Refused::Unknown(id) => Code::PersonUnknown.about(id.to_string()),
            Refused::Ended(id) => Code::PersonEnded.about(id.to_string()),
            Refused::Outranks(held) | Refused::NotHeld(held) => Code::RoleNotHeld.about(held.to_string()),
            Refused::ContestMissing(role) => Code::ContestMissing.about(role.to_string()),
            Refused::LastAdmin => Code::LastAdmin.into(),
            Refused::LoginTaken(login) => Code::LoginTaken.about(login.to_string()),
        }
    }
}

impl From<ObjectError> for Problem {
    fn from(err: ObjectError) -> Self {
        match err {
            ObjectError::Unavailable(_) | ObjectError::File(_) => {
                warn!("an upload has to wait: {err}");
                Code::Unavailable.into()
            }
            ObjectError::NotFound | ObjectError::Refused(_) => {
                error!("the object store does not do what uploads need: {err}");
                Code::Internal.into()
            }
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.name())?;
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

/// A problem found within a transaction ends it like any error, and is returned unchanged.
impl std::error::Error for Problem {}

impl From<anyhow::Error> for Problem {
    fn from(err: anyhow::Error) -> Self {
        if let Some(problem) = err.downcast_ref::<Problem>() {
            return problem.clone();
        }
        if let Some(refused) = err.downcast_ref::<person::Refused>() {
            return refused.clone().into();
        }
        if err.is::<crate::bearer::Busy>() {
            return Code::Overloaded.into();
        }
        if crate::store::is_unavailable(&err) {
            warn!("a request has to wait for the database: {err:#}");
            return Problem { cause: Some(format!("{err:#}").into()), ..Code::Unavailable.into() };
        }
        error!("a request failed: {err:#}");
        Problem { cause: Some(format!("{err:#}").into()), ..Code::Internal.into() }
    }
}

/// The local disk: full or broken. It may work again soon, and the upload can be resumed.
impl From<std::io::Error> for Problem {
    fn from(err: std::io::Error) -> Self {
        ObjectError::File(err).into()
    }
}

impl Problem {
    /// Seconds until the same request may succeed.
    pub fn retry_after_s(&self) -> u32 {
        self.retry_after_s.map_or_else(|| self.code.retry_after_s(), NonZeroU32::get)
    }

    /// Every wrong field of a form in one problem.
    pub fn of_form(wrong: Vec<Wrong>) -> Self {
        let fields: Vec<FieldProblem> = wrong.into_iter().map(FieldProblem::from).collect();
        let said = |lang| {
            let (colon, between) = if lang == Lang::Zh { ("：", "；") } else { (": ", "; ") };
            let text =
                |it: &FieldProblem| format!("{}{colon}{}", it.field, if lang == Lang::Zh { &it.zh } else { &it.en });
            fields.iter().map(text).collect::<Vec<_>>().join(between)
        };
        let detail = Some(Detail::new(said(Lang::Zh), said(Lang::En)));
        Self { detail, fields, ..Code::FormWrong.into() }
    }

    /// The sentence of its code and its detail, in one language.
    pub fn text(&self, lang: Lang) -> String {
        let row = self.code.row();
        let sentence = if lang == Lang::Zh { row.zh } else { row.en };
        match &self.detail {
            None => sentence.to_owned(),
            Some(detail) if lang == Lang::Zh => format!("{sentence}（{}）", detail.text(lang)),
            Some(detail) => format!("{sentence} ({})", detail.text(lang)),
        }
    }

    /// What is logged about a request that was refused because of a missing credential or right; `None` for any other
    /// problem.
    pub(crate) fn denied(&self) -> Option<Denied> {
        let Refused { door, reason, credential } = self.refused.as_deref().cloned().or_else(|| self.code.refusal())?;
        Some(Denied { door, reason, code: self.code.name(), credential })
    }
}

impl From<Full> for Code {
    fn from(full: Full) -> Self {
        match full {
            Full::Everywhere => Code::Overloaded,
            Full::Address => Code::TooManyAtOnce,
        }
    }
}

#[cfg(test)]
mod tests;
