//! `reelspan smoke URL --user NAME:PASSWORD`: tries a deployment out as its users and viewers would. It makes two spaces with
//! random names, stores a small film in them under difficult names, streams one openly and the other securely, and walks every path
//! with real requests: names, ranges of bytes and of time, cuts, HLS and DASH, signatures and cookies, pages of other sites, dot
//! segments, files that are replaced, streaming that is turned off. It says what held and what differs from the promise, and takes
//! everything away, whatever happened meanwhile.
//!
//! | file | |
//! | --- | --- |
//! | `film`, `names` | what is stored, and under which names |
//! | `web`, `api`, `place` | requests: to any URL, to the REST API, to a space that streams |
//! | `checks` | the promises |
//! | `report` | what held |

mod api;
mod checks;
mod film;
mod names;
mod report;
mod space;
mod web;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use clap::Args;
use http::Method;
use http::uri::Authority;
use ring::rand::{SecureRandom, SystemRandom};

use self::api::ApiClient;
use self::checks::{derived, lifetime, paths, ranges, signed};
use self::names::{NAMES, SOUND};
use self::report::SmokeReport;
use self::space::StreamedSpace;
use self::web::Web;
use crate::CommandError;
use crate::serve::stop::signal_received;
use crate::verify::client::Client;
use crate::verify::verdict::{CheckResult, Stop};

/// What to try out, and as whom.
#[derive(Debug, Args)]
pub struct SmokeOptions {
    /// The URL of the server, or of its REST API
    #[arg(value_name = "URL")]
    url: String,
    /// An owner or admin; without a password, it is asked for
    #[arg(long, value_name = "NAME[:PASSWORD]")]
    user: String,
    /// How long to wait for what takes time: for indexes, and for edges to hear of a change
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    patience: u64,
    /// Connect to another address for URLs of this host, such as the distribution's if the host's name does not lead there yet; may
    /// recur
    #[arg(long, value_name = "HOST=ADDRESS:PORT", value_parser = instead)]
    connect_to: Vec<(String, Authority)>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn instead(text: &str) -> Result<(String, Authority), String> {
    let (host, address) = text.split_once('=').ok_or("HOST=ADDRESS:PORT")?;
    Ok((host.to_owned(), address.parse().map_err(|error| format!("{address}: {error}"))?))
}

/// Tries it out, and prints the report.
///
/// # Errors
///
/// [`CommandError::Setup`] if there is no such server or user, [`CommandError::Failed`] if something differs from the promise.
pub fn run(options: &SmokeOptions) -> Result<(), CommandError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CommandError::failed("starting"))?;
    runtime.block_on(smoke(options, io::stdout().lock()))
}

async fn smoke(options: &SmokeOptions, out: impl Write) -> Result<(), CommandError> {
    let (name, password) = match options.user.split_once(':') {
        Some((name, password)) => (name, password.to_owned()),
        None => (options.user.as_str(), asked(&options.user)?),
    };
    let web = Web::new(Client::connecting(&options.connect_to), Duration::from_secs(options.patience));
    let api = ApiClient::new(&web, &options.url, name, &password)?;
    let spaces = SmokeSpaces::named()?;
    // From here on a signal does not end the process, which has something to take away.
    let stopped = signal_received()?;
    reachable(&api).await?;
    let mut report = SmokeReport::new(out, options.json);
    let walked = tokio::select! {
        walked = walk(&api, &spaces, &mut report) => walked,
        () = stopped => Err(CommandError::Failed("interrupted".to_owned())),
    };
    let gone = take_away(&api, &spaces, &mut report).await;
    walked?;
    gone?;
    report.finish()
}

fn asked(name: &str) -> Result<String, CommandError> {
    rpassword::prompt_password(format!("Password of {name}: ")).map_err(|error| {
        CommandError::Setup(format!("no terminal to ask for a password ({error}); use --user NAME:PASSWORD"))
    })
}

/// The names of the two spaces.
#[derive(Debug)]
struct SmokeSpaces {
    open: String,
    secure: String,
}

impl SmokeSpaces {
    fn named() -> Result<Self, CommandError> {
        let mut random = [0; 6];
        SystemRandom::new().fill(&mut random).map_err(CommandError::failed("random numbers"))?;
        let random = random.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Ok(Self { open: format!("smoke-{random}-open"), secure: format!("smoke-{random}-secure") })
    }

    fn both(&self) -> [&str; 2] {
        [&self.open, &self.secure]
    }
}

/// Checks that there is a server, which knows the user.
async fn reachable(api: &ApiClient<'_>) -> Result<(), CommandError> {
    let got = api.web.ask(api.request(Method::GET, "spaces")).await;
    match got {
        Ok(got) if got.status.is_success() => Ok(()),
        Ok(got) if got.status.as_u16() == 401 => Err(CommandError::Setup("user name or password is wrong".to_owned())),
        Ok(got) => Err(CommandError::Setup(format!("{} is not the REST API of Reelspan: {}", api.url, got.status))),
        Err(Stop::Violated(violation) | Stop::Ignored(violation)) => {
            Err(CommandError::Setup(format!("{}: {}", api.url, violation.came)))
        }
        Err(Stop::NotRun(why)) => Err(CommandError::Setup(why)),
    }
}

/// Notes one promise after the other.
macro_rules! check {
    ($report:expr, $place:expr, $promise:expr, $check:expr) => {
        $report.note($place, $promise, &$check.await)?
    };
}

async fn walk(
    api: &ApiClient<'_>,
    spaces: &SmokeSpaces,
    report: &mut SmokeReport<impl Write>,
) -> Result<(), CommandError> {
    let both = spaces.both();
    check!(report, "api", "health", checks::api::health(api));
    check!(report, "api", "credentials", checks::api::credentials(api));
    for space in both {
        if !check!(report, "api", "space", checks::api::space(api, space)) {
            return Ok(());
        }
    }
    check!(report, "api", "properties", checks::api::properties(api, &spaces.open));
    let stored = check!(report, "api", "upload", checks::api::upload(api, &both));
    check!(report, "api", "upload-url", checks::api::upload_url(api, &both));
    check!(report, "api", "closed", checks::api::closed(api, &both));
    let (open, secure) = (enabled(api, &spaces.open, false).await, enabled(api, &spaces.secure, true).await);
    let (open, open_seen) = parted(open);
    let (secure, secure_seen) = parted(secure);
    report.note("open", "enable", &open_seen)?;
    report.note("secure", "enable", &secure_seen)?;
    let (Some(open), Some(secure), true) = (open, secure, stored) else { return Ok(()) };
    for place in [&open, &secure] {
        common(place, report).await?;
    }
    check!(report, "open", "missing", paths::missing(&open));
    check!(report, "open", "about", derived::about(&open));
    check!(report, "open", "dots", paths::dots(&open, &secure));
    check!(report, "open", "other-host", paths::other_host(&open, &secure));
    check!(report, "secure", "unsigned", signed::unsigned(&secure));
    check!(report, "secure", "signed-url", signed::url(&secure));
    check!(report, "secure", "signed-excerpt", signed::excerpt(&secure));
    check!(report, "secure", "star", signed::star(&secure));
    check!(report, "secure", "cookies", signed::cookies(&secure));
    check!(report, "both", "replaced", lifetime::replaced(&[&open, &secure]));
    check!(report, "both", "disabled", lifetime::disabled(&[&open, &secure]));
    check!(report, "secure", "deleted", lifetime::deleted(&secure));
    Ok(())
}

/// What both hosts promise.
async fn common(place: &StreamedSpace<'_>, report: &mut SmokeReport<impl Write>) -> Result<(), CommandError> {
    let at = if place.is_secure { "secure" } else { "open" };
    check!(report, at, "index", indexed(place));
    check!(report, at, "names", paths::names(place));
    check!(report, at, "ranges", ranges::stored(place));
    check!(report, at, "cut", ranges::cut(place));
    check!(report, at, "long-cut", ranges::long(place));
    check!(report, at, "time-ranges", ranges::time(place));
    check!(report, at, "head", ranges::head(place));
    check!(report, at, "hls", derived::hls(place));
    check!(report, at, "hls-of-part", derived::hls_of_part(place));
    check!(report, at, "dash", derived::dash(place));
    check!(report, at, "cors", paths::cors(place));
    check!(report, at, "media", paths::media(place));
    Ok(())
}

/// Turns streaming on, and waits for the first byte.
async fn enabled<'a>(
    api: &'a ApiClient<'_>,
    space: &'a str,
    is_secure: bool,
) -> Result<(StreamedSpace<'a>, String), Stop> {
    let begun = Instant::now();
    checks::api::enable(api, space, is_secure).await?;
    let place = StreamedSpace::of(api, space, is_secure).await?;
    let url = place.url(names::PLAIN, "").await?;
    let first = async || api.web.range(&url, "bytes=0-0").await?.status(206).map(|_| String::new());
    api.web.eventually(first).await?;
    let seen = format!("{}, first byte after {:.2} s", place.base, begun.elapsed().as_secs_f64());
    Ok((place, seen))
}

fn parted<T>(found: Result<(T, String), Stop>) -> (Option<T>, CheckResult) {
    match found {
        Ok((place, seen)) => (Some(place), Ok(seen)),
        Err(stop) => (None, Err(stop)),
    }
}

/// Waits until all files have an index.
async fn indexed(place: &StreamedSpace<'_>) -> CheckResult {
    let begun = Instant::now();
    for name in NAMES.into_iter().chain([SOUND]) {
        // No excerpt is signed of what is not indexed.
        let check = async || {
            let url = place.url(name, "t=2,4").await?;
            place.api.web.get(&url).await?.status(200).map(|_| String::new())
        };
        place.api.web.eventually(check).await?;
    }
    Ok(format!("{} files after {:.1} s", NAMES.len() + 1, begun.elapsed().as_secs_f64()))
}

/// Deletes both spaces with all that is in them, and waits until they are gone.
async fn take_away(
    api: &ApiClient<'_>,
    spaces: &SmokeSpaces,
    report: &mut SmokeReport<impl Write>,
) -> Result<(), CommandError> {
    let mut verdict = Ok("both spaces are gone".to_owned());
    for space in spaces.both() {
        let deleted = async || {
            let got = api.web.ask(api.request(Method::DELETE, space)).await?;
            if got.status.as_u16() == 404 { Ok(String::new()) } else { got.status(200).map(|_| String::new()) }
        };
        let gone = async || {
            let got = api.web.ask(api.request(Method::HEAD, space)).await?;
            got.status(404).map(|_| String::new())
        };
        let done = match api.web.eventually(deleted).await {
            Ok(_) => api.web.eventually(gone).await,
            Err(stop) => Err(stop),
        };
        if let Err(stop) = done {
            report.say(&format!("delete the space {space}, which could not be taken away"))?;
            verdict = Err(stop);
        }
    }
    report.note("api", "taken away", &verdict)?;
    Ok(())
}
