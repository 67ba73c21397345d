//! Tasks that are about contents, and the list of all.

use axum::extract::{Request, State};
use axum::response::Response;
use reelspan_rest::task::{TASKS, body};

use crate::answer::{list, xml};
use crate::request::PathNames;
use crate::{RestError, SpacesState, Who, said};

pub async fn names(who: Who) -> Result<Response, RestError> {
    who.authenticated()?;
    Ok(xml(list("<list>", "string", TASKS, "</list>")))
}

pub async fn perform(
    State(state): SpacesState,
    who: Who,
    names: PathNames,
    request: Request,
) -> Result<Response, RestError> {
    who.authenticated()?;
    let answer = match names.first.as_str() {
        "get-upload-url" => state.upload_url(&who, body(request).await?).await?,
        "get-upload-parts" => state.upload_parts(&who, body(request).await?).await?,
        "complete-upload" => state.complete_upload(&who, body(request).await?).await?,
        "abort-upload" => state.abort_upload(&who, body(request).await?).await?,
        unknown => return Err(RestError::Bad(format!("{unknown} is no task; there are {}", TASKS.join(", ")))),
    };
    Ok(said(answer.to_string()))
}
