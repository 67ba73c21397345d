//! `/users`: what admins do with users.

use std::sync::Arc;

use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, StatusCode};
use reelspan::store::UsersError;
use reelspan::telemetry;
use reelspan::user::{Account, GroupName, Hash, Identity, Password, ROUNDS, Role, User, UserName};
use reelspan_rest::task::body;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Accounts;
use crate::answer::{AccountRefusal, json};

/// The new state of a user.
#[derive(Deserialize)]
struct Put {
    role: Role,
    #[serde(default)]
    groups: Vec<String>,
    password: Option<String>,
}

/// All users, by name.
pub async fn list(
    State(accounts): State<Arc<Accounts>>,
    Extension(who): Extension<Option<Identity>>,
) -> Result<Response, AccountRefusal> {
    admin(who)?;
    let users = accounts.users.list().await.map_err(UsersError::from)?;
    let users: Vec<Value> = users.iter().map(described).collect();
    Ok(json(StatusCode::OK, &json!({ "users": users })))
}

/// Adds a user, or changes one.
pub async fn put(
    State(accounts): State<Arc<Accounts>>,
    Extension(who): Extension<Option<Identity>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, AccountRefusal> {
    note("change-user", &name);
    admin(who)?;
    let condition = UserCondition::of(request.headers());
    let put: Put = body(request).await?;
    accounts.put(&name, put, condition).await
}

/// Removes a user.
pub async fn remove(
    State(accounts): State<Arc<Accounts>>,
    Extension(who): Extension<Option<Identity>>,
    Path(name): Path<String>,
) -> Result<Response, AccountRefusal> {
    note("remove-user", &name);
    admin(who)?;
    let name = UserName::parse(&name).map_err(|error| bad(error.to_string()))?;
    accounts.users.remove(&name).await?;
    accounts.sessions.end_all(&name).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a request expects of the user that it is about (RFC 9110 §13.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UserCondition {
    /// `If-None-Match: *`: there is none.
    New,
    /// `If-Match: *`: there is one.
    Known,
    /// Nothing.
    Any,
}

impl UserCondition {
    fn of(headers: &HeaderMap) -> Self {
        let any = |name: HeaderName| headers.get(name).is_some_and(|value| value == "*");
        match (any(IF_NONE_MATCH), any(IF_MATCH)) {
            (true, _) => Self::New,
            (_, true) => Self::Known,
            _ => Self::Any,
        }
    }
}

impl Accounts {
    async fn put(&self, name: &str, put: Put, condition: UserCondition) -> Result<Response, AccountRefusal> {
        let name = UserName::parse(name).map_err(|error| bad(error.to_string()))?;
        let groups = put.groups.iter().map(|group| GroupName::parse(group).map_err(|error| bad(error.to_string())));
        let mut groups = groups.collect::<Result<Vec<_>, _>>()?;
        groups.sort();
        groups.dedup();
        let password = match put.password {
            Some(text) => Some(hashed(Password::chosen(text, &name).map_err(|error| bad(error.to_string()))?).await?),
            None => None,
        };
        let account = Account { name: name.clone(), role: put.role, groups };
        let there = self.users.get(&name).await.map_err(UsersError::from)?.is_some();
        match (there, condition) {
            (true, UserCondition::New) => Err(UsersError::Taken(name).into()),
            (false, UserCondition::Known) => Err(UsersError::Unknown(name).into()),
            (true, _) => {
                let set =
                    |user: User| User { account: account.clone(), password: password.clone().unwrap_or(user.password) };
                self.users.set(&name, set).await?;
                Ok(json(StatusCode::OK, &described(&account)))
            }
            (false, _) => {
                note("add-user", name.as_str());
                let password = password.ok_or_else(|| bad("a new user needs a password"))?;
                self.users.add(&User { account: account.clone(), password }).await?;
                Ok(json(StatusCode::CREATED, &described(&account)))
            }
        }
    }
}

/// Hashing takes the better part of a second of processor time.
async fn hashed(password: Password) -> Result<Hash, AccountRefusal> {
    let failed = || AccountRefusal::new(StatusCode::SERVICE_UNAVAILABLE, "the password could not be hashed");
    tokio::task::spawn_blocking(move || Hash::of(&password, ROUNDS)).await.map_err(|_| failed())?.map_err(|_| failed())
}

/// The caller, if that is an admin.
pub fn admin(who: Option<Identity>) -> Result<Identity, AccountRefusal> {
    let who = who.ok_or_else(AccountRefusal::unauthorized)?;
    if who.role == Role::Admin {
        return Ok(who);
    }
    Err(AccountRefusal::new(StatusCode::FORBIDDEN, format!("{} is no admin, and only admins may do this", who.name)))
}

fn described(account: &Account) -> Value {
    let groups: Vec<&str> = account.groups.iter().map(GroupName::as_str).collect();
    json!({ "name": account.name.as_str(), "role": account.role, "groups": groups })
}

pub fn bad(why: impl Into<String>) -> AccountRefusal {
    AccountRefusal::new(StatusCode::BAD_REQUEST, why)
}

pub fn unknown(why: impl Into<String>) -> AccountRefusal {
    AccountRefusal::new(StatusCode::NOT_FOUND, why)
}

fn note(act: &'static str, name: &str) {
    telemetry::note(|notes| {
        notes.act = Some(act);
        notes.detail.insert("of", name.to_owned());
    });
}
