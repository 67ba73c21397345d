//! `reelspan serve`: starts every part, in the order in which they need each other, and stops them in the other.

mod functions;
mod import;
mod options;
mod proxy;
mod refused;
mod stop;

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::{Router, serve::ListenerExt};
use reelspan::{
    space::streaming::Hosts,
    store::{self, Stores, Users},
    telemetry::audit::{self, Trail},
    user::{Password, UserName},
};
use reelspan_indexer::S3Event;
use reelspan_spaces::{Carrier, Deletions, Spaces};
use reelspan_streaming::Streams;
use serde::Deserialize;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

pub use import::{Imported, import};
pub use options::{Admin, Audit, Import, Options, PublicUrl};

use self::{functions::Functions, proxy::Proxies};
use crate::{
    Error, aws,
    cloudfront::CloudFront,
    data::{Credentials, Data},
    dynamodb::DynamoDb,
    queue::{self, Handler, Queue},
    s3::{self, MEDIA_BUCKET, REGION, Store},
    users::{self, FirstAdmin},
};

/// How long running requests have to end once the program is told to stop.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many URLs are printed to try.
const URLS: usize = 5;

/// Threads that run tasks, and threads that wait for disks: few, as each costs memory of its own, and the work is moving
/// bytes from one place to another.
const WORKERS: usize = 2;
const DISK_WORKERS: usize = 8;

/// Serves until Ctrl-C or SIGTERM.
pub fn run(options: &Options) -> Result<(), Error> {
    options::log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(DISK_WORKERS)
        .enable_all()
        .build()
        .map_err(Error::failed("starting"))?;
    let done = runtime.block_on(serve(options));
    runtime.shutdown_timeout(PATIENCE);
    done
}

async fn serve(options: &Options) -> Result<(), Error> {
    // What a person may have to change is looked at first, before anything is made or written.
    for import in &options.import {
        import.check()?;
    }
    let admin = options.admin.as_ref().map(Admin::parse).transpose()?;
    let http = bind(options.listen, "--listen").await?;
    let s3 = bind(options.s3_listen, "--s3-listen").await?;
    let data = Data::open(&options.data)?;
    match options.audit {
        Audit::Data => audit::to_files(Trail::new(data.root())),
        Audit::Stdout => audit::to_stdout(),
        Audit::Off => {}
    }

    let interrupted = stop::signal_received()?;
    let running = Running::start(&data, options, admin, http, s3).await?;
    let done = tokio::select! {
        done = running.work(options) => done,
        () = interrupted => Ok(()),
    };
    running.stop().await;
    done
}

/// Everything that runs, with where it is reached.
struct Running {
    http_at: SocketAddr,
    s3_at: SocketAddr,
    credentials: Credentials,
    /// The first admin, where a password was made up just now.
    first_admin: Option<FirstAdmin>,
    store: Arc<Store>,
    s3: aws_sdk_s3::Client,
    streams: Streams,
    dynamodb: DynamoDb,
    servers: JoinSet<()>,
    /// Stops what takes requests in.
    stop: CancellationToken,
    /// Stops DynamoDB, which the others need to their end.
    stop_dynamodb: CancellationToken,
}

impl Running {
    async fn start(
        data: &Data,
        options: &Options,
        admin: Option<(UserName, Password)>,
        http: TcpListener,
        s3: TcpListener,
    ) -> Result<Self, Error> {
        let (stop, stop_dynamodb) = (CancellationToken::new(), CancellationToken::new());
        let (http_at, s3_at) = (address(&http)?, address(&s3)?);
        let (credentials, here) = (data.credentials().clone(), format!("http://{http_at}"));

        let dynamodb = DynamoDb::start(&data.dynamodb(), stop_dynamodb.clone()).await?;
        let tables = aws::dynamodb(dynamodb.at(), &credentials);
        store::create_tables(&aws_sdk_dynamodb::Client::from_conf(tables.clone().build()))
            .await
            .map_err(Error::failed("the tables"))?;
        let first_admin = users::first_admin(data, tables.clone(), admin).await?;

        let store = Arc::new(Store::open(&data.s3())?);
        let media = aws::s3(s3_at, &credentials);
        let users = Users::new(tables.clone(), store::USERS.name);
        let stores = Stores::new(media.clone(), tables, MEDIA_BUCKET, store::CONTAINER_INDEX.name);
        let spaces = Spaces {
            stores: stores.clone(),
            table: stores.spaces(store::SPACES.name),
            carrier: Carrier::Stream,
            deletions: Deletions::Here,
            hosts: Hosts::Below(format!("{}/stream", options.url.as_ref().map_or(here.as_str(), PublicUrl::as_str))),
            upkeep: None,
        };

        let mut servers = JoinSet::new();
        let (serving, keys, stopped) = (Arc::clone(&store), credentials.clone(), stop.clone());
        servers.spawn(async move { s3::serve(s3, serving, &keys, stopped, PATIENCE).await });
        let handler = indexer(stores.clone());
        let queue = Queue { catalogue: store.catalogue(), handler, pauses: queue::PAUSES.to_vec() };
        servers.spawn(queue.deliver(stop.clone(), PATIENCE));
        let hosts = spaces.hosts.clone();
        let cloudfront = CloudFront::open(data).await?;
        let s3 = aws_sdk_s3::Client::from_conf(media.build());
        let mut functions = Functions { stores, spaces, users, cloudfront, s3: s3.clone(), hosts };
        let streams = functions.streams();
        functions.spaces.upkeep = Some(Arc::new(streams.clone()));
        streams.resume().await.map_err(Error::failed("the streams"))?;
        functions.spaces.resume_deletions().await.map_err(Error::failed("the spaces"))?;
        let routes = Proxies::new(&options.trusted_proxy).around(functions.router()?);
        servers.spawn(serve_http(http, routes, stop.clone()));
        Ok(Self {
            http_at,
            s3_at,
            credentials,
            first_admin,
            store,
            s3,
            streams,
            dynamodb,
            servers,
            stop,
            stop_dynamodb,
        })
    }

    /// Imports, says that all is ready, and then does nothing for good.
    async fn work(&self, options: &Options) -> Result<(), Error> {
        self.announce().map_err(Error::failed("standard output"))?;
        let mut imported = Vec::new();
        for import in &options.import {
            self::import::make_space(&self.streams, &import.space).await?;
            imported.extend(self::import(&self.s3, import).await?.keys);
        }
        queue::drained(&self.store.catalogue()).await;
        self.ready(&imported).map_err(Error::failed("standard output"))?;
        std::future::pending().await
    }

    fn announce(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "S3 API, bucket {MEDIA_BUCKET}, keys SPACE/FILE; to use it:")?;
        writeln!(
            out,
            "export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} AWS_REGION={REGION} AWS_ENDPOINT_URL_S3=http://{}",
            self.credentials.access_key_id, self.credentials.secret_access_key, self.s3_at
        )?;
        if let Some(FirstAdmin { user, password }) = &self.first_admin {
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
        self.stop_dynamodb.cancel();
        self.dynamodb.stopped(PATIENCE).await;
    }
}

/// What handles the events of the media bucket: the indexer, called as Lambda calls it.
fn indexer(stores: Stores) -> Handler {
    Arc::new(move |event| {
        let stores = stores.clone();
        Box::pin(async move { Ok(reelspan_indexer::handle(&stores, S3Event::deserialize(event)?).await?) })
    })
}

async fn serve_http(listener: TcpListener, functions: Router, stop: CancellationToken) {
    let app = reelspan_gateway::observed(functions.layer(CatchPanicLayer::new()));
    // The head of an answer and its body are two writes; without this the second waits for the first to be acknowledged, which
    // clients put off for 40 ms.
    let listener = listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays slow");
        }
    });
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        ended = async { serving.await } => if let Err(error) = ended {
            tracing::error!(%error, "HTTP ended with an error");
        },
        () = patience => tracing::warn!("HTTP requests were still running and were dropped"),
    }
}

async fn bind(at: SocketAddr, option: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(at).await.map_err(|error| Error::Setup(format!("cannot listen on {at} ({option}): {error}")))
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Error> {
    listener.local_addr().map_err(Error::failed("a port"))
}
