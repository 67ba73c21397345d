//! The space of a request.

use reelspan::space::SpaceId;
use reelspan::space::acl::Right;
use reelspan::space::record::{Space, State};
use reelspan::store::SpacesTable;
use reelspan::telemetry;

use crate::{Error, Who};

/// The space of this name, if it exists and the caller has this right in it.
pub async fn space(table: &SpacesTable, name: &str, who: &Who, right: Right) -> Result<Space, Error> {
    let missing = || match who.somebody() {
        Ok(_) => Error::NoSpace(name.to_owned()),
        // A caller without access does not learn whether the space exists.
        Err(unauthorized) => unauthorized,
    };
    let id = SpaceId::parse(name).map_err(|_| missing())?;
    telemetry::note(|notes| notes.space = Some(id.to_string()));
    let space = table.get(&id).await?.filter(|space| space.state == State::Live).ok_or_else(missing)?;
    if space.allows(who.0.as_ref(), right) {
        Ok(space)
    } else {
        Err(who.refused(|user| format!("{user} has no {right} in space {id}")))
    }
}
