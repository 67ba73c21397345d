//! Items in memory, bounded by their bytes; those used least recently go first.

use std::sync::Arc;

use lru::LruCache;
use reelspan::store::Item;

/// About how much memory an entry takes beside its key and its item, in bytes.
const ENTRY: usize = 128;

/// Items by name. That an item does not exist is an entry too.
#[derive(Debug)]
pub struct Cache {
    items: LruCache<String, Option<Arc<Item>>>,
    /// The bytes of all entries.
    bytes: usize,
    most: usize,
}

impl Cache {
    /// An empty cache of at most this many bytes.
    pub fn new(most: usize) -> Self {
        Self { items: LruCache::unbounded(), bytes: 0, most }
    }

    /// The entry of this name.
    pub fn get(&mut self, name: &str) -> Option<&Option<Arc<Item>>> {
        self.items.get(name)
    }

    /// Adds an entry, and removes as many others as necessary.
    pub fn insert(&mut self, name: &str, item: Option<Arc<Item>>) {
        self.remove(name);
        self.bytes += size(name, item.as_deref());
        self.items.put(name.to_owned(), item);
        while self.bytes > self.most {
            let Some((name, item)) = self.items.pop_lru() else { break };
            self.bytes -= size(&name, item.as_deref());
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, name: &str) {
        if let Some(item) = self.items.pop(name) {
            self.bytes -= size(name, item.as_deref());
        }
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }
}

fn size(name: &str, item: Option<&Item>) -> usize {
    ENTRY + name.len() + item.map_or(0, Item::memory)
}

#[cfg(test)]
mod tests {
    use reelspan::store::Value;

    use super::*;

    fn item(bytes: usize) -> Arc<Item> {
        Arc::new(Item::from([("samples", Value::binary(&vec![7; bytes]))]))
    }

    #[test]
    fn what_was_used_least_recently_goes_first() {
        let mut cache = Cache::new(4000);
        for name in ["a", "b", "c"] {
            cache.insert(name, Some(item(1000)));
        }
        assert!(cache.get("a").is_some());
        cache.insert("d", Some(item(1000)));
        assert_eq!(["a", "b", "c", "d"].map(|name| cache.get(name).is_some()), [true, false, true, true]);
        cache.insert("large", Some(item(5000)));
        assert_eq!((cache.items.len(), cache.bytes), (0, 0));
    }

    #[test]
    fn its_bytes_are_those_of_its_entries() {
        let mut cache = Cache::new(1 << 20);
        for round in 0..3 {
            cache.insert("a", Some(item(1000 * round)));
            cache.insert("b", None);
        }
        assert_eq!(cache.get("b"), Some(&None));
        cache.remove("a");
        cache.remove("b");
        cache.remove("c");
        assert_eq!((cache.items.len(), cache.bytes), (0, 0));
        cache.insert("a", Some(item(10)));
        cache.clear();
        assert_eq!((cache.items.len(), cache.bytes), (0, 0));
    }
}
