#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

/// The bytes of a body with these chunks until its end or its error, and its result.
async fn read(
    chunks: &[Vec<u8>],
    length: usize,
    expected: Option<Md5>,
) -> (Vec<u8>, bool, Option<Result<Md5, String>>) {
    let verdict = BodyVerdict::default();
    let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::from(chunk.clone()))).collect();
    let mut body =
        CheckedBody::new(futures::stream::iter(chunks).boxed(), length as u64, expected, Arc::clone(&verdict));
    let (mut given, mut ended) = (Vec::new(), true);
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(frame) = frame else {
            ended = false;
            break;
        };
        given.extend_from_slice(frame.data_ref().unwrap());
    }
    let said = verdict.get().cloned().map(|said| said.map_err(|fault| PutError::from(fault).to_string()));
    (given, ended, said)
}

fn md5_of(bytes: &[u8]) -> Md5 {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.digest()
}

proptest! {
    #[test]
    fn a_body_passes_whole_with_the_right_md5_and_never_with_a_wrong_one(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)
    ) {
        let whole = chunks.concat();
        let (right, wrong) = (md5_of(&whole), md5_of(b"another"));
        futures::executor::block_on(async {
            for expected in [None, Some(right)] {
                let (given, ended, said) = read(&chunks, whole.len(), expected).await;
                prop_assert!(ended);
                prop_assert_eq!(&given, &whole);
                prop_assert_eq!(said, Some(Ok(right)));
            }
            let (given, ended, said) = read(&chunks, whole.len(), Some(wrong)).await;
            prop_assert!(said.unwrap().is_err());
            // An empty one has nothing to hold back: it is checked before it is sent.
            prop_assert!(whole.is_empty() || (!ended && given.len() < whole.len()));
            Ok(())
        })?;
    }

    #[test]
    fn parts_joined_are_the_bytes_that_came(sizes in prop::collection::vec(0..300_usize, 0..9)) {
        let bytes = sizes.iter().map(|size| Ok(Bytes::from(vec![7; *size]))).collect::<Vec<_>>();
        let mut incoming =
            BodyParts { bytes: futures::stream::iter(bytes).boxed(), rest: Bytes::new(), hasher: Hasher::default(), size: 100 };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let lengths = runtime.block_on(async {
            let mut lengths = Vec::new();
            let room = MEMORY.room().await.unwrap();
            loop {
                let part = incoming.part(&room).await.unwrap();
                if part.is_empty() {
                    break lengths;
                }
                lengths.push(part.len());
            }
        });
        prop_assert_eq!(lengths.iter().sum::<usize>(), sizes.iter().sum::<usize>());
        prop_assert!(lengths.iter().rev().skip(1).all(|length| *length == 100));
    }
}

#[tokio::test]
async fn a_body_that_is_too_short_too_long_or_broken_is_told_of() {
    for (length, why) in [(6, "1 bytes are missing"), (4, "longer than was said")] {
        let (given, ended, said) = read(&[b"hello".to_vec()], length, None).await;
        assert!(!ended && given.len() <= 5);
        assert!(said.unwrap().unwrap_err().contains(why));
    }
    let verdict = BodyVerdict::default();
    let broken = futures::stream::iter([Ok(Bytes::from_static(b"he")), Err(BoxError::from("the line is dead"))]);
    let mut body = CheckedBody::new(broken.boxed(), 5, None, Arc::clone(&verdict));
    let mut frames = Vec::new();
    for _ in 0..2 {
        frames.push(std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await.unwrap().is_ok());
    }
    assert_eq!(frames, [true, false]);
    assert!(matches!(verdict.get(), Some(Err(BodyFault::BrokenOff(why))) if why.contains("dead")));
}
