//! The REST API through its gateway.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::smoke::api::ApiClient;
use crate::smoke::film::{film, sound};
use crate::smoke::names::{NAMES, PLAIN, SOUND};
use crate::verify::client::ClientRequest;
use crate::verify::verdict::{CheckResult, Stop};

/// A property that no gateway may change.
const TITLE: &str = "grün, 100 % = 日本";

/// The server answers.
pub async fn health(api: &ApiClient<'_>) -> CheckResult {
    api.web.get(&format!("{}/health", api.url)).await?.status(204)?;
    Ok(format!("{} answers", api.url))
}

/// Who is not known is asked for credentials.
pub async fn credentials(api: &ApiClient<'_>) -> CheckResult {
    let url = format!("{}/durastore/spaces", api.url);
    let wrong = ClientRequest::get(url.as_str()).user("smoke", "Basic c21va2U6d3Jvbmc=").without_redirects();
    for request in [ClientRequest::get(url.as_str()).without_redirects(), wrong] {
        api.web
            .ask(request)
            .await?
            .status(401)?
            .has("www-authenticate", "Basic", |value| value.starts_with("Basic"))?;
    }
    Ok("no user and a wrong password are refused with 401".to_owned())
}

/// A space is made.
pub async fn space(api: &ApiClient<'_>, space: &str) -> CheckResult {
    api.web.ask(api.request(Method::PUT, space)).await?.status(201)?;
    Ok(space.to_owned())
}

/// The film is stored under all names: once by its bytes, and then as copies.
pub async fn upload(api: &ApiClient<'_>, spaces: &[&str]) -> CheckResult {
    let [first, ..] = spaces else { return Ok(String::new()) };
    api.store(first, PLAIN, film()).await?;
    for space in spaces {
        for name in NAMES {
            if (*space, name) != (*first, PLAIN) {
                api.copy((first, PLAIN), (space, name)).await?;
            }
        }
    }
    let listed = api.request(Method::GET, first).field("accept", "application/json");
    let listed = api.web.ask(listed).await?;
    let json: Value = serde_json::from_slice(&listed.status(200)?.body).unwrap_or_default();
    let all = json.to_string();
    match NAMES.iter().find(|name| !all.contains(&json!(name).to_string())) {
        Some(missing) => Err(listed.differs(format!("a list with {missing:?}"), all)),
        None => Ok(format!("{} names in {} spaces", NAMES.len(), spaces.len())),
    }
}

/// A large file goes to S3 by a signed URL.
pub async fn upload_url(api: &ApiClient<'_>, spaces: &[&str]) -> CheckResult {
    let sound = sound();
    for space in spaces {
        let task = json!({ "spaceId": space, "contentId": SOUND, "contentType": "audio/wav", "size": sound.len() });
        let got = api.task("get-upload-url", task).await?;
        let mut request = ClientRequest::new(Method::PUT, got.text("url")?).content(sound.clone()).without_redirects();
        let signed: Value = serde_json::from_slice(&got.body).unwrap_or_default();
        for (name, value) in signed.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // The client says the length itself.
            if !name.eq_ignore_ascii_case("content-length") {
                request = request.field(name.to_ascii_lowercase(), value);
            }
        }
        api.web.ask(request).await?.status(200)?;
    }
    Ok(format!("{} bytes to S3", sound.len()))
}

/// Properties come back as they were sent, and a change of them leaves the media type and the bytes.
pub async fn properties(api: &ApiClient<'_>, space: &str) -> CheckResult {
    let name = "notes.txt";
    let put = api.content(Method::PUT, space, name).content(Bytes::from_static(b"notes"));
    let put = put.field("content-type", "text/css").field("x-dura-meta-color", "green");
    api.web.ask(put).await?.status(201)?;
    let post = api.content(Method::POST, space, name).field("x-dura-meta-title", TITLE).field("content-length", "0");
    api.web.ask(post).await?.status(200)?;
    let got = api.web.ask(api.content(Method::HEAD, space, name)).await?;
    got.status(200)?.says("content-type", "text/css")?.says("x-dura-meta-title", TITLE)?;
    got.says("x-dura-meta-content-size", "5")?;
    if let Some(color) = got.field("x-dura-meta-color") {
        return Err(got.differs("no x-dura-meta-color", color));
    }
    api.web.ask(api.content(Method::GET, space, name)).await?.status(200)?.bytes(b"notes")?;
    api.web.ask(api.content(Method::DELETE, space, name)).await?.status(200)?;
    Ok("UTF-8 properties, and a media type that stays".to_owned())
}

/// A space that does not stream is closed to viewers.
pub async fn closed(api: &ApiClient<'_>, spaces: &[&str]) -> CheckResult {
    for space in spaces {
        for fragment in ["", "?t=0,5"] {
            api.web.get(&format!("{}{fragment}", api.media(space, PLAIN))).await?.status(403)?;
        }
    }
    Ok("403 before streaming is on".to_owned())
}

/// Streaming is turned on; returns its host.
pub async fn enable(api: &ApiClient<'_>, space: &str, is_secure: bool) -> Result<String, Stop> {
    api.task("enable-streaming", json!({ "spaceId": space, "secure": is_secure })).await?.text("streamingHost")
}
