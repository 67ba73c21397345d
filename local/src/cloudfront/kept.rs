//! A service of winterbaume whose state outlives the process: after each call that changed it, it is in a file before the call is
//! answered. One call at a time, so that the file is never behind one that was answered.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use winterbaume_core::{MockRequest, MockResponse, MockService, StatefulService, default_account_id};

use crate::{Error, s3::REGION};

/// A service and the file of its state.
pub struct Kept<S> {
    service: S,
    file: PathBuf,
    /// The state as of the last call, until it is looked at.
    changed: Arc<Mutex<Option<Value>>>,
    /// The state that is in the file.
    written: tokio::sync::Mutex<Option<Value>>,
}

impl<S: StatefulService> Kept<S> {
    /// The service with the state that is in this file, where there is one.
    pub async fn open(service: S, file: PathBuf) -> Result<Self, Error> {
        let about = || file.display().to_string();
        let written = match fs::read(&file) {
            // Not the error of the parser: that may cite what it found.
            Ok(text) => Some(serde_json::from_slice::<Value>(&text).map_err(|_| unreadable(&file))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::failed(about())(error)),
        };
        if let Some(state) = &written {
            let view = serde_json::from_value(state.clone()).map_err(|_| unreadable(&file))?;
            service.restore(default_account_id(), REGION, view).await.map_err(|_| unreadable(&file))?;
        }
        let changed = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&changed);
        service.notifier().subscribe(move |_, _, view| {
            // By way of a value, whose members have an order: the maps of a view have none.
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = serde_json::to_value(view).ok();
        });
        Ok(Self { service, file, changed, written: tokio::sync::Mutex::new(written) })
    }

    /// Writes down what has changed, if anything has.
    fn keep(&self, written: &mut Option<Value>) -> io::Result<()> {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(state) = changed.filter(|state| written.as_ref() != Some(state)) else { return Ok(()) };
        write(&self.file, &serde_json::to_vec_pretty(&state)?)?;
        *written = Some(state);
        Ok(())
    }
}

impl<S: StatefulService> MockService for Kept<S> {
    fn service_name(&self) -> &str {
        self.service.service_name()
    }

    fn url_patterns(&self) -> Vec<&str> {
        self.service.url_patterns()
    }

    fn handle(&self, request: MockRequest) -> Pin<Box<dyn Future<Output = MockResponse> + Send + '_>> {
        Box::pin(async move {
            let mut written = self.written.lock().await;
            let response = self.service.handle(request).await;
            match self.keep(&mut written) {
                Ok(()) => response,
                Err(error) => {
                    tracing::error!(%error, service = self.service_name(), "its state is not kept");
                    MockResponse::error(500, "InternalError", "the state could not be written down")
                }
            }
        })
    }
}

/// Replaces a file whole, for its owner's eyes only: there may be a private key in it.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = file.with_extension("new");
    let mut options = OpenOptions::new();
    let mut new = options.create(true).write(true).truncate(true).mode(0o600).open(&unfinished)?;
    new.write_all(bytes)?;
    new.sync_all()?;
    fs::rename(&unfinished, file)
}

fn unreadable(file: &Path) -> Error {
    Error::Setup(format!("{} is not as it was written", file.display()))
}
