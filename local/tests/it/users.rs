//! The first admin of a data folder can sign in, however they were created.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use reelspan::store::{USERS, Users};
use reelspan::user::{Authenticator, Denied, Password, Role, Settings, UserName};
use reelspan_local::data::DataFolder;
use reelspan_local::tables::Tables;
use reelspan_local::users::{GeneratedAdmin, first_admin};

/// Opens the tables and ensures the first admin. Returns the generated user, and for each pair whether it is accepted.
async fn start(
    folder: &Path,
    given: Option<(&str, &str)>,
    pairs: &[(&str, &str)],
) -> (Option<GeneratedAdmin>, Vec<bool>) {
    let data = DataFolder::open(folder).unwrap();
    let users = Users::new(Arc::new(Tables::open(&data).unwrap()), USERS.name);
    let given = given.map(|(name, password)| (UserName::parse(name).unwrap(), Password::parse(password).unwrap()));
    let made = first_admin(&data, &users, given).await.unwrap();
    let authenticator = Authenticator::new(users, Settings::default()).unwrap();
    let mut let_in = Vec::new();
    if let Some(GeneratedAdmin { user, password }) = &made {
        assert!(is_admin(&authenticator, user, password).await, "what was made up is wrong");
    }
    for (user, password) in pairs {
        let_in.push(is_admin(&authenticator, user, password).await);
    }
    (made, let_in)
}

async fn is_admin(authenticator: &Authenticator, user: &str, password: &str) -> bool {
    let field = format!("Basic {}", base64(&format!("{user}:{password}")));
    match authenticator.authenticate(Some(field.as_bytes()), None).await {
        Ok(identity) => identity.unwrap().role == Role::Admin,
        Err(denied) => {
            assert_eq!(denied, Denied::Wrong);
            false
        }
    }
}

/// RFC 4648 §4.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = (0..3).fold(0, |bits, place| bits << 8 | usize::from(chunk.get(place).copied().unwrap_or(0)));
        out.extend((0..=chunk.len()).map(|place| char::from(DIGITS[bits >> (18 - 6 * place) & 63])));
    }
    out
}

#[tokio::test]
async fn a_password_is_made_up_once() {
    let folder = tempfile::tempdir().unwrap();
    let (made, _) = start(folder.path(), None, &[]).await;
    let made = made.unwrap();
    let (again, let_in) = start(folder.path(), None, &[(&made.user, &made.password)]).await;
    assert!(again.is_none());
    assert_eq!(let_in, [true]);
}

#[tokio::test]
async fn a_password_that_was_written_down_before_a_crash_is_the_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(DataFolder::open(folder.path()).unwrap().admin(), r#"{"user":"admin","password":"written down"}"#)
        .unwrap();
    let (made, let_in) = start(folder.path(), None, &[("admin", "written down")]).await;
    assert_eq!(made.unwrap().password, "written down");
    assert_eq!(let_in, [true]);
}

#[tokio::test]
async fn the_admin_that_is_given_is_one_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let pairs = [("root", "one:1 of many words"), ("root", "two of many words"), ("alice", "a of many words")];
    for (given, expected) in [
        (Some(("root", "one:1 of many words")), [true, false, false]),
        (Some(("root", "two of many words")), [false, true, false]),
        (None, [false, true, false]),
        (Some(("alice", "a of many words")), [false, true, true]),
    ] {
        let (made, let_in) = start(folder.path(), given, &pairs).await;
        assert!(made.is_none());
        assert_eq!(let_in, expected, "{given:?}");
    }
}

#[tokio::test]
async fn what_is_written_down_is_so_or_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (made, _) = start(folder.path(), None, &[]).await;
    let made = made.unwrap();
    let file = DataFolder::open(folder.path()).unwrap().admin();
    // Another admin, and the same one with the same password.
    start(folder.path(), Some(("root", "r of many words")), &[]).await;
    start(folder.path(), Some((&made.user, &made.password)), &[]).await;
    assert!(file.exists());
    let (_, let_in) =
        start(folder.path(), Some((&made.user, "new, of many words")), &[(&made.user, "new, of many words")]).await;
    assert_eq!((let_in, file.exists()), (vec![true], false));
}
