//! The fragments function on Lambda.

use reelspan::{store::Stores, telemetry};
use reelspan_fragments::{Delivery, Fragments, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let fragments = Fragments { stores: Stores::from_env().await?, delivery: Delivery::from_env()? };
    lambda::run(fragments).await
}
