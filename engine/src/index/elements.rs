//! The elements that contain the samples of a cut, in file order, packed in blocks like those of a page.

use bytes::Bytes;

use super::bits::Input;
use super::{Element, PAGE_FORMAT, kept, pack};

/// How many elements a block has.
const BLOCK: usize = 128;

/// Elements in file order, without duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elements {
    /// Each with the offset of its first element, and their number.
    blocks: Vec<(u64, usize, Bytes)>,
    tail: Vec<Element>,
    /// Whether some were pushed after later ones.
    unsorted: bool,
}

impl Elements {
    /// Appends an element, unless it is the same as the last one.
    pub fn push(&mut self, element: &Element) {
        let last = self.tail.last().map(|last| last.offset);
        if last == Some(element.offset) {
            return;
        }
        self.unsorted |= last.is_some_and(|last| element.offset < last);
        self.tail.push(element.clone());
        // The last one stays, so that the next can be compared with it.
        if self.tail.len() > BLOCK {
            let rest = self.tail.split_off(BLOCK);
            let block = std::mem::replace(&mut self.tail, rest);
            self.pack(&block);
        }
    }

    fn pack(&mut self, block: &[Element]) {
        let mut packed = Vec::with_capacity(16 * BLOCK);
        pack::put_elements(&mut packed, block, &[], kept::write_plain);
        packed.shrink_to_fit();
        self.blocks.push((block.first().map_or(0, |first| first.offset), block.len(), packed.into()));
    }

    /// Sorts them in file order, which usually is their order already.
    pub fn sort(&mut self) {
        if self.unsorted {
            let mut all: Vec<Element> = self.iter().collect();
            all.sort_by_key(|element| element.offset);
            *self = Self::default();
            for element in all {
                self.push(&element);
            }
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tail.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|(_, count, _)| count).sum::<usize>() + self.tail.len()
    }

    /// Their size in memory in bytes; if they still have to be sorted, that takes more.
    #[must_use]
    pub fn memory(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(|(_, _, packed)| packed.len() + 64).sum();
        let kept: usize = self.tail.iter().map(|element| element.kept.len()).sum();
        let sorting = if self.unsorted { self.len() * 2 * size_of::<Element>() } else { 0 };
        blocks + self.tail.capacity() * size_of::<Element>() + kept + sorting
    }

    /// The elements, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = Element> {
        let blocks = self.blocks.iter().flat_map(|(_, _, packed)| unpack(packed));
        blocks.chain(self.tail.iter().cloned())
    }

    /// Finds elements by their offset in the file.
    #[must_use]
    pub const fn finder(&self) -> Finder<'_> {
        Finder { elements: self, block: None, unpacked: Vec::new() }
    }
}

impl FromIterator<Element> for Elements {
    fn from_iter<I: IntoIterator<Item = Element>>(elements: I) -> Self {
        let mut all = Self::default();
        for element in elements {
            all.push(&element);
        }
        all
    }
}

fn unpack(packed: &[u8]) -> Vec<Element> {
    // Packed elements always unpack.
    pack::elements(&mut Input::new(packed), PAGE_FORMAT.into(), &[]).unwrap_or_default()
}

/// See [`Elements::finder`].
#[derive(Debug)]
pub struct Finder<'a> {
    elements: &'a Elements,
    /// The unpacked block.
    block: Option<usize>,
    unpacked: Vec<Element>,
}

impl Finder<'_> {
    /// How many elements begin before this offset.
    pub fn count_before(&mut self, offset: u64) -> usize {
        let blocks = &self.elements.blocks;
        if let Some(first) = self.elements.tail.first()
            && first.offset < offset
        {
            let before = self.elements.tail.partition_point(|element| element.offset < offset);
            return blocks.len() * BLOCK + before;
        }
        let Some(block) = blocks.partition_point(|(first, ..)| *first < offset).checked_sub(1) else { return 0 };
        block * BLOCK + self.unpacked(block).partition_point(|element| element.offset < offset)
    }

    /// The last element that begins at this offset or before.
    pub fn at(&mut self, offset: u64) -> Option<&Element> {
        let place = self.count_before(offset.saturating_add(1)).checked_sub(1)?;
        let (block, within) = (place / BLOCK, place % BLOCK);
        if block >= self.elements.blocks.len() {
            return self.elements.tail.get(within);
        }
        self.unpacked(block).get(within)
    }

    fn unpacked(&mut self, block: usize) -> &[Element] {
        if self.block != Some(block) {
            self.block = Some(block);
            self.unpacked = self.elements.blocks.get(block).map(|(_, _, packed)| unpack(packed)).unwrap_or_default();
        }
        &self.unpacked
    }
}

impl Elements {
    /// The marked elements, with one mark for each element.
    #[must_use]
    pub fn marked(&self, marks: &[bool]) -> Self {
        self.iter().zip(marks).filter(|(_, marked)| **marked).map(|(element, _)| element).collect()
    }
}
