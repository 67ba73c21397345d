//! The text of a cue (§4.2.2): what of a hostile text is let through, in the form of WebVTT.
//!
//! The tags of WebVTT stay, and are closed in order. Other tags are left out, and their text stays. Everything else that would
//! mean something is escaped, so that a text can neither end its cue nor begin another.

use std::fmt::Write;

use super::MOST_TEXT;
use super::stamp::{Stamp, stamp};
use crate::media::{Interval, Time};

/// How many tags may be open at a time.
const DEEPEST: usize = 8;

/// The longest tag that is taken for one, in bytes.
const LONGEST_TAG: usize = 256;

/// What markup a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// That of WebVTT.
    WebVtt,
    /// That of SubRip, which is HTML's `b`, `i`, `u` and `font`, and the overrides of SubStation Alpha in braces.
    SubRip,
    /// None.
    Plain,
}

/// A text as the clean text of a cue; empty if it shows nothing.
pub fn clean(text: &str, markup: Markup) -> String {
    let mut cleaner = Cleaner::default();
    let mut rest = text.get(..text.floor_char_boundary(MOST_TEXT)).unwrap_or_default();
    while let Some(letter) = rest.chars().next() {
        let taken = cleaner.take(letter, rest, markup);
        rest = rest.get(taken..).unwrap_or_default();
    }
    cleaner.finish()
}

#[derive(Default)]
struct Cleaner {
    out: String,
    open: Vec<&'static str>,
    /// Whether anything of it can be seen.
    visible: bool,
}

impl Cleaner {
    /// Takes what the rest of the text begins with. Says how many bytes that is.
    fn take(&mut self, letter: char, rest: &str, markup: Markup) -> usize {
        let length = letter.len_utf8();
        match letter {
            '<' if markup != Markup::Plain => {
                if let Some(tag) = tag(rest) {
                    self.tag(tag, markup);
                    return tag.len() + 2;
                }
                self.show("&lt;");
            }
            // An override: `{\an8}`.
            '{' if markup == Markup::SubRip && rest.starts_with("{\\") => {
                if let Some(end) = rest.bytes().take(LONGEST_TAG).position(|byte| byte == b'}') {
                    return end + 1;
                }
                self.show("{");
            }
            '&' if markup != Markup::Plain => {
                let (reference, length) = reference(rest);
                self.show(&reference);
                return length;
            }
            '&' => self.show("&amp;"),
            '<' => self.show("&lt;"),
            '>' => self.show("&gt;"),
            '\0' => self.show("\u{FFFD}"),
            // A line break of each kind; empty lines are left out in the end.
            '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => self.out.push('\n'),
            '\t' => self.out.push(' '),
            letter if letter.is_control() || letter == '\u{FEFF}' => {}
            letter => {
                self.visible |= !letter.is_whitespace();
                self.out.push(letter);
            }
        }
        length
    }

    fn show(&mut self, text: &str) {
        self.visible = true;
        self.out.push_str(text);
    }

    /// Takes a tag, without its angle brackets.
    fn tag(&mut self, tag: &str, markup: Markup) {
        if let Some(name) = tag.strip_prefix('/') {
            if let Some(name) = known(name.trim(), markup) {
                self.close(name);
            }
            return;
        }
        if let (Markup::WebVtt, Some((time, ""))) = (markup, stamp(tag)) {
            let _ = write!(self.out, "<{}>", Stamp(time));
            return;
        }
        let (head, annotation) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let mut parts = head.split('.');
        let Some(name) = parts.next().and_then(|name| known(name, markup)) else { return };
        let annotation = line(annotation).replace(['<', '>', '&'], " ");
        // The end of a tag makes no arrow.
        let annotation = annotation.trim_end_matches(|letter: char| letter == '-' || letter.is_whitespace()).trim();
        let needs_annotation = matches!(name, "v" | "lang");
        if self.open.len() >= DEEPEST
            || needs_annotation && annotation.is_empty()
            || name == "rt" && self.open.last() != Some(&"ruby")
        {
            return;
        }
        let _ = write!(self.out, "<{name}");
        let is_class = |class: &&str| {
            !class.is_empty()
                && !class.ends_with('-')
                && class.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        for class in parts.filter(is_class).filter(|_| markup == Markup::WebVtt) {
            let _ = write!(self.out, ".{class}");
        }
        if needs_annotation {
            let _ = write!(self.out, " {annotation}");
        }
        self.out.push('>');
        self.open.push(name);
    }

    /// Closes the last open tag of this name, and those within it.
    fn close(&mut self, name: &str) {
        let Some(at) = self.open.iter().rposition(|open| *open == name) else { return };
        for name in self.open.drain(at..).rev() {
            let _ = write!(self.out, "</{name}>");
        }
    }

    fn finish(mut self) -> String {
        if !self.visible {
            return String::new();
        }
        self.out.truncate(self.out.trim_end().len());
        for name in std::mem::take(&mut self.open).into_iter().rev() {
            let _ = write!(self.out, "</{name}>");
        }
        let lines: Vec<&str> = self.out.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join("\n")
    }
}

/// The tag at the beginning of a text, without its angle brackets.
fn tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?;
    let begins = inner.strip_prefix('/').unwrap_or(inner).bytes().next()?;
    let end = inner.bytes().take(LONGEST_TAG).position(|byte| matches!(byte, b'>' | b'<'))?;
    let is_tag = inner.as_bytes().get(end) == Some(&b'>') && begins.is_ascii_alphanumeric();
    // `a <3 b` is no tag; a time stamp is.
    let is_tag = is_tag && (begins.is_ascii_alphabetic() || stamp(inner).is_some());
    inner.get(..end).filter(|_| is_tag)
}

/// What WebVTT calls a tag; `None` if it has none like it.
fn known(name: &str, markup: Markup) -> Option<&'static str> {
    let names: &[(&str, &'static str)] = match markup {
        Markup::WebVtt => &[
            ("c", "c"),
            ("i", "i"),
            ("b", "b"),
            ("u", "u"),
            ("v", "v"),
            ("lang", "lang"),
            ("ruby", "ruby"),
            ("rt", "rt"),
        ],
        _ => &[("i", "i"), ("b", "b"), ("u", "u"), ("em", "i"), ("strong", "b")],
    };
    let same = |(known, _): &&(&str, _)| match markup {
        Markup::WebVtt => name == *known,
        _ => name.eq_ignore_ascii_case(known),
    };
    names.iter().find(same).map(|(_, name)| *name)
}

/// The character reference at the beginning of a text, as WebVTT writes it, and its length: an ampersand alone is one that is
/// escaped.
fn reference(text: &str) -> (String, usize) {
    let name = text.get(1..).and_then(|text| text.split_once(';')).map_or("", |(name, _)| name);
    let letter = match name {
        "amp" | "lt" | "gt" | "nbsp" | "lrm" | "rlm" => return (format!("&{name};"), name.len() + 2),
        "quot" => Some('"'),
        "apos" => Some('\''),
        name => name.strip_prefix('#').and_then(|number| {
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let code = hexadecimal.map_or_else(|| number.parse().ok(), |digits| u32::from_str_radix(digits, 16).ok());
            code.and_then(char::from_u32)
        }),
    };
    match letter {
        Some('&') => ("&amp;".to_owned(), name.len() + 2),
        Some('<') => ("&lt;".to_owned(), name.len() + 2),
        Some('>') => ("&gt;".to_owned(), name.len() + 2),
        Some(letter) if !letter.is_control() && letter != '\u{2028}' && letter != '\u{2029}' => {
            (letter.to_string(), name.len() + 2)
        }
        _ => ("&amp;".to_owned(), 1),
    }
}

/// A clean text whose inner time stamps are moved to an earlier beginning. Those that are not within the cue, or not in order,
/// are left out.
pub fn timed(text: &str, earlier: Time, cue: Interval) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut last) = (text, cue.start());
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        let (inner, behind) = tag.split_once('>').unwrap_or((tag, ""));
        match stamp(inner) {
            Some((time, "")) => {
                let time = time - earlier;
                if time > last && time < cue.end() {
                    let _ = write!(out, "<{}>", Stamp(time));
                    last = time;
                }
            }
            _ => {
                let _ = write!(out, "<{inner}>");
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// A text as one line.
pub fn line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// A text as the text of a cue on one line, without markup.
pub fn escaped(text: &str) -> String {
    line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An identifier: one line, without the arrow that would make it a line of times (§4.1).
pub fn identifier(text: &str) -> String {
    let mut text: String = line(text).chars().take(128).collect();
    // `---->` is an arrow still, once an arrow in it is shorter.
    while text.contains("-->") {
        text = text.replace("-->", "->");
    }
    text.trim().to_owned()
}

/// Those of a cue's settings (§4.4) that are valid, each once. Regions are not given out, so nothing refers to one.
pub fn settings(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for setting in text.split_ascii_whitespace().take(16) {
        let Some((name, value)) = setting.split_once(':') else { continue };
        let (number, place) = value.split_once(',').map_or((value, None), |(number, place)| (number, Some(place)));
        let is_valid = match name {
            "vertical" => matches!(value, "rl" | "lr"),
            "line" => {
                (is_percentage(number) || is_whole(number.strip_prefix('-').unwrap_or(number)))
                    && place.is_none_or(|place| matches!(place, "start" | "center" | "end"))
            }
            "position" => {
                is_percentage(number)
                    && place.is_none_or(|place| matches!(place, "line-left" | "center" | "line-right"))
            }
            "size" => is_percentage(value),
            "align" => matches!(value, "start" | "center" | "end" | "left" | "right"),
            _ => false,
        };
        let is_new = kept.iter().all(|other| other.split(':').next() != Some(name));
        if is_valid && is_new {
            kept.push(setting);
        }
    }
    kept.join(" ")
}

fn is_whole(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// At most 100 %.
fn is_percentage(text: &str) -> bool {
    let Some(number) = text.strip_suffix('%').filter(|number| number.len() <= 12) else { return false };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && number.parse::<f64>().is_ok_and(|value| value <= 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_markup_of_webvtt_and_no_other() {
        use Markup::{Plain, SubRip, WebVtt};
        for (markup, text, expected) in [
            (WebVtt, "<i>a</i> <b>b</b> <u>c</u>", "<i>a</i> <b>b</b> <u>c</u>"),
            (WebVtt, "<v Ann &amp; <b>x", "&lt;v Ann &amp; <b>x</b>"),
            (WebVtt, "<v.loud Ann>Hi", "<v.loud Ann>Hi</v>"),
            (WebVtt, "<c.yellow.bg_blue.a\"b>x</c>", "<c.yellow.bg_blue>x</c>"),
            (WebVtt, "<v --> a <v Ann -->b<c.x-->c", "a <v Ann>b<c>c</c></v>"),
            (WebVtt, "<ruby>a<rt>b</ruby>", "<ruby>a<rt>b</rt></ruby>"),
            (WebVtt, "<rt>b</rt><lang>c</lang>", "bc"),
            (WebVtt, "<i><b>crossed</i></b>", "<i><b>crossed</b></i>"),
            (WebVtt, "</i>a<i>", "a<i></i>"),
            (WebVtt, "a<00:01.000>b<1:2>c", "a<00:00:01.000>b<00:01:02.000>c"),
            (WebVtt, "<script>alert(1)</script>", "alert(1)"),
            (WebVtt, "a --> b", "a --&gt; b"),
            (WebVtt, "a\n\n\r\n00:00 --> 00:01\n", "a\n00:00 --&gt; 00:01"),
            (WebVtt, "a & b &amp; &nbsp;&#39;&#x3C;&unknown;", "a &amp; b &amp; &nbsp;'&lt;&amp;unknown;"),
            (WebVtt, "\u{FEFF}a\0b\u{7}\tc\u{2028}d", "a\u{FFFD}b c\nd"),
            (WebVtt, " <b> </b>\n", ""),
            (WebVtt, "<", "&lt;"),
            (SubRip, "<I>a</I> <font color=\"#ff0000\">red</font> <em>b</em>", "<i>a</i> red <i>b</i>"),
            (SubRip, "{\\an8}up {brace}", "up {brace}"),
            (SubRip, "I <3 you & 1 < 2 > 0", "I &lt;3 you &amp; 1 &lt; 2 &gt; 0"),
            (SubRip, "<v Ann>Hi<c.x>", "Hi"),
            (Plain, "<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
        ] {
            assert_eq!(clean(text, markup), expected, "{markup:?} {text:?}");
        }
    }

    #[test]
    fn an_identifier_has_no_arrow() {
        for (text, expected) in [("7", "7"), ("a-->b", "a->b"), (" ----> lang", "-> lang"), ("-->-->", "->->")] {
            assert_eq!(identifier(text), expected, "{text}");
        }
        assert!(!identifier(&"-->".repeat(100)).contains("-->"));
    }

    #[test]
    fn a_text_is_bounded() {
        assert_eq!(clean(&"ä".repeat(1 << 20), Markup::WebVtt).chars().count(), MOST_TEXT / 2);
        let deep = clean(&format!("{}x", "<b>".repeat(1000)), Markup::WebVtt);
        assert_eq!(deep, format!("{}x{}", "<b>".repeat(DEEPEST), "</b>".repeat(DEEPEST)));
    }

    #[test]
    fn only_valid_settings_stay() {
        for (text, expected) in [
            (
                "align:start line:-1 position:50.5%,center size:80%",
                "align:start line:-1 position:50.5%,center size:80%",
            ),
            ("line:10%,end vertical:rl region:fred", "line:10%,end vertical:rl"),
            ("align:start align:end", "align:start"),
            ("size:101% position:5 line:1.5 align:middle vertical:x nonsense --> :", ""),
        ] {
            assert_eq!(settings(text), expected, "{text}");
        }
    }
}
