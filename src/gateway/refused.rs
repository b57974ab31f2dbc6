//! What a status says that is no answer to the call: the gateway's server, or one in front of it, has refused it.

use super::transport::HttpResponse;
use crate::error::{Phase, TransportError};

pub mod page;

/// nginx's own codes, which some servers show.
const SSL_CERTIFICATE_ERROR: u16 = 495;
const SSL_CERTIFICATE_REQUIRED: u16 = 496;

/// What a status other than 200 means.
fn meaning(status: u16) -> &'static str {
    match status {
        202 => "it was accepted and is not done yet",
        200..=299 => "WeChat Pay answers with 200 only, so this came from somebody in between",
        300..=399 => "a redirect, which is never followed",
        429 => "too many requests",
        400..=499 => "the request was refused by the gateway's server, or by one in front of it",
        500..=599 => "the gateway is in trouble",
        _ => "a status that HTTP does not have",
    }
}

/// A call that is answered with 200 only.
pub fn only_ok(response: HttpResponse, url: &str) -> Result<HttpResponse, TransportError> {
    if response.status == 200 { Ok(response) } else { Err(fault(&response, url)) }
}

/// The fault that a status is.
pub fn fault(response: &HttpResponse, url: &str) -> TransportError {
    let status = response.status;
    let is_page = (400..=499).contains(&status);
    let said = if is_page { page::said(response.message()) } else { None };
    let is_certificate = matches!(status, SSL_CERTIFICATE_ERROR | SSL_CERTIFICATE_REQUIRED)
        || said.as_deref().is_some_and(page::is_about_a_certificate);
    let phase = if is_certificate { Phase::Certificate } else { Phase::Status(status) };
    let what = if is_certificate {
        let none_shown = none_shown(response.has_certificate);
        format!("the client certificate was refused{none_shown}, and the call was not looked at")
    } else {
        meaning(status).to_owned()
    };
    let said = said.map(|said| format!(" (the page says: {said})")).unwrap_or_default();
    let message = format!("{} answered HTTP {status}: {what}{said}", host(url));
    let retry_after_ms = retry_after(response);
    TransportError { phase, message, sent: true, retry_after_ms, reused: Some(response.reused) }
}

/// When the gateway wants to be asked again, in milliseconds.
pub fn retry_after(response: &HttpResponse) -> Option<u64> {
    let seconds: u64 = response.header("retry-after")?.parse().ok()?;
    seconds.checked_mul(1000)
}

/// Who refuses our certificate may miss one.
pub fn none_shown(has_certificate: bool) -> &'static str {
    if has_certificate { "" } else { " (this call shows none: does it need one?)" }
}

/// Host and port of an address.
pub fn host(url: &str) -> &str {
    url.trim_start_matches("https://")
}
