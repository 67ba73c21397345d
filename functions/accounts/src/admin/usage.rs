//! `/admin/usage/{space}`: what a space holds, by format and by the state of its indexes, as the list of its contents says.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Extension, Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use reelspan::space::quota::Usage;
use reelspan::space::{ContentPrefix, SpaceId};
use reelspan::store::{ContentEntry, IndexStatus};
use reelspan::user::Identity;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Accounts;
use crate::answer::{AccountRefusal, json};
use crate::users::{admin, bad, unknown};

/// How many contents are listed at a time, and how often: an answer takes a second or two.
const AT_A_TIME: usize = 1000;
const PAGES: usize = 20;

#[derive(Debug, Deserialize)]
pub struct After {
    /// The last content that the answer before counted.
    marker: Option<String>,
}

/// What contents take together, and by what they are.
#[derive(Default)]
struct UsageCounts {
    all: Usage,
    formats: BTreeMap<String, Usage>,
    statuses: BTreeMap<&'static str, Usage>,
}

/// Counts at most twenty thousand contents; the answer's marker leads to the next.
pub async fn of_space(
    State(accounts): State<Arc<Accounts>>,
    Extension(who): Extension<Option<Identity>>,
    Path(name): Path<String>,
    Query(After { marker }): Query<After>,
) -> Result<Response, AccountRefusal> {
    admin(who)?;
    let id = SpaceId::parse(&name).map_err(|error| bad(error.to_string()))?;
    let space = accounts.spaces.get(&id).await?.ok_or_else(|| unknown(format!("Space {name} does not exist")))?;
    let prefix = |text: &str| ContentPrefix::parse(text).map_err(|error| bad(format!("marker: {error}")));
    let mut after = marker.as_deref().filter(|text| !text.is_empty()).map(prefix).transpose()?;
    let (mut counts, mut more) = (UsageCounts::default(), true);
    for _ in 0..PAGES {
        let page = accounts.stores.index.contents(&id, &ContentPrefix::default(), after.as_ref(), AT_A_TIME).await?;
        page.entries.iter().for_each(|entry| counts.add(entry));
        let last = page.entries.last().map(|entry| prefix(entry.content.as_str())).transpose()?;
        after = last.or(after);
        more = page.more;
        if !more {
            break;
        }
    }
    let UsageCounts { all, formats, statuses } = counts;
    let mut said = json!({
        "space": name, "owner": space.owner, "quota": space.quota, "bytes": all.bytes, "objects": all.objects,
        "formats": described(formats), "statuses": described(statuses), "more": more,
    });
    if let (true, Some(after), Some(members)) = (more, after, said.as_object_mut()) {
        members.insert("marker".to_owned(), after.as_str().into());
    }
    Ok(json(StatusCode::OK, &said))
}

impl UsageCounts {
    fn add(&mut self, entry: &ContentEntry) {
        let usage = Usage { bytes: entry.size, objects: 1 };
        self.all = self.all.plus(usage);
        let status = match &entry.status {
            IndexStatus::Waiting => "waiting",
            IndexStatus::Running(_) => "indexing",
            IndexStatus::Ready { container, .. } => {
                let format = self.formats.entry(container.clone()).or_default();
                *format = format.plus(usage);
                "ready"
            }
            IndexStatus::Refused(_) => "refused",
        };
        let of_status = self.statuses.entry(status).or_default();
        *of_status = of_status.plus(usage);
    }
}

fn described<N: Into<String>>(counts: BTreeMap<N, Usage>) -> Value {
    let counts = counts.into_iter();
    counts.map(|(name, usage)| (name.into(), json!({ "bytes": usage.bytes, "objects": usage.objects }))).collect()
}
