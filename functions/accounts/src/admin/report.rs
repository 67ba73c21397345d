//! `/admin/report`: what `reelspan doctor` says, as far as the server itself can see it, in bounded work.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;
use http::StatusCode;
use reelspan::user::{Identity, Role};
use serde_json::json;

use crate::Accounts;
use crate::answer::{AccountRefusal, json};
use crate::report::{self, Finding, Which};
use crate::users::admin;

/// How many contents are held against their index, and out of how many they are drawn: ten lists of S3 at most.
const DRAWN: usize = 50;
const LISTED: u64 = 10_000;

/// The findings, in the order in which to fix them.
pub async fn report(
    State(accounts): State<Arc<Accounts>>,
    Extension(who): Extension<Option<Identity>>,
) -> Result<Response, AccountRefusal> {
    admin(who)?;
    let which = Which::DrawnFrom { count: DRAWN, most: LISTED };
    let findings = [
        accounts.admins().await,
        report::index(&accounts.stores, &accounts.spaces, which).await,
        report::streaming(&accounts.spaces).await,
    ];
    let sound = !findings.iter().any(Finding::is_wrong);
    Ok(json(StatusCode::OK, &json!({ "sound": sound, "findings": findings })))
}

impl Accounts {
    /// Whether there is an admin besides the one of the deployment.
    async fn admins(&self) -> Finding {
        let what = "admins";
        match self.users.list().await {
            Ok(users) => match users.iter().filter(|user| user.role == Role::Admin).count() {
                0 => Finding::wrong(
                    what,
                    "only the first admin, whose password is in the deployment's secret",
                    "add an admin with a name of their own",
                ),
                1 => Finding::ok(what, "there is one; a second one could help if the first loses the password"),
                count => Finding::ok(what, format!("there are {count}")),
            },
            Err(error) => Finding::wrong(what, error.to_string(), "see the function's log"),
        }
    }
}
