//! Reads a password from a person: typed twice at the terminal without echo, or from standard input. It is never an
//! argument, which every other process could read.

use std::io::{self, Read};

use reelspan::user::{Hash, Password, ROUNDS, UserName};

use crate::CommandError;

/// The maximum number of bytes read from standard input; longer than any password.
const MOST: u64 = 4096;

/// Reads a new password, and returns its hash.
pub(super) fn new_password(user: &UserName, stdin: bool) -> Result<Hash, CommandError> {
    let typed = if stdin { read(io::stdin().lock()) } else { prompt(user) }?;
    let password = Password::chosen(typed, user).map_err(|error| CommandError::Setup(error.to_string()))?;
    Hash::of(&password, ROUNDS).map_err(CommandError::failed("the password"))
}

/// The only line of an input.
fn read(input: impl Read) -> Result<String, CommandError> {
    let mut text = String::new();
    input
        .take(MOST)
        .read_to_string(&mut text)
        .map_err(|error| CommandError::Setup(format!("the password on standard input: {error}")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn prompt(user: &UserName) -> Result<String, CommandError> {
    let ask = |prompt: String| {
        rpassword::prompt_password(prompt).map_err(|error| {
            CommandError::Setup(format!("no terminal to ask for a password ({error}); use --password-stdin"))
        })
    };
    let password = ask(format!("New password of {user}: "))?;
    if ask("Once more: ".to_owned())? == password {
        Ok(password)
    } else {
        Err(CommandError::Setup("the two passwords differ".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_password_is_a_line() {
        for (input, password) in [("a b", "a b"), ("a\n", "a"), ("a\r\n", "a"), (" a \n", " a "), ("", ""), ("\n", "")]
        {
            assert_eq!(read(input.as_bytes()).unwrap(), password);
        }
        // A second line leaves a line break, which no password contains.
        assert!(Password::parse(read("a\nb\n".as_bytes()).unwrap()).is_err());
        assert!(Password::parse(read(io::repeat(b'a')).unwrap()).is_err());
        assert!(read(&b"\xff\n"[..]).is_err());
    }
}
