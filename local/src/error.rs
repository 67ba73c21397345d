//! What can go wrong, in the two kinds that a caller of the program tells apart by its exit status.

/// Why a command ended without doing what it was told. Its text is one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something about the call or the machine has to change first: a port in use, a folder that is not there, a data
    /// folder of a newer format.
    #[error("{0}")]
    Setup(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// The exit status of a program that ends with it: 2 for what the caller has to change, 1 otherwise.
    #[must_use]
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Setup(_) => 2,
            Self::Failed(_) => 1,
        }
    }

    /// Makes an error of another kind one of ours, with what was being done.
    pub(crate) fn failed<E: std::fmt::Display>(doing: impl std::fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self::Failed(format!("{doing}: {error}"))
    }
}
