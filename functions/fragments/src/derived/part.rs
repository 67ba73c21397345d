//! What a request selects of a content: all of it, or the part that its name or its query says.

use reelspan_engine::caption::Caption;
use reelspan_engine::fragment::resolve::{Ask, Meaning};
use reelspan_engine::fragment::uri::{Fragment, Reason};
use reelspan_engine::index::Outline;
use reelspan_engine::package::captions::of_part;
use reelspan_engine::package::{self, Presentation};

use super::DerivedRequest;
use crate::MediaError;

/// The streams of the content, or of the part that the request names.
pub fn presentation<'a>(request: &DerivedRequest, outline: &'a Outline) -> Result<Presentation<'a>, MediaError> {
    match part(request, outline)? {
        None => Ok(Presentation::whole(outline).map_err(package::PackageError::from)?),
        Some(meaning) => Ok(Presentation::part(outline, &meaning)?),
    }
}

/// The same with those of these captions that it has.
pub(super) fn captioned<'a>(
    request: &DerivedRequest,
    outline: &'a Outline,
    all: Vec<Caption>,
) -> Result<Presentation<'a>, MediaError> {
    let captions = of_part(all, part(request, outline)?.as_ref());
    Ok(presentation(request, outline)?.with_captions(captions))
}

/// The part that the request names, or of captions its query; `None` for the whole content.
pub fn part(request: &DerivedRequest, outline: &Outline) -> Result<Option<Meaning>, MediaError> {
    if let Some(text) = &request.name.fragment {
        // A name is not a query: a part that means nothing has no stream, rather than that of the whole.
        return exactly(&Fragment::parse(text), outline).map(Some);
    }
    if !request.name.resource.takes_query() {
        return Ok(None);
    }
    let fragment = asked(request);
    let is_whole = fragment.is_empty() && fragment.ignored.is_empty();
    if is_whole { Ok(None) } else { exactly(&fragment, outline).map(Some) }
}

/// The fragment in the query, which may also have parameters for others: a signature, for instance.
pub(super) fn asked(request: &DerivedRequest) -> Fragment {
    let mut fragment = Fragment::parse(request.query());
    fragment.ignored.retain(|ignored| ignored.why != Reason::UnknownName);
    fragment
}

/// What a fragment means, if all of it means something.
pub(super) fn exactly(fragment: &Fragment, outline: &Outline) -> Result<Meaning, MediaError> {
    if let Some(ignored) = fragment.ignored.first() {
        return Err(MediaError::NoPart(ignored.why.to_string()));
    }
    let meaning = Meaning::of(&Ask::from(fragment), outline);
    if let Some(without) = meaning.without.first() {
        return Err(MediaError::NoPart(format!("{}: {}", without.dimension, without.why)));
    }
    Ok(meaning)
}
