//! Variants of a content, which are stored as other contents of the same space: the content names them by a property, and its entry
//! in the list of the space says that property. A look-up reads the entry along with the head, so that a stream of several variants
//! costs two round trips, and a segment of one of them a single one.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::contents::{CONTENT, RENDITIONS};
use super::item::HEAD;
use super::{Found, IndexTable, asked, is_at, item};
use crate::space::{ContentId, MediaKey};
use crate::store::database::{Get, Item, MOST_GETS, PrimaryKey, Value};
use crate::store::{Admission, SpacesTable, StoreError};
use reelspan_engine::package::name::MOST_VARIANTS;

/// The variants that a content names, by the item of its entry: at most as many as a stream may have, each once, and not itself.
pub(super) fn named(media: &MediaKey, items: &[Arc<Item>]) -> Vec<MediaKey> {
    let own = |item: &&Arc<Item>| is_at(item, CONTENT) && item::string(item, "media").ok() == Some(&media.to_string());
    let properties = items.iter().find(own).and_then(|item| item.get("properties")).and_then(Value::as_map);
    let names = properties.and_then(|properties| properties.get(RENDITIONS)).and_then(Value::as_text);
    let named = names.unwrap_or_default().split(',').filter_map(|name| ContentId::parse(name.trim()).ok());
    let mut keys = Vec::new();
    for key in named.filter_map(|content| MediaKey::new(media.space().clone(), content).ok()) {
        if key != *media && !keys.contains(&key) && keys.len() < MOST_VARIANTS {
            keys.push(key);
        }
    }
    keys
}

impl IndexTable {
    /// The variants that a content names.
    pub async fn variants(&self, media: &MediaKey) -> Result<Vec<MediaKey>, StoreError> {
        Ok(named(media, &self.get(vec![item::key(media, CONTENT)], false).await?))
    }

    /// What has to be known of the space of a content, and what there is of the index of a variant that it names: the variants that it
    /// names, and the head and pages of the variant, still in one round trip.
    pub async fn find_variant(
        &self,
        spaces: &SpacesTable,
        (media, variant): (&MediaKey, &MediaKey),
        ranges: &[RangeInclusive<u32>],
    ) -> Result<(Admission, Vec<MediaKey>, Option<Found>), StoreError> {
        let of_space = Admission::items(spaces, media.space());
        let mut keys = vec![item::key(media, CONTENT), item::key(variant, HEAD)];
        let mut wanted = Vec::with_capacity(ranges.len());
        for cells in ranges {
            let cells = asked(cells.clone(), MOST_GETS - of_space.keys.len() - keys.len() + 1);
            keys.extend(cells.clone().map(|number| item::key(variant, item::page_key(number))));
            wanted.push(cells);
        }
        let of_index = Get { table: &self.table, keys, attributes: None, consistent: false };
        let mut items = self.database.get(&[of_space, of_index]).await?.into_iter();
        let (of_space, of_index) = (items.next().unwrap_or_default(), items.next().unwrap_or_default());
        let (named, found) = (named(media, &of_index), self.found(variant, &of_index, &wanted)?);
        Ok((Admission::read(&of_space)?, named, found))
    }

    /// The heads of these variants of a content with their pages of these numbers, and the content's own pages of these numbers, in one
    /// round trip. Of more pages than a batch has room for, the others are left for [`IndexReader`](super::IndexReader) to load.
    pub async fn find_variants(
        &self,
        (media, found): (&MediaKey, &mut Found),
        variants: &[MediaKey],
        cells: RangeInclusive<u32>,
    ) -> Result<Vec<Option<Found>>, StoreError> {
        let cells = asked(cells, MOST_GETS / (variants.len() + 1));
        let mut keys: Vec<PrimaryKey> = cells.clone().map(|number| item::key(media, item::page_key(number))).collect();
        keys.extend(variants.iter().flat_map(|variant| super::keys(variant, cells.clone())));
        let items = self.get(keys, false).await?;
        let of = |media: &MediaKey| {
            let media = media.to_string();
            let own = items.iter().filter(|item| item::string(item, "media").is_ok_and(|of| of == media));
            own.cloned().collect::<Vec<_>>()
        };
        found.pages.take(&of(media), cells.clone());
        variants.iter().map(|variant| self.found(variant, &of(variant), std::slice::from_ref(&cells))).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_content_names_variants_of_its_own_space_each_once() {
        let media: MediaKey = "films/talk.mp4".parse().unwrap();
        let of = |names: &str| {
            let properties = Item::from([(RENDITIONS.to_owned(), Value::text(names))]);
            let mut item = item::keyed(&media, CONTENT);
            item.insert("properties", Value::Map(properties));
            named(&media, &[Arc::new(item)]).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of("a.mp4, b/c.mp4,,a.mp4,talk.mp4"), ["films/a.mp4", "films/b/c.mp4"]);
        assert_eq!(of("../other/a.mp4,a/~/b.mp4,/a.mp4"), ["films//a.mp4"]);
        let many: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        assert_eq!(of(&many.join(",")).len(), MOST_VARIANTS);
        let other = Arc::new(item::keyed(&"films/other.mp4".parse().unwrap(), CONTENT));
        assert!(named(&media, &[other]).is_empty() && named(&media, &[]).is_empty());
    }
}
