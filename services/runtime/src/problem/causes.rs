//! Which problem an error or a refusal of another part is.
use pipeline::person;
use pipeline::replacing::Refusal;
use tracing::{error, warn};

use super::Problem;
use super::code::Code;
use crate::objects::ObjectError;
use crate::serving::full::Full;
use crate::store::entry::uploads::Failure;

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

impl From<Full> for Code {
    fn from(full: Full) -> Self {
        match full {
            Full::Everywhere => Code::Overloaded,
            Full::Address => Code::TooManyAtOnce,
        }
    }
}
