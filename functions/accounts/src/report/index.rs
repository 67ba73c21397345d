//! Checks whether contents have their index: all contents, or a random sample. Either takes constant memory.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;

use futures::{StreamExt, TryStreamExt, stream};
use reelspan::space::{ContentPrefix, MediaKey, SpaceId};
use reelspan::store::{self, IndexTable, Kept, SpacesTable, Stores};
use reelspan_engine::index::FORMAT;

use super::{ContentReport, Finding, contents};

/// How many heads are read at a time.
const AT_A_TIME: usize = 16;

/// Which contents to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// A random sample of this size, in which each content is equally likely.
    Drawn(usize),
    /// A random sample of this size, out of the contents of spaces in random order.
    DrawnFrom {
        /// The size.
        count: usize,
        /// How many contents are listed at most, rounded up to a thousand.
        most: u64,
    },
}

impl Which {
    /// The size of the sample, if it is one, and the most contents that are listed.
    const fn bounds(self) -> (Option<usize>, u64) {
        match self {
            Self::All => (None, u64::MAX),
            Self::Drawn(count) => (Some(count), u64::MAX),
            Self::DrawnFrom { count, most } => (Some(count), most),
        }
    }
}

/// What the check found.
#[derive(Debug, Default)]
struct IndexCheck {
    /// The number of contents.
    contents: u64,
    /// How many of them were checked.
    looked: u64,
    /// How many of those lack the right index.
    wrong: u64,
    /// The first of these, and the reason.
    first: Option<(MediaKey, &'static str)>,
    /// The spaces of these.
    spaces: BTreeSet<SpaceId>,
}

/// Checks contents, and reports how many were checked.
pub async fn index(stores: &Stores, spaces: &SpacesTable, which: Which) -> Finding {
    let what = "index";
    let IndexCheck { contents, looked, wrong, first, spaces } = match look(stores, spaces, which).await {
        Ok(seen) => seen,
        Err(error) => {
            let remedy = "allow s3:ListBucket, dynamodb:Scan and dynamodb:BatchGetItem";
            return Finding::wrong(what, error.to_string(), remedy);
        }
    };
    let drawn = if looked < contents { format!(", drawn from {contents}") } else { String::new() };
    let looked = format!("{looked} checked contents{drawn}");
    match first {
        None => Finding::ok(what, format!("right for all of {looked}")),
        Some((key, why)) => {
            let reindex = spaces.iter().map(|space| format!("reelspan reindex {space}")).collect::<Vec<_>>();
            Finding::wrong(
                what,
                format!("wrong for {wrong} of {looked}: {key} {why}"),
                format!("run {}", reindex.join(", ")),
            )
        }
    }
}

async fn look(stores: &Stores, spaces: &SpacesTable, which: Which) -> Result<IndexCheck, store::StoreError> {
    let mut seen = IndexCheck::default();
    let mut drawn = Vec::new();
    let random = RandomState::new();
    let any = ContentPrefix::default();
    let (sample, most) = which.bounds();
    let mut spaces = spaces.all().await?;
    spaces.sort_by_key(|space| random.hash_one(&space.id));
    for space in spaces {
        if seen.contents >= most {
            break;
        }
        let mut pages = pin!(contents(&stores.media, &space.id, &any));
        while let Some(page) = pages.try_next().await? {
            let Some(count) = sample else {
                seen.contents += page.len() as u64;
                seen.look_at(&stores.index, page).await?;
                continue;
            };
            // Vitter's algorithm R: each of n contents is in the sample with the probability count / n.
            for content in page {
                seen.contents += 1;
                if drawn.len() < count {
                    drawn.push(content);
                } else if let Some(other) = usize::try_from(random.hash_one(seen.contents) % seen.contents)
                    .ok()
                    .and_then(|place| drawn.get_mut(place))
                {
                    *other = content;
                }
            }
            if seen.contents >= most {
                break;
            }
        }
    }
    seen.look_at(&stores.index, drawn).await?;
    Ok(seen)
}

impl IndexCheck {
    async fn look_at(&mut self, index: &IndexTable, contents: Vec<ContentReport>) -> Result<(), store::StoreError> {
        let kept = stream::iter(contents).map(|content| async move {
            let kept = index.kept_of(&content.key).await?;
            Ok::<_, store::StoreError>((content, kept))
        });
        let mut kept = pin!(kept.buffered(AT_A_TIME));
        while let Some((ContentReport { key, etag }, Kept { head, listed })) = kept.try_next().await? {
            self.looked += 1;
            let why = match head {
                None => "has no index",
                Some(head) if head.etag != etag => "has the index of another version",
                Some(head) if head.format != FORMAT => "has an index of another format",
                Some(_) if listed.is_none_or(|listed| listed != etag) => "is not in the list of its space",
                Some(_) => continue,
            };
            self.wrong += 1;
            self.spaces.insert(key.space().clone());
            self.first.get_or_insert((key, why));
        }
        Ok(())
    }
}
