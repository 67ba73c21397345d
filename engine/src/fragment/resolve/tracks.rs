//! Selects tracks.

use crate::index::Outline;

/// The positions of the tracks with a name: by a track's name, else by the container's number for it, else by kind.
/// Empty if it names none.
pub fn named(outline: &Outline, name: &str) -> Vec<usize> {
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
