//! A work's text at Douyin, which has no field for a title: title, description, topics, and the work's number as its
//! last line. The work of an unanswered create is searched by that number, since two works may have the same title.
use uuid::Uuid;

/// Most characters of the whole text [2].
pub(super) const MAX_CHARS: usize = 1000;

/// The text before the number.
const LABEL: &str = "作品编号：";

/// A work's number in the public list: the random half of its id, and the run.
pub(super) fn number(submission: Uuid, run: u32) -> String {
    let id = submission.simple().to_string().to_ascii_uppercase();
    // The first digits of an id are its time, which works entered at the same time share.
    let random = &id[20..];
    if run == 1 { random.to_owned() } else { format!("{random}.{run}") }
}

/// The whole text. If it would be too long, the description is cut, never the title or the number.
pub(super) fn compose(title: &str, description: &str, topics: &[String], number: &str) -> String {
    let topics: String = topics.iter().map(|topic| format!("#{} ", topic.replace(char::is_whitespace, ""))).collect();
    let last = format!("{LABEL}{number}");
    let fixed = [title, topics.trim_end(), &last].map(|line| line.chars().count() + 1).iter().sum::<usize>();
    let description = shortened(description.trim(), MAX_CHARS.saturating_sub(fixed));
    let lines = [title.trim(), &description, topics.trim_end(), &last];
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Whether a text in the list belongs to the work with this number.
pub(super) fn carries(text: &str, number: &str) -> bool {
    let whole = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
    text.split(LABEL).skip(1).any(|rest| rest.trim_start().strip_prefix(number).is_some_and(whole))
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let Some(kept) = most.checked_sub(1) else { return String::new() };
    text.chars().take(kept).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_never_cut_and_never_taken_for_another_runs() {
        let id = Uuid::now_v7();
        let (first, second) = (number(id, 1), number(id, 2));
        let long = "长".repeat(3000);
        let text = compose("钢铁的颜色", &long, &["绿色 低碳".into()], &first);
        assert_eq!(text.chars().count(), MAX_CHARS);
        assert!(text.contains("#绿色低碳\n"), "{text}");
        assert!(carries(&text, &first) && !carries(&text, &second));
        let again = compose("钢铁的颜色", "", &[], &second);
        assert!(carries(&again, &second) && !carries(&again, &first), "{again}");
    }

    #[test]
    fn works_entered_together_have_different_numbers() {
        assert_ne!(number(Uuid::now_v7(), 1), number(Uuid::now_v7(), 1));
    }

    #[test]
    fn a_text_is_found_again_when_the_platform_trims_or_joins_its_lines() {
        let number = number(Uuid::now_v7(), 3);
        let text = compose("题", "文", &[], &number).replace('\n', " ");
        assert!(carries(&format!("  {text} #topic"), &number));
        assert!(!carries("题 文", &number));
    }
}
