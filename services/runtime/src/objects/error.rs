//! What can go wrong with the object store, by what the caller should do.
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// Why a call to the object store failed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// No such object, multipart upload or bucket.
    #[error("no such object")]
    NotFound,
    /// The store did not answer, answered too late, is overloaded or full: the same call may succeed later.
    #[error("the object store is unavailable: {0}")]
    Unavailable(String),
    /// The store understood and refused: the same call will fail again.
    #[error("the object store refused: {0}")]
    Refused(String),
    /// The file on our side could not be read or written.
    #[error("a file beside the object store failed: {0}")]
    File(#[from] std::io::Error),
}

impl ObjectError {
    /// Stable word for traces.
    pub(super) fn name(&self) -> &'static str {
        match self {
            ObjectError::NotFound => "not_found",
            ObjectError::Unavailable(_) => "unavailable",
            ObjectError::Refused(_) => "refused",
            ObjectError::File(_) => "file",
        }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for ObjectError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    fn from(err: SdkError<E, HttpResponse>) -> Self {
        let code = err.code().unwrap_or_default().to_owned();
        let text = DisplayErrorContext(&err).to_string();
        match &err {
            SdkError::ServiceError(answer) => match answer.raw().status().as_u16() {
                404 if code == "NoSuchBucket" => ObjectError::Unavailable("the bucket does not exist".into()),
                404 => ObjectError::NotFound,
                408 | 429 | 500.. => ObjectError::Unavailable(clip(text)),
                _ => ObjectError::Refused(clip(text)),
            },
            SdkError::ConstructionFailure(_) => ObjectError::Refused(clip(text)),
            _ => ObjectError::Unavailable(clip(text)),
        }
    }
}

/// The SDK prints the whole answer with its headers; for a log line the start is enough.
fn clip(mut text: String) -> String {
    const LONGEST: usize = 300;
    if let Some((at, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(at);
    }
    text
}
