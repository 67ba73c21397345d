//! S3's sequencers: which of two events of one key came first.
//!
//! They are hexadecimal numbers; the shorter one has to be padded with zeros on the right before a comparison (*Amazon
//! S3 User Guide*, "Event message structure"). DynamoDB's conditions can only compare strings. Without trailing zeros,
//! two sequencers compare correctly as strings: no padding is left, and a longer one that begins with the shorter has a
//! digit above zero where the other would have been padded.

use std::fmt;

/// The sequencer of an event, in a form that compares like a string. The default is not later than any other.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sequencer(String);

impl Sequencer {
    /// From the text of an event.
    #[must_use]
    pub fn new(sequencer: &str) -> Self {
        Self(sequencer.trim_end_matches('0').to_ascii_uppercase())
    }

    /// The stored form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sequencer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    /// The comparison exactly as the user guide describes it.
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
            assert_eq!(Sequencer::new(a).cmp(&Sequencer::new(b)), expected, "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn string_comparison_is_that_of_the_user_guide(a in "[0-3A-Ca-c]{0,6}", b in "[0-3A-Ca-c]{0,6}") {
            prop_assert_eq!(Sequencer::new(&a).cmp(&Sequencer::new(&b)), compare(&a, &b));
        }
    }
}
