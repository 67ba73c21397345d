//! Injected failures of S3 and DynamoDB. Whatever they answer, a request gets the right bytes, an honest 5xx or a
//! broken connection, and never a complete answer with a wrong byte.
//!
//! `FAULT_REQUESTS=10000` and `FAULT_SEGMENTS=10000` make the run a long one; its figures are in `docs/limits.md`.

mod proxy;
mod random;
mod requests;
mod world;

use std::collections::BTreeMap;
use std::env;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt;

use self::proxy::Fault;
use self::random::Random;
use self::requests::{Asked, Ended};
use self::world::World;

/// How many thousandths of each service's answers are faulty.
const RATE: u64 = 100;
/// The number of concurrent requests.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_has_a_wrong_byte_whatever_the_services_do() {
    let count: u64 = env::var("FAULT_REQUESTS").map_or(400, |count| count.parse().unwrap());
    let seed: u64 = env::var("FAULT_SEED").map_or(1, |seed| seed.parse().unwrap());
    let world = World::start(RATE, seed).await;
    let random = Arc::new(Mutex::new(Random::new(seed)));
    spoilt(&world, count, || Asked::random(&mut random.lock().unwrap(), &world.media)).await;
    let segments: u64 = env::var("FAULT_SEGMENTS").map_or(300, |count| count.parse().unwrap());
    spoilt(&world, segments, || Asked::of_stream(&mut random.lock().unwrap(), &world.streams)).await;
    println!("S3: {:?}\nDynamoDB: {:?}", world.s3.done(), world.dynamodb.done());
    for proxy in [&world.s3, &world.dynamodb] {
        let done = proxy.done();
        let spoilt: u64 = done.iter().filter(|(name, _)| **name != "answers").map(|(_, count)| count).sum();
        assert!(spoilt * 20 > done["answers"], "{done:?}: hardly anything was spoilt");
    }
}

/// Sends so many requests.
async fn spoilt(world: &World, count: u64, next: impl Fn() -> Asked) {
    let began = Instant::now();
    let answers = futures::stream::iter(0..count).map(|_| {
        let asked = next();
        async move {
            let right = world.right(&asked).await;
            let began = Instant::now();
            let ended = world.ask(&asked).await;
            (check(&asked, &right, ended), began.elapsed())
        }
    });
    let answers: Vec<_> = answers.buffer_unordered(AT_ONCE).collect().await;
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut took = Vec::new();
    for (kind, duration) in answers {
        *kinds.entry(kind).or_default() += 1;
        took.push(duration);
    }
    took.sort_unstable();
    let quantile = |thousandths: usize| took[(took.len() - 1) * thousandths / 1000].as_millis();
    println!("{count} requests in {} s: {kinds:?}", began.elapsed().as_secs());
    println!(
        "milliseconds: half {}, 90 % {}, 99 % {}, all {}",
        quantile(500),
        quantile(900),
        quantile(990),
        quantile(1000)
    );
    // Retries work: hardly any request is lost.
    assert!(kinds["right"] * 100 >= count * 97, "{kinds:?}");
}

/// The outcome of a request; panics if the answer is complete and wrong.
fn check(asked: &Asked, right: &requests::Answer, ended: Ended) -> String {
    match ended {
        Ended::Whole(answer) if answer.status >= 500 => {
            assert_ne!(answer.status, 500, "{asked:?}: {answer:?}");
            if answer.status == 503 {
                assert!(answer.fields["retry-after"].parse::<u32>().unwrap() > 0);
            }
            assert_eq!(answer.fields["content-type"], "application/problem+json", "{asked:?}: {answer:?}");
            answer.status.to_string()
        }
        Ended::Whole(answer) => {
            assert_eq!((answer.status, &answer.fields), (right.status, &right.fields), "{asked:?}");
            assert!(answer.body == right.body, "{asked:?}: wrong bytes");
            "right".to_owned()
        }
        Ended::Broken { so_far } => {
            assert!(right.body.starts_with(&so_far), "{asked:?}: wrong bytes before the connection broke");
            "broken off".to_owned()
        }
    }
}

/// Each fault alone: the outcome if it occurs once, and if it persists.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_is_made_good_and_a_fault_that_stays_is_told() {
    let world = World::start(0, 1).await;
    let asked = Asked::get("demo/counter.mp4", Some("t=12.48,20"), None);
    let right = world.right(&asked).await;
    assert_eq!(right.status, 200);
    // The outcome of a fault that occurs once, and of one that persists.
    let s3 = [
        (Fault::Internal, "right", "502"),
        (Fault::Unavailable, "right", "503"),
        (Fault::Late, "right", "right"),
        (Fault::Closed, "right", "502"),
        // It depends on timing whether the head of the answer is sent.
        (Fault::Cut(0), "right", "502 or broken off"),
        // If each attempt delivers some bytes, the request succeeds.
        (Fault::Cut(500), "right", "right"),
        (Fault::Cut(999), "right", "right"),
        (Fault::Slow, "right", "right"),
        (Fault::WrongEtag, "503", "503"),
        (Fault::Short, "right", "right"),
        (Fault::NoRange, "502", "502"),
    ];
    let dynamodb = [
        (Fault::Internal, "right", "502"),
        (Fault::Unavailable, "right", "502"),
        (Fault::Throttled, "right", "503"),
        (Fault::AccountThrottled, "right", "503"),
        (Fault::Closed, "right", "502"),
        (Fault::Cut(500), "right", "502"),
        // The first key of each table stays unprocessed, so the last one is never read.
        (Fault::Unprocessed { all: false }, "right", "503"),
        (Fault::Unprocessed { all: true }, "right", "503"),
        (Fault::Behind, "right", "503"),
    ];
    for (proxy, faults) in [(&world.s3, &s3[..]), (&world.dynamodb, &dynamodb[..])] {
        for (fault, once, always) in faults {
            proxy.next([*fault]);
            assert_eq!(check(&asked, &right, world.ask(&asked).await), *once, "{fault:?} once");
            proxy.next([*fault; 60]);
            let ended = check(&asked, &right, world.ask(&asked).await);
            assert!(always.split(" or ").any(|always| always == ended), "{fault:?} always: {ended}");
            proxy.calm();
        }
    }
}

/// The SDK gives up on a body that delivers nothing for a while, as if the connection had broken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stalls_is_taken_up_where_it_was() {
    let world = World::start(0, 1).await;
    let asked = Asked::get("demo/counter.mp4", Some("t=12.48,20"), None);
    let right = world.right(&asked).await;
    world.s3.next([Fault::Stalled]);
    let began = Instant::now();
    assert_eq!(check(&asked, &right, world.ask(&asked).await), "right");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
