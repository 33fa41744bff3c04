//! Texts of partners, made safe to store and show. A partner's answer cannot be refused: the call that it answers may
//! have taken effect. So forbidden characters are replaced, and excessive length is cut. A notice, which only causes a
//! poll, is ignored instead.
use pipeline::delivery::{DeliveryEvent, Receipt};
use pipeline::text::{Limit, Lines, Text, tidy};

use crate::redact::Secrets;

/// Longest stored message of a refusal, in characters.
const WORDS_CHARS: usize = 2000;
/// Longest stored name or address, in characters.
const NAME_CHARS: usize = Limit::RECEIPT.max_chars;

/// The event with its texts cleaned and without secrets: partners may echo what we sent them.
pub(crate) fn cleaned(event: DeliveryEvent, secrets: &Secrets) -> DeliveryEvent {
    let words = |words: &str| tidy(&secrets.cut(words), Lines::Many, WORDS_CHARS);
    let name = |receipt: Receipt| Receipt(tidy(&receipt.0, Lines::One, NAME_CHARS));
    let address = |address: Option<String>| address.map(|it| tidy(&it, Lines::One, NAME_CHARS));
    match event {
        DeliveryEvent::Refused { words: said } => DeliveryEvent::Refused { words: words(&said) },
        DeliveryEvent::ReadBack { intent, found } => DeliveryEvent::ReadBack { intent, found: found.map(name) },
        DeliveryEvent::Accepted { intent, receipt } => DeliveryEvent::Accepted { intent, receipt: name(receipt) },
        DeliveryEvent::WentLive { receipt, public_url } => {
            DeliveryEvent::WentLive { receipt: name(receipt), public_url: address(public_url) }
        }
        event @ (DeliveryEvent::Wanted { .. }
        | DeliveryEvent::Unwanted
        | DeliveryEvent::Replace { .. }
        | DeliveryEvent::NotBefore { .. }
        | DeliveryEvent::Confirmed { .. }
        | DeliveryEvent::Preparing
        | DeliveryEvent::Sending { .. }
        | DeliveryEvent::NotSent { .. }
        | DeliveryEvent::AnswerLost { .. }
        | DeliveryEvent::HandedToOperator { .. }
        | DeliveryEvent::RecallStarted { .. }
        | DeliveryEvent::RecallAcknowledged
        | DeliveryEvent::RecallConfirmed) => event,
    }
}

/// The name in a notice, if it can be one.
pub(crate) fn name_in_notice(text: &str) -> Option<String> {
    Text::new(text, Limit::RECEIPT).ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use pipeline::delivery::IntentId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn no_word_of_a_partner_keeps_an_answer_from_being_written_down() {
        let (secrets, intent) = (Secrets::default(), IntentId(Uuid::nil()));
        secrets.add("canary-canary");
        let hostile = || Receipt("BV1\0\u{202e}\n".into());
        let tame = Receipt("BV1\u{fffd}\u{fffd}\u{fffd}".into());
        assert_eq!(
            cleaned(DeliveryEvent::Accepted { intent, receipt: hostile() }, &secrets),
            DeliveryEvent::Accepted { intent, receipt: tame.clone() }
        );
        assert_eq!(
            cleaned(DeliveryEvent::ReadBack { intent, found: Some(hostile()) }, &secrets),
            DeliveryEvent::ReadBack { intent, found: Some(tame.clone()) }
        );
        let live = DeliveryEvent::WentLive { receipt: hostile(), public_url: Some("https://x/\u{1b}[2J".into()) };
        let public_url = Some("https://x/\u{fffd}[2J".into());
        assert_eq!(cleaned(live, &secrets), DeliveryEvent::WentLive { receipt: tame, public_url });
        let words = format!("canary-canary 不收\n\0{}", "x".repeat(1 << 20));
        let DeliveryEvent::Refused { words } = cleaned(DeliveryEvent::Refused { words }, &secrets) else { panic!() };
        assert!(words.starts_with("[cut] 不收\n\u{fffd}xxx") && words.chars().count() == 2000, "{words}");
    }

    #[test]
    fn a_notice_names_one_work_in_one_line_or_none() {
        assert_eq!(name_in_notice(" BV1 ").as_deref(), Some("BV1"));
        for wrong in ["", "BV1\0", "BV1\nBV2", "\u{202e}1VB", &"x".repeat(2001)] {
            assert_eq!(name_in_notice(wrong), None);
        }
    }
}
