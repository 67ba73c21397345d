//! What playlists of HLS list (RFC 8216bis).

use http::StatusCode;
use reelspan_engine::media::Time;

use super::{ListedRendition, ListedSegment, text};
use crate::verify::client::{Client, ClientRequest, join};
use crate::verify::verdict::Stop;
use crate::verify::whole::WholeResource;

/// The renditions of pictures and sound that a playlist lists: those of a multivariant playlist, or the one of a media playlist.
pub async fn read(client: &Client, url: &str, list: &str) -> Result<Vec<ListedRendition>, Stop> {
    if !list.lines().any(|line| line.starts_with("#EXT-X-STREAM-INF:")) {
        return Ok(vec![media(url, list)?]);
    }
    begins(url, list)?;
    let mut urls: Vec<String> = Vec::new();
    let (mut sound, mut is_variant) = (Vec::new(), false);
    for line in list.lines() {
        if let Some(attributes) = line.strip_prefix("#EXT-X-MEDIA:") {
            let of = attribute(attributes, "TYPE");
            sound.extend(attribute(attributes, "URI").filter(|_| matches!(of, Some("AUDIO" | "VIDEO"))));
        } else if line.starts_with("#EXT-X-STREAM-INF:") {
            is_variant = true;
        } else if is_variant && !line.is_empty() && !line.starts_with('#') {
            is_variant = false;
            urls.push(join(url, line));
        }
    }
    urls.extend(sound.into_iter().map(|reference| join(url, reference)));
    let mut listings: Vec<ListedRendition> = Vec::new();
    for url in urls {
        if listings.iter().any(|listing| listing.url == url) {
            continue;
        }
        let answer = client.send(&ClientRequest::get(url.as_str())).await?;
        answer.expect(StatusCode::OK)?;
        let whole = WholeResource::of(answer).await?;
        listings.push(media(&url, &text(&url, &whole)?)?);
    }
    Ok(listings)
}

fn begins(url: &str, list: &str) -> Result<(), Stop> {
    let first = list.lines().next().unwrap_or_default();
    if first == "#EXTM3U" { Ok(()) } else { Err(ClientRequest::get(url).violated("#EXTM3U", first)) }
}

/// A media playlist.
fn media(url: &str, list: &str) -> Result<ListedRendition, Stop> {
    begins(url, list)?;
    let mut listing = ListedRendition { url: url.to_owned(), ..ListedRendition::default() };
    let (mut duration, mut has_end) = (None, false);
    let (mut header, mut period) = (None, 0);
    for line in list.lines() {
        let (tag, value) = line.split_once(':').unwrap_or((line, ""));
        match tag {
            "#EXTINF" => {
                let text = value.split(',').next().unwrap_or_default();
                let parsed = seconds(text);
                duration = Some(parsed.ok_or_else(|| ClientRequest::get(url).violated("a duration", line))?);
            }
            "#EXT-X-TARGETDURATION" => listing.target = value.parse().ok(),
            "#EXT-X-ENDLIST" => has_end = true,
            "#EXT-X-MAP" if attribute(value, "BYTERANGE").is_some() => {
                return Err(Stop::NotRun("a playlist of byte ranges is not read".to_owned()));
            }
            "#EXT-X-MAP" => header = attribute(value, "URI").map(|reference| join(url, reference)),
            // One before the first segment separates nothing.
            "#EXT-X-DISCONTINUITY" => period += usize::from(!listing.segments.is_empty()),
            "#EXT-X-BYTERANGE" => return Err(Stop::NotRun("a playlist of byte ranges is not read".to_owned())),
            "#EXT-X-KEY" if attribute(value, "METHOD") != Some("NONE") => {
                return Err(Stop::NotRun("the segments are encrypted".to_owned()));
            }
            _ if !line.is_empty() && !line.starts_with('#') => {
                let duration =
                    duration.take().ok_or_else(|| ClientRequest::get(url).violated("EXTINF before a segment", line))?;
                let origin = (period == 0).then_some(Time::ZERO);
                listing.segments.push(ListedSegment {
                    url: join(url, line),
                    duration,
                    header: header.clone(),
                    period,
                    origin,
                });
            }
            _ => {}
        }
    }
    if has_end { Ok(listing) } else { Err(Stop::NotRun("the playlist has no end: it is of a live stream".to_owned())) }
}

/// The value of an attribute (§4.2), without its quotation marks.
fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    while let Some((found, after)) = rest.split_once('=') {
        let (value, behind) = match after.strip_prefix('"') {
            Some(quoted) => {
                let (value, behind) = quoted.split_once('"')?;
                (value, behind.strip_prefix(',').unwrap_or(behind))
            }
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if found.trim() == name {
            return Some(value);
        }
        rest = behind;
    }
    None
}

/// Seconds as a decimal number.
fn seconds(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let whole: i64 = whole.parse().ok().filter(|whole| *whole >= 0)?;
    Some(Time(whole.checked_mul(1_000_000_000)?.checked_add(digits.parse().ok()?)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn attributes_are_found_beside_quoted_commas() {
        let list = r#"TYPE=AUDIO,GROUP-ID="a,URI=b",NAME="x=y",URI="s/index.m3u8?Policy=a_",DEFAULT=YES"#;
        for (name, value) in [
            ("TYPE", Some("AUDIO")),
            ("GROUP-ID", Some("a,URI=b")),
            ("URI", Some("s/index.m3u8?Policy=a_")),
            ("DEFAULT", Some("YES")),
            ("LANGUAGE", None),
        ] {
            assert_eq!(attribute(list, name), value, "{name}");
        }
    }

    #[test]
    fn a_media_playlist_lists_its_segments() {
        let list = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6.006,\n0.m4s\n#EXTINF:4,x\n1.m4s?a=b\n\
                    #EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-2.mp4\"\n#EXTINF:1,\n2.m4s\n";
        let found = media("http://h/v/index.m3u8", &format!("{list}#EXT-X-ENDLIST\n")).unwrap();
        let segment = |name: &str, nanos, header: &str, period| ListedSegment {
            url: format!("http://h/v/{name}"),
            duration: Time(nanos),
            header: Some(format!("http://h/v/{header}")),
            period,
            origin: (period == 0).then_some(Time::ZERO),
        };
        let expected = [
            segment("0.m4s", 6_006_000_000, "init.mp4", 0),
            segment("1.m4s?a=b", 4_000_000_000, "init.mp4", 0),
            segment("2.m4s", 1_000_000_000, "init-2.mp4", 1),
        ];
        assert_eq!((found.segments.as_slice(), found.target), (expected.as_slice(), Some(6)));
        assert!(matches!(media("http://h/", list), Err(Stop::NotRun(_))));
        for wrong in ["", "#EXTM3U\n0.ts\n", "#EXTM3U\n#EXTINF:x,\n0.ts\n", "#EXTM3U\n#EXTINF:-1,\n0.ts\n"] {
            assert!(matches!(media("http://h/", wrong), Err(Stop::Violated(_))), "{wrong}");
        }
    }
}
