//! What goes onto the wire: an orderly page, or raw steps that no orderly server would take.

/// An HTTP answer that the HTTP stack may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside Content-Length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Page {
    /// WeChat's own answers come as plain text.
    pub fn plain(body: impl Into<Vec<u8>>) -> Self {
        Self::of(200, "text/plain", body)
    }

    /// A page of the proxy.
    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::of(status, "text/html", body)
    }

    fn of(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", kind.to_owned())], body: body.into() }
    }

    /// The page a proxy shows for a status of its own.
    pub fn of_proxy(status: u16) -> Self {
        let title = match status {
            404 => "404 Not Found",
            429 => "429 Too Many Requests",
            500 => "500 Internal Server Error",
            502 => "502 Bad Gateway",
            503 => "503 Service Temporarily Unavailable",
            _ => "504 Gateway Time-out",
        };
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
             <center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Self::html(status, body)
    }
}

/// One raw step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawStep {
    /// Sends bytes at once.
    Send(Vec<u8>),
    /// Sends bytes one by one with a pause before each.
    Drip(Vec<u8>, u64),
    /// Waits milliseconds.
    Wait(u64),
    /// Leaves the connection open and reads until the peer closes it.
    Hold,
    /// Resets the connection instead of closing it.
    Reset,
}

/// The act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseAct {
    /// The HTTP stack answers, and the connection lives on.
    Page(Page),
    /// The steps are taken, then the connection is closed.
    Raw(Vec<RawStep>),
}

/// What the connection does with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponsePlan {
    /// Milliseconds of silence before it.
    pub delay_ms: u64,
    /// Then this.
    pub act: ResponseAct,
    /// The status that the peer may come to see.
    pub status: Option<u16>,
}

impl ResponsePlan {
    /// An orderly answer at once.
    pub fn page(page: Page) -> Self {
        Self { delay_ms: 0, status: Some(page.status), act: ResponseAct::Page(page) }
    }

    /// Raw steps at once.
    pub fn raw(status: Option<u16>, steps: Vec<RawStep>) -> Self {
        Self { delay_ms: 0, act: ResponseAct::Raw(steps), status }
    }
}
