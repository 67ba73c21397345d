//! Heads and pages as items of the table: what a person reads in a console as plain attributes, and the rest packed.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;

use super::{Cells, HeadOf, Sequencer};
use crate::space::MediaKey;
use crate::store::Error;
use reelspan_engine::index::{BEFORE, FORMAT, Head, Original, Outline, PAGE_FORMAT, Packed, Status};

/// An item's attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The sort key of a head.
pub(super) const HEAD: &str = "HEAD";

/// The sort key of a page: six digits, so that strings sort as numbers do.
pub(super) fn page_key(number: u32) -> String {
    format!("P{number:06}")
}

/// The primary key of an item.
pub(super) fn key(media: &MediaKey, page: impl Into<String>) -> Item {
    Item::from([("media".to_owned(), text(media.to_string())), ("page".to_owned(), text(page))])
}

/// What a page says that it is a page of: a version of the object, in a format of pages.
pub(super) fn of(etag: &str) -> String {
    format!("{PAGE_FORMAT} {etag}")
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl fmt::Display) -> AttributeValue {
    AttributeValue::N(format!("{value}"))
}

pub(super) fn binary(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// The item of a page.
pub(super) fn of_page(media: &MediaKey, etag: &str, sequencer: &Sequencer, page: &Packed) -> Item {
    let mut item = key(media, page_key(page.number));
    item.insert("of".to_owned(), text(of(etag)));
    item.insert("sequencer".to_owned(), text(sequencer.as_str()));
    item.insert("samples".to_owned(), binary(page.bytes.to_vec()));
    item
}

/// The number and the packed bytes of a page, where the item is one of the version that `of` names.
pub(super) fn page(mut item: Item, of: &str) -> Option<(u32, Bytes)> {
    if item.get("of")?.as_s().ok()? != of {
        return None;
    }
    let number = item.get("page")?.as_s().ok()?.strip_prefix('P')?.parse().ok()?;
    match item.remove("samples")? {
        AttributeValue::B(samples) => Some((number, Bytes::from(samples.into_inner()))),
        _ => None,
    }
}

/// The item of a head.
pub(super) fn of_head(media: &MediaKey, head: &Head, cells: &Cells) -> Item {
    let original = &head.original;
    let mut item = key(media, HEAD);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put("format", number(FORMAT));
    put("etag", text(&original.etag));
    put("size", number(original.size));
    put("modified", number(original.modified));
    put("sequencer", text(Sequencer::new(&original.sequencer).as_str()));
    if let Some(version) = &original.version {
        put("version", text(version));
    }
    if let Some(content_type) = &original.content_type {
        put("content_type", text(content_type));
    }
    match &head.status {
        Status::Indexed(outline) => {
            put("status", text("indexed"));
            put("container", text(outline.container.name()));
            put("mime", text(&outline.mime));
            put("duration", number(outline.duration));
            put("pages", number(cells.count()));
            put("cells", binary(cells.pack()));
            put("parts", number(cells.parts()));
            put("outline", binary(outline.pack()));
        }
        Status::Refused(reason) => {
            put("status", text("refused"));
            put("reason", text(reason));
        }
    }
    item
}

/// The head that an item is, and the cells that have a page. One of another format of the index is as good as refused: the
/// file can be served by bytes.
pub(super) fn head(item: &Item) -> Result<(Head, Cells), Error> {
    let original = Original {
        etag: string(item, "etag")?.to_owned(),
        size: integer(item, "size")?,
        modified: integer(item, "modified")?,
        version: optional(item, "version"),
        sequencer: string(item, "sequencer")?.to_owned(),
        content_type: optional(item, "content_type"),
    };
    let format: u32 = integer(item, "format")?;
    let (status, cells) = if format != FORMAT && format != BEFORE {
        (Status::Refused(format!("its index is of format {format}, not {FORMAT}: it has to be indexed anew")), None)
    } else if string(item, "status")? == "indexed" {
        let outline = Outline::unpack(bytes(item, "outline")?).map_err(Error::dynamodb)?;
        (Status::Indexed(outline), Some(cells(item)?))
    } else {
        (Status::Refused(string(item, "reason")?.to_owned()), None)
    };
    Ok((Head { original, status }, cells.unwrap_or_default()))
}

/// The cells that an item names, and the number of parts of the segment table.
pub(super) fn cells(item: &Item) -> Result<Cells, Error> {
    // The format before has no such table.
    Ok(Cells::unpack(bytes(item, "cells")?.to_vec(), integer(item, "parts").unwrap_or(0)))
}

/// The few attributes of a head by which it is compared with its object; `None` if no content can have its name.
pub(super) fn head_of(item: &Item) -> Result<Option<HeadOf>, Error> {
    let Ok(media) = string(item, "media")?.parse() else { return Ok(None) };
    Ok(Some(HeadOf { media, etag: string(item, "etag")?.to_owned(), format: integer(item, "format")? }))
}

pub(super) fn string<'a>(item: &'a Item, name: &str) -> Result<&'a str, Error> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| missing(name, "string"))
}

fn optional(item: &Item, name: &str) -> Option<String> {
    string(item, name).ok().map(str::to_owned)
}

pub(super) fn integer<T: FromStr>(item: &Item, name: &str) -> Result<T, Error> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    value.and_then(|value| value.parse().ok()).ok_or_else(|| missing(name, "whole number"))
}

pub(super) fn bytes<'a>(item: &'a Item, name: &str) -> Result<&'a [u8], Error> {
    let value = item.get(name).and_then(|value| value.as_b().ok());
    value.map(AsRef::as_ref).ok_or_else(|| missing(name, "binary"))
}

fn missing(name: &str, kind: &str) -> Error {
    Error::dynamodb(format!("an item without a {kind} {name:?}"))
}
