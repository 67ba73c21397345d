//! Heads and pages as items of the table: what a person reads in a console as plain attributes, and the rest packed.

use bytes::Bytes;

use super::{Cells, HeadOf, Sequencer};
use crate::space::MediaKey;
use crate::store::StoreError;
use crate::store::database::{Item, PrimaryKey, Value};
use reelspan_engine::index::{FORMAT, FORMATS, Head, Original, Outline, PAGE_FORMAT, PackedPage, Status, page_format};

/// The sort key of a head.
pub(super) const HEAD: &str = "HEAD";

/// The sort key of a page: six digits, so that strings sort as numbers do.
pub(super) fn page_key(number: u32) -> String {
    format!("P{number:06}")
}

/// The key of an item.
pub(super) fn key(media: &MediaKey, page: impl Into<String>) -> PrimaryKey {
    PrimaryKey::sorted(media.to_string(), page)
}

/// An item with nothing but its key.
pub(super) fn keyed(media: &MediaKey, page: impl Into<String>) -> Item {
    Item::from([("media", Value::text(media.to_string())), ("page", Value::text(page))])
}

/// What a page says that it is a page of: a version of the object, in a format of pages.
pub(super) fn of(etag: &str) -> String {
    format!("{PAGE_FORMAT} {etag}")
}

/// The same of the pages that belong to a head.
pub(super) fn of_pages(head: &Head) -> String {
    let format = match &head.status {
        Status::Indexed(outline) => page_format(outline.format),
        Status::Refused(_) => PAGE_FORMAT,
    };
    format!("{format} {}", head.original.etag)
}

/// The item of a page.
pub(super) fn of_page(media: &MediaKey, etag: &str, sequencer: &Sequencer, page: &PackedPage) -> Item {
    let mut item = keyed(media, page_key(page.number));
    item.insert("of", Value::text(of(etag)));
    item.insert("sequencer", Value::text(sequencer.as_str()));
    item.insert("samples", Value::Binary(page.bytes.clone()));
    item
}

/// The number and the packed bytes of a page, if the item is one of the version that `of` names.
pub(super) fn page(item: &Item, of: &str) -> Option<(u32, Bytes)> {
    if item.get("of")?.as_text()? != of {
        return None;
    }
    let number = item.get("page")?.as_text()?.strip_prefix('P')?.parse().ok()?;
    Some((number, item.get("samples")?.as_binary()?.clone()))
}

/// The item of a head.
pub(super) fn of_head(media: &MediaKey, head: &Head, cells: &Cells) -> Item {
    let original = &head.original;
    let mut item = keyed(media, HEAD);
    let mut put = |name: &'static str, value| item.insert(name, value);
    put("format", Value::number(FORMAT));
    put("etag", Value::text(&original.etag));
    put("size", Value::number(original.size));
    put("modified", Value::number(original.modified));
    put("sequencer", Value::text(Sequencer::new(&original.sequencer).as_str()));
    if let Some(version) = &original.version {
        put("version", Value::text(version));
    }
    if let Some(content_type) = &original.content_type {
        put("content_type", Value::text(content_type));
    }
    match &head.status {
        Status::Indexed(outline) => {
            put("status", Value::text("indexed"));
            put("container", Value::text(outline.container.name()));
            put("mime", Value::text(&outline.mime));
            put("duration", Value::Decimal(outline.duration.to_string()));
            put("pages", Value::number(cells.count()));
            put("cells", Value::binary(cells.pack()));
            put("parts", Value::number(cells.parts()));
            put("outline", Value::Binary(outline.pack().into()));
        }
        Status::Refused(reason) => {
            put("status", Value::text("refused"));
            put("reason", Value::text(reason));
        }
    }
    item
}

/// The head that an item is, and the cells that have a page. One of another format of the index is as good as refused: the
/// file can be served by bytes.
pub(super) fn head(item: &Item) -> Result<(Head, Cells), StoreError> {
    let original = Original {
        etag: string(item, "etag")?.to_owned(),
        size: integer(item, "size")?,
        modified: integer(item, "modified")?,
        version: optional(item, "version"),
        sequencer: string(item, "sequencer")?.to_owned(),
        content_type: optional(item, "content_type"),
    };
    let format: u32 = integer(item, "format")?;
    let (status, cells) = if !FORMATS.contains(&format) {
        (Status::Refused(format!("its index is of format {format}, not {FORMAT}: it has to be indexed anew")), None)
    } else if string(item, "status")? == "indexed" {
        let outline = Outline::unpack(bytes(item, "outline")?).map_err(StoreError::dynamodb)?;
        (Status::Indexed(outline), Some(cells(item)?))
    } else {
        (Status::Refused(string(item, "reason")?.to_owned()), None)
    };
    Ok((Head { original, status }, cells.unwrap_or_default()))
}

/// The cells that an item names, and the number of parts of the segment table.
pub(super) fn cells(item: &Item) -> Result<Cells, StoreError> {
    // Older formats have no such table.
    Ok(Cells::unpack(bytes(item, "cells")?.to_vec(), integer(item, "parts").unwrap_or(0)))
}

/// The few attributes of a head by which it is compared with its object; `None` if no content can have its name.
pub(super) fn head_of(item: &Item) -> Result<Option<HeadOf>, StoreError> {
    let Ok(media) = string(item, "media")?.parse() else { return Ok(None) };
    Ok(Some(HeadOf { media, etag: string(item, "etag")?.to_owned(), format: integer(item, "format")? }))
}

pub(super) fn string<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    item.get(name).and_then(Value::as_text).ok_or_else(|| missing(name, "string"))
}

fn optional(item: &Item, name: &str) -> Option<String> {
    string(item, name).ok().map(str::to_owned)
}

pub(super) fn integer<T: TryFrom<i128>>(item: &Item, name: &str) -> Result<T, StoreError> {
    item.get(name).and_then(Value::as_number).ok_or_else(|| missing(name, "whole number"))
}

pub(super) fn bytes<'a>(item: &'a Item, name: &str) -> Result<&'a Bytes, StoreError> {
    item.get(name).and_then(Value::as_binary).ok_or_else(|| missing(name, "binary"))
}

fn missing(name: &str, kind: &str) -> StoreError {
    StoreError::dynamodb(format!("an item without a {kind} {name:?}"))
}

#[cfg(test)]
mod tests {
    use reelspan_engine::index::Container;
    use reelspan_engine::media::Time;

    use super::*;

    #[test]
    fn the_pages_of_a_head_are_of_the_format_that_its_index_has() {
        let original = Original {
            etag: "\"1\"".to_owned(),
            size: 1,
            modified: 0,
            version: None,
            sequencer: String::new(),
            content_type: None,
        };
        let outline = |format| Outline {
            container: Container::named("matroska"),
            mime: "video/webm".to_owned(),
            duration: Time(1),
            tracks: Vec::new(),
            setup: Vec::new(),
            setup_ranges: Vec::new(),
            elements: true,
            chapters: Vec::new(),
            created: None,
            pages: 0,
            notes: Vec::new(),
            segments: None,
            format,
        };
        for (format, expected) in [(5, "5 \"1\""), (8, "5 \"1\""), (9, "6 \"1\"")] {
            let head = Head { original: original.clone(), status: Status::Indexed(outline(format)) };
            assert_eq!(of_pages(&head), expected, "{format}");
        }
        // What is written now is what is read later.
        assert_eq!(of(&original.etag), of_pages(&Head { original, status: Status::Indexed(outline(FORMAT)) }));
    }
}
