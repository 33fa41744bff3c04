//! Addresses of pages, with a query.
use runtime::problem::Problem;
use serde::Serialize;

/// With these parameters.
pub(crate) fn address<N: AsRef<str>, V: AsRef<str>>(path: &str, query: impl IntoIterator<Item = (N, V)>) -> String {
    joined(path, &url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish())
}

/// With the fields of a filter; those that are `None` are omitted.
pub(crate) fn filtered(path: &str, filter: &impl Serialize) -> Result<String, Problem> {
    Ok(joined(path, &serde_html_form::to_string(filter).map_err(anyhow::Error::from)?))
}

fn joined(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
