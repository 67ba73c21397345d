//! `reelspan doctor`: checks a deployment, on AWS or in a data folder, and says for each thing whether it is in order
//! and, if not, what to do. It changes nothing.

mod checks;
mod queue;

use std::{env, io::Write};

use clap::Args;
use reelspan::store::{SESSIONS, SPACES, USERS};
use reelspan_accounts::report::{self, Finding, Which};

use crate::{
    CommandError,
    deployment::{Deployment, DeploymentName},
};

/// Options of `reelspan doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorOptions {
    #[command(flatten)]
    place: DeploymentName,

    /// The table of spaces [default: the variable `SPACES_TABLE`, or `Spaces`]
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    spaces_table: Option<String>,

    /// The table of users [default: the variable `USERS_TABLE`, or `Users`]
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    users_table: Option<String>,

    /// The table of sessions [default: the variable `SESSIONS_TABLE`, or `Sessions`]
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    sessions_table: Option<String>,

    /// The name of the function that the bucket's events have to reach [default: any]
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    indexer: Option<String>,

    /// A URL where functions answer, such as that of the HTTP API: its /health is requested; may recur
    #[arg(long = "url", value_name = "URL")]
    urls: Vec<String>,

    /// The URL of a queue of failed events, which has to be empty; may recur
    #[arg(long = "queue", value_name = "URL", conflicts_with = "data")]
    queues: Vec<String>,

    /// How many contents, chosen at random, to check for their index
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    sample: u16,

    /// Check the index of all contents
    #[arg(long, conflicts_with = "sample")]
    all: bool,
}

impl DoctorOptions {
    fn spaces_table(&self) -> String {
        named(self.spaces_table.as_ref(), "SPACES_TABLE", SPACES.name)
    }

    fn names(&self) -> checks::TableNames {
        checks::TableNames {
            spaces: self.spaces_table(),
            users: named(self.users_table.as_ref(), "USERS_TABLE", USERS.name),
            sessions: named(self.sessions_table.as_ref(), "SESSIONS_TABLE", SESSIONS.name),
        }
    }
}

fn named(option: Option<&String>, variable: &str, otherwise: &str) -> String {
    option.cloned().or_else(|| env::var(variable).ok()).unwrap_or_else(|| otherwise.to_owned())
}

/// Runs the checks, and prints a line for each.
///
/// # Errors
///
/// [`CommandError::Setup`] if there is no such deployment; [`CommandError::Failed`] if a check found something wrong.
pub fn run(options: &DoctorOptions) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(CommandError::failed("starting"))?.block_on(async {
        let deployment = options.place.open().await?;
        let findings = examine(options, &deployment).await;
        tell(&findings?)
    })
}

/// All findings, in the order in which to fix them.
async fn examine(options: &DoctorOptions, deployment: &Deployment) -> Result<Vec<Finding>, CommandError> {
    let mut findings = Vec::new();
    if let Some(aws) = &deployment.aws {
        let credentials = checks::credentials(&aws.config).await;
        let none = credentials.is_wrong();
        findings.push(credentials);
        // Without credentials, all other checks would fail for that reason.
        if none {
            return Ok(findings);
        }
    }
    let (bucket, can_be_read) = checks::bucket(deployment, options.indexer.as_deref()).await;
    findings.extend(bucket);
    let tables = checks::tables(deployment, &options.names()).await;
    let all_there = !tables.iter().any(Finding::is_wrong);
    findings.extend(tables);
    if all_there && can_be_read {
        let spaces = deployment.stores.spaces(options.spaces_table());
        let which = if options.all { Which::All } else { Which::Drawn(options.sample.into()) };
        findings.push(report::index(&deployment.stores, &spaces, which).await);
        findings.push(report::streaming(&spaces).await);
    }
    if let Some(aws) = &deployment.aws {
        for queue in &options.queues {
            findings.push(checks::queue(&aws.config, queue).await);
        }
    }
    for url in &options.urls {
        findings.push(checks::health(url).await);
    }
    Ok(findings)
}

fn tell(findings: &[Finding]) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    for finding in findings {
        writeln!(out, "{finding}").map_err(CommandError::failed("standard output"))?;
    }
    match findings.iter().filter(|finding| finding.is_wrong()).count() {
        0 => Ok(()),
        wrong => Err(CommandError::Failed(format!("{wrong} of {} checks found something wrong", findings.len()))),
    }
}
