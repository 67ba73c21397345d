#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;

use super::super::{Account, GroupName, Hash, Password, Role};
use super::*;

const ROUNDS: u64 = 50;

/// Users in memory, and the number of lookups.
#[derive(Clone, Default)]
struct Few(Arc<Mutex<(HashMap<String, User>, usize)>>);

impl Few {
    fn put(&self, name: &str, password: &str, rounds: u32) {
        let name = UserName::parse(name).unwrap();
        let hash = Hash::of(&Password::parse(password).unwrap(), NonZeroU32::new(rounds).unwrap()).unwrap();
        let account = Account { name, role: Role::Owner, groups: vec![GroupName::parse("staff").unwrap()] };
        self.0.lock().unwrap().0.insert(account.name.to_string(), User { account, password: hash });
    }

    fn remove(&self, name: &str) {
        self.0.lock().unwrap().0.remove(name);
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl Directory for Few {
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut users = self.0.lock().unwrap();
            users.1 += 1;
            match name.as_str() {
                "busy" => Err(NotFound::Busy("DynamoDB")),
                name => Ok(users.0.get(name).cloned()),
            }
        })
    }
}

fn settings() -> Settings {
    Settings { rounds: NonZeroU32::new(50).unwrap(), at_once: 2, ..Settings::default() }
}

fn with(settings: Settings) -> (Few, Authenticator) {
    let users = Few::default();
    users.put("alice", "open:sesame", 50);
    users.put("old", "o", 10);
    (users.clone(), Authenticator::new(users, settings).unwrap())
}

fn basic(pair: &str) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(pair)).into_bytes()
}

async fn ask(authenticator: &Authenticator, pair: &str) -> Result<String, Denied> {
    let identity = authenticator.authenticate(Some(&basic(pair)), None).await?.unwrap();
    assert_eq!((identity.role, identity.groups), (Role::Owner, vec!["staff".to_owned()]));
    Ok(identity.name)
}

#[tokio::test]
async fn only_a_name_with_its_password_is_somebody() {
    let (_, authenticator) = with(settings());
    assert_eq!(authenticator.authenticate(None, None).await, Ok(None));
    let busy = Denied::Directory(NotFound::Busy("DynamoDB"));
    for (pair, expected) in [
        ("alice:open:sesame", Ok("alice".to_owned())),
        ("old:o", Ok("old".to_owned())),
        ("alice:open", Err(Denied::Wrong)),
        ("alice:", Err(Denied::Wrong)),
        ("alice:open:sesame ", Err(Denied::Wrong)),
        ("Alice:open:sesame", Err(Denied::Wrong)),
        ("old:open:sesame", Err(Denied::Wrong)),
        ("nobody:open:sesame", Err(Denied::Wrong)),
        ("../alice:open:sesame", Err(Denied::Wrong)),
        (":open:sesame", Err(Denied::Wrong)),
        ("alice", Err(Denied::Malformed(MalformedCredentials::Colon))),
        ("busy:b", Err(busy)),
    ] {
        assert_eq!(ask(&authenticator, pair).await, expected, "{pair}");
    }
    let bearer = authenticator.authenticate(Some(b"Bearer YTpi"), None).await;
    assert_eq!(bearer, Err(Denied::Malformed(MalformedCredentials::Scheme)));
}

#[tokio::test]
async fn an_unknown_user_costs_and_is_told_what_a_wrong_password_does() {
    let (_, authenticator) = with(settings());
    let mut told = Vec::new();
    for pair in ["alice:wrong", "old:wrong", "nobody:wrong", "no/body:wrong", ":"] {
        let before = authenticator.rounds();
        told.push(ask(&authenticator, pair).await.unwrap_err().to_string());
        assert_eq!(authenticator.rounds() - before, ROUNDS, "{pair}");
    }
    told.dedup();
    assert_eq!(told, ["user name or password is wrong"]);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_removed_is_out_in_time() {
    let (users, authenticator) = with(settings());
    let ask = async || ask(&authenticator, "alice:open:sesame").await.is_ok();
    assert!(ask().await);
    users.remove("alice");
    let last = Duration::from_millis(1);
    tokio::time::advance(TIME_TO_LIVE.saturating_sub(last)).await;
    assert!(ask().await);
    tokio::time::advance(last).await;
    assert!(!ask().await);
}

#[tokio::test(start_paused = true)]
async fn a_new_password_counts_at_once_and_the_old_one_not_for_long() {
    let (users, authenticator) = with(settings());
    assert!(ask(&authenticator, "alice:open:sesame").await.is_ok());
    users.put("alice", "new", 50);
    assert!(ask(&authenticator, "alice:new").await.is_ok());
    tokio::time::advance(TIME_TO_LIVE).await;
    assert_eq!(ask(&authenticator, "alice:open:sesame").await, Err(Denied::Wrong));
}

#[tokio::test]
async fn what_was_right_is_looked_at_once_and_what_was_wrong_each_time() {
    let (users, authenticator) = with(settings());
    for _ in 0..10 {
        assert!(ask(&authenticator, "alice:open:sesame").await.is_ok());
    }
    assert_eq!((users.asked(), authenticator.rounds()), (1, ROUNDS));
    for _ in 0..3 {
        assert!(ask(&authenticator, "alice:wrong").await.is_err());
    }
    assert_eq!((users.asked(), authenticator.rounds()), (4, 4 * ROUNDS));

    let (users, authenticator) = with(Settings { time_to_live: Duration::ZERO, ..settings() });
    for _ in 0..3 {
        assert!(ask(&authenticator, "alice:open:sesame").await.is_ok());
    }
    assert_eq!(users.asked(), 3);
}

#[tokio::test]
async fn many_connections_of_one_client_pay_for_few_hashes() {
    let (users, authenticator) = with(settings());
    let answers = join_all((0..40).map(|_| ask(&authenticator, "alice:open:sesame"))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(users.asked() <= 2, "{}", users.asked());
}

#[tokio::test]
async fn a_flood_is_sent_away_and_leaves_those_alone_who_are_known() {
    let limits = FailureLimits {
        of_pair: u32::MAX,
        of_pair_under_attack: u32::MAX,
        of_address: u32::MAX,
        ..FailureLimits::default()
    };
    let (users, authenticator) = with(Settings { waiting: 3, limits, ..settings() });
    assert!(ask(&authenticator, "alice:open:sesame").await.is_ok());
    let pairs: Vec<String> = (0..100).map(|guess| format!("alice:{guess}")).collect();
    let flood = join_all(pairs.iter().map(|pair| ask(&authenticator, pair)));
    let (answers, known) = futures::join!(flood, ask(&authenticator, "alice:open:sesame"));
    assert!(known.is_ok());
    let crowded = answers.iter().filter(|answer| **answer == Err(Denied::Crowded)).count();
    assert_eq!((crowded, users.asked()), (95, 1 + 5), "two at work, three that wait");
    assert_eq!(ask(&authenticator, "alice:0").await, Err(Denied::Wrong));
}

async fn ask_from(authenticator: &Authenticator, pair: &str, address: u8) -> Result<(), Denied> {
    let address = [192, 0, 2, address].into();
    authenticator.authenticate(Some(&basic(pair)), Some(address)).await.map(|_| ())
}

#[tokio::test(start_paused = true)]
async fn guesses_are_refused_before_anything_is_hashed() {
    let (users, authenticator) = with(settings());
    let pairs: Vec<String> = (0..100).map(|guess| format!("alice:{guess}")).collect();
    let answers = join_all(pairs.iter().map(|pair| ask_from(&authenticator, pair, 1))).await;
    let wrong = answers.iter().filter(|answer| **answer == Err(Denied::Wrong)).count();
    let limited = answers.iter().filter(|answer| matches!(answer, Err(Denied::Limited { seconds: 1..=2, .. }))).count();
    assert_eq!((wrong, limited, users.asked(), authenticator.rounds()), (6, 94, 6, 6 * ROUNDS));
    // There the right password is refused like a wrong one, which reveals nothing; elsewhere it is accepted.
    assert!(matches!(ask_from(&authenticator, "alice:open:sesame", 1).await, Err(Denied::Limited { .. })));
    assert_eq!(ask_from(&authenticator, "alice:open:sesame", 2).await, Ok(()));
    assert_eq!(ask_from(&authenticator, "old:o", 1).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn credentials_that_were_right_are_never_delayed() {
    let (users, authenticator) = with(settings());
    assert_eq!(ask_from(&authenticator, "alice:open:sesame", 1).await, Ok(()));
    tokio::time::advance(TIME_TO_LIVE).await;
    for guess in 0..100 {
        let _ = ask_from(&authenticator, &format!("alice:{guess}"), 1).await;
    }
    // Checked again, though the address has to wait.
    let asked = users.asked();
    assert_eq!(ask_from(&authenticator, "alice:open:sesame", 1).await, Ok(()));
    assert_eq!(users.asked(), asked + 1);
    // Not after the password has changed.
    users.put("alice", "another", 50);
    tokio::time::advance(TIME_TO_LIVE).await;
    for _ in 0..2 {
        assert_eq!(ask_from(&authenticator, "alice:open:sesame", 1).await, Err(Denied::Wrong));
    }
    assert!(matches!(ask_from(&authenticator, "alice:open:sesame", 1).await, Err(Denied::Limited { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_breaks_delays_nobody() {
    let (_, authenticator) = with(settings());
    for _ in 0..100 {
        assert!(matches!(ask_from(&authenticator, "busy:b", 1).await, Err(Denied::Directory(_))));
    }
}

#[tokio::test]
async fn an_authenticator_shows_nobody() {
    let (_, authenticator) = with(settings());
    ask(&authenticator, "alice:open:sesame").await.unwrap();
    let shown = format!("{authenticator:?}");
    assert!(!shown.contains("alice") && !shown.contains("sesame"), "{shown}");
}
