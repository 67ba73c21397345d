//! What the page of `/player/` says to those who run no script: title, Open Graph and Twitter tags, and where oEmbed is. Texts of
//! contents are hostile: every one of them is escaped.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reelspan::http::markup::escaped;

use crate::catalogue::{Described, PictureSize};

/// What the value of a parameter keeps (RFC 3986 §2.3).
const VALUE: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The size of a player without a picture of its own, and of one that plays sound alone, in CSS pixels.
const USUAL: (u32, u32) = (640, 360);
const OF_SOUND: (u32, u32) = (640, 120);

/// A text as the value of a parameter.
#[must_use]
pub fn value(text: &str) -> String {
    utf8_percent_encode(text, &VALUE).to_string()
}

/// The address of the page that plays this.
#[must_use]
pub fn page_of(origin: &str, src: &str) -> String {
    format!("{origin}/player/?src={}", value(src))
}

/// The size of a frame for this, within these bounds.
#[must_use]
pub fn size(picture: PictureSize, most: (Option<u32>, Option<u32>)) -> (u32, u32) {
    let bound = |size: u32, most: Option<u32>| size.min(most.unwrap_or(size)).max(1);
    let (width, height) = match picture {
        PictureSize::Sound => return (bound(OF_SOUND.0, most.0), bound(OF_SOUND.1, most.1)),
        PictureSize::Pixels(width, height) if width > 0 && height > 0 => (USUAL.0, scaled(USUAL.0, height, width)),
        _ => USUAL,
    };
    let narrow = bound(width, most.0);
    let low = scaled(narrow, height, width);
    match most.1 {
        Some(most) if most < low => (scaled(most.max(1), width, height), most.max(1)),
        _ => (narrow, low),
    }
}

/// `length × by ÷ of`, at least 1.
fn scaled(length: u32, by: u32, of: u32) -> u32 {
    let exact = u64::from(length) * u64::from(by) / u64::from(of.max(1));
    u32::try_from(exact).unwrap_or(u32::MAX).max(1)
}

/// The code that shows a page in another one.
#[must_use]
pub fn frame(page: &str, title: &str, (width, height): (u32, u32)) -> String {
    format!(
        "<iframe src=\"{}\" title=\"{}\" width=\"{width}\" height=\"{height}\" \
         allow=\"fullscreen; picture-in-picture; clipboard-write\" loading=\"lazy\"></iframe>",
        escaped(page),
        escaped(title)
    )
}

/// The page with the tags of what it plays, in place of its own title.
#[must_use]
pub fn filled(html: &str, tags: &str) -> String {
    let title = html.find("<title>").zip(html.find("</title>"));
    match title.map(|(start, end)| (html.get(..start), html.get(end + "</title>".len()..))) {
        Some((Some(before), Some(after))) => format!("{before}{tags}{after}"),
        _ => html.to_owned(),
    }
}

/// The tags of a page that plays `src`.
#[must_use]
pub fn tags(origin: &str, src: &str, described: &Described) -> String {
    let Described { title, description, picture, .. } = described;
    let page = page_of(origin, src);
    let (width, height) = size(*picture, (None, None));
    let kind = if *picture == PictureSize::Sound { "music.song" } else { "video.other" };
    let (width, height) = (width.to_string(), height.to_string());
    let mut out = format!("<title>{}</title>", escaped(title));
    let mut meta = |attribute: &str, name: &str, content: &str| {
        // Writing to a string does not fail.
        let _ = write!(out, "\n    <meta {attribute}=\"{name}\" content=\"{}\" />", escaped(content));
    };
    meta("property", "og:type", kind);
    meta("property", "og:title", title);
    meta("property", "og:url", &page);
    meta("property", "og:video", &page);
    meta("property", "og:video:type", "text/html");
    meta("property", "og:video:width", &width);
    meta("property", "og:video:height", &height);
    if page.starts_with("https:") {
        meta("property", "og:video:secure_url", &page);
    }
    meta("name", "twitter:card", "player");
    meta("name", "twitter:title", title);
    meta("name", "twitter:player", &page);
    meta("name", "twitter:player:width", &width);
    meta("name", "twitter:player:height", &height);
    if let Some(description) = description {
        meta("name", "description", description);
        meta("property", "og:description", description);
        meta("name", "twitter:description", description);
    }
    for (format, mime) in [("json", "application/json+oembed"), ("xml", "text/xml+oembed")] {
        let address = format!("{origin}/oembed?url={}&format={format}", value(&page));
        let _ = write!(
            out,
            "\n    <link rel=\"alternate\" type=\"{mime}\" href=\"{}\" title=\"{}\" />",
            escaped(&address),
            escaped(title)
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_title_is_text_everywhere() {
        let hostile = "</title><img src=x onerror=\"alert('1')\">&\u{0}";
        let described =
            Described { title: hostile.to_owned(), description: Some(hostile.to_owned()), ..Described::default() };
        let tags = tags("https://media.example.org", "/media/a/\"><script>.mp4", &described);
        let page = filled("<head><title>Player</title><script src=a></script></head>", &tags);
        assert!(!page.contains("<img") && !page.contains("<script>") && !page.contains('\u{0}'), "{page}");
        assert!(page.contains("<title>&lt;/title&gt;&lt;img src=x onerror=&quot;alert('1')&quot;&gt;&amp;</title>"));
        assert_eq!(page.matches("<title>").count(), 1);
        assert!(page.ends_with("<script src=a></script></head>"));
        assert!(!frame("https://a/?src=\"><b>", hostile, (1, 2)).contains("<b>"));
    }

    #[test]
    fn a_frame_fits_into_what_there_is_and_keeps_its_proportions() {
        let wide = PictureSize::Pixels(1920, 1080);
        for (picture, most, size_of) in [
            (wide, (None, None), (640, 360)),
            (wide, (Some(320), None), (320, 180)),
            (wide, (Some(1000), Some(180)), (320, 180)),
            (wide, (Some(0), Some(0)), (1, 1)),
            (PictureSize::Pixels(480, 640), (None, None), (640, 853)),
            (PictureSize::Pixels(480, 640), (None, Some(400)), (300, 400)),
            (PictureSize::Pixels(0, 0), (None, None), (640, 360)),
            (PictureSize::Unknown, (Some(64), None), (64, 36)),
            (PictureSize::Sound, (Some(300), Some(400)), (300, 120)),
            (PictureSize::Pixels(1, u32::MAX), (Some(640), Some(360)), (1, 360)),
        ] {
            assert_eq!(size(picture, most), size_of, "{picture:?} {most:?}");
        }
    }
}
