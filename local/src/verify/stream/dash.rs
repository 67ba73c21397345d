//! What a manifest of DASH lists (ISO/IEC 23009-1): static presentations, with segment templates and timelines.

use reelspan_engine::media::{Ticks, Time, Timescale};
use roxmltree::{Document, Node};

use super::{ListedRendition, ListedSegment};
use crate::verify::client::{ClientRequest, join};
use crate::verify::verdict::Stop;

/// Sets for trick modes (DASH-IF IOP §3.2.9) are no renditions of their own.
const TRICK_MODE: &str = "http://dashif.org/guidelines/trickmode";

/// The most segments of a representation.
const MOST: usize = 1 << 20;

/// The representations of pictures and sound that a manifest lists.
pub fn read(url: &str, manifest: &str) -> Result<Vec<ListedRendition>, Stop> {
    let document =
        Document::parse(manifest).map_err(|error| ClientRequest::get(url).violated("XML", error.to_string()))?;
    let root = document.root_element();
    if root.attribute("type").is_some_and(|of| of != "static") {
        return Err(Stop::NotRun("the manifest is of a live stream".to_owned()));
    }
    let above = based(root, url);
    // The sets of the first period are continued by those of the others.
    let mut listings: Vec<(RenditionKey, ListedRendition)> = Vec::new();
    let mut ends = Some(Time::ZERO);
    for (number, period) in children(root, "Period").enumerate() {
        let time = |name| period.attribute(name).map(|text| duration(text).ok_or_else(|| wrong(url, text)));
        let start = time("start").transpose()?.or(ends);
        let start = start.ok_or_else(|| Stop::NotRun("a period does not say when it begins".to_owned()))?;
        ends = time("duration").transpose()?.map(|lasts| start + lasts);
        for (key, listing) in sets(url, &based(period, &above), period, (number, start))? {
            let continued = listings.iter_mut().find(|(known, before)| {
                *known == key && before.segments.last().is_none_or(|last| last.period < number)
            });
            match continued {
                Some((_, before)) => before.segments.extend(listing.segments),
                None => listings.push((key, listing)),
            }
        }
    }
    Ok(listings.into_iter().map(|(_, listing)| listing).collect())
}

/// What the representations of one rendition have in common in all periods: pictures or sound, and their identifier.
type RenditionKey = (String, String);

/// The representations of a period, which has this number and begins at this time.
fn sets(
    url: &str,
    base: &str,
    period: Node<'_, '_>,
    (number, start): (usize, Time),
) -> Result<Vec<(RenditionKey, ListedRendition)>, Stop> {
    let mut listings = Vec::new();
    for set in children(period, "AdaptationSet").filter(|set| is_media(*set)) {
        let base = based(set, base);
        for representation in children(set, "Representation") {
            let base = based(representation, &base);
            let template = children(representation, "SegmentTemplate").chain(children(set, "SegmentTemplate")).next();
            let template =
                template.ok_or_else(|| Stop::NotRun("a set without SegmentTemplate is not read".to_owned()))?;
            let mut listing = listing(url, &base, representation, template)?;
            for segment in &mut listing.segments {
                segment.period = number;
                segment.origin = segment.origin.map(|origin| origin + start);
            }
            let of = |node: Node<'_, '_>, name| node.attribute(name).unwrap_or_default().to_owned();
            listings.push(((of(set, "contentType"), of(representation, "id")), listing));
        }
    }
    Ok(listings)
}

fn wrong(url: &str, text: &str) -> Stop {
    ClientRequest::get(url).violated("a duration", text)
}

/// A duration of XML Schema, in days and what is shorter.
fn duration(text: &str) -> Option<Time> {
    let (days, rest) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
    let mut sum = Time::ZERO;
    let mut add = |number: &str, seconds: i64| {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
        let is_number = (whole.to_owned() + fraction).bytes().all(|byte| byte.is_ascii_digit()) && !whole.is_empty();
        let nanos = whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(digits.parse().ok()?)?;
        sum = Time(sum.0.checked_add(nanos.checked_mul(seconds)?)?);
        is_number.then_some(())
    };
    if !days.is_empty() {
        add(days.strip_suffix('D')?, 86_400)?;
    }
    let mut rest = rest;
    for (unit, seconds) in [('H', 3600), ('M', 60), ('S', 1)] {
        if let Some((number, behind)) = rest.split_once(unit) {
            add(number, seconds)?;
            rest = behind;
        }
    }
    (rest.is_empty() && text.len() > 2).then_some(sum)
}

fn children<'a, 'b: 'a>(node: Node<'a, 'b>, name: &'static str) -> impl Iterator<Item = Node<'a, 'b>> {
    node.children().filter(move |child| child.tag_name().name() == name)
}

/// The URL that those in this element are relative to.
fn based(node: Node<'_, '_>, above: &str) -> String {
    children(node, "BaseURL")
        .next()
        .and_then(|base| base.text())
        .map_or_else(|| above.to_owned(), |base| join(above, base.trim()))
}

fn is_media(set: Node<'_, '_>) -> bool {
    let of = |name| set.attribute(name).unwrap_or_default();
    let is_trick =
        children(set, "EssentialProperty").any(|property| property.attribute("schemeIdUri") == Some(TRICK_MODE));
    let is_text = of("contentType") == "text"
        || of("mimeType").starts_with("text/")
        || of("mimeType").starts_with("application/");
    !is_trick && !is_text
}

fn listing(
    url: &str,
    base: &str,
    representation: Node<'_, '_>,
    template: Node<'_, '_>,
) -> Result<ListedRendition, Stop> {
    let wrong = |expected: &str, came: &str| ClientRequest::get(url).violated(expected, came);
    let number = |node: Node<'_, '_>, name: &str, otherwise: Option<i64>| {
        let text = node.attribute(name);
        let found = text.map_or(otherwise, |text| text.parse().ok());
        found.ok_or_else(|| wrong(&format!("a number {name}"), text.unwrap_or("none")))
    };
    let scale = number(template, "timescale", Some(1))?;
    let scale =
        u32::try_from(scale).ok().and_then(Timescale::per_second).ok_or_else(|| wrong("a timescale", "another"))?;
    let media = template.attribute("media").ok_or_else(|| wrong("SegmentTemplate with media", "none"))?;
    let timeline = children(template, "SegmentTimeline").next();
    let timeline = timeline.ok_or_else(|| Stop::NotRun("a template without SegmentTimeline is not read".to_owned()))?;
    let id = representation.attribute("id").unwrap_or_default();
    let named = |text: &str, time: i64, number: i64| {
        let text = text.replace("$RepresentationID$", id).replace("$Time$", &time.to_string());
        join(base, &text.replace("$Number$", &number.to_string()).replace("$$", "$"))
    };
    let header = template.attribute("initialization").map(|text| named(text, 0, 0));
    let offset: Time = scale.time(Ticks(number(template, "presentationTimeOffset", Some(0))?));
    let mut listing = ListedRendition { url: url.to_owned(), ..ListedRendition::default() };
    let (mut time, mut at) = (0_i64, number(template, "startNumber", Some(1))?);
    for entry in children(timeline, "S") {
        time = number(entry, "t", Some(time))?;
        let (lasts, repeated) = (number(entry, "d", None)?, number(entry, "r", Some(0))?);
        if lasts <= 0 || repeated < 0 {
            return Err(Stop::NotRun("a timeline without an end is not read".to_owned()));
        }
        for _ in 0..=repeated {
            if listing.segments.len() >= MOST {
                return Err(Stop::NotRun(format!("a timeline with more than {MOST} segments is not read")));
            }
            let duration: Time = scale.time(Ticks(lasts));
            let (url, header, origin) = (named(media, time, at), header.clone(), Some(Time::ZERO - offset));
            listing.segments.push(ListedSegment { url, duration, header, period: 0, origin });
            (time, at) = (time.saturating_add(lasts), at + 1);
        }
    }
    Ok(listing)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MANIFEST: &str = r#"<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>
        <AdaptationSet contentType="video"><SegmentTemplate timescale="1000" initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Time$.m4s?a=1&amp;b=2">
        <SegmentTimeline><S t="0" d="6000" r="1"/><S d="500"/></SegmentTimeline></SegmentTemplate><Representation id="v"/></AdaptationSet>
        <AdaptationSet><EssentialProperty schemeIdUri="http://dashif.org/guidelines/trickmode" value="1"/></AdaptationSet>
        <AdaptationSet mimeType="text/vtt"/></Period></MPD>"#;

    #[test]
    fn a_timeline_lists_its_segments() {
        let found = read("http://h/x/manifest.mpd?s=1", MANIFEST).unwrap();
        let [listing] = found.as_slice() else { panic!("{found:?}") };
        assert!(listing.segments.iter().all(|segment| segment.header.as_deref() == Some("http://h/x/v/init.mp4")));
        let urls: Vec<&str> = listing.segments.iter().map(|segment| segment.url.as_str()).collect();
        assert_eq!(urls, [0, 6000, 12_000].map(|time| format!("http://h/x/v/{time}.m4s?a=1&b=2")));
        let lasts: Vec<i64> = listing.segments.iter().map(|segment| segment.duration.0 / 1_000_000).collect();
        assert_eq!(lasts, [6000, 6000, 500]);
    }

    #[test]
    fn periods_continue_each_other() {
        let (before, period) = MANIFEST.split_once("<Period>").unwrap();
        let second = "<Period start=\"PT12.5S\">".to_owned() + period;
        let second = second.replace("timescale=\"1000\"", "timescale=\"1000\" presentationTimeOffset=\"12000\"");
        let manifest = format!("{before}<Period>{}{second}", period.replace("</MPD>", ""));
        let found = read("http://h/x/manifest.mpd", &manifest).unwrap();
        let [listing] = found.as_slice() else { panic!("{found:?}") };
        let periods: Vec<usize> = listing.segments.iter().map(|segment| segment.period).collect();
        assert_eq!(periods, [0, 0, 0, 1, 1, 1]);
        let origins: Vec<i64> = listing.segments.iter().map(|segment| segment.origin.unwrap().0 / 1_000_000).collect();
        assert_eq!(origins, [0, 0, 0, 500, 500, 500]);
    }

    #[test]
    fn durations_are_of_xml_schema() {
        for (text, seconds) in
            [("PT12.5S", Some(12.5)), ("PT1H2M3S", Some(3723.0)), ("P1DT1S", Some(86_401.0)), ("P2D", Some(172_800.0))]
        {
            assert_eq!(duration(text).map(Time::as_secs_f64), seconds, "{text}");
        }
        for text in ["", "P", "PT", "12", "PT1", "PTS", "PT-1S", "PT1.S.S", "PT1SS", "P1M", "PT9223372036854775807S"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_read_says_so() {
        for (part, other) in [("static", "dynamic"), ("r=\"1\"", "r=\"-1\""), ("SegmentTimeline>", "Other>")] {
            assert!(matches!(read("http://h/", &MANIFEST.replace(part, other)), Err(Stop::NotRun(_))), "{other}");
        }
        for (part, other) in [("</MPD>", ""), ("d=\"500\"", "d=\"x\""), ("media=", "no=")] {
            assert!(matches!(read("http://h/", &MANIFEST.replace(part, other)), Err(Stop::Violated(_))), "{other}");
        }
    }
}
