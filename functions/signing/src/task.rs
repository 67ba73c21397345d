//! The tasks: URLs of what is streamed.

use axum::extract::{Request, State};
use axum::response::Response;
use reelspan::cloudfront::policy::{self, Network, Policy};
use reelspan::cloudfront::{self, now};
use reelspan::http::origin::OwnOrigins;
use reelspan::space::acl::Right;
use reelspan::space::commons::Commons;
use reelspan::space::record::Space;
use reelspan::space::streaming::StreamingKind;
use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan::store::Found;
use reelspan::telemetry;
use reelspan_engine::fragment::resolve::{Ask, guess};
use reelspan_engine::fragment::uri::{TextScanner, npt};
use reelspan_engine::media::Time;
use reelspan_engine::package::name::DERIVED;
use reelspan_rest as rest;
use reelspan_rest::task::{Flag, LenientNumber, body, said};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::audit::note_signed;
use crate::excerpt::{Disclosure, Excerpt, ExcerptAccess, MAX_LEAD_IN};
use crate::find::FormatPrefix;
use crate::redirect::may_lead_to;
use crate::token::{CookieToken, GOOD_FOR};
use crate::{RestError, Signing, SigningState, Who, on};

/// For how many minutes a signature counts unless told.
const MINUTES: u64 = 480;
/// For how many it may count: a week, for which a key is trusted once another has taken its place.
const MOST_MINUTES: u64 = 7 * 24 * 60;

/// The part of a body that says which file is meant.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileParameters {
    space_id: String,
    content_id: String,
    resource_prefix: Option<String>,
    /// A part of the file alone: `t=620,655`.
    fragment: Option<String>,
    /// In which form it is given out.
    #[serde(default)]
    form: FileForm,
}

/// The form in which a file is given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileForm {
    /// The stored file, or a cut of it.
    #[default]
    File,
    /// Its HLS.
    Hls,
    /// Its DASH.
    Dash,
    /// All forms that a player may choose from: the stored file, its HLS, and a cut that has all of its time.
    Player,
}

/// The query of a cut that has all of a file's time.
const WHOLE: &str = "t=0";

impl FileForm {
    /// The URL of a file, or of the part of it that this query names, in this form; and what a signature of it is over. A stream
    /// is signed by its prefix, which all of its playlists and segments have.
    fn addresses(self, base: &str, key: &MediaKey, query: &str) -> (String, String) {
        let playlist = match self {
            Self::File | Self::Player => {
                let url = policy::url(base, key, query);
                return (url.clone(), url);
            }
            Self::Hls => "master.m3u8",
            Self::Dash => "manifest.mpd",
        };
        // The name of a track may have a slash, which would end the path segment.
        let part = query.replace('/', "%2F");
        let part = if part.is_empty() { part } else { format!("{part}/") };
        let prefix = format!("{}/{DERIVED}/{part}", policy::url(base, key, ""));
        (format!("{prefix}{playlist}"), format!("{prefix}*"))
    }

    /// Whether it is a stream, whose playlists name further addresses.
    fn is_stream(self) -> bool {
        matches!(self, Self::Hls | Self::Dash)
    }
}

impl FileParameters {
    /// The key of the file of that very name; `None` if it is not a name.
    fn key(&self) -> Option<MediaKey> {
        let (space, content) = (SpaceId::parse(&self.space_id).ok()?, ContentId::parse(&self.content_id).ok()?);
        MediaKey::new(space, content).ok()
    }

    fn excerpt(&self) -> Result<Option<Excerpt>, RestError> {
        self.fragment.as_deref().map(Excerpt::parse).transpose()
    }
}

/// The part of a body that says how far a signature reaches.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureLimits {
    minutes_to_expire: Option<LenientNumber>,
    ip_address: Option<String>,
}

/// `get-signed-url`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignedUrlTask {
    #[serde(flatten)]
    asked: FileParameters,
    #[serde(flatten)]
    limits: SignatureLimits,
    /// Whether the part may be signed only if it discloses little from before its start.
    #[serde(default)]
    strict: Flag,
    /// How much that may be, in seconds.
    max_lead_in: Option<Seconds>,
}

/// A number of seconds, which may have a fraction and may stand in a string.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Value")]
struct Seconds(Time);

impl TryFrom<Value> for Seconds {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, &'static str> {
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text,
            _ => return Err(NO_SECONDS),
        };
        let mut scanner = TextScanner::new(text.trim());
        let time = npt::instant(&mut scanner).map_err(|_| NO_SECONDS)?;
        scanner.end().map_err(|_| NO_SECONDS)?;
        Ok(Self(time))
    }
}

const NO_SECONDS: &str = "maxLeadIn is a number of seconds, 0 or more";

/// `get-signed-cookies-url`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cookies {
    space_id: String,
    redirect_url: Option<String>,
    #[serde(flatten)]
    limits: SignatureLimits,
}

impl SignatureLimits {
    /// Until when, in seconds since 1970, and from where.
    fn read(&self, now: i64) -> Result<(i64, Option<Network>), RestError> {
        let LenientNumber(minutes) = self.minutes_to_expire.unwrap_or(LenientNumber(MINUTES));
        if !(1..=MOST_MINUTES).contains(&minutes) {
            return Err(RestError::Bad(format!(
                "minutesToExpire is a number from 1 to {MOST_MINUTES}, which is a week"
            )));
        }
        let seconds = i64::try_from(minutes).unwrap_or_default() * 60;
        let address = given(self.ip_address.as_deref()).map(|text| {
            text.parse::<Network>().map_err(|error| RestError::Bad(format!("ipAddress {text:?}: {error}")))
        });
        Ok((now.saturating_add(seconds), address.transpose()?))
    }
}

/// A text that says something: an empty one is as good as none.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

pub async fn url(State(state): SigningState, who: Who, request: Request) -> Result<Response, RestError> {
    who.authenticated()?;
    stream_url(&state, &who, body(request).await?).await
}

/// `get-url-hls`: `get-url` for HLS.
pub async fn hls_url(State(state): SigningState, who: Who, request: Request) -> Result<Response, RestError> {
    who.authenticated()?;
    let asked: FileParameters = body(request).await?;
    stream_url(&state, &who, FileParameters { form: FileForm::Hls, ..asked }).await
}

async fn stream_url(state: &Signing, who: &Who, asked: FileParameters) -> Result<Response, RestError> {
    let excerpt = asked.excerpt();
    let (space, _, found) = state.look(&asked, who, &excerpt, Disclosure::Irrelevant).await?;
    let base = state.base(&space, StreamingKind::Open)?;
    let (key, opened) = state.meant(&space, &asked, found, excerpt, Disclosure::Irrelevant).await?;
    let (url, _) = asked.form.addresses(&base, &key, query(opened.as_ref()));
    Ok(said(json!({"streamUrl": url}).to_string()))
}

pub async fn signed_url(State(state): SigningState, who: Who, request: Request) -> Result<Response, RestError> {
    who.authenticated()?;
    let SignedUrlTask { asked, limits, strict: Flag(strict), max_lead_in } = body(request).await?;
    let disclosure = match (strict, max_lead_in) {
        (true, Some(Seconds(most))) => Disclosure::AtMost(most),
        (true, None) => Disclosure::AtMost(MAX_LEAD_IN),
        (false, None) => Disclosure::Told,
        (false, Some(_)) => return Err(RestError::Bad("maxLeadIn has a meaning with strict only".to_owned())),
    };
    let excerpt = asked.excerpt();
    let (space, commons, found) = state.look(&asked, &who, &excerpt, disclosure).await?;
    let base = state.base(&space, StreamingKind::Secure)?;
    let now = now();
    let (until, ip_address) = limits.read(now)?;
    let (key, opened) = state.meant(&space, &asked, found, excerpt, disclosure).await?;
    let held = state.keyring.signer(&commons, now).await?;
    let until = held.until.map_or(until, |last| last.min(until));
    let sign = |form: FileForm, query: &str| {
        let (url, resource) = form.addresses(&base, &key, query);
        let policy = Policy { ip_address, ..Policy::until(&resource, until) };
        let signed = held.signer.url(&url, &policy).map_err(|error| RestError::Internal(error.to_string()))?;
        Ok::<_, RestError>((if form.is_stream() { cloudfront::with_copy(&signed) } else { signed }, resource))
    };
    let part = query(opened.as_ref());
    let mut named = vec![("signedUrl", asked.form, part)];
    if asked.form == FileForm::Player {
        named.push(("signedStreamUrl", FileForm::Hls, part));
        // A part is a cut already.
        named.extend(part.is_empty().then_some(("signedCutUrl", FileForm::File, WHOLE)));
    }
    let (mut answer, mut resources) = (json!({}), Vec::new());
    for (name, form, query) in named {
        let (signed, resource) = sign(form, query)?;
        resources.push(resource);
        if let Some(members) = answer.as_object_mut() {
            members.insert(name.to_owned(), signed.into());
        }
    }
    note_signed(resources.join(" "), until, ip_address);
    if let (Some(ExcerptAccess { given, .. }), Some(members)) = (opened, answer.as_object_mut()) {
        members.insert("given".to_owned(), given.into());
    }
    Ok(said(answer.to_string()))
}

pub async fn signed_cookies_url(State(state): SigningState, who: Who, request: Request) -> Result<Response, RestError> {
    who.authenticated()?;
    let own = request.extensions().get::<OwnOrigins>().cloned().unwrap_or_default();
    let Cookies { space_id, redirect_url, limits } = body(request).await?;
    let space = rest::space(&state.table, &space_id, &who, Right::Read).await?;
    let base = state.base(&space, StreamingKind::Secure)?;
    let now = now();
    let (cookies_until, address) = limits.read(now)?;
    let redirect = given(redirect_url.as_deref()).map(str::to_owned);
    if let Some(url) = &redirect {
        let allowed = space.streaming.as_ref().map(|streaming| streaming.origins.as_slice()).unwrap_or_default();
        may_lead_to(url, allowed, &base, &own)?;
    }
    let held = state.keyring.signer(&state.table.commons().await?, now).await?;
    let generation = on(&space).map(|streaming| streaming.generation.clone()).unwrap_or_default();
    let until = now.saturating_add(GOOD_FOR);
    let token =
        CookieToken { space: space.id, generation, base: base.clone(), cookies_until, address, redirect, until };
    let text = token.sign(&held.signer).map_err(|error| RestError::Internal(error.to_string()))?;
    telemetry::note(|notes| {
        notes.space = Some(token.space.to_string());
        notes.detail.extend(token.redirect.map(|url| ("redirect", telemetry::redacted(&url).into_owned())));
    });
    note_signed(format!("{base}/*"), cookies_until, address);
    Ok(said(json!({"signedCookiesUrl": format!("{}?token={text}", state.hosts.cookies())}).to_string()))
}

impl Signing {
    /// The space of a task, if the caller may read it, what all streamed spaces share, and the index of the file of that very
    /// name with the pages that the excerpt needs: all in one round trip.
    async fn look(
        &self,
        asked: &FileParameters,
        who: &Who,
        excerpt: &Result<Option<Excerpt>, RestError>,
        disclosure: Disclosure,
    ) -> Result<(Space, Commons, Option<Found>), RestError> {
        let Some(key) = asked.key() else {
            // Only a caller who may read the space is told what is wrong with the name of a content.
            let space = rest::space(&self.table, &asked.space_id, who, Right::Read).await?;
            return Ok((space, Commons::default(), None));
        };
        let pages = match excerpt {
            Ok(Some(excerpt)) => excerpt.pages(disclosure),
            _ => guess(&Ask::default()),
        };
        telemetry::note(|notes| notes.space = Some(key.space().to_string()));
        let (space, commons, found) = self.stores.index.find_with_space(&self.table, &key, pages).await?;
        Ok((rest::permitted(space, &asked.space_id, who, Right::Read)?, commons, found))
    }

    /// The file that a task means, and the part of it if one is named, with what has to be known about it. `found` is the index of
    /// the file of that very name; without one, the name may be that of a file without its index, or without its extension.
    async fn meant(
        &self,
        space: &Space,
        asked: &FileParameters,
        found: Option<Found>,
        excerpt: Result<Option<Excerpt>, RestError>,
        disclosure: Disclosure,
    ) -> Result<(MediaKey, Option<ExcerptAccess>), RestError> {
        let format = FormatPrefix::parse(asked.resource_prefix.as_deref())?;
        let excerpt = excerpt?;
        let key = match asked.key().filter(|_| found.is_some()) {
            Some(key) => key,
            None => self.find(&space.id, &asked.content_id, format).await?,
        };
        let opened = match excerpt {
            Some(excerpt) => {
                let opened = self.excerpt(&key, found, &excerpt, disclosure).await?;
                let is_known = asked.form == FileForm::File || disclosure == Disclosure::Irrelevant;
                Some(if is_known {
                    opened
                } else {
                    self.excerpt_of_variants(&key, opened, &excerpt, disclosure).await?
                })
            }
            None => None,
        };
        telemetry::note(|notes| {
            notes.content = Some(key.content().to_string());
            notes.fragment = opened.as_ref().map(|opened| opened.query.clone());
        });
        Ok((key, opened))
    }
}

/// The query of the URL of a file, or of a part of it.
fn query(opened: Option<&ExcerptAccess>) -> &str {
    opened.map_or("", |opened| &opened.query)
}
