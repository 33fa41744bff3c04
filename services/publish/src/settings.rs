//! The settings of each delivery method: environment variables `PARTNER_<ID>_<NAME>`. One list defines what must be set
//! (`missing_settings`) and what the reference prints.
use pipeline::partner::DeliveryMethod;

/// One setting of a partner. A variable with `_FILE` after its name may name a file that holds the value.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The end of the variable's name, after `PARTNER_<ID>_`.
    pub name: &'static str,
    /// The effect of its absence.
    pub otherwise: Otherwise,
    /// Its meaning, in a sentence without full stop.
    pub about: &'static str,
}

/// The effect of a missing setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// Deliveries to this partner fail; `reelmill doctor` names the variable.
    Required,
    /// This value.
    Default(&'static str),
    /// None: the function is off, or the value comes from elsewhere.
    Absent,
}

/// The settings of a method, in the order of the reference.
pub fn of(method: DeliveryMethod) -> &'static [Setting] {
    match method {
        DeliveryMethod::Bilibili => &BILIBILI,
        DeliveryMethod::Douyin => &DOUYIN,
        DeliveryMethod::SftpDrop => &SFTP_DROP,
        DeliveryMethod::S3Drop => &S3_DROP,
        DeliveryMethod::Mrss => &MRSS,
        DeliveryMethod::Operator => &[],
    }
}

/// The required settings of a method.
pub(crate) fn required(method: DeliveryMethod) -> impl Iterator<Item = &'static str> {
    of(method).iter().filter(|setting| setting.otherwise == Otherwise::Required).map(|setting| setting.name)
}

const fn needed(name: &'static str, about: &'static str) -> Setting {
    Setting { name, otherwise: Otherwise::Required, about }
}

const fn with_default(name: &'static str, value: &'static str, about: &'static str) -> Setting {
    Setting { name, otherwise: Otherwise::Default(value), about }
}

const fn optional(name: &'static str, about: &'static str) -> Setting {
    Setting { name, otherwise: Otherwise::Absent, about }
}

const BILIBILI: [Setting; 9] = [
    needed("CLIENT_ID", "Id of our application at the open platform"),
    needed("CLIENT_SECRET", "Its secret; also checks the platform's webhooks"),
    with_default("TID", "232", "Number of the zone that works are submitted to"),
    optional(
        "ACCESS_TOKEN",
        "First access token of the account; `reelmill partner authorise` stores it in the database",
    ),
    optional("REFRESH_TOKEN", "First refresh token of the account, stored in the same way"),
    optional("EXPIRES_AT", "When that access token ends, Unix time in seconds"),
    with_default("MEMBER_URL", "https://member.bilibili.com", "The platform's API for works"),
    with_default("UPLOAD_URL", "https://openupos.bilivideo.com", "The platform's API for the bytes of a file"),
    with_default("API_URL", "https://api.bilibili.com", "The platform's API for tokens"),
];

const DOUYIN: [Setting; 5] = [
    needed("CLIENT_KEY", "Key of our application at the open platform"),
    needed("CLIENT_SECRET", "Its secret; also checks the platform's webhooks"),
    needed("OPEN_ID", "The account that works are published by"),
    needed("REFRESH_TOKEN", "Its refresh token; another value is a new agreement of the account's owner"),
    with_default("URL", "https://open.douyin.com", "The platform's API"),
];

const S3_DROP: [Setting; 7] = [
    needed("S3_ENDPOINT", "S3 server of the partner"),
    needed("S3_BUCKET", "Bucket that packages are put into"),
    with_default("S3_REGION", "us-east-1", "Region of the bucket"),
    needed("S3_ACCESS_KEY_ID", "Access key for the bucket"),
    needed("S3_SECRET_ACCESS_KEY", "Secret key for the bucket"),
    optional("NOTICE_URL", "Where a notice is sent after each package and each recall"),
    optional(
        "NOTICE_SECRET",
        "What notices are signed with; required with NOTICE_URL. Two secrets, the new one first, during a rotation",
    ),
];

const SFTP_DROP: [Setting; 7] = [
    needed("SFTP_HOST", "SFTP server of the partner"),
    with_default("SFTP_PORT", "22", "Its port"),
    needed("SFTP_USER", "Our login"),
    needed("SFTP_KEY", "Our private key, OpenSSH format without a passphrase, Ed25519 or ECDSA"),
    needed("SFTP_HOST_KEY", "Public key of the server, such as `ssh-ed25519 AAAA…`; any other key is refused"),
    optional("SFTP_DIR", "Directory for the drops; the login's own if absent"),
    with_default("ADI_PROVIDER_ID", "reelmill.invalid", "Domain of the provider in `ADI.XML`"),
];

const MRSS: [Setting; 2] = [
    needed(
        "FEED_TOKEN",
        "What the partner reads its feed with: a bearer token, or the password of basic authentication. At least 16 characters",
    ),
    needed("FEED_LINK_KEY", "What the links in the feed are signed with. At least 16 characters"),
];
