//! What is replaced, turned off and deleted.

use serde_json::json;

use crate::smoke::film::{film, later_film};
use crate::smoke::names::PLAIN;
use crate::smoke::space::StreamedSpace;
use crate::verify::verdict::CheckResult;

/// A file that is replaced: no answer is of the version before.
pub async fn replaced(places: &[&StreamedSpace<'_>]) -> CheckResult {
    let mut longest = std::time::Duration::ZERO;
    let mut before = Vec::new();
    for place in places {
        let web = place.api.web;
        let (whole, cut) = (place.url(PLAIN, "").await?, place.url(PLAIN, "t=2,4").await?);
        let about = place.stream(PLAIN, "hls", "").await?;
        // Twice, so that the edges have them.
        for _ in 0..2 {
            web.get(&whole).await?.status(200)?.bytes(&film())?;
            web.get(&about).await?.status(200)?;
        }
        let tags =
            [web.get(&cut).await?, web.get(&about).await?].map(|got| got.field("etag").unwrap_or_default().to_owned());
        before.push((whole, cut, about, tags));
    }
    for place in places {
        place.api.store(place.space, PLAIN, later_film()).await?;
    }
    for (place, (whole, cut, stream, tags)) in places.iter().zip(&before) {
        let web = place.api.web;
        let check = async || {
            web.get(whole).await?.status(200)?.bytes(&later_film())?;
            web.range(whole, "bytes=0-1")
                .await?
                .status(206)?
                .has("content-range", "the new length", |value| value.ends_with(&format!("/{}", later_film().len())))?;
            for (url, tag) in [cut, stream].into_iter().zip(tags) {
                web.get(url).await?.status(200)?.has("etag", "of the new version", |value| value != tag)?;
            }
            Ok(String::new())
        };
        longest = longest.max(web.eventually(check).await?);
    }
    Ok(format!("the old version was gone after {:.1} s", longest.as_secs_f64()))
}

/// A space whose streaming is turned off is closed, and opens again with the same URLs.
pub async fn disabled(places: &[&StreamedSpace<'_>]) -> CheckResult {
    let mut longest = std::time::Duration::ZERO;
    for place in places {
        let web = place.api.web;
        let urls = [place.url(PLAIN, "").await?, place.url(PLAIN, "t=2,4").await?];
        place.api.task("disable-streaming", json!({ "spaceId": place.space })).await?;
        for url in &urls {
            let check = async || web.get(url).await?.status(403).map(|_| String::new());
            longest = longest.max(web.eventually(check).await?);
        }
        web.get(&place.api.media(place.space, PLAIN)).await?.status(403)?;
        super::api::enable(place.api, place.space, place.is_secure).await?;
        for url in &urls {
            let check = async || web.get(url).await?.status(200).map(|_| String::new());
            longest = longest.max(web.eventually(check).await?);
        }
    }
    Ok(format!("403, and 200 again, after {:.1} s at most", longest.as_secs_f64()))
}

/// What was signed before the streaming was deleted opens nothing of what streams later under the same name.
pub async fn deleted(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    let url = place.url(PLAIN, "").await?;
    let task = json!({ "spaceId": place.space });
    place.api.task("delete-streaming", task).await?;
    let refused = async || web.get(&url).await?.status(403).map(|_| String::new());
    web.eventually(refused).await?;
    super::api::enable(place.api, place.space, true).await?;
    let again = async || {
        let url = place.url(PLAIN, "").await?;
        web.get(&url).await?.status(200).map(|_| String::new())
    };
    web.eventually(again).await?;
    web.get(&url).await?.status(403)?;
    Ok("an old signature opens nothing new".to_owned())
}
