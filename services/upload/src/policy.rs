//! Who may use a route, and a route as the table lists it.
use axum::http::Method;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Everyone, by a program or a script of any site.
    Public,
    /// Everyone, in a browser: a page, which may set cookies and does not answer scripts of other sites.
    Page,
    /// The entrant of an upload's submission. The upload protocol's handlers check it, since they know the upload.
    Upload,
    /// The entrant of the submission in the address.
    Entry,
}

/// A route for tests and the document.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its one method.
    pub method: Method,
    /// With `{names}`.
    pub path: &'static str,
    /// Who may use it.
    pub policy: Policy,
}

impl Listed {
    /// Whether people open it in a browser.
    pub fn is_page(&self) -> bool {
        self.policy == Policy::Page
    }
}
