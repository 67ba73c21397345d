//! `reelspan serve`: starts all parts in the order of their dependencies, and stops them in reverse.

mod expiry;
mod functions;
mod import;
mod options;
mod origins;
mod ports;
mod proxy;
mod refused;
pub(crate) mod stop;

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body};
use http::Request;
use reelspan::{
    http::origin::Origin,
    store::{self, Media, Quotas, Stores, Users},
    streaming::{Hosts, SigningSecret},
    telemetry::audit::{self, Trail},
    user::{Password, UserName},
};
use reelspan_indexer::S3Event;
use reelspan_spaces::{Carrier, Deletions, Spaces};
use reelspan_streaming::{Streams, edges::MemoryStore};
use serde::Deserialize;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

pub use import::{Imported, import};
pub use options::{Admin, Audit, Import, PublicUrl, ServeOptions};

use self::{functions::Functions, ports::Ports, proxy::Proxies};
use crate::{
    CommandError, aws,
    connections::{Port, Received},
    data::{AccessKey, DataFolder},
    lists,
    media::{Files, UrlSigner},
    queue::{self, EventQueue, Handler},
    s3::{self, Browsers, MEDIA_BUCKET, S3Api, Store},
    stream::SecretFile,
    tables::Tables,
    users::{self, GeneratedAdmin},
};

/// How long running requests may take once the program is told to stop.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many example URLs are printed.
const URLS: usize = 5;

/// Threads that run tasks, and threads that wait for disks: few, because each takes memory, and the work is moving
/// bytes.
const WORKERS: usize = 2;
const DISK_WORKERS: usize = 8;

/// Serves until Ctrl-C or SIGTERM.
pub fn run(options: &ServeOptions) -> Result<(), CommandError> {
    options::log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(DISK_WORKERS)
        .enable_all()
        .build()
        .map_err(CommandError::failed("starting"))?;
    let done = runtime.block_on(serve(options));
    runtime.shutdown_timeout(PATIENCE);
    done
}

async fn serve(options: &ServeOptions) -> Result<(), CommandError> {
    // Checks what a person may have to change, before anything is created or written.
    for import in &options.import {
        import.check()?;
    }
    let admin = options.admin.as_ref().map(Admin::parse).transpose()?;
    let ports = Ports::bind(options).await?;
    let data = DataFolder::open(&options.data)?;
    match options.audit {
        Audit::Data => audit::to_files(Trail::new(data.root())),
        Audit::Stdout => audit::to_stdout(),
        Audit::Off => {}
    }

    let interrupted = stop::signal_received()?;
    let running = RunningServer::start(&data, options, admin, ports).await?;
    let done = tokio::select! {
        done = running.work(options) => done,
        () = interrupted => Ok(()),
    };
    running.stop().await;
    done
}

/// All running parts, and their addresses.
struct RunningServer {
    http_at: SocketAddr,
    s3_at: SocketAddr,
    data: PathBuf,
    credentials: AccessKey,
    /// Whether to print the secret access key.
    shows_credentials: bool,
    /// The first admin, if a password was generated just now.
    first_admin: Option<GeneratedAdmin>,
    store: Arc<Store>,
    media: Media,
    streams: Streams,
    servers: JoinSet<()>,
    /// Stops the parts that accept requests.
    stop: CancellationToken,
}

impl RunningServer {
    async fn start(
        data: &DataFolder,
        options: &ServeOptions,
        admin: Option<(UserName, Password)>,
        Ports { http, s3 }: Ports,
    ) -> Result<Self, CommandError> {
        let stop = CancellationToken::new();
        let (http_at, s3_at) = (address(&http.listener)?, address(&s3.listener)?);
        let url = options.url.as_ref();
        let (credentials, here) = (data.credentials().clone(), format!("http://{http_at}"));

        let tables = Arc::new(Tables::open(data)?);
        let users = Users::new(tables.clone(), store::USERS.name);
        let first_admin = users::first_admin(data, &users, admin).await?;

        let store = Arc::new(Store::open(&data.s3())?);
        let api = S3Api::new(Arc::clone(&store), &credentials);
        let client = aws::s3(s3_at, &credentials).http_client(api.client());
        let signer = UrlSigner::new(credentials.clone(), format!("http://{s3_at}"));
        let files = Arc::new(Files::new(Arc::clone(&store), Some(signer)));
        let stores = Stores::over(files, tables.clone(), store::CONTAINER_INDEX.name);
        let streams_at = format!("{}/stream", url.map_or(here.as_str(), PublicUrl::as_str));
        let table = stores.spaces(store::SPACES.name);
        let spaces = Spaces {
            stores: stores.clone(),
            quotas: Quotas::new(stores.index.clone(), table.clone()),
            table,
            carrier: Carrier::Stream,
            deletions: Deletions::Here,
            hosts: Hosts::below(&streams_at),
            streams: None,
        };

        let mut servers = JoinSet::new();
        let own = origins::own(http_at, url);
        servers.spawn(s3::serve(s3, api, Browsers::of(own.clone()), stop.clone(), PATIENCE));
        let handler = indexer(stores.clone());
        let queue = EventQueue { catalogue: store.catalogue(), handler, pauses: queue::PAUSES.to_vec() };
        servers.spawn(queue.deliver(stop.clone(), PATIENCE));
        servers.spawn(lists::list_waiting(stores.clone(), store.catalogue(), stop.clone()));
        tokio::spawn(lists::list_earlier(stores.clone(), spaces.table.clone(), tables));
        servers.spawn(expiry::abort_old_uploads(Arc::clone(&store), stop.clone()));
        let edges = Arc::new(MemoryStore::default());
        let secret = SigningSecret::new(SecretFile::new(data.signing_key()));
        let s3 = aws_sdk_s3::Client::from_conf(client.build());
        let media = stores.media.clone();
        let uploads = Origin::parse(&format!("http://{s3_at}"));
        let mut functions = Functions { stores, spaces, users, edges, secret, s3, streams_at, own, uploads };
        let streams = functions.streams();
        functions.spaces.streams = Some(Arc::new(streams.clone()));
        streams.keys.ensure(&streams.table).await.map_err(CommandError::failed("the signing key"))?;
        streams.reconcile().await.map_err(CommandError::failed("the streams"))?;
        functions.spaces.resume_deletions().await.map_err(CommandError::failed("the spaces"))?;
        let routes = Proxies::new(&options.trusted_proxy).around(functions.router()?);
        servers.spawn(serve_http(http, routes, stop.clone()));
        Ok(Self {
            http_at,
            s3_at,
            data: options.data.clone(),
            credentials,
            shows_credentials: data.is_new() || options.show_credentials,
            first_admin,
            store,
            media,
            streams,
            servers,
            stop,
        })
    }

    /// Imports, reports that everything is ready, and then waits forever.
    async fn work(&self, options: &ServeOptions) -> Result<(), CommandError> {
        self.announce().map_err(CommandError::failed("standard output"))?;
        let mut imported = Vec::new();
        for import in &options.import {
            self::import::make_space(&self.streams, &import.space).await?;
            imported.extend(self::import(&self.media, import).await?.keys);
        }
        queue::drained(&self.store.catalogue()).await;
        self.ready(&imported).map_err(CommandError::failed("standard output"))?;
        std::future::pending().await
    }

    fn announce(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.shows_credentials {
            writeln!(out, "S3 API, bucket {MEDIA_BUCKET}, keys SPACE/FILE; to use it:")?;
            writeln!(out, "{}", self.credentials.variables(&format!("http://{}", self.s3_at)))?;
        } else {
            let data = self.data.display();
            writeln!(out, "S3 API http://{}, bucket {MEDIA_BUCKET}, keys SPACE/FILE", self.s3_at)?;
            writeln!(out, "its access key: reelspan credentials --data {data} --s3 http://{}", self.s3_at)?;
        }
        if let Some(GeneratedAdmin { user, password }) = &self.first_admin {
            writeln!(out, "admin: user {user}, password {password}, which is not printed again")?;
        }
        out.flush()
    }

    fn ready(&self, imported: &[reelspan::space::MediaKey]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for key in imported.iter().take(URLS) {
            writeln!(out, "http://{}/media/{}?t=1,3", self.http_at, key.to_path())?;
        }
        if let Some(others) = imported.len().checked_sub(URLS).filter(|others| *others > 0) {
            writeln!(out, "and {others} more")?;
        }
        writeln!(out, "ready http://{}", self.http_at)?;
        out.flush()
    }

    async fn stop(mut self) {
        self.stop.cancel();
        while self.servers.join_next().await.is_some() {}
    }
}

/// Handles the events of the media bucket: the indexer, called as Lambda calls it.
fn indexer(stores: Stores) -> Handler {
    Arc::new(move |event| {
        let stores = stores.clone();
        Box::pin(async move { Ok(reelspan_indexer::handle(&stores, S3Event::deserialize(event)?).await?) })
    })
}

async fn serve_http(port: Port, functions: Router, stop: CancellationToken) {
    let app = reelspan_gateway::observed(functions.layer(CatchPanicLayer::new()));
    let answer = move |request: Request<Received>| {
        let app = app.clone();
        async move { app.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}) }
    };
    port.serve(answer, stop, PATIENCE).await;
}

fn address(listener: &TcpListener) -> Result<SocketAddr, CommandError> {
    listener.local_addr().map_err(CommandError::failed("a port"))
}
