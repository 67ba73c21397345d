//! The tasks, and who may call them. Streaming opens a space to people whom its access list may not know, and costs money: so
//! only the space's owner and admins turn it on, as only they delete the space. Only admins replace the key of all spaces.

use std::collections::BTreeSet;

use axum::extract::{Request, State};
use axum::response::Response;
use reelspan::space::acl::Right;
use reelspan::space::record::Space;
use reelspan::space::streaming::StreamingKind;
use reelspan::telemetry;
use reelspan::user::Role;
use reelspan_rest::task::{Flag, body, said};
use reelspan_rest::{RestError, Who};
use serde::Deserialize;
use serde_json::json;

use crate::keys::{Rotated, Rotation};
use crate::{Streams, StreamsState};

/// How many origins may be named.
const MOST_ORIGINS: usize = 50;

/// `enable-streaming`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enable {
    space_id: String,
    #[serde(default)]
    secure: Flag,
    allowed_origins: Option<Vec<String>>,
}

/// `disable-streaming` and `delete-streaming`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpaceTask {
    space_id: String,
}

/// `rotate-signing-key`
#[derive(Debug, Default, Deserialize)]
struct Rotate {
    #[serde(default)]
    revoke: Flag,
}

pub async fn enable(State(state): StreamsState, who: Who, request: Request) -> Result<Response, RestError> {
    who.authenticated()?;
    let task: Enable = body(request).await?;
    let space = state.owned(&task.space_id, &who).await?;
    let kind = if task.secure.0 { StreamingKind::Secure } else { StreamingKind::Open };
    telemetry::note(|notes| drop(notes.detail.insert("type", kind.name().to_owned())));
    let origins = task.allowed_origins.map(|origins| checked(&origins)).transpose()?;
    let host = state.on(&space.id, kind, origins).await?;
    let result = format!("Streaming of space {} is on", space.id);
    Ok(said(json!({"result": result, "streamingHost": host}).to_string()))
}

pub async fn disable(State(state): StreamsState, who: Who, request: Request) -> Result<Response, RestError> {
    who.authenticated()?;
    let space = state.owned(&body::<SpaceTask>(request).await?.space_id, &who).await?;
    state.off(&space.id).await?;
    Ok(said(json!({"result": format!("Streaming of space {} is off", space.id)}).to_string()))
}

pub async fn delete(State(state): StreamsState, who: Who, request: Request) -> Result<Response, RestError> {
    who.authenticated()?;
    let space = state.owned(&body::<SpaceTask>(request).await?.space_id, &who).await?;
    state.delete(&space.id).await?;
    Ok(said(json!({"result": format!("Streaming of space {} is deleted", space.id)}).to_string()))
}

pub async fn rotate(State(state): StreamsState, who: Who, request: Request) -> Result<Response, RestError> {
    if who.authenticated()?.role != Role::Admin {
        return Err(who.refused(|user| format!("{user} is no admin, and only admins replace the signing key")));
    }
    let task: Rotate = body(request).await?;
    let rotation = if task.revoke.0 { Rotation::Revoke } else { Rotation::Keep };
    let Rotated { key, signs } = state.keys.rotate(&state.table, rotation).await?;
    let result = match (rotation, signs) {
        (Rotation::Revoke, _) => format!("Key {key} signs now; what any other has signed is refused"),
        (Rotation::Keep, true) => {
            format!("Key {key} signs now; what the one before has signed is valid until it expires")
        }
        (Rotation::Keep, false) => format!("Key {key} will sign within about an hour, when all edges trust it"),
    };
    Ok(said(json!({"result": result, "keyPairId": key}).to_string()))
}

impl Streams {
    /// The space of this name, where who asks may turn its streaming on and off.
    async fn owned(&self, name: &str, who: &Who) -> Result<Space, RestError> {
        let space = reelspan_rest::space(&self.table, name, who, Right::Write).await?;
        let user = who.authenticated()?;
        if user.role == Role::Admin || space.owner.as_deref() == Some(&user.name) {
            Ok(space)
        } else {
            Err(who.refused(|user| format!("{user} is not the owner of space {}", space.id)))
        }
    }
}

/// Origins (RFC 6454 §6.2) as CloudFront takes them: a scheme and a host, whose first label may be `*`. In order, each once; none
/// where any may.
fn checked(origins: &[String]) -> Result<Vec<String>, RestError> {
    if origins.len() > MOST_ORIGINS {
        return Err(RestError::Bad(format!(
            "{} origins are more than the {MOST_ORIGINS} that there may be",
            origins.len()
        )));
    }
    let mut checked = BTreeSet::new();
    for origin in origins {
        let text = origin.trim().trim_end_matches('/').to_ascii_lowercase();
        if text == "*" {
            return Ok(Vec::new());
        }
        if !is_origin(&text) {
            return Err(RestError::Bad(format!(
                "{origin:?} in allowedOrigins is no origin, such as https://www.example.org"
            )));
        }
        checked.insert(text);
    }
    Ok(checked.into_iter().collect())
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let named = host.strip_prefix("*.").unwrap_or(host);
    matches!(scheme, "http" | "https")
        && named.len() <= 253
        && named.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
        })
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_a_scheme_and_a_host() {
        for (origin, is) in [
            ("https://www.example.org", true),
            ("https://*.example.org", true),
            ("http://localhost:8000", true),
            ("https://example.org:0", false),
            ("https://example.org:65536", false),
            ("https://example.org/path", false),
            ("https://exa mple.org", false),
            ("https://a.*.org", false),
            ("https://", false),
            ("example.org", false),
            ("file://example.org", false),
            ("null", false),
            ("https://example.org\r\nset-cookie: a", false),
        ] {
            assert_eq!(checked(&[origin.to_owned()]).is_ok(), is, "{origin}");
        }
    }

    #[test]
    fn origins_are_kept_in_order_and_once() {
        let of = |origins: &[&str]| checked(&origins.iter().map(|&origin| origin.to_owned()).collect::<Vec<_>>()).ok();
        let two = vec!["https://a.org".to_owned(), "https://b.org".to_owned()];
        assert_eq!(of(&["https://b.org/", "https://A.org", "https://b.org"]), Some(two));
        assert_eq!(of(&["https://b.org", "*"]), Some(Vec::new()));
        assert_eq!(of(&["https://b.org"; 51]), None);
    }
}
