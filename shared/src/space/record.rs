//! A space: what is known of it beside its contents.

use std::collections::BTreeMap;

use super::SpaceId;
use super::acl::{Acl, Grantee, Right};
use super::quota::Quota;
use super::streaming::Streaming;
use crate::user::{Identity, UserName};

/// Whether a space is there for its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceState {
    /// It is.
    Live,
    /// It is gone for them, and its contents are on their way out. Its name is free once they are.
    Deleting,
}

/// A space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its name.
    pub id: SpaceId,
    /// The user who created it, and has every right in it; `None` if no user did.
    pub owner: Option<String>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// Who else has which right.
    pub acl: Acl,
    /// What is noted of it, by names in lower case.
    pub properties: BTreeMap<String, String>,
    /// Whether it is there.
    pub state: SpaceState,
    /// How it is streamed, if it is.
    pub streaming: Option<Streaming>,
    /// How much it may hold.
    pub quota: Quota,
}

impl Space {
    /// A new space, in which its owner has WRITE by the list too.
    #[must_use]
    pub fn new(id: SpaceId, owner: Option<&UserName>, created: i64) -> Self {
        let mut acl = Acl::default();
        if let Some(owner) = owner {
            // The first entry of a list is never too many.
            let _ = acl.grant(Grantee::User(owner.clone()), Right::Write);
        }
        let owner = owner.map(|owner| owner.as_str().to_owned());
        Self {
            id,
            owner,
            created,
            acl,
            properties: BTreeMap::new(),
            state: SpaceState::Live,
            streaming: None,
            quota: Quota::default(),
        }
    }

    /// Whether a user, or an anonymous caller, has this right in it.
    #[must_use]
    pub fn allows(&self, who: Option<&Identity>, right: Right) -> bool {
        self.acl.allows(who, self.owner.as_deref(), right)
    }
}
