//! Signatures: what they open, and what they do not.

use serde_json::json;

use crate::smoke::film::film;
use crate::smoke::names::{PLAIN, STAR, STARRED, encoded};
use crate::smoke::space::StreamedSpace;
use crate::verify::client::ClientRequest;
use crate::verify::verdict::{CheckResult, Stop};

/// The excerpt that is signed.
const EXCERPT: &str = "t=12.48,20";

/// What `get-signed-cookies-url` sets.
const COOKIES: &str = "CloudFront-";

/// Without a signature there is nothing.
pub async fn unsigned(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    let url = place.unsigned(PLAIN);
    for target in ["", "?t=2,4", "/~/master.m3u8", "/~/about.json"] {
        web.get(&format!("{url}{target}")).await?.status(403)?;
        web.head(&format!("{url}{target}")).await?.status(403)?;
    }
    web.range(&url, "bytes=0-1").await?.status(403)?;
    web.get(&place.api.media(place.space, PLAIN)).await?.status(403)?;
    web.get(&place.unsigned("missing.mp4")).await?.status(403)?;
    Ok("403, also for what does not exist".to_owned())
}

/// A signed URL opens its file and no other, and only as it was signed.
pub async fn url(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    let url = place.api.signed_url(place.space, PLAIN).await?;
    let got = web.get(&url).await?;
    got.status(200)?.bytes(&film())?.has("cache-control", "private", |value| value.contains("private"))?;
    web.range(&url, "bytes=0-1").await?.status(206)?;
    web.get(&url.replace(&encoded(PLAIN), &encoded(STARRED))).await?.status(403)?;
    web.get(&forged(&url, "Signature=")?).await?.status(403)?;
    web.get(&format!("{url}&t=2,4")).await?.status(403)?;
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    web.get(&format!("{path}?t=2,4&{query}")).await?.status(403)?;
    Ok("its file; not another, nor a forged one, nor more parameters".to_owned())
}

/// The URL with one letter changed in the value of this parameter.
fn forged(url: &str, parameter: &str) -> Result<String, Stop> {
    let none = || Stop::NotRun(format!("{url} has no {parameter}"));
    let (before, value) = url.split_once(parameter).ok_or_else(none)?;
    let (kept, changed) = value.split_at_checked(12).ok_or_else(none)?;
    let mut letters = changed.chars();
    let letter = letters.next().ok_or_else(none)?;
    let other = if letter == 'A' { 'B' } else { 'A' };
    Ok(format!("{before}{parameter}{kept}{other}{}", letters.as_str()))
}

/// A signed excerpt opens that part, and no more of the file.
pub async fn excerpt(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    let signed = json!({ "spaceId": place.space, "contentId": PLAIN, "fragment": EXCERPT });
    let answer = place.api.task("get-signed-url", signed).await?;
    let (url, given) = (answer.text("signedUrl")?, answer.text("given")?);
    let cut = web.get(&url).await?;
    cut.status(200)?.is_mp4()?;
    if cut.body.len() >= film().len() / 2 {
        return Err(cut.differs("eight of forty seconds", format!("{} of {} bytes", cut.body.len(), film().len())));
    }
    let there = place.api.media(place.space, PLAIN);
    let mut refused = 0;
    for widened in ["t=0,40", "t=12.48,21", "t=12.47,20", "t=12.48", "track=1", ""] {
        let (_, query) = url.split_once('?').unwrap_or_default();
        let query = query.replacen(EXCERPT, widened, 1);
        let query = query.trim_start_matches('&');
        for path in [place.unsigned(PLAIN), there.clone()] {
            web.get(&format!("{path}?{query}")).await?.status(403)?;
            refused += 1;
        }
    }
    web.get(&url.replace(&encoded(PLAIN), &encoded(STARRED))).await?.status(403)?;
    web.range(&url, "bytes=0-1").await?.status(206)?;
    Ok(format!("{} bytes, {given}; {refused} wider ones are refused", cut.body.len()))
}

/// A name with a star, which is a wildcard in policies, is signed as a name.
pub async fn star(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    for fragment in ["", "t=2,4"] {
        let url = place.url(STAR, fragment).await?;
        web.get(&url).await?.status(200)?;
        let (_, query) = url.split_once('?').unwrap_or_default();
        web.get(&format!("{}?{query}", place.unsigned(STARRED))).await?.status(403)?;
    }
    Ok(format!("{STAR} opens itself, and not {STARRED}"))
}

/// Cookies open the whole space, and nothing without them.
pub async fn cookies(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    let task = json!({ "spaceId": place.space });
    let url = place.api.task("get-signed-cookies-url", task).await?.text("signedCookiesUrl")?;
    let got = web.get(&url).await?;
    got.status(200)?.has("cache-control", "no-store", |value| value == "no-store")?;
    let set: Vec<_> = got.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).collect();
    let path = format!("; Path={};", place.path());
    if set.len() < 3 || !set.iter().all(|cookie| cookie.starts_with(COOKIES) && cookie.contains(&path)) {
        return Err(got.differs(format!("at least three cookies with{path}"), set.join("\n")));
    }
    let cookies: Vec<_> = set.iter().filter_map(|cookie| cookie.split(';').next()).collect();
    let cookies = cookies.join("; ");
    let with = |url: String| ClientRequest::get(url).without_redirects().field("cookie", cookies.clone());
    let film_url = place.unsigned(PLAIN);
    web.ask(with(film_url.clone())).await?.status(200)?.bytes(&film())?;
    web.ask(with(film_url.clone()).range("bytes=0-1"))
        .await?
        .status(206)?
        .bytes(film().get(..2).unwrap_or_default())?;
    web.ask(with(film_url.clone()).range("t:npt=12-20")).await?.status(206)?;
    web.ask(with(format!("{film_url}?{EXCERPT}"))).await?.status(200)?.is_mp4()?;
    for below in ["master.m3u8", "manifest.mpd", "about.json"] {
        web.ask(with(format!("{film_url}/~/{below}"))).await?.status(200)?;
    }
    web.ask(with(place.unsigned("missing.mp4"))).await?.status(404)?;
    web.ask(with(place.api.media(place.space, PLAIN))).await?.status(200)?.bytes(&film())?;
    web.get(&film_url).await?.status(403)?;
    web.get(&forged(&url, "token=")?).await?.status(403)?;
    Ok(format!("{} cookies, the space and its streams", set.len()))
}
