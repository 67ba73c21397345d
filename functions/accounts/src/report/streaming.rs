//! Checks the streaming: the edges have been told of every space that streams, and there is a key that signs.

use reelspan::space::record::{Space, SpaceState};
use reelspan::space::streaming::{Streaming, StreamingKind, StreamingStatus};
use reelspan::store::{SpacesTable, StoreError};

use super::Finding;

/// How many spaces are named.
const NAMED: usize = 5;

/// Checks that every space that streams does so at the edges.
pub async fn streaming(table: &SpacesTable) -> Finding {
    let what = "streaming";
    let (on, signs) = match look(table).await {
        Ok(seen) => seen,
        Err(error) => return Finding::wrong(what, error.to_string(), "allow dynamodb:Scan and dynamodb:GetItem"),
    };
    let waiting: Vec<_> = on.iter().filter(|(_, streaming)| !streaming.deployed).map(|(id, _)| id.as_str()).collect();
    if !waiting.is_empty() {
        let named = waiting.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = if waiting.len() > NAMED { format!(" and {} more", waiting.len() - NAMED) } else { String::new() };
        let remedy = "enable-streaming again, or see in its log why the hourly run of the function StreamingApi has not told them";
        return Finding::wrong(what, format!("the edges have not been told of {named}{more}"), remedy);
    }
    if let Some((id, _)) = on.iter().find(|(_, streaming)| streaming.kind == StreamingKind::Secure && !signs) {
        let remedy = "deploy the stack again, which makes a key, or rotate-signing-key";
        return Finding::wrong(what, format!("{id} streams securely, and no key signs"), remedy);
    }
    Finding::ok(what, format!("{} spaces stream", on.len()))
}

/// The spaces that stream, and whether a key signs.
async fn look(table: &SpacesTable) -> Result<(Vec<(String, Streaming)>, bool), StoreError> {
    let on = |space: Space| {
        let streaming = space.streaming.filter(|streaming| streaming.status == StreamingStatus::On)?;
        (space.state == SpaceState::Live).then(|| (space.id.to_string(), streaming))
    };
    let streaming = table.all().await?.into_iter().filter_map(on).collect();
    Ok((streaming, !table.commons().await?.keys.is_empty()))
}
