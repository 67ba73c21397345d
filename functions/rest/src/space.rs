//! The space of a request, and the caller's rights in it.

use reelspan::space::SpaceId;
use reelspan::space::acl::Right;
use reelspan::space::record::{Space, SpaceState};
use reelspan::store::SpacesTable;
use reelspan::telemetry;

use crate::{RestError, Who};

/// The space of this name, if the caller has this right in it.
///
/// # Errors
///
/// As [`permitted`]; a store that fails.
pub async fn space(table: &SpacesTable, name: &str, who: &Who, right: Right) -> Result<Space, RestError> {
    let found = match SpaceId::parse(name) {
        Ok(id) => {
            telemetry::note(|notes| notes.space = Some(id.to_string()));
            table.get(&id).await?
        }
        Err(_) => None,
    };
    permitted(found, name, who, right)
}

/// The space that was found under this name, if the caller has this right in it.
///
/// # Errors
///
/// [`RestError::NoSpace`] if the space does not exist or is being deleted. An anonymous caller must not learn which spaces exist, and gets
/// [`RestError::Unauthorized`] instead. [`RestError::Forbidden`] if the caller does not have the right.
pub fn permitted(found: Option<Space>, name: &str, who: &Who, right: Right) -> Result<Space, RestError> {
    let Some(space) = found.filter(|space| space.state == SpaceState::Live) else {
        who.authenticated()?;
        return Err(RestError::NoSpace(name.to_owned()));
    };
    if space.allows(who.0.as_ref(), right) {
        Ok(space)
    } else {
        Err(who.refused(|user| format!("{user} has no {right} in space {}", space.id)))
    }
}
