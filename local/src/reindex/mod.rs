//! `reelspan reindex`: updates the indexes of a space to match its objects, with the indexer's own code, after missed
//! events or a change of the index format.
//!
//! It compares first, and changes only what differs: one scan of the table for heads and entries, one listing of the bucket. A content
//! that only lacks its entry in the list of its space gets one, and nothing of its file is read.
//! Concurrent changes do no harm, because the indexer reads the current state of each object, as it does for an event.

mod compare;

use std::{io::IsTerminal, sync::Arc};

use clap::Args;
use futures::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reelspan::{
    space::{ContentPrefix, MediaKey, SpaceId},
    store::Sequencer,
};
use reelspan_indexer::{EventReport, IndexingOutcome};

use self::compare::{SpaceComparison, compare};
use crate::{
    CommandError,
    deployment::{Deployment, DeploymentName},
};

/// Options of `reelspan reindex`.
#[derive(Debug, Clone, Args)]
pub struct ReindexOptions {
    /// The space
    #[arg(value_parser = SpaceId::parse)]
    space: SpaceId,

    /// Only contents whose names begin with this
    #[arg(default_value = "", value_parser = ContentPrefix::parse)]
    prefix: ContentPrefix,

    /// Index all of them again, whatever the state of their indexes
    #[arg(long)]
    all: bool,

    /// How many to index at a time
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,

    #[command(flatten)]
    place: DeploymentName,
}

/// What is done for a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Index it again, whatever its index.
    IndexAnew,
    /// Index it, as far as that is necessary.
    Index,
    /// Update its entry in the list of the space.
    List,
}

/// The results for the contents.
#[derive(Debug, Default)]
struct Done {
    indexed: usize,
    listed: usize,
    refused: usize,
    removed: usize,
    failed: usize,
}

/// Indexes, and prints on standard output what was done.
///
/// # Errors
///
/// [`CommandError::Setup`] if there is no such deployment, or nothing of that name in it; [`CommandError::Failed`] if some contents
/// could not be indexed, after all were tried.
pub fn run(options: &ReindexOptions) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(CommandError::failed("starting"))?.block_on(async {
        let deployment = options.place.open().await?;
        reindex(options, &deployment).await
    })
}

async fn reindex(options: &ReindexOptions, deployment: &Deployment) -> Result<(), CommandError> {
    let SpaceComparison { objects, right, differ, unlisted } =
        compare(&deployment.stores, &options.space, &options.prefix, options.all).await?;
    if objects == 0 && differ.is_empty() && unlisted.is_empty() {
        let (space, prefix) = (&options.space, &options.prefix);
        return Err(CommandError::Setup(format!(
            "{space}/{prefix}: there is nothing of that name, and no index of it"
        )));
    }
    let total = differ.len() + unlisted.len();
    let bar = progress_bar(total);
    let stores = Arc::new(deployment.stores.clone());
    let index = if options.all { Task::IndexAnew } else { Task::Index };
    let differ = differ.into_iter().map(|key| (key, index));
    let tasks = differ.chain(unlisted.into_iter().map(|key| (key, Task::List)));
    let done = stream::iter(tasks)
        .map(|(key, task)| {
            let stores = Arc::clone(&stores);
            async move {
                let report = match task {
                    Task::IndexAnew => reelspan_indexer::index_anew(&stores, &key).await,
                    Task::Index => reelspan_indexer::index(&stores, &key, Sequencer::default()).await,
                    Task::List => reelspan_indexer::list(&stores, &key).await.map(|()| EventReport::default()),
                };
                (key, task, report)
            }
        })
        .buffer_unordered(usize::from(options.jobs))
        .fold(Done::default(), |mut done, (key, task, report)| {
            match report.map(|report| report.outcome) {
                Ok(IndexingOutcome::Current) if task == Task::List => done.listed += 1,
                // Nothing is paused here, because there is no limit.
                Ok(IndexingOutcome::Indexed | IndexingOutcome::Current | IndexingOutcome::Paused(_)) => {
                    done.indexed += 1;
                }
                Ok(IndexingOutcome::Removed) => done.removed += 1,
                Ok(IndexingOutcome::Refused(why)) => {
                    done.refused += 1;
                    tell(&bar, &key, &why);
                }
                Err(error) => {
                    done.failed += 1;
                    tell(&bar, &key, &error);
                }
            }
            bar.inc(1);
            std::future::ready(done)
        })
        .await;
    bar.finish_and_clear();
    let Done { indexed, listed, refused, removed, failed } = done;
    println!(
        "{}: {objects} objects, {right} right, {listed} listed, {indexed} indexed, {refused} cannot be indexed, {removed} indexes of \
         nothing removed, {failed} failed",
        options.space
    );
    if failed > 0 {
        return Err(CommandError::Failed(format!("{failed} of {total} could not be brought up to date")));
    }
    Ok(())
}

fn tell(bar: &ProgressBar, key: &MediaKey, why: &impl std::fmt::Display) {
    bar.suspend(|| eprintln!("{key}: {why}"));
}

/// The progress bar at a terminal.
fn progress_bar(count: usize) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(u64::try_from(count).ok(), target);
    match ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
