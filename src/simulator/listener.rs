//! One of the two gateway listeners: takes connections, or refuses them while a fault says so.

use super::connection;
use super::fault::GatewaySide;
use super::hub::SharedState;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};

/// A port that stays ours even while nothing listens on it.
#[derive(Debug)]
pub struct Port {
    reserved: TcpSocket,
}

impl Port {
    /// Reserves a port on loopback; 0 takes a free one.
    pub fn reserve(number: u16) -> io::Result<Self> {
        let reserved = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, number)))?;
        Ok(Self { reserved })
    }

    /// The address.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.reserved.local_addr()
    }

    fn listen(&self) -> io::Result<TcpListener> {
        bound(self.address()?)?.listen(1_024)
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Serves one side until the runtime ends. The first listener is opened before this is spawned.
pub async fn serve(hub: Arc<SharedState>, side: GatewaySide, port: Port, first: TcpListener) {
    let mut generations = hub.generations();
    let mut listener = Some(first);
    loop {
        let generation = *generations.borrow_and_update();
        if hub.refuses(side) {
            listener = None;
        } else if listener.is_none() {
            listener = port.listen().ok();
        }
        hub.obeyed(side, generation);
        tokio::select! {
            biased;
            _ = generations.changed() => {}
            () = accept_all(&hub, side, listener.as_ref()) => {}
        }
    }
}

/// Opens the listener of a port for the first time.
pub fn open(port: &Port) -> io::Result<TcpListener> {
    port.listen()
}

async fn accept_all(hub: &Arc<SharedState>, side: GatewaySide, listener: Option<&TcpListener>) {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection::serve(Arc::clone(hub), side, stream));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
