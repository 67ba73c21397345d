//! `about.json`: what the index knows of a content, and every form in which it plays.

use reelspan::space::MediaKey;
use reelspan_engine::fragment::uri::clock::Instant;
use reelspan_engine::index::Outline;
use reelspan_engine::media::{Chapter, Time, Track};
use reelspan_engine::package::{NoStream, Presentation, SegmentForm, dash, file, hls};
use serde_json::{Map, Value, json};

/// The description of a content. Addresses are relative to it.
#[must_use]
pub fn of(media: &MediaKey, outline: &Outline, captions: &Value, renditions: &Value) -> String {
    let path = media.to_path();
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut about = json!({
        "duration": seconds(outline.duration),
        "container": outline.container.name(),
        "mime": outline.mime,
        "status": "indexed",
        "tracks": outline.tracks.iter().map(track).collect::<Vec<_>>(),
        "chapters": outline.chapters.iter().map(chapter).collect::<Vec<_>>(),
        "captions": captions,
        "renditions": renditions,
        "notes": outline.notes,
        "forms": forms(name, outline),
    });
    if let (Some(about), Some(created)) = (about.as_object_mut(), outline.created) {
        about.insert("created".to_owned(), Instant(created).to_string().into());
    }
    about.to_string()
}

/// The chapters of a content.
#[must_use]
pub fn chapters(outline: &Outline) -> String {
    json!({ "chapters": outline.chapters.iter().map(chapter).collect::<Vec<_>>() }).to_string()
}

/// Every form, with its address or the reason why it does not exist. `name` is the last part of the content's path, as URLs have it.
#[must_use]
pub fn forms(name: &str, outline: &Outline) -> Value {
    let codecs: Vec<&str> = outline.tracks.iter().map(|track| track.codec.as_str()).collect();
    let stored = json!({ "url": format!("../../{name}"), "mime": outline.mime, "codecs": codecs.join(",") });
    let (hls, dash) = match Presentation::whole(outline) {
        Ok(presentation) => {
            let codecs: Vec<&str> =
                presentation.renditions().iter().map(|rendition| rendition.codec.as_str()).collect();
            let form = |url: &str, mime: &str| json!({ "url": url, "mime": mime, "codecs": codecs.join(",") });
            let hls = form("master.m3u8", hls::MIME);
            let dash = match presentation.form() {
                SegmentForm::Cmaf => form("manifest.mpd", dash::MIME),
                SegmentForm::Packets => json!({ "unavailable": NoStream::OnlyHls.to_string() }),
            };
            (hls, dash)
        }
        Err(why) => {
            let none = json!({ "unavailable": why.to_string() });
            (none.clone(), none)
        }
    };
    let mp4 = match file::describe(outline) {
        Ok((mime, codecs)) => json!({ "url": "media.mp4", "mime": mime, "codecs": codecs.join(",") }),
        Err(why) => json!({ "unavailable": why.to_string() }),
    };
    json!({ "file": stored, "hls": hls, "dash": dash, "mp4": mp4 })
}

fn track(track: &Track) -> Value {
    let mut about = Map::new();
    about.insert("id".to_owned(), track.id.into());
    about.insert("kind".to_owned(), track.kind.name().into());
    about.insert("codec".to_owned(), track.codec.as_str().into());
    let mut known = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            about.insert(name.to_owned(), value);
        }
    };
    known("language", track.language.as_deref().map(Value::from));
    known("name", track.name.as_deref().map(Value::from));
    known("width", track.dimensions.map(|(width, _)| width.into()));
    known("height", track.dimensions.map(|(_, height)| height.into()));
    known("sampleRate", track.sample_rate.map(Value::from));
    known("channels", track.channels.map(Value::from));
    Value::Object(about)
}

fn chapter(chapter: &Chapter) -> Value {
    json!({
        "ids": chapter.ids,
        "titles": chapter.titles,
        "start": seconds(chapter.interval.start()),
        "end": seconds(chapter.interval.end()),
    })
}

fn seconds(time: Time) -> f64 {
    time.as_secs_f64()
}
