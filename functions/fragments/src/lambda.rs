//! The routes as a Lambda function, behind an HTTP API or a function URL.

use lambda_http::tower::ServiceBuilder;
use reelspan_gateway::{Buffered, encoded_once, observed};

use crate::{Delivery, Fragments};

/// Answers invocations until the end.
pub async fn run(fragments: Fragments) -> Result<(), lambda_http::Error> {
    let delivery = fragments.delivery.clone();
    let service = ServiceBuilder::new().map_request(encoded_once).service(observed(fragments.router()));
    match delivery {
        Delivery::Streamed | Delivery::StreamedByLambda => lambda_http::run_with_streaming_response(service).await,
        Delivery::Buffered { .. } => {
            lambda_http::run(ServiceBuilder::new().map_response(Buffered).service(service)).await
        }
    }
}
