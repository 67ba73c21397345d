//! Positions and spans: a position identifies one sample in the pages of an index; a span is the samples between two
//! positions.

/// The position of a sample in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number of the page.
    pub page: u32,
    /// The number of the run among its track's runs in the page.
    pub run: usize,
    /// The number of the sample in the run.
    pub sample: u32,
}

impl Position {
    /// Whether both are in the same run.
    pub fn same_run(self, other: Self) -> bool {
        (self.page, self.run) == (other.page, other.run)
    }
}

/// Consecutive samples of one track in decode order, without `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub start: Position,
    /// The first one after them.
    pub end: Position,
}

/// Merges spans so that they neither touch nor overlap, in order.
pub fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.start < span.end);
    spans.sort_unstable_by_key(|span| span.start);
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}
