//! The values of a list in a form, with the one that is selected.

/// One of several values.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) text: String,
    pub(crate) on: bool,
}

impl Choice {
    pub(crate) fn new(value: impl Into<String>, text: impl Into<String>, on: bool) -> Self {
        Self { value: value.into(), text: text.into(), on }
    }
}

/// A list from values with their texts, of which one may be chosen.
pub(crate) fn choices<V: Into<String>, T: Into<String>>(
    values: impl IntoIterator<Item = (V, T)>,
    chosen: Option<&str>,
) -> Vec<Choice> {
    let choice = |(value, text): (V, T)| {
        let value = value.into();
        Choice { on: chosen == Some(value.as_str()), value, text: text.into() }
    };
    values.into_iter().map(choice).collect()
}
