//! Errors, in the two kinds that a caller of the program distinguishes by its exit status.

/// Why a command failed. Its text is one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The call or the machine has to change first: a port is in use, a folder does not exist, or a data folder has a
    /// newer format.
    #[error("{0}")]
    Setup(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl CommandError {
    /// The exit status for this error: 2 if the caller has to change something, 1 otherwise.
    #[must_use]
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Setup(_) => 2,
            Self::Failed(_) => 1,
        }
    }

    /// Converts another error, and adds what was being done.
    pub(crate) fn failed<E: std::fmt::Display>(doing: impl std::fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self::Failed(format!("{doing}: {error}"))
    }
}
