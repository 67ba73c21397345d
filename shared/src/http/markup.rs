//! Text in HTML and XML.

/// The text in an element, or in an attribute between double quotes. Characters that XML 1.0 §2.2 does not have are left
/// out.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(letter),
            _ if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_element_or_its_attribute() {
        for (text, expected) in [
            ("", ""),
            ("Töne & \"Bilder\"", "Töne &amp; &quot;Bilder&quot;"),
            ("]]></title><script>", "]]&gt;&lt;/title&gt;&lt;script&gt;"),
            ("a\u{0}\u{1b}\tb\n\u{ffff}", "a\tb\n"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
