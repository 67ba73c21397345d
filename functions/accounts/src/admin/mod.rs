//! `/admin`: what admins see and set for the whole installation: quotas, usage, and a report of its state.

mod quotas;
mod report;
mod usage;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, put};

use crate::Accounts;

/// The routes.
pub fn routes() -> Router<Arc<Accounts>> {
    Router::new()
        .route("/admin/quotas", get(quotas::list))
        .route("/admin/quotas/spaces/{space}", put(quotas::put_of_space))
        .route("/admin/quotas/users/{name}", put(quotas::put_of_user))
        .route("/admin/usage/{space}", get(usage::of_space))
        .route("/admin/report", get(report::report))
}
