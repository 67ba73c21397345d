//! Passwords that people choose, by NIST SP 800-63B-4 §3.1.1.2: at least 15 characters, since the password is the only
//! factor here; no rules of composition; no common passwords. Existing and generated passwords are not checked: this is
//! for new ones.
//!
//! Lists of common passwords have few entries of 15 characters, and no list contains what people make of the common
//! ones: the same word twice, a word and a year, a row of keys. So a password is common if it consists only of words
//! that are common passwords, the names of the service and of the user, rows of keys and of letters, and up to four
//! other digits, ignoring case and punctuation. The words are the most common ones of published lists of breached
//! passwords, including the NCSC's.

use super::{Password, PasswordError, UserName};

/// The minimum number of characters.
const SHORTEST: usize = 15;
/// How many digits may follow common words without making them uncommon: a year.
const FREE_DIGITS: usize = 4;
/// The longest unit whose repetition is common: `abcdabcdabcdabcd`.
const LONGEST_UNIT: usize = 4;
/// The shortest piece of a row that counts as one: `qwe`.
const SHORTEST_RUN: usize = 3;

/// Words that are common passwords, or common parts of them, including the service's.
const WORDS: [&str; 96] = [
    "aa",
    "abc",
    "access",
    "admin",
    "administrator",
    "angel",
    "apple",
    "archive",
    "austin",
    "baseball",
    "batman",
    "battery",
    "butterfly",
    "changeme",
    "charlie",
    "cheese",
    "computer",
    "cookie",
    "correct",
    "daniel",
    "default",
    "dragon",
    "duracloud",
    "family",
    "flower",
    "football",
    "forever",
    "freedom",
    "george",
    "ginger",
    "google",
    "guest",
    "hannah",
    "harley",
    "hello",
    "hockey",
    "horse",
    "hunter",
    "i",
    "iloveyou",
    "in",
    "is",
    "jennifer",
    "jessica",
    "jordan",
    "killer",
    "let",
    "letmein",
    "library",
    "liverpool",
    "lol",
    "love",
    "lovely",
    "maggie",
    "master",
    "me",
    "media",
    "michael",
    "michelle",
    "monkey",
    "mustang",
    "my",
    "naruto",
    "nicole",
    "pass",
    "passw0rd",
    "password",
    "pepper",
    "pokemon",
    "princess",
    "ranger",
    "reelspan",
    "robert",
    "root",
    "samsung",
    "secret",
    "server",
    "shadow",
    "soccer",
    "staple",
    "starwars",
    "summer",
    "sunshine",
    "superman",
    "system",
    "test",
    "thomas",
    "thunder",
    "tigger",
    "trustno",
    "user",
    "welcome",
    "whatever",
    "winter",
    "you",
    "zaq",
];

/// Rows of keys and of letters, and patterns on the keyboard; in either direction.
const ROWS: [&str; 9] = [
    "12345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
];

impl Password {
    /// Checks a new password that a user of this name chose.
    ///
    /// # Errors
    ///
    /// As [`Password::parse`]; and if it has fewer than 15 characters, or is common.
    pub fn chosen(text: impl Into<String>, name: &UserName) -> Result<Self, PasswordError> {
        let password = Self::parse(text)?;
        let text = password.reveal().to_lowercase();
        if password.reveal().chars().count() < SHORTEST {
            Err(PasswordError::Short)
        } else if repeats(&text.chars().collect::<Vec<_>>()) || is_common(&text, name.as_str()) {
            Err(PasswordError::Common)
        } else {
            Ok(password)
        }
    }
}

/// Whether it repeats a short unit.
fn repeats(text: &[char]) -> bool {
    (1..=LONGEST_UNIT).any(|unit| text.iter().zip(text.iter().skip(unit)).all(|(one, other)| one == other))
}

/// Whether it consists only of common parts.
fn is_common(text: &str, name: &str) -> bool {
    let text: Vec<char> = text.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let name: Vec<char> = name.chars().filter(|letter| letter.is_alphanumeric()).collect();
    if repeats(&text) {
        return true;
    }
    // The fewest free digits with which common pieces reach each position.
    let mut reached = vec![None; text.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = Some(0);
    }
    for at in 0..text.len() {
        let (Some(digits), Some(rest)) = (reached.get(at).copied().flatten(), text.get(at..)) else { continue };
        let mut reach = |length: usize, digits: usize| {
            if let Some(place) = reached.get_mut(at + length) {
                *place = Some(place.map_or(digits, |before: usize| before.min(digits)));
            }
        };
        for word in WORDS.iter().filter(|word| starts_with(rest, word.chars())) {
            reach(word.len(), digits);
        }
        if !name.is_empty() && starts_with(rest, name.iter().copied()) {
            reach(name.len(), digits);
        }
        (SHORTEST_RUN..=run(rest)).for_each(|length| reach(length, digits));
        if rest.first().is_some_and(char::is_ascii_digit) && digits < FREE_DIGITS {
            reach(1, digits + 1);
        }
    }
    reached.last().copied().flatten().is_some()
}

fn starts_with(text: &[char], word: impl Iterator<Item = char>) -> bool {
    let mut text = text.iter();
    word.into_iter().all(|letter| text.next() == Some(&letter))
}

/// The length of the initial run: one repeated character, or a piece of a row.
fn run(text: &[char]) -> usize {
    let same = text.iter().take_while(|letter| Some(*letter) == text.first()).count();
    let along = |row: &[char]| {
        let places = 0..row.len();
        places.map(|at| text.iter().zip(row.iter().skip(at)).take_while(|(one, other)| one == other).count()).max()
    };
    let rows = ROWS.iter().flat_map(|row| {
        let forwards: Vec<char> = row.chars().collect();
        let backwards: Vec<char> = row.chars().rev().collect();
        [along(&forwards), along(&backwards)]
    });
    rows.flatten().max().unwrap_or_default().max(same)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn chosen(text: &str) -> Result<(), PasswordError> {
        Password::chosen(text, &UserName::parse("j.doe").unwrap()).map(|_| ())
    }

    #[test]
    fn a_new_password_is_long_and_not_a_common_one() {
        for (text, expected) in [
            ("", Err(PasswordError::Empty)),
            ("swordfish", Err(PasswordError::Short)),
            ("14 characters.", Err(PasswordError::Short)),
            ("ääääöööö", Err(PasswordError::Short)),
            ("aaaaaaaaaaaaaaaaaaaa", Err(PasswordError::Common)),
            ("!!!!!!!!!!!!!!!!!!!!", Err(PasswordError::Common)),
            ("abcdabcdabcdabcd", Err(PasswordError::Common)),
            ("123456789012345", Err(PasswordError::Common)),
            ("1234567890987654321", Err(PasswordError::Common)),
            ("qwertyuiopasdfgh", Err(PasswordError::Common)),
            ("1qaz2wsx3edc4rfv", Err(PasswordError::Common)),
            ("passwordpassword", Err(PasswordError::Common)),
            ("Password-Password-2026!", Err(PasswordError::Common)),
            ("admin admin admin 123", Err(PasswordError::Common)),
            ("reelspan-reelspan", Err(PasswordError::Common)),
            ("ReelspanAdmin2026", Err(PasswordError::Common)),
            ("j.doe j.doe j.doe", Err(PasswordError::Common)),
            ("JDoe-password-99", Err(PasswordError::Common)),
            ("correct horse battery staple", Err(PasswordError::Common)),
            ("iloveyouiloveyou1", Err(PasswordError::Common)),
            // No rules of composition: only letters, only digits, blanks.
            ("fifteen letters", Ok(())),
            ("839201948573625", Ok(())),
            ("violet trombone haircut", Ok(())),
            ("password of the violet trombone", Ok(())),
            ("Пароль из многих букв", Ok(())),
            ("äöüßäöüßéàèäöüx", Ok(())),
        ] {
            assert_eq!(chosen(text), expected, "{text}");
        }
        assert_eq!(chosen(&"violet trombone ".repeat(64)), Ok(()));
        assert_eq!(chosen(&"violet trombone ".repeat(65)), Err(PasswordError::Long));
    }

    #[test]
    fn what_is_made_up_could_have_been_chosen() {
        for _ in 0..100 {
            assert_eq!(chosen(Password::random().unwrap().reveal()), Ok(()));
        }
    }
}
