//! The tasks: URLs of what is streamed.

use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat};
use reelspan::cloudfront::commons::Commons;
use reelspan::cloudfront::now;
use reelspan::cloudfront::policy::{self, Network, Policy};
use reelspan::space::MediaKey;
use reelspan::space::acl::Right;
use reelspan::space::record::Space;
use reelspan::space::streaming::Kind;
use reelspan::telemetry;
use reelspan_rest::task::{Count, body, said};
use serde::Deserialize;
use serde_json::json;

use crate::cookies::leads_somewhere;
use crate::excerpt::Excerpt;
use crate::find::Format;
use crate::pass::{GOOD_FOR, Pass};
use crate::routes::Shared;
use crate::{Error, Signing, Who, on};

/// For how many minutes a signature counts unless told.
const MINUTES: u64 = 480;
/// For how many it may count: a week, for which a key is trusted once another has taken its place.
const MOST_MINUTES: u64 = 7 * 24 * 60;

/// The part of a body that says which file is meant.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    space_id: String,
    content_id: String,
    resource_prefix: Option<String>,
    /// A part of the file alone: `t=620,655`.
    fragment: Option<String>,
}

/// The part of a body that says how far a signature reaches.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    minutes_to_expire: Option<Count>,
    ip_address: Option<String>,
}

/// `get-signed-url`
#[derive(Debug, Deserialize)]
struct Signed {
    #[serde(flatten)]
    asked: Asked,
    #[serde(flatten)]
    limits: Limits,
}

/// `get-signed-cookies-url`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cookies {
    space_id: String,
    redirect_url: Option<String>,
    #[serde(flatten)]
    limits: Limits,
}

impl Limits {
    /// Until when, in seconds since 1970, and from where.
    fn read(&self, now: i64) -> Result<(i64, Option<Network>), Error> {
        let Count(minutes) = self.minutes_to_expire.unwrap_or(Count(MINUTES));
        if !(1..=MOST_MINUTES).contains(&minutes) {
            return Err(Error::Bad(format!("minutesToExpire is a number from 1 to {MOST_MINUTES}, which is a week")));
        }
        let seconds = i64::try_from(minutes).unwrap_or_default() * 60;
        let address = given(self.ip_address.as_deref())
            .map(|text| text.parse::<Network>().map_err(|error| Error::Bad(format!("ipAddress {text:?}: {error}"))));
        Ok((now.saturating_add(seconds), address.transpose()?))
    }
}

/// A text that says something: an empty one is as good as none.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

pub async fn url(State(state): Shared, who: Who, request: Request) -> Result<Response, Error> {
    who.somebody()?;
    let asked: Asked = body(request).await?;
    let space = state.space(&asked.space_id, &who).await?;
    let base = state.base(&space, Kind::Open)?;
    let (key, query) = state.meant(&space, &asked).await?;
    Ok(said(json!({"streamUrl": policy::url(&base, &key, &query)}).to_string()))
}

pub async fn signed_url(State(state): Shared, who: Who, request: Request) -> Result<Response, Error> {
    who.somebody()?;
    let Signed { asked, limits } = body(request).await?;
    let space = state.space(&asked.space_id, &who).await?;
    let base = state.base(&space, Kind::Secure)?;
    let now = now();
    let (until, ip_address) = limits.read(now)?;
    let (meant, commons) = futures::join!(state.meant(&space, &asked), state.commons());
    let (key, query) = meant?;
    let held = state.keyring.signer(&commons?, now).await?;
    let url = policy::url(&base, &key, &query);
    let until = held.until.map_or(until, |last| last.min(until));
    let policy = Policy { ip_address, ..Policy::until(&url, until) };
    let signed = held.signer.url(&url, &policy).map_err(|error| Error::Internal(error.to_string()))?;
    note_signed(url, until, ip_address);
    Ok(said(json!({"signedUrl": signed}).to_string()))
}

pub async fn signed_cookies_url(State(state): Shared, who: Who, request: Request) -> Result<Response, Error> {
    who.somebody()?;
    let Cookies { space_id, redirect_url, limits } = body(request).await?;
    let space = state.space(&space_id, &who).await?;
    let base = state.base(&space, Kind::Secure)?;
    let now = now();
    let (cookies_until, address) = limits.read(now)?;
    let redirect = given(redirect_url.as_deref()).map(str::to_owned);
    if let Some(url) = redirect.as_deref().filter(|url| !leads_somewhere(url)) {
        return Err(Error::Bad(format!("redirectUrl {url:?} is not an absolute URL of http or https")));
    }
    let held = state.keyring.signer(&state.commons().await?, now).await?;
    let generation = on(&space).map(|streaming| streaming.generation().to_owned()).unwrap_or_default();
    let pass =
        Pass { space: space.id, generation, cookies_until, address, redirect, until: now.saturating_add(GOOD_FOR) };
    let token = pass.token(&held.signer).map_err(|error| Error::Internal(error.to_string()))?;
    telemetry::note(|notes| {
        notes.space = Some(pass.space.to_string());
        notes.detail.extend(pass.redirect.map(|url| ("redirect", url)));
    });
    note_signed(format!("{base}/*"), cookies_until, address);
    Ok(said(json!({"signedCookiesUrl": format!("{base}/cookies?token={token}")}).to_string()))
}

/// Notes for the audit trail what was signed, until when it counts, and for which addresses.
pub fn note_signed(resource: String, until: i64, address: Option<Network>) {
    let until = DateTime::from_timestamp(until, 0).unwrap_or_default();
    telemetry::note(|notes| {
        notes.detail.insert("signed", resource);
        notes.detail.insert("until", until.to_rfc3339_opts(SecondsFormat::Secs, true));
        notes.detail.extend(address.map(|address| ("for", address.to_string())));
    });
}

impl Signing {
    /// The space of this name, where somebody may read it.
    async fn space(&self, name: &str, who: &Who) -> Result<Space, Error> {
        reelspan_rest::space(&self.table, name, who, Right::Read).await
    }

    /// What all streamed spaces share.
    async fn commons(&self) -> Result<Commons, Error> {
        Ok(self.table.commons().await?)
    }

    /// The file that is meant, and the query of its URL.
    async fn meant(&self, space: &Space, asked: &Asked) -> Result<(MediaKey, String), Error> {
        let format = Format::parse(asked.resource_prefix.as_deref())?;
        let excerpt = asked.fragment.as_deref().map(Excerpt::parse).transpose()?;
        let key = self.find(&space.id, &asked.content_id, format).await?;
        let query = match excerpt {
            Some(excerpt) => self.excerpt(&key, &excerpt).await?,
            None => String::new(),
        };
        telemetry::note(|notes| {
            notes.space = Some(space.id.to_string());
            notes.content = Some(key.content().to_string());
            notes.fragment = Some(query.clone()).filter(|query| !query.is_empty());
        });
        Ok((key, query))
    }
}
