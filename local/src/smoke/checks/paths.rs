//! Names, dot segments, hosts of the other kind, and pages of other sites.

use http::Method;

use crate::smoke::film::film;
use crate::smoke::names::{NAMES, PLAIN, as_browsers_do, encoded};
use crate::smoke::space::StreamedSpace;
use crate::verify::client::ClientRequest;
use crate::verify::verdict::CheckResult;

/// A cut that every name has.
const CUT: &str = "t=2,4";

/// Every name is served, whole and in part.
pub async fn names(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    for name in NAMES {
        let mut urls = vec![(place.url(name, "").await?, place.url(name, CUT).await?)];
        if !place.is_secure {
            // A signature is for one spelling. Without one, browsers write some names in another way.
            let url = format!("{}/{}", place.base, as_browsers_do(name));
            urls.push((url.clone(), format!("{url}?{CUT}")));
        }
        for (whole, cut) in urls {
            web.get(&whole).await?.status(200)?.bytes(&film())?;
            web.get(&cut)
                .await?
                .status(200)?
                .is_mp4()?
                .has("x-media-fragment", "t=npt:2,4", |value| value.starts_with("t=npt:2,4"))?;
        }
    }
    Ok(format!("{} names, whole and in part", NAMES.len()))
}

/// What does not exist is a 404.
pub async fn missing(place: &StreamedSpace<'_>) -> CheckResult {
    // No URL of a content that does not exist is signed, but cookies and wildcards can ask for one.
    let web = place.api.web;
    let url = place.unsigned("missing.mp4");
    for fragment in ["", "?t=2,4"] {
        web.get(&format!("{url}{fragment}")).await?.status(404)?;
    }
    Ok("404, stored or cut".to_owned())
}

/// No way through dots, encoded or not, leads from an open space to a secure one.
pub async fn dots(open: &StreamedSpace<'_>, secure: &StreamedSpace<'_>) -> CheckResult {
    let web = open.api.web;
    let (root, api) = (open.root(), &open.api.url);
    let mut asked = 0;
    for dots in ["..", "%2e%2e", ".%2E", "%2E.", "..%2F..", "%2e%2e%2f%2e%2e"] {
        for label in [secure.space, secure.label()] {
            let targets = [
                format!("{root}/{}/{dots}/{label}/{PLAIN}", open.space),
                format!("{root}/{}/a/{dots}/{dots}/{label}/{PLAIN}", open.space),
                format!("{root}/{dots}/{label}/{PLAIN}"),
                format!("{api}/media/{}/{dots}/{label}/{PLAIN}", open.space),
            ];
            for target in targets {
                for fragment in ["", "?t=2,4"] {
                    web.get(&format!("{target}{fragment}")).await?.refused()?;
                    asked += 1;
                }
            }
        }
    }
    Ok(format!("{asked} paths with dots are refused"))
}

/// A secure space does not stream at the host of open ones, nor an open one at that of secure ones.
pub async fn other_host(open: &StreamedSpace<'_>, secure: &StreamedSpace<'_>) -> CheckResult {
    let web = open.api.web;
    for fragment in ["", "?t=2,4"] {
        web.get(&format!("{}/{}/{PLAIN}{fragment}", open.root(), secure.space)).await?.status(403)?;
        web.get(&format!("{}/{}~{}/{PLAIN}{fragment}", secure.root(), open.space, "0000000000000000"))
            .await?
            .status(403)?;
    }
    Ok("403 at the other host".to_owned())
}

/// Pages of any site may read the film, and ask before they do.
pub async fn cors(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    let site = "https://library.example";
    for fragment in ["", "t=2,4"] {
        let url = place.url(PLAIN, fragment).await?;
        let got = web.ask(ClientRequest::get(url.as_str()).field("origin", site).without_redirects()).await?;
        got.status(200)?.says("access-control-allow-origin", "*")?;
        got.has("access-control-expose-headers", "Content-Range", |value| value.contains("Content-Range"))?;
        let preflight = ClientRequest::new(Method::OPTIONS, url.as_str()).without_redirects().field("origin", site);
        let preflight =
            preflight.field("access-control-request-method", "GET").field("access-control-request-headers", "range");
        let got = web.ask(preflight).await?;
        if !got.status.is_success() {
            return Err(got.differs("204", got.status.as_u16().to_string()));
        }
        got.says("access-control-allow-origin", "*")?;
        got.has("access-control-allow-headers", "Range", |value| value.to_ascii_lowercase().contains("range"))?;
    }
    Ok("GET and preflight".to_owned())
}

/// The HTTP API serves the same to those who may have it.
pub async fn media(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    for fragment in ["", "t=2,4"] {
        let url = place.url(PLAIN, fragment).await?;
        let query = url.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
        let there = format!("{}/media/{}/{}{query}", place.api.url, place.space, encoded(PLAIN));
        let (there, here) = (web.ask(ClientRequest::get(there)).await?, web.get(&url).await?);
        there.status(200)?.bytes(&here.status(200)?.body)?;
    }
    Ok("the same at /media/".to_owned())
}
