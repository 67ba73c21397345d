//! Who asks.

use axum::extract::FromRequestParts;
use http::request::Parts;
use reelspan::user::Identity;

use crate::Error;

/// Who asks: somebody, or nobody in particular.
#[derive(Clone, Debug)]
pub struct Who(pub Option<Identity>);

impl Who {
    /// Somebody; nobody is asked for credentials.
    pub fn somebody(&self) -> Result<&Identity, Error> {
        self.0.as_ref().ok_or(Error::Unauthorized)
    }

    /// What is said to whoever may not: nobody is asked for credentials, somebody is told.
    pub fn refused(&self, what: impl FnOnce(&str) -> String) -> Error {
        self.0.as_ref().map_or(Error::Unauthorized, |who| Error::Forbidden(what(&who.name)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self(parts.extensions.get::<Option<Identity>>().cloned().flatten()))
    }
}
