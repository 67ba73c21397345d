//! S3's sequencers: which of two events of one key came first.
//!
//! They are hexadecimal numbers of which the shorter one is to be padded with zeros on the right before they are compared
//! (*Amazon S3 User Guide*, "Event message structure"). Two of them compare as plain strings, which is all that DynamoDB's
//! conditions can do, once their trailing zeros are gone: what was only padding is nothing, and a longer one that begins
//! with the shorter has a digit above zero where the other would have been padded.

/// The sequencer such that string comparison orders it.
pub(super) fn canonical(sequencer: &str) -> String {
    sequencer.trim_end_matches('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    /// What the user guide says, word by word.
    fn compare(a: &str, b: &str) -> Ordering {
        let length = a.len().max(b.len());
        format!("{a:0<length$}").to_ascii_uppercase().cmp(&format!("{b:0<length$}").to_ascii_uppercase())
    }

    #[test]
    fn a_shorter_sequencer_is_padded_on_the_right() {
        for (a, b, expected) in [
            ("0055AED6DCD90281E5", "0055AED6DCD90281E6", Ordering::Less),
            ("0055AED6DCD90281E5", "0055aed6dcd90281e5", Ordering::Equal),
            ("0055AE", "0055AE00", Ordering::Equal),
            ("0055AE", "0055AE01", Ordering::Less),
            ("0055AF", "0055AE01", Ordering::Greater),
            ("", "00", Ordering::Equal),
            ("", "01", Ordering::Less),
        ] {
            assert_eq!(canonical(a).cmp(&canonical(b)), expected, "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn string_comparison_is_that_of_the_user_guide(a in "[0-3A-Ca-c]{0,6}", b in "[0-3A-Ca-c]{0,6}") {
            prop_assert_eq!(canonical(&a).cmp(&canonical(&b)), compare(&a, &b));
        }
    }
}
