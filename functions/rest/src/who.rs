//! The caller of a request.

use axum::extract::FromRequestParts;
use http::request::Parts;
use reelspan::user::Identity;

use crate::RestError;

/// The caller: a user, or anonymous.
#[derive(Clone, Debug)]
pub struct Who(pub Option<Identity>);

impl Who {
    /// The authenticated user; responds 401 to anonymous callers.
    pub fn authenticated(&self) -> Result<&Identity, RestError> {
        self.0.as_ref().ok_or(RestError::Unauthorized)
    }

    /// The error for a caller without access: 401 for anonymous callers, 403 for users.
    pub fn refused(&self, what: impl FnOnce(&str) -> String) -> RestError {
        self.0.as_ref().map_or(RestError::Unauthorized, |who| RestError::Forbidden(what(&who.name)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, RestError> {
        Ok(Self(parts.extensions.get::<Option<Identity>>().cloned().flatten()))
    }
}
