//! A local WeChat Pay gateway for tests, demos and shops without network.
//!
//! It speaks v2 and APIv3 over real TLS, with its own signers, writers and readers, so that it judges the
//! client instead of agreeing with it. Its state is a book of orders that a control over plain HTTP
//! can look at and move; faults are injected by name.
//!
//! - what travels: `signer`, `document`, `reader`
//! - what is known: `order`, `book`, `refund`, `till`, `world`, `clock`; `bill` makes a day of it, under `bill_rules`
//! - who proves what: `platform`
//! - what is answered: `calls`, `v3` over them with `told` and `linked`, `answer`, spoiled by `fault` and `sabotage` into a `script`
//! - what is told: `notice`, sent out by `dispatcher`
//! - what listens: `authority`, `tls`, `listener`, `connection`, `control`

mod answer;
mod authority;
mod bill;
mod bill_rules;
mod book;
mod calls;
mod clock;
mod connection;
mod control;
mod dice;
mod dispatcher;
mod document;
mod fault;
mod files;
mod gateway;
mod hub;
mod linked;
mod listener;
mod notice;
mod options;
mod order;
mod platform;
mod reader;
mod refund;
mod request;
mod sabotage;
mod script;
mod signer;
mod till;
mod tls;
mod told;
mod v3;
mod world;

#[cfg(test)]
mod tests;

pub use options::{Account, Options};
pub use platform::{SimulatedKey, V3_MATERIAL, V3Material};

use fault::GatewaySide;
use files::FolderFiles;
use hub::SharedState;
use listener::Port;
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tls::ServerConfigs;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use world::GatewayState;

/// A running gateway; dropping it stops it and removes its files, unless it was told to keep them.
#[derive(Debug)]
pub struct Simulator {
    runtime: Option<Runtime>,
    files: FolderFiles,
    api: SocketAddr,
    api2: SocketAddr,
    control: SocketAddr,
    ca_pem: String,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_millis(500));
        }
    }
}

impl Simulator {
    /// Starts a gateway on threads of its own; it serves when this returns.
    pub fn start(options: &Options) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("wechatpay-simulator")
            .enable_all()
            .build()?;
        let guard = runtime.enter();
        let mut world = GatewayState::new(options, seed_of(options)?);
        for order in &options.orders {
            control::enter_order(&mut world, order)?;
        }
        let files = options.folder.as_deref().map_or_else(FolderFiles::create, FolderFiles::keep)?;
        let (authority, is_new) = files.authority("wechatpay-simulator CA")?;
        if is_new {
            files.write_authority(&authority)?;
        }
        if is_new || !files.has_merchants(&world.accounts) {
            files.write_merchants(&authority, &world.accounts)?;
        }
        files.write_v3(platform::certificates()?)?;
        let idle = Duration::from_millis(options.idle_ms);
        let hub = SharedState::new(world, ServerConfigs::new(&authority, options.chacha20)?, idle);
        let api = serve_side(&hub, GatewaySide::Api, options.port)?;
        let api2 = serve_side(&hub, GatewaySide::Api2, next(options.port, 1)?)?;
        let control = serve_control(&hub, next(options.port, 2)?)?;
        tokio::spawn(dispatcher::serve(Arc::clone(&hub)));
        files.write_ini(&address("https", api), &address("https", api2))?;
        drop(guard);
        Ok(Self { runtime: Some(runtime), files, api, api2, control, ca_pem: authority.pem() })
    }

    /// The first listener, as `https://127.0.0.1:port`.
    pub fn url(&self) -> String {
        address("https", self.api)
    }

    /// The second listener.
    pub fn backup_url(&self) -> String {
        address("https", self.api2)
    }

    /// The control, as `http://127.0.0.1:port`.
    pub fn control_url(&self) -> String {
        address("http", self.control)
    }

    /// The certificate that clients must trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The same as a file.
    pub fn ca_file(&self) -> PathBuf {
        self.files.path("ca.pem")
    }

    /// The first merchant's client certificate in PEM.
    pub fn cert_file(&self) -> PathBuf {
        self.files.path("apiclient_cert.pem")
    }

    /// Its key in PEM.
    pub fn key_file(&self) -> PathBuf {
        self.files.path("apiclient_key.pem")
    }

    /// Both as PKCS#12; the password is the merchant's number.
    pub fn p12_file(&self) -> PathBuf {
        self.files.path("apiclient_cert.p12")
    }

    /// A file of another client certificate: `expired_cert.pem`, `expired_key.pem`, or
    /// `{mch_id}_cert.pem` and `{mch_id}_key.pem` of any merchant.
    pub fn other_file(&self, name: &str) -> PathBuf {
        self.files.path(name)
    }

    /// The merchant's certificate of APIv3.
    pub fn v3_certificate_file(&self) -> PathBuf {
        self.files.path(files::V3_CERTIFICATE)
    }

    /// A certificate of the platform.
    pub fn platform_certificate_file(&self, key: SimulatedKey) -> PathBuf {
        self.files.path(&files::v3_platform(key))
    }

    fn v3_material(&self) -> Value {
        let platform = [SimulatedKey::Old, SimulatedKey::New].map(|key| self.platform_certificate_file(key));
        json!({
            "private_key_file": self.files.path(files::V3_KEY),
            "certificate_file": self.v3_certificate_file(),
            "serial": V3_MATERIAL.serial,
            "api_v3_key": V3_MATERIAL.api_v3_key,
            "public_key_id": V3_MATERIAL.public_key_id,
            "public_key_file": self.files.path(files::V3_PUBLIC_KEY),
            "platform_certificate_files": platform,
        })
    }

    /// The line that the binary prints when it is ready.
    pub fn ready_line(&self) -> Value {
        json!({
            "url": self.url(),
            "backup_url": self.backup_url(),
            "ca_file": self.ca_file(),
            "ini_file": self.files.path(files::INI),
            "control": self.control_url(),
            "cert_file": self.cert_file(),
            "key_file": self.key_file(),
            "p12_file": self.p12_file(),
            "expired_cert_file": self.other_file("expired_cert.pem"),
            "expired_key_file": self.other_file("expired_key.pem"),
            "v3": self.v3_material(),
        })
    }
}

fn address(scheme: &str, socket: SocketAddr) -> String {
    format!("{scheme}://{socket}")
}

fn seed_of(options: &Options) -> io::Result<u64> {
    if let Some(seed) = options.seed {
        return Ok(seed);
    }
    getrandom::u64().map_err(io::Error::other)
}

/// The port beside a given one; free ports stay free.
fn next(port: u16, by: u16) -> io::Result<u16> {
    if port == 0 {
        return Ok(0);
    }
    port.checked_add(by)
        .ok_or_else(|| io::Error::other("the port leaves no room for the backup and the control"))
}

/// Why a port cannot be had, and what to do.
fn taken(number: u16, why: &io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("cannot listen on port {number}: {why}; give others with --port"))
}

fn serve_side(hub: &Arc<SharedState>, side: GatewaySide, number: u16) -> io::Result<SocketAddr> {
    let port = Port::reserve(number).map_err(|e| taken(number, &e))?;
    let first = listener::open(&port)?;
    let address = first.local_addr()?;
    tokio::spawn(listener::serve(Arc::clone(hub), side, port, first));
    Ok(address)
}

fn serve_control(hub: &Arc<SharedState>, number: u16) -> io::Result<SocketAddr> {
    let port = std::net::TcpListener::bind(("127.0.0.1", number)).map_err(|e| taken(number, &e))?;
    port.set_nonblocking(true)?;
    let address = port.local_addr()?;
    let listener = TcpListener::from_std(port)?;
    tokio::spawn(control::serve(Arc::clone(hub), listener));
    Ok(address)
}
