//! The options of `reelspan serve`.

use std::{
    convert::Infallible,
    io::IsTerminal,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use clap::{Args, ValueEnum};
use http::Uri;
use reelspan::{
    space::SpaceId,
    telemetry::FINEST,
    user::{Password, UserName},
};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::CommandError;

/// Options of `reelspan serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Address of the HTTP server; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Address of the S3 API; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9000")]
    pub s3_listen: SocketAddr,

    /// The URL by which others reach the server, for example behind a proxy that speaks TLS: published and signed URLs
    /// begin with it [default: the address of --listen]
    #[arg(long, value_name = "URL")]
    pub url: Option<PublicUrl>,

    /// The folder of all persistent data; created if it does not exist
    #[arg(long, value_name = "DIR", default_value = "reelspan-data")]
    pub data: PathBuf,

    /// A name by which others may reach the server, besides that of --url, addresses and localhost; may recur [default:
    /// any name, if --listen is not loopback]
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,

    /// The maximum number of connections of each port
    #[arg(long, value_name = "NUMBER", default_value_t = 512, value_parser = at_least_one)]
    pub connections: usize,

    /// The maximum number of them for one address [default: a quarter; with --url all of HTTP's, since they are the
    /// proxy's]
    #[arg(long, value_name = "NUMBER", value_parser = at_least_one)]
    pub connections_per_address: Option<usize>,

    /// Print the secret access key of the S3 API, as at the first start
    #[arg(long)]
    pub show_credentials: bool,

    /// An admin with this password, created or updated if necessary; without it, a password for `admin` is generated at
    /// the first start, printed, and kept in the data folder
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub admin: Option<Admin>,

    /// Where to write the audit trail: to audit.jsonl in the data folder, to standard output, or nowhere
    #[arg(long, value_name = "WHERE", value_enum, default_value_t)]
    pub audit: Audit,

    /// The address of a proxy whose `X-Forwarded-For` says where requests come from; may recur. The field is ignored
    /// from any other address
    #[arg(long, value_name = "ADDRESS")]
    pub trusted_proxy: Vec<IpAddr>,

    /// Upload every file of a folder to a space, except files that are there unchanged; may recur
    #[arg(long, value_name = "SPACE=FOLDER")]
    pub import: Vec<Import>,
}

/// Where the audit trail is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Audit {
    /// To `audit.jsonl` in the data folder.
    #[default]
    Data,
    /// To standard output.
    Stdout,
    /// Nowhere.
    Off,
}

/// The argument for an admin. It is parsed later, because the argument parser would print a value that it refuses.
#[derive(Clone)]
pub struct Admin(String);

impl Admin {
    /// The name and the password.
    pub fn parse(&self) -> Result<(UserName, Password), CommandError> {
        let refuse = |why: &dyn std::fmt::Display| CommandError::Setup(format!("--admin NAME:PASSWORD: {why}"));
        let (name, password) = self.0.split_once(':').ok_or_else(|| refuse(&"it has no colon"))?;
        Ok((
            UserName::parse(name).map_err(|error| refuse(&error))?,
            Password::parse(password).map_err(|error| refuse(&error))?,
        ))
    }
}

impl FromStr for Admin {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Admin {
    /// Omits the password, so that it never appears in a log.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Admin(…)")
    }
}

/// The URL by which others reach the server, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host's name or address, without a port.
    #[must_use]
    pub fn host(&self) -> String {
        self.0.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether the URL uses TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let url: Uri = text.parse().map_err(|_| "it is not a URL")?;
        let whose = url.authority().ok_or("it has no host")?;
        if !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err("it begins with neither http:// nor https://");
        }
        if url.query().is_some() || text.contains('#') || whose.as_str().contains('@') {
            return Err("it has more than a host, a port and a path");
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "it is a number from 1".to_owned())
}

/// A folder, and the space for its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The space.
    pub space: SpaceId,
    /// The folder.
    pub folder: PathBuf,
}

impl Import {
    /// Refuses a folder that does not exist.
    pub fn check(&self) -> Result<(), CommandError> {
        let refuse =
            |why: &str| CommandError::Setup(format!("--import {}={}: {why}", self.space, self.folder.display()));
        match std::fs::metadata(&self.folder) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(refuse("not a folder")),
            Err(error) => Err(refuse(&error.to_string())),
        }
    }
}

impl FromStr for Import {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (space, folder) = text.split_once('=').ok_or("it is SPACE=FOLDER")?;
        let space = SpaceId::parse(space).map_err(|error| error.to_string())?;
        Ok(Self { space, folder: folder.into() })
    }
}

/// Logs to standard error: warnings, and what `RUST_LOG` asks for. s3s logs every 404 and 412 as an error, and
/// is silent unless `RUST_LOG` asks for it. Real failures are logged by our own code.
pub(super) fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,s3s=off,s3s_fs=off"));
    // A second call, in a test, changes nothing.
    let _ = tracing_subscriber::fmt()
        .compact()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .finish()
        .with(FINEST)
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_has_a_host_and_may_have_a_path() {
        let read = |text: &str| text.parse::<PublicUrl>().map(|url| url.0);
        for (text, url) in [
            ("https://media.example.org", "https://media.example.org"),
            ("http://media.example.org:8443/av/", "http://media.example.org:8443/av"),
            ("https://[2001:db8::1]/", "https://[2001:db8::1]"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(url), "{text}");
        }
        for text in ["", "media.example.org", "/av", "ftp://a", "https://", "https://a?b", "https://a#b", "https://a@b"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
