//! The HTTP server of the control.

use super::super::hub::SharedState;
use super::routes::respond;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

const BODY_CAP: usize = 4 << 20;

/// The payer's phone, for whoever would rather click than call: a page whose buttons are calls of the control.
const PHONE: &str = include_str!("phone.html");

/// Serves the control until the runtime ends.
pub async fn serve(hub: Arc<SharedState>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                tokio::spawn(converse(Arc::clone(&hub), stream));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn converse(hub: Arc<SharedState>, stream: TcpStream) {
    let service = service_fn(move |request| answer(Arc::clone(&hub), request));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    hub: Arc<SharedState>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    if (parts.method.as_str(), parts.uri.path()) == ("GET", "/") {
        return Ok(reply(200, "text/html; charset=utf-8", PHONE.to_owned()));
    }
    let Ok(body) = Limited::new(body, BODY_CAP).collect().await else {
        return Ok(response(400, &json!({"error": "the body is too long or broken"})));
    };
    let body = body.to_bytes();
    Ok(match respond(&hub, parts.method.as_str(), parts.uri.path(), &body).await {
        Ok(value) => response(200, &value),
        Err(objection) => response(objection.status, &json!({"error": objection.sentence})),
    })
}

fn response(status: u16, value: &Value) -> Response<Full<Bytes>> {
    reply(status, "application/json", value.to_string() + "\n")
}

fn reply(status: u16, content_type: &str, body: String) -> Response<Full<Bytes>> {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST))
        .header("content-type", content_type)
        .body(Full::new(Bytes::from(body)))
        .unwrap_or_default()
}
