//! Whether contents have their index, by a sample.

use reelspan::index::FORMAT;
use reelspan::space::{ContentId, MediaKey};
use reelspan::store::{self, SpacesTable, Stores};

use crate::doctor::finding::Finding;

/// What is wrong with the index of a content.
#[derive(Debug)]
struct Wrong {
    key: MediaKey,
    why: &'static str,
}

/// Looks at so many contents, as evenly spread over the spaces as it goes.
pub async fn sample(stores: &Stores, spaces: &SpacesTable, count: usize) -> Finding {
    let what = "index";
    match look(stores, spaces, count).await {
        Ok((looked, wrong)) => match wrong.first() {
            None => Finding::ok(what, format!("right for all of {looked} contents that were looked at")),
            Some(Wrong { key, why }) => Finding::wrong(
                what,
                format!("wrong for {} of {looked} contents that were looked at: {key} {why}", wrong.len()),
                format!("run reelspan reindex {}", key.space()),
            ),
        },
        Err(error) => {
            Finding::wrong(what, error.to_string(), "allow s3:ListBucket, dynamodb:Scan and dynamodb:GetItem")
        }
    }
}

async fn look(stores: &Stores, spaces: &SpacesTable, count: usize) -> Result<(usize, Vec<Wrong>), store::Error> {
    let mut contents = Vec::new();
    for space in spaces.all().await? {
        for object in stores.media.objects(&space.id, "", None).await?.objects {
            let key = ContentId::parse(&object.name).and_then(|name| MediaKey::new(space.id.clone(), name));
            contents.extend(key.ok().map(|key| (key, object.etag)));
        }
    }
    let step = contents.len().div_ceil(count.max(1)).max(1);
    let (mut looked, mut wrong) = (0, Vec::new());
    for (key, etag) in contents.into_iter().step_by(step) {
        looked += 1;
        let why = match stores.index.head_of(&key.to_string()).await? {
            None => "has none",
            Some(head) if head.etag != etag => "has that of another version",
            Some(head) if head.format != FORMAT => "has one of another format",
            Some(_) => continue,
        };
        wrong.push(Wrong { key, why });
    }
    Ok((looked, wrong))
}
