//! A position names one sample in the pages of an index. A span names the samples between two positions.

/// The place of a sample in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number of the page.
    pub page: u32,
    /// Which of its track's runs.
    pub run: usize,
    /// Which sample of the run.
    pub sample: u32,
}

impl Position {
    /// Whether both are in the same run.
    pub fn same_run(self, other: Self) -> bool {
        (self.page, self.run) == (other.page, other.run)
    }
}

/// Samples of one track that follow each other in decode order, `end` not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub start: Position,
    /// The first behind them.
    pub end: Position,
}

/// The same samples as spans that neither touch nor overlap, in order.
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
