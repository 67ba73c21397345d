//! DASH (ISO/IEC 23009-1): the manifest of a static presentation, profile *isoff-live*.

use std::fmt::Write;

use super::hls::describes_pictures;
use super::ladder::{Missing, Variant};
use super::name::{Addresses, RenditionItem};
use super::{Presentation, Rendition, Row, SegmentTable};
use crate::container::cmaf;
use crate::fragment::resolve;
use crate::media::{Kind, Time};

/// The MIME type of manifests (ISO/IEC 23009-1 Annex C).
pub const MIME: &str = "application/dash+xml";

impl Presentation<'_> {
    /// The manifest.
    #[must_use]
    pub fn manifest(&self, table: &SegmentTable, addresses: Addresses<'_>) -> String {
        self.manifest_with((&[], &[]), table, addresses)
    }

    /// The manifest with these further variants, and a comment about each that is left out.
    #[must_use]
    pub fn manifest_with(
        &self,
        (further, missing): (&[Variant<'_>], &[Missing]),
        table: &SegmentTable,
        addresses: Addresses<'_>,
    ) -> String {
        let longest = self.renditions().iter().filter_map(|rendition| {
            let longest = self.rows(rendition, table).iter().map(|row| row.duration).max()?;
            Some(rendition.timeline.microseconds(longest))
        });
        let longest = longest.chain(further.iter().filter_map(|variant| {
            let pictures = variant.presentation.variable()?;
            let longest = variant.presentation.rows(pictures, &variant.table).iter().map(|row| row.duration).max()?;
            Some(pictures.timeline.microseconds(longest))
        }));
        let periods = self.periods(table);
        let mut out = String::with_capacity(4096 * periods.len());
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = writeln!(
            out,
            "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
             profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" mediaPresentationDuration=\"{}\" \
             maxSegmentDuration=\"{}\" minBufferTime=\"PT2S\">",
            duration(self.duration().0.max(0).cast_unsigned() / 1000),
            duration(longest.max().unwrap_or(0)),
        );
        for (id, period) in (1..).zip(&periods) {
            let _ = writeln!(out, "<Period id=\"{id}\" start=\"{}\">", duration(period.begins));
            self.write_period(&mut out, (table, period), addresses, further);
            out.push_str("</Period>\n");
        }
        for Missing { name, why } in missing {
            // A comment has no two hyphens in a row (XML §2.5).
            let text = format!("{name} is left out: {why}").replace("--", "- - ");
            let _ = writeln!(out, "<!-- {} -->", Escaped(&text));
        }
        out.push_str("</MPD>\n");
        out
    }

    /// The periods of the manifest: one, unless configurations change.
    fn periods(&self, table: &SegmentTable) -> Vec<ManifestPeriod> {
        let changes = self.changes();
        let Some(leader) = self.renditions().first() else { return Vec::new() };
        let rows = self.rows(leader, table);
        let first = ManifestPeriod { number: changes.first().map(|(number, _)| number - 1), ticks: 0, begins: 0 };
        let others = changes.into_iter().map(|(number, ticks)| {
            let begins = leader.timeline.microseconds(ticks);
            ManifestPeriod { number: Some(number), ticks, begins }
        });
        let has_rows =
            |period: &ManifestPeriod| period.number.is_none_or(|number| rows.iter().any(|row| row.period == number));
        let mut periods: Vec<ManifestPeriod> = std::iter::once(first).chain(others).filter(has_rows).collect();
        if let Some(first) = periods.first_mut() {
            (first.ticks, first.begins) = (0, 0);
        }
        periods
    }

    /// Writes the adaptation sets of a period.
    fn write_period(
        &self,
        out: &mut String,
        (table, period): (&SegmentTable, &ManifestPeriod),
        addresses: Addresses<'_>,
        further: &[Variant<'_>],
    ) {
        for (number, rendition) in self.renditions().iter().enumerate() {
            let further = if number == 0 { further } else { &[] };
            self.write_set(out, (number + 1, rendition, further), (table, period), addresses, None);
        }
        self.write_caption_sets(out, (self.renditions().len() + 1, period.begins), addresses);
        // Sets for trick modes stand last: a player that does not know what they are takes the first.
        let pictures = self.renditions().iter().enumerate().filter(|(_, rendition)| rendition.kind == Kind::Video);
        for (number, rendition) in pictures {
            let id = self.renditions().len() + self.captions().len() + number + 1;
            let further = if number == 0 { further } else { &[] };
            self.write_set(out, (id, rendition, further), (table, period), addresses, Some(number + 1));
        }
    }

    /// Writes an adaptation set of one rendition and of its further variants. `trick`: of their first pictures alone, for the set with
    /// this number.
    fn write_set(
        &self,
        out: &mut String,
        (id, rendition, further): (usize, &Rendition, &[Variant<'_>]),
        (table, period): (&SegmentTable, &ManifestPeriod),
        addresses: Addresses<'_>,
        trick: Option<usize>,
    ) {
        let Some(track) = self.track(rendition) else { return };
        let mut rows = self.rows(rendition, table);
        rows.retain(|row| period.number.is_none_or(|number| row.period == number));
        let Some(number) = rows.first().map(|row| row.period) else { return };
        let kind = track.kind.name();
        let _ = write!(
            out,
            "<AdaptationSet id=\"{id}\" contentType=\"{kind}\" mimeType=\"{kind}/mp4\" segmentAlignment=\"true\" startWithSAP=\"{}\"",
            if self.is_independent() { 1 } else { 3 },
        );
        if let Some(language) = &track.language {
            let _ = write!(out, " lang=\"{}\"", Escaped(language));
        }
        out.push_str(">\n");
        if let Some(main) = trick {
            // DASH-IF IOP §3.2.9.
            let _ = writeln!(
                out,
                "<EssentialProperty schemeIdUri=\"http://dashif.org/guidelines/trickmode\" value=\"{main}\"/>"
            );
        } else {
            if describes_pictures(self.outline(), track) {
                // The purpose "audio description for the visually impaired" (ISO/IEC 23009-1 §5.8.4.3, ETSI TS 102 822-3-1).
                out.push_str("<Accessibility schemeIdUri=\"urn:tva:metadata:cs:AudioPurposeCS:2007\" value=\"1\"/>\n");
            }
            let is_first = self.renditions().iter().find(|other| other.kind == rendition.kind) == Some(rendition);
            let role = if is_first { "main" } else { "alternate" };
            let _ = writeln!(out, "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"{role}\"/>");
            if let Some(name) = &track.name {
                let _ = writeln!(out, "<Label>{}</Label>", Escaped(name));
            }
        }
        let own = Representation {
            of: self,
            rendition,
            table,
            period,
            id: rendition.name(),
            folder: format!("v-{}", addresses.version),
        };
        if further.is_empty() {
            own.write_template(out, (&rows, number), addresses.query, trick.is_some());
            own.write(out, number, "", trick.is_some());
        } else {
            let others = further.iter().filter_map(|variant| {
                let rendition = variant.presentation.variable()?;
                let (of, table, folder) = (&variant.presentation, &variant.table, variant.folder.clone());
                let id = format!("r{}-{}", variant.number, rendition.name());
                Some(Representation { of, rendition, table, period, id, folder })
            });
            for one in std::iter::once(own).chain(others) {
                let mut template = String::new();
                let rows = one.of.rows(one.rendition, one.table);
                one.write_template(&mut template, (&rows, number), addresses.query, trick.is_some());
                one.write(out, number, &template, trick.is_some());
            }
        }
        out.push_str("</AdaptationSet>\n");
    }
}

/// A representation of the manifest.
struct Representation<'a, 'b> {
    of: &'a Presentation<'b>,
    rendition: &'a Rendition,
    table: &'a SegmentTable,
    period: &'a ManifestPeriod,
    id: String,
    /// Where its segments are.
    folder: String,
}

impl Representation<'_, '_> {
    /// Writes which segments there are. `key_frames`: those of their first pictures.
    fn write_template(&self, out: &mut String, (rows, number): (&[Row], usize), query: &str, key_frames: bool) {
        let Self { of, rendition, period, folder, .. } = self;
        let (query, folder) = (Escaped(query), Escaped(folder));
        let prefix = if key_frames { "i" } else { "" };
        let name = rendition.name();
        let _ = write!(
            out,
            "<SegmentTemplate timescale=\"{}\" initialization=\"{folder}/{name}/{}{query}\" \
             media=\"{folder}/{name}/{prefix}$Time$.m4s{query}\"",
            rendition.timescale(),
            RenditionItem::Header(rendition.header_of(number)),
        );
        if let Some(leader) = of.renditions().first().filter(|_| period.ticks > 0) {
            let _ = write!(out, " presentationTimeOffset=\"{}\"", period.offset(leader, rendition));
        }
        out.push_str(">\n<SegmentTimeline>\n");
        write_timeline(out, rows);
        out.push_str("</SegmentTimeline>\n</SegmentTemplate>\n");
    }

    /// Writes the element, with this template of its own if there is any.
    fn write(&self, out: &mut String, number: usize, template: &str, key_frames: bool) {
        let Self { of, rendition, table, .. } = self;
        let Some(track) = of.track(rendition) else { return };
        let entry = rendition.entry_of(number);
        let suffix = if key_frames { "-i" } else { "" };
        let rate = of.rate(rendition, table);
        let _ = write!(
            out,
            "<Representation id=\"{}{suffix}\" codecs=\"{}\" bandwidth=\"{}\"",
            self.id,
            Escaped(&cmaf::rfc6381(entry)),
            rate.peak,
        );
        if let Some((width, height)) = of.dimensions(rendition, entry) {
            let _ = write!(out, " width=\"{width}\" height=\"{height}\"");
        }
        match (track.kind, resolve::frame_rate(track), key_frames) {
            (Kind::Video, Some(pictures), false) => {
                let _ = write!(out, " frameRate=\"{:.0}/1000\"", pictures * 1000.0);
            }
            (Kind::Video, Some(pictures), true) => {
                let segments = of.rows(rendition, table).len().max(1);
                #[allow(clippy::cast_precision_loss, reason = "a rough rate")]
                let factor = pictures * of.duration().as_secs_f64() / segments as f64;
                let _ = write!(out, " maxPlayoutRate=\"{:.0}\" codingDependency=\"false\"", factor.max(1.0));
            }
            _ => {}
        }
        let (channels, rate) = of.sound(rendition, entry);
        if let Some(rate) = rate {
            let _ = write!(out, " audioSamplingRate=\"{rate}\"");
        }
        if channels.is_none() && template.is_empty() {
            out.push_str("/>\n");
            return;
        }
        out.push_str(">\n");
        if let Some(channels) = channels {
            let _ = writeln!(
                out,
                "<AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" \
                 value=\"{channels}\"/>",
            );
        }
        out.push_str(template);
        out.push_str("</Representation>\n");
    }
}

/// A period of the manifest.
struct ManifestPeriod {
    /// The period of the segment table; `None` if that has none.
    number: Option<usize>,
    /// The decode time in the leading rendition at which it begins, …
    ticks: u64,
    /// … and the same in microseconds.
    begins: u64,
}

impl ManifestPeriod {
    /// The time in a rendition at which it begins.
    fn offset(&self, leader: &Rendition, rendition: &Rendition) -> u64 {
        let (from, to) = (u128::from(leader.timescale()).max(1), u128::from(rendition.timescale()));
        u64::try_from((u128::from(self.ticks) * to + from / 2) / from).unwrap_or(u64::MAX)
    }
}

/// Writes the segments as runs of equal durations (§5.3.9.6).
fn write_timeline(out: &mut String, rows: &[Row]) {
    let mut expected = None;
    let mut rows = rows.iter().peekable();
    while let Some(row) = rows.next() {
        let mut end = row.start + row.duration;
        let mut repeated = 0;
        while rows.next_if(|next| next.start == end && next.duration == row.duration).is_some() {
            repeated += 1;
            end += row.duration;
        }
        out.push_str("<S");
        if expected != Some(row.start) {
            let _ = write!(out, " t=\"{}\"", row.start);
        }
        let _ = write!(out, " d=\"{}\"", row.duration);
        if repeated > 0 {
            let _ = write!(out, " r=\"{repeated}\"");
        }
        out.push_str("/>\n");
        expected = Some(end);
    }
}

/// A duration of microseconds as XML Schema writes it.
fn duration(micros: u64) -> String {
    let time = Time(i64::try_from(micros).unwrap_or(i64::MAX).saturating_mul(1000));
    format!("PT{time}S")
}

/// Text in XML.
pub(super) struct Escaped<'a>(pub &'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&apos;")?,
                // XML has no control characters.
                letter if letter.is_control() => {}
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_file_is_text() {
        assert_eq!(Escaped("<a href=\"x\">&'\u{0}").to_string(), "&lt;a href=&quot;x&quot;&gt;&amp;&apos;");
    }

    #[test]
    fn durations_are_of_xml_schema() {
        assert_eq!(duration(6_006_000), "PT6.006S");
        assert_eq!(duration(0), "PT0S");
    }
}
