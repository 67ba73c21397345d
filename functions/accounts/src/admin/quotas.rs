//! `/admin/quotas`: how much spaces may hold, each for itself and all of an owner together.

use std::sync::Arc;

use axum::extract::{Extension, Path, Request, State};
use axum::response::Response;
use http::StatusCode;
use reelspan::space::SpaceId;
use reelspan::space::quota::Quota;
use reelspan::telemetry;
use reelspan::user::{Identity, UserName};
use reelspan_rest::task::body;
use serde_json::json;

use crate::Accounts;
use crate::answer::{AccountRefusal, json};
use crate::users::{admin, bad, unknown};

/// All quotas that are set.
pub async fn list(
    State(accounts): State<Arc<Accounts>>,
    Extension(who): Extension<Option<Identity>>,
) -> Result<Response, AccountRefusal> {
    admin(who)?;
    let spaces = accounts.spaces.all().await?.into_iter().filter(|space| !space.quota.is_off());
    let spaces = spaces.map(|space| json!({ "id": space.id.as_str(), "owner": space.owner, "quota": space.quota }));
    let spaces: Vec<_> = spaces.collect();
    let users = accounts.spaces.user_quotas().await?.into_iter();
    let users: Vec<_> = users.map(|(name, quota)| json!({ "name": name, "quota": quota })).collect();
    Ok(json(StatusCode::OK, &json!({ "spaces": spaces, "users": users })))
}

/// Sets the quota of a space; one without bounds is off.
pub async fn put_of_space(
    State(accounts): State<Arc<Accounts>>,
    Extension(who): Extension<Option<Identity>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, AccountRefusal> {
    note("set-space-quota", |notes| notes.space = SpaceId::parse(&name).ok().map(|id| id.to_string()));
    admin(who)?;
    let quota = quota(request).await?;
    let id = SpaceId::parse(&name).map_err(|error| bad(error.to_string()))?;
    if accounts.spaces.set_quota(&id, quota).await? {
        Ok(json(StatusCode::OK, &json!({ "id": name, "quota": quota })))
    } else {
        Err(unknown(format!("Space {name} does not exist")))
    }
}

/// Sets the quota of all spaces that a user owns; one without bounds is off.
pub async fn put_of_user(
    State(accounts): State<Arc<Accounts>>,
    Extension(who): Extension<Option<Identity>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, AccountRefusal> {
    note("set-user-quota", |notes| drop(notes.detail.insert("of", name.clone())));
    admin(who)?;
    let quota = quota(request).await?;
    let name = UserName::parse(&name).map_err(|error| bad(error.to_string()))?;
    // A user who was removed still owns spaces; the first admin of a deployment is not in the table.
    accounts.spaces.set_user_quota(&name, quota).await?;
    Ok(json(StatusCode::OK, &json!({ "name": name.as_str(), "quota": quota })))
}

/// The quota of a body: its bounds may be missing or null.
async fn quota(request: Request) -> Result<Quota, AccountRefusal> {
    let quota: Quota = body(request).await?;
    telemetry::note(|notes| {
        for (name, bound) in [("bytes", quota.bytes), ("objects", quota.objects)] {
            notes.detail.insert(name, bound.map_or("off".to_owned(), |bound| bound.to_string()));
        }
    });
    Ok(quota)
}

fn note(act: &'static str, more: impl FnOnce(&mut telemetry::RequestNotes)) {
    telemetry::note(|notes| {
        notes.act = Some(act);
        more(notes);
    });
}
