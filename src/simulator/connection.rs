//! One TCP connection: the door, TLS, then requests until either side has enough.

use super::fault::{FaultKind, GatewaySide};
use super::gateway;
use super::hub::SharedState;
use super::request::Request;
use super::script::{Page, RawStep, ResponseAct, ResponsePlan};
use super::tls;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::{HeaderMap, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::server::TlsStream;

const HANDSHAKE: Duration = Duration::from_secs(20);
const HOLD: Duration = Duration::from_secs(120);
const BODY_CAP: usize = 4 << 20;
/// An alert record of TLS: warning, close_notify.
const CLOSE_NOTIFY: &[u8] = &[0x15, 0x03, 0x03, 0x00, 0x02, 0x01, 0x00];

type Stream = TlsStream<TcpStream>;
type ConnectionReply = Response<Full<Bytes>>;

/// Serves a connection to its end.
pub async fn serve(hub: Arc<SharedState>, side: GatewaySide, stream: TcpStream) {
    let mut generations = hub.generations();
    let generation = *generations.borrow();
    let number = hub.opened(generation);
    tokio::select! {
        biased;
        _ = generations.changed() => {}
        () = through_the_door(&hub, side, number, stream) => {}
    }
    hub.closed(number);
}

async fn through_the_door(hub: &Arc<SharedState>, side: GatewaySide, number: u64, mut stream: TcpStream) {
    let fault = hub.at_the_door(side).map(|rule| rule.fault);
    match fault {
        Some(FaultKind::Refuse) => {
            let _ = stream.set_zero_linger();
        }
        Some(FaultKind::StallHandshake) => drain(&mut stream).await,
        Some(FaultKind::CloseNotifyInHandshake) => {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(CLOSE_NOTIFY).await;
            let _ = stream.shutdown().await;
        }
        fault => {
            let handshake = hub.faces.under(fault).accept(stream);
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, handshake).await {
                converse(hub, side, number, stream).await;
            }
        }
    }
}

/// Whether a request is being answered, or since when none is.
#[derive(Debug, Clone, Copy)]
enum ConnectionPhase {
    Idle(Instant),
    Busy,
}

struct Desk {
    hub: Arc<SharedState>,
    side: GatewaySide,
    number: u64,
    certificate: Option<String>,
    phase: watch::Sender<ConnectionPhase>,
    hijack: mpsc::UnboundedSender<Vec<RawStep>>,
}

async fn converse(hub: &Arc<SharedState>, side: GatewaySide, number: u64, stream: Stream) {
    let (phase, idle) = watch::channel(ConnectionPhase::Idle(Instant::now()));
    let (hijack, mut hijacked) = mpsc::unbounded_channel();
    let chain = stream.get_ref().1.peer_certificates();
    let first = chain.and_then(|chain| chain.first());
    let desk = Arc::new(Desk {
        hub: Arc::clone(hub),
        side,
        number,
        certificate: first.and_then(|der| tls::merchant_of(der)),
        phase,
        hijack,
    });
    let service = hyper::service::service_fn(move |request| answer(Arc::clone(&desk), request));
    let mut http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let steps = tokio::select! {
        biased;
        steps = hijacked.recv() => steps,
        _ = poll_fn(|cx| http.poll_without_shutdown(cx)) => None,
        () = idle_end(idle, hub.idle) => None,
    };
    let stream = http.into_parts().io.into_inner();
    perform(stream, steps.unwrap_or_default()).await;
}

async fn idle_end(mut phase: watch::Receiver<ConnectionPhase>, longest: Duration) {
    loop {
        let now = *phase.borrow_and_update();
        let end = async {
            match now {
                ConnectionPhase::Idle(since) => sleep_until(since + longest).await,
                ConnectionPhase::Busy => pending().await,
            }
        };
        tokio::select! {
            () = end => return,
            changed = phase.changed() => if changed.is_err() { return },
        }
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<ConnectionReply, Infallible>> + Send>>;

fn answer(desk: Arc<Desk>, request: hyper::Request<Incoming>) -> Answering {
    Box::pin(async move {
        desk.phase.send_replace(ConnectionPhase::Busy);
        let play = desk.play(request).await;
        if play.delay_ms > 0 {
            sleep(Duration::from_millis(play.delay_ms)).await;
        }
        match play.act {
            ResponseAct::Page(page) => {
                desk.phase.send_replace(ConnectionPhase::Idle(Instant::now()));
                Ok(response(page))
            }
            ResponseAct::Raw(steps) => {
                let _ = desk.hijack.send(steps);
                pending().await
            }
        }
    })
}

impl Desk {
    async fn play(&self, request: hyper::Request<Incoming>) -> ResponsePlan {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, BODY_CAP).collect().await;
        let Ok(body) = body else {
            return ResponsePlan::page(Page::html(413, "<html>413</html>"));
        };
        let request = Request {
            side: self.side,
            connection: self.number,
            verb: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            target: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            body: body.to_bytes().to_vec(),
            certificate: self.certificate.clone(),
            negative_test: header(&parts.headers, "wechatpay-negative-test"),
            headers: parts.headers,
        };
        gateway::serve(&mut self.hub.world(), &request)
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

fn response(page: Page) -> ConnectionReply {
    let mut response = Response::builder()
        .status(StatusCode::from_u16(page.status).unwrap_or(StatusCode::OK))
        .header("server", "nginx");
    for (name, value) in page.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(page.body))).unwrap_or_default()
}

/// Takes the raw steps, then closes the connection.
async fn perform(mut stream: Stream, steps: Vec<RawStep>) {
    for step in steps {
        let done = match step {
            RawStep::Send(bytes) => send(&mut stream, &bytes).await,
            RawStep::Drip(bytes, pause) => drip(&mut stream, &bytes, pause).await,
            RawStep::Wait(ms) => {
                sleep(Duration::from_millis(ms)).await;
                Ok(())
            }
            RawStep::Hold => {
                drain(&mut stream).await;
                Ok(())
            }
            RawStep::Reset => {
                let _ = stream.get_ref().0.set_zero_linger();
                return;
            }
        };
        if done.is_err() {
            return;
        }
    }
    let _ = timeout(Duration::from_secs(1), stream.shutdown()).await;
}

async fn send(stream: &mut Stream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn drip(stream: &mut Stream, bytes: &[u8], pause_ms: u64) -> std::io::Result<()> {
    for byte in bytes {
        sleep(Duration::from_millis(pause_ms)).await;
        send(stream, &[*byte]).await?;
    }
    Ok(())
}

/// Reads and forgets until the peer has closed.
async fn drain(stream: &mut (impl AsyncReadExt + Unpin)) {
    let mut buffer = [0; 4_096];
    let reading = async { while matches!(stream.read(&mut buffer).await, Ok(n) if n > 0) {} };
    let _ = timeout(HOLD, reading).await;
}
