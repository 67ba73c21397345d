//! Random changes to valid URLs and cookies are refused.

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;

/// How many changed URLs, and how many changed cookies, are tried: `REELSPAN_MUTATIONS`, or a few thousand.
fn cases() -> u32 {
    std::env::var("REELSPAN_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(5000)
}

fn config() -> Config {
    Config::with_cases(cases())
}

/// A change to a text.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, char),
    Remove(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Case(prop::sample::Index),
    Encode(prop::sample::Index),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index),
    Drop(prop::sample::Index),
    Exchange(prop::sample::Index, prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    let letter = || prop::sample::select("abtXZ019-_~.,;:/?&=%+*# \u{e4}\u{0}".chars().collect::<Vec<_>>());
    prop_oneof![
        (index(), letter()).prop_map(|(at, letter)| Mutation::Replace(at, letter)),
        (index(), letter()).prop_map(|(at, letter)| Mutation::Insert(at, letter)),
        index().prop_map(Mutation::Remove),
        (index(), index()).prop_map(|(one, other)| Mutation::Swap(one, other)),
        index().prop_map(Mutation::Case),
        index().prop_map(Mutation::Encode),
        index().prop_map(Mutation::Cut),
        index().prop_map(Mutation::Repeat),
        index().prop_map(Mutation::Drop),
        (index(), index()).prop_map(|(one, other)| Mutation::Exchange(one, other)),
    ]
}

fn mutated(url: &str, mutation: &Mutation) -> String {
    let mut letters: Vec<String> = url.chars().map(String::from).collect();
    let count = letters.len();
    match mutation {
        Mutation::Replace(at, letter) => letters[at.index(count)] = letter.to_string(),
        Mutation::Insert(at, letter) => letters.insert(at.index(count + 1), letter.to_string()),
        Mutation::Remove(at) => drop(letters.remove(at.index(count))),
        Mutation::Swap(one, other) => letters.swap(one.index(count), other.index(count)),
        Mutation::Case(at) => {
            let letter = &mut letters[at.index(count)];
            let upper = letter.to_uppercase();
            *letter = if *letter == upper { letter.to_lowercase() } else { upper };
        }
        Mutation::Encode(at) => {
            let letter = &mut letters[at.index(count)];
            *letter = letter.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02X}"));
        }
        Mutation::Cut(at) => letters.truncate(at.index(count)),
        Mutation::Repeat(_) | Mutation::Drop(_) | Mutation::Exchange(..) => {
            let between = if url.contains("; ") { "; " } else { "&" };
            let mut pairs: Vec<_> = url.split(between).collect();
            let count = pairs.len();
            match mutation {
                Mutation::Repeat(at) => pairs.push(pairs[at.index(count)]),
                Mutation::Drop(at) => drop(pairs.remove(at.index(count))),
                Mutation::Exchange(one, other) => pairs.swap(one.index(count), other.index(count)),
                _ => {}
            }
            return pairs.join(between);
        }
    }
    letters.concat()
}

proptest! {
    #![proptest_config(config())]

    /// URLs that denote the same have the same URL without the parts of the signature, byte by byte, and the same
    /// parts; only the order of the parts can differ.
    #[test]
    fn no_mutation_gets_in_but_one_that_denotes_the_same(
        is_custom: bool, whole: bool, mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let Signers { one, keys, .. } = signers();
        let url = if whole { WHOLE } else { EXCERPT };
        let signed = one.url(url, &if is_custom { custom(url) } else { canned(url) }).unwrap();
        let altered = mutations.iter().fold(signed.clone(), |url, mutation| {
            if url.is_empty() { url } else { mutated(&url, mutation) }
        });
        if ask(&altered, &keys, NOW, Some(HERE)).is_ok() {
            prop_assert_eq!(taken_apart(&altered), taken_apart(&signed), "{}", altered);
        } else {
            prop_assert_ne!(altered, signed);
        }
    }

    /// Accepted cookies have exactly the signed parts, whatever else they have.
    #[test]
    fn no_mutation_of_cookies_gets_in_but_one_that_denotes_the_same(
        is_custom: bool, mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let Signers { one, keys, .. } = signers();
        let policy = if is_custom { custom(&format!("{BASE}/*")) } else { canned(WHOLE) };
        let parts = one.cookies(&policy).unwrap().into_iter().map(|(name, value)| format!("{name}={value}"));
        let signed = parts.collect::<Vec<_>>().join("; ");
        let altered = mutations.iter().fold(signed.clone(), |cookies, mutation| {
            if cookies.is_empty() { cookies } else { mutated(&cookies, mutation) }
        });
        let Ok(value) = HeaderValue::from_str(&altered) else { return Ok(()) };
        let evidence = |value| Evidence::from_cookies(&HeaderMap::from_iter([(COOKIE, value)]));
        let let_in = |evidence: Evidence| verify(&evidence, WHOLE, &keys, NOW, Some(HERE.parse().unwrap())).is_ok();
        if let Ok(Some(found)) = evidence(value)
            && let_in(found.clone())
        {
            prop_assert_eq!(Ok(Some(found)), evidence(HeaderValue::from_str(&signed).unwrap()), "{}", altered);
        }
    }

    #[test]
    fn a_signed_excerpt_cannot_be_widened(
        is_custom: bool,
        query in "(t=(npt:)?[0-9]{0,4},?[0-9]{0,4}|track=[a-z%0-9]{0,8}|id=[a-z]{0,4}|xywh=1,1,1,1|[a-z]{0,3}=?[0-9]{0,3})(&(t=[0-9]{0,3},[0-9]{0,4}|track=audio|id=1)){0,2}",
        behind: bool,
    ) {
        let Signers { one, keys, .. } = signers();
        let signed = one.url(EXCERPT, &if is_custom { custom(EXCERPT) } else { canned(EXCERPT) }).unwrap();
        let (_, rest) = signed.split_once("track=audio&").unwrap();
        let other = if behind { format!("{signed}&{query}") } else { format!("{WHOLE}?{query}&{rest}") };
        prop_assume!(query != "t=620,655&track=audio");
        prop_assert!(ask(&other, &keys, NOW, Some(HERE)).is_err(), "{}", other);
    }

    #[test]
    fn anything_may_be_asked(query: String, cookie: Vec<u8>) {
        let keys = [];
        let asked = Evidence::from_query(&query);
        if let Ok((Some(evidence), rest)) = asked {
            prop_assert!(verify(&evidence, &rest, &keys, NOW, None).is_err());
        }
        if let Ok(value) = HeaderValue::from_bytes(&cookie) {
            let headers = HeaderMap::from_iter([(COOKIE, value)]);
            prop_assert!(!matches!(Evidence::from_cookies(&headers), Ok(Some(_))));
        }
    }
}
