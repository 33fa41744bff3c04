//! The sentences of each rejection. One file a language, so that a translator reads straight down.
use super::Rejection;
use crate::lang::Lang;

mod en;
mod words;
mod zh;

impl Rejection {
    /// The text for the entrant: one or two sentences with the measured value, the limit and the remedy. Text from the
    /// file is made safe to display.
    pub fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => zh::text(self),
            Lang::En => en::text(self),
        }
    }
}
