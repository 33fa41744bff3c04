//! By which method a partner gets works, and how a new run's files replace the old ones there.
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lang::Lang;

/// The method of delivery. Each has one adapter in `publish/src/deliver/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMethod {
    /// Bilibili's open platform.
    Bilibili,
    /// Douyin's open platform; an operator confirms the publishing.
    Douyin,
    /// A directory on the partner's SFTP server.
    SftpDrop,
    /// A prefix in the partner's bucket.
    S3Drop,
    /// A feed that the partner pulls.
    Mrss,
    /// A person uploads a bag of files on the partner's own pages.
    Operator,
}

impl DeliveryMethod {
    /// Every method.
    pub const ALL: [DeliveryMethod; 6] = [
        DeliveryMethod::Bilibili,
        DeliveryMethod::Douyin,
        DeliveryMethod::SftpDrop,
        DeliveryMethod::S3Drop,
        DeliveryMethod::Mrss,
        DeliveryMethod::Operator,
    ];

    /// The method's one name: catalogue value and metric label.
    pub fn name(self) -> &'static str {
        match self {
            DeliveryMethod::Bilibili => "bilibili",
            DeliveryMethod::Douyin => "douyin",
            DeliveryMethod::SftpDrop => "sftp_drop",
            DeliveryMethod::S3Drop => "s3_drop",
            DeliveryMethod::Mrss => "mrss",
            DeliveryMethod::Operator => "operator",
        }
    }

    /// How a partner with this method gets a new run's files, unless its file says otherwise.
    pub(super) fn replacement(self) -> Replacement {
        match self {
            DeliveryMethod::Bilibili => Replacement::DeleteAndResubmit,
            DeliveryMethod::Douyin | DeliveryMethod::Operator => Replacement::ByOperator,
            DeliveryMethod::SftpDrop | DeliveryMethod::S3Drop => Replacement::ByNewFolder,
            DeliveryMethod::Mrss => Replacement::InPlace,
        }
    }
}

/// How a new run's files replace the old ones, and what is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// The same address shows the new files: nothing is lost.
    InPlace,
    /// The old folder is removed and a new one is delivered; the partner ingests it again.
    ByNewFolder,
    /// Deleted there and submitted again: address, plays and comments are lost, and it is reviewed again.
    DeleteAndResubmit,
    /// A person removes the old one and submits the new one there, with the same losses.
    ByOperator,
    /// The present files stay for good.
    Never,
}

impl Replacement {
    /// Every way.
    pub const ALL: [Self; 5] =
        [Self::InPlace, Self::ByNewFolder, Self::DeleteAndResubmit, Self::ByOperator, Self::Never];

    /// The value with this name.
    pub fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// Its one name, as in the catalogue.
    pub fn name(self) -> &'static str {
        match self {
            Replacement::InPlace => "in_place",
            Replacement::ByNewFolder => "by_new_folder",
            Replacement::DeleteAndResubmit => "delete_and_resubmit",
            Replacement::ByOperator => "by_operator",
            Replacement::Never => "never",
        }
    }

    /// What a person should know before ordering it.
    pub fn text(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Replacement::InPlace, Lang::En) => "the same place shows the new files",
            (Replacement::InPlace, Lang::Zh) => "原位置更新为新文件",
            (Replacement::ByNewFolder, Lang::En) => "the old folder is taken back and a new one dropped",
            (Replacement::ByNewFolder, Lang::Zh) => "收回旧目录，投递新目录",
            (Replacement::DeleteAndResubmit, Lang::En) => {
                "deleted and submitted again: loses plays, comments and address, and is reviewed again"
            }
            (Replacement::DeleteAndResubmit, Lang::Zh) => "删除后重新投放：播放量、评论和地址丢失，并重新审核",
            (Replacement::ByOperator, Lang::En) => {
                "a person takes it down and brings the new one: loses plays, comments and address"
            }
            (Replacement::ByOperator, Lang::Zh) => "由人工下架并重新发布：播放量、评论和地址丢失",
            (Replacement::Never, Lang::En) => "cannot be replaced: the partner keeps what it holds",
            (Replacement::Never, Lang::Zh) => "不能替换：对方保留现有文件",
        }
    }
}

impl fmt::Display for DeliveryMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
