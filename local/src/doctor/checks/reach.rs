//! Checks whether the functions answer, and whether queues of failed events are empty.

use aws_config::SdkConfig;
use http::StatusCode;

use crate::doctor::queue::messages;
use crate::verify::client::{self, Client, ClientRequest};
use reelspan_accounts::report::Finding;

/// Checks that the functions behind this URL answer.
pub async fn health(url: &str) -> Finding {
    let what = format!("health {}/health", url.trim_end_matches('/'));
    let remedy = "give --url the URL of the API, and see the function's log";
    let url = match client::url(url) {
        Ok(url) => format!("{}/health", url.trim_end_matches('/')),
        Err(error) => return Finding::wrong(what, error.to_string(), remedy),
    };
    match Client::new().send(&ClientRequest::get(&url)).await {
        Ok(answer) if answer.status == StatusCode::NO_CONTENT => Finding::ok(what, "it answers"),
        Ok(answer) => Finding::wrong(what, format!("it answers {}", answer.status.as_u16()), remedy),
        Err(_) => Finding::wrong(what, "no answer", remedy),
    }
}

/// Checks that a queue of failed events is empty.
pub async fn queue(aws: &SdkConfig, url: &str) -> Finding {
    let name = url.rsplit('/').next().unwrap_or(url);
    let what = format!("queue {name}");
    match messages(aws, url).await {
        Ok(0) => Finding::ok(what, "empty"),
        Ok(count) => Finding::wrong(
            what,
            format!("{count} events failed three times"),
            "its messages say why; when that is fixed, run reelspan reindex and purge the queue",
        ),
        Err(why) => Finding::wrong(what, why, "give --queue its URL, and allow sqs:GetQueueAttributes"),
    }
}
