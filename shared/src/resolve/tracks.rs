//! Which tracks are meant.

use crate::index::Outline;

/// The places of the tracks that these names name: each by a track's name, else by the container's number for it, else by
/// kind. `None` where none names any: the dimension is then as if it were not there.
pub fn named(outline: &Outline, names: &[String]) -> Option<Vec<usize>> {
    let mut places: Vec<usize> = names.iter().flat_map(|name| matching(outline, name)).collect();
    places.sort_unstable();
    places.dedup();
    (!places.is_empty()).then_some(places)
}

fn matching(outline: &Outline, name: &str) -> Vec<usize> {
    let tracks = || outline.tracks.iter().enumerate();
    let by_name: Vec<usize> =
        tracks().filter(|(_, track)| track.name.as_deref() == Some(name)).map(|(place, _)| place).collect();
    if !by_name.is_empty() {
        return by_name;
    }
    if let Ok(id) = name.parse::<u64>()
        && let Some((place, _)) = tracks().find(|(_, track)| track.id == id)
    {
        return vec![place];
    }
    tracks().filter(|(_, track)| track.kind.name() == name).map(|(place, _)| place).collect()
}
