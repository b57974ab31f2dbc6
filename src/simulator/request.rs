//! A request as it arrived, and the log of all of them.

use super::document::XmlDocument;
use super::fault::{FaultKind, GatewaySide};
use hyper::HeaderMap;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

const KEPT: usize = 20_000;

/// One HTTP request on one of the gateway's listeners.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where it arrived.
    pub side: GatewaySide,
    /// The number of its TCP connection.
    pub connection: u64,
    /// GET, POST ...
    pub verb: String,
    /// The path without a query.
    pub path: String,
    /// Path and query as they came.
    pub target: String,
    /// The head.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// The merchant named by the client certificate.
    pub certificate: Option<String>,
    /// The header `Wechatpay-Negative-Test`.
    pub negative_test: Option<String>,
}

impl Request {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What arrived, oldest first.
#[derive(Debug, Default)]
pub struct Log {
    entries: VecDeque<Value>,
    count: u64,
}

impl Log {
    /// Notes a request and what becomes of it.
    pub fn note(
        &mut self,
        request: &Request,
        fields: Option<XmlDocument>,
        fault: Option<FaultKind>,
        status: Option<u16>,
    ) {
        self.count += 1;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(json!({
            "n": self.count,
            "listener": request.side.name(),
            "connection": request.connection,
            "method": request.verb,
            "path": request.path,
            "target": request.target,
            "json": serde_json::from_slice::<Value>(&request.body).ok(),
            "fields": fields.map(|fields| shown(&fields)),
            "fault": fault.map(FaultKind::name),
            "status": status,
            "client_certificate": request.certificate.is_some(),
        }));
    }

    /// All entries as a JSON list.
    pub fn shown(&self) -> Value {
        self.entries.iter().cloned().collect()
    }
}

fn shown(fields: &XmlDocument) -> Map<String, Value> {
    fields.pairs().map(|(name, text)| (name.to_owned(), Value::from(text))).collect()
}
