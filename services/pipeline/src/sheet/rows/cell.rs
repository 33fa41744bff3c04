//! A cell as an answer of the form.
use crate::form::{self, Field, Kind, YES};
use crate::sheet::title::{plain, unnumbered};

/// Texts that make a declaration, as clerks enter them in such a column.
const DECLARED: [&str; 9] = ["是", "已承诺", "承诺", "同意", "已声明", "yes", "y", "true", "1"];
/// Tick marks, which are symbols.
const TICKS: [&str; 6] = ["√", "✓", "✔", "☑", "■", "●"];

/// A cell as an answer: choices by their names, declarations by the texts that clerks use. A text that is not
/// recognised stays unchanged, and the form's rules refuse it.
pub(super) fn answer(field: &Field, text: &str) -> String {
    match field.kind {
        Kind::Declaration if declares(text) => YES.to_owned(),
        Kind::Choice => chosen(field, text).unwrap_or(text).to_owned(),
        // A line break in a cell only makes it fit its column.
        Kind::Line | Kind::Phone | Kind::Email => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Kind::Text | Kind::Declaration => text.to_owned(),
    }
}

fn declares(text: &str) -> bool {
    TICKS.contains(&text) || DECLARED.contains(&plain(text).as_str())
}

/// The choice that a text names: by its id or name, or as the only one whose Chinese name is contained in it.
fn chosen<'c>(field: &'c Field, text: &str) -> Option<&'c str> {
    let wanted = [plain(text), unnumbered(text)];
    let names = |choice: &form::Choice| [&choice.id, &choice.zh, &choice.en].map(|name| plain(name));
    let equal = field.choices.iter().find(|choice| names(choice).iter().any(|name| wanted.contains(name)));
    if let Some(choice) = equal {
        return Some(&choice.id);
    }
    let mut within = field.choices.iter().filter(|choice| wanted[0].contains(&plain(&choice.zh)));
    match (within.next(), within.next()) {
        (Some(choice), None) => Some(&choice.id),
        _ => None,
    }
}
