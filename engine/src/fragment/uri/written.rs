//! An interval as it was written, in any unit.

/// From one instant up to, not including, another. A missing one is the beginning or the end of the media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WrittenInterval<T> {
    /// The first instant; `None`: the beginning.
    pub start: Option<T>,
    /// The first instant after it; `None`: the end.
    pub end: Option<T>,
}

impl<T> WrittenInterval<T> {
    /// Whether it is not empty, as far as known: its start is before its end. `order` compares two instants.
    pub fn holds_any(&self, order: impl FnOnce(&T, &T) -> bool) -> bool {
        match (&self.start, &self.end) {
            (Some(start), Some(end)) => order(start, end),
            _ => true,
        }
    }

    /// The same interval in another unit.
    pub fn map<U>(self, mut convert: impl FnMut(T) -> U) -> WrittenInterval<U> {
        WrittenInterval { start: self.start.map(&mut convert), end: self.end.map(&mut convert) }
    }
}
