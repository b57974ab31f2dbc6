//! A client of the gateway: sends calls, tries again where that is safe, reports every try.

use super::attempt::{Attempt, AttemptObserver, OnAttempt, outcome, report};
use super::endpoint::{Endpoint, EndpointSpec};
use super::exchange;
use super::refused::{self, page::shown};
use super::retry::{self, Health};
use super::transport::{Body, HttpMethod, HttpRequest, HttpResponse, Room, Transport};
use super::v3::certificates::list::{CertificateList, ListQuery};
use super::v3::certificates::{self, CertificateRoad, ListSource};
use super::v3::endpoint::{V3Endpoint, V3Request};
use super::v3::exchange as v3;
use crate::clock::Clock;
use crate::error::{Error, Fault, Phase, Repeat, TransportError};
use crate::model::argument::BadArgument;
use crate::model::merchant::{Credentials, Merchant};
use crate::model::sendable::one_meaning;
use crate::model::v3_keys::V3Credentials;
use crate::wire::hex::hex;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::xml;
use crate::wire::v3::signature::HeaderError;
use std::sync::Arc;

/// How one merchant's calls travel: who carries them, by which clock, to which addresses. Threads may share it.
#[derive(Clone)]
pub struct ApiClient {
    /// Whose calls.
    pub merchant: Arc<Merchant>,
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The first domain's health.
    pub health: Arc<Health>,
    /// The first domain.
    pub url: String,
    /// The other domain.
    pub backup_url: Option<String>,
    /// Milliseconds for name, connection and TLS together.
    pub connect_timeout_ms: u64,
    /// Milliseconds for a whole call.
    pub timeout_ms: u64,
    /// Makes a fresh `nonce_str`.
    pub nonce: fn() -> String,
}

/// What a call needs beside itself: the way to WeChat Pay, and who hears of each try. Calls are its methods.
#[derive(Clone)]
pub struct MerchantClient<'o> {
    /// The way.
    pub api: ApiClient,
    /// Who hears of each try, on the thread that calls.
    pub on_attempt: OnAttempt<'o>,
}

/// A call as all of its tries share it.
struct WrittenCall<'c, A> {
    spec: EndpointSpec,
    path: String,
    dialect: MerchantDialect<'c, A>,
}

/// What its merchant's dialect makes of it.
enum MerchantDialect<'c, A> {
    /// Signed, and the same in each try.
    V2 { sent: Fields, body: Vec<u8> },
    /// To be signed anew in each try.
    V3 { call: &'c dyn V3Endpoint<Answer = A>, keys: Arc<V3Credentials>, request: V3Request },
}

/// The place of one try among those of its call.
#[derive(Clone, Copy)]
struct PendingAttempt {
    tries: usize,
    left_ms: u64,
    first: bool,
}

impl ApiClient {
    /// The same with no more time for a call than this.
    #[must_use]
    pub fn within(&self, ms: u64) -> Self {
        Self { timeout_ms: self.timeout_ms.min(ms), ..self.clone() }
    }

    /// Is heard of.
    pub const fn observed_by(self, on_attempt: OnAttempt<'_>) -> MerchantClient<'_> {
        MerchantClient { api: self, on_attempt }
    }
}

impl MerchantClient<'_> {
    /// The same with no more time for a call than this.
    #[must_use]
    pub fn within(&self, ms: u64) -> Self {
        Self { api: self.api.within(ms), ..*self }
    }

    /// Makes a call and brings its answer, or the fault weighed for this call.
    pub fn ask<C: Endpoint>(&self, call: &C) -> Result<C::Answer, Fault> {
        let started = self.api.clock.now_ms();
        let request = self.prepare(call, started).map_err(|error| unsent(error, call))?;
        self.exchange(call, &request, started).map_err(|error| {
            let mut fault = Fault::new(error, call.spec().repeat, call.out_trade_no());
            call.advise(&mut fault);
            if let (Credentials::V3(_), Some(v3)) = (&self.api.merchant.credentials, call.v3()) {
                v3.advise(&mut fault);
            }
            fault
        })
    }

    /// All that comes before the call itself is sent; in APIv3 certificates may have to be downloaded first.
    fn prepare<'c, C: Endpoint>(
        &'c self,
        call: &'c C,
        started: u64,
    ) -> Result<WrittenCall<'c, C::Answer>, Error> {
        let request = self.write(call)?;
        if let MerchantDialect::V3 { keys, .. } = &request.dialect {
            certificates::ready(&self.road(keys, self.deadline(started)))?;
        }
        Ok(request)
    }

    /// Callbacks have run: questions may be asked all the same, but nothing that acts begins after the script's end.
    fn may_send(&self, repeat: Repeat) -> bool {
        repeat == Repeat::Query || self.on_attempt.is_none_or(AttemptObserver::may_send)
    }

    fn deadline(&self, started: u64) -> u64 {
        started.saturating_add(self.api.timeout_ms)
    }

    fn exchange<C: Endpoint>(
        &self,
        call: &C,
        request: &WrittenCall<'_, C::Answer>,
        started: u64,
    ) -> Result<C::Answer, Error> {
        let (api, deadline) = (&self.api, self.deadline(started));
        if !self.may_send(request.spec.repeat) {
            return Err(not_sent());
        }
        let backup_first = api.health.backup_first(started);
        for tries in 1.. {
            let left_ms = deadline.saturating_sub(api.clock.now_ms());
            let turn = PendingAttempt { tries, left_ms, first: (tries % 2 == 1) != backup_first };
            let result = self.attempt(call, request, turn);
            let left_ms = deadline.saturating_sub(api.clock.now_ms());
            let next = |error| api.pause(&request.spec, tries, error, left_ms);
            let Some(pause) = result.as_ref().err().and_then(next) else { return result };
            api.clock.sleep_ms(pause);
            if !self.may_send(request.spec.repeat) {
                return result;
            }
        }
        Err(Error::Malformed("no try was made".into()))
    }

    fn write<'c, C: Endpoint>(&'c self, call: &'c C) -> Result<WrittenCall<'c, C::Answer>, Error> {
        let spec = call.spec();
        let (path, dialect) = match &self.api.merchant.credentials {
            Credentials::V2(_) => (spec.path.to_string(), self.write_v2(call)?),
            Credentials::V3(keys) => {
                let call = call.v3().ok_or_else(|| not_in_v3(&spec.path))?;
                return self.write_v3(spec, call, keys.seen()?);
            }
        };
        Ok(WrittenCall { spec, path, dialect })
    }

    fn write_v3<'c, A>(
        &self,
        spec: EndpointSpec,
        call: &'c dyn V3Endpoint<Answer = A>,
        keys: Arc<V3Credentials>,
    ) -> Result<WrittenCall<'c, A>, Error> {
        keys.request_key(self.api.clock.unix_seconds())?;
        let request = named(call.request(&self.api.merchant)?, &keys)?;
        let path = request.path().to_owned();
        Ok(WrittenCall { spec, path, dialect: MerchantDialect::V3 { call, keys, request } })
    }

    fn write_v2<'c, C: Endpoint>(&self, call: &C) -> Result<MerchantDialect<'c, C::Answer>, Error> {
        let sent = exchange::build_request(&self.api.merchant, call, &(self.api.nonce)())?;
        // The calls have checked by their arguments' names; nothing leaves us past this point.
        one_meaning("request", &sent)?;
        let body = xml::encode(&sent).map_err(|e| BadArgument::new("request", e.to_string()))?;
        Ok(MerchantDialect::V2 { sent, body })
    }

    fn attempt<C: Endpoint>(
        &self,
        call: &C,
        request: &WrittenCall<'_, C::Answer>,
        turn: PendingAttempt,
    ) -> Result<C::Answer, Error> {
        let api = &self.api;
        let started = api.clock.now_ms();
        let (url, is_first) = api.choose(turn);
        let carried = api.carry(call, request, url, turn.left_ms);
        api.note_health(is_first, &carried);
        let (reused, status) = seen(&carried);
        let deadline = started.saturating_add(turn.left_ms);
        let read = |response: &HttpResponse| api.read(call, request, response, url);
        let result = carried.and_then(|response| {
            read(&response).or_else(|error| {
                self.find_key(request, error, deadline)?;
                read(&response)
            })
        });
        let attempt = Attempt {
            path: request.path.clone(),
            host: refused::host(url).to_owned(),
            number: u32::try_from(turn.tries).unwrap_or(u32::MAX),
            reused,
            ms: api.clock.now_ms().saturating_sub(started),
            status,
            outcome: result.as_ref().err().map_or("ok", outcome),
        };
        report(self.on_attempt, &attempt);
        result
    }

    /// Finds the key that an answer names in the list of certificates, loaded anew; else the fault stays, or it is why
    /// there is no list.
    fn find_key<A>(&self, request: &WrittenCall<'_, A>, error: Error, deadline_ms: u64) -> Result<(), Error> {
        let (MerchantDialect::V3 { keys, .. }, Error::Headers(HeaderError::UnknownSerial(serial))) =
            (&request.dialect, &error)
        else {
            return Err(error);
        };
        match certificates::missed(&self.road(keys, deadline_ms), serial) {
            Ok(true) => Ok(()),
            Ok(false) => Err(error),
            Err(why) => Err(certificates::unjudged(serial, &why)),
        }
    }

    /// Loads the platform's certificates, for a notice that names one which is not known: true if that is worth another
    /// look. A merchant with a public key has none.
    pub fn load_certificates(&self, serial: &str) -> Result<bool, Error> {
        let Credentials::V3(keys) = &self.api.merchant.credentials else { return Ok(false) };
        certificates::missed(&self.road(&keys.seen()?, self.deadline_ms()), serial)
    }

    /// The keys of an APIv3 merchant, once there are some that texts can be encrypted for.
    pub fn ready_keys(&self) -> Result<Arc<V3Credentials>, Error> {
        let Credentials::V3(keys) = &self.api.merchant.credentials else {
            return Err(BadArgument::new("merchant", "must be one of APIv3").into());
        };
        let keys = keys.seen()?;
        certificates::ready(&self.road(&keys, self.deadline_ms()))?;
        Ok(keys)
    }

    fn deadline_ms(&self) -> u64 {
        self.api.clock.now_ms().saturating_add(self.api.timeout_ms)
    }

    fn road<'c>(&'c self, keys: &'c Arc<V3Credentials>, deadline_ms: u64) -> CertificateRoad<'c> {
        let (source, clock) = (&self.api, &*self.api.clock);
        CertificateRoad { source, clock, deadline_ms, keys, on_attempt: self.on_attempt }
    }
}

/// The list travels as every question does.
impl ListSource for ApiClient {
    fn list(
        &self,
        keys: &Arc<V3Credentials>,
        within_ms: u64,
        on_attempt: OnAttempt<'_>,
    ) -> Result<CertificateList, Error> {
        let (call, client) = (ListQuery(keys), self.within(within_ms).observed_by(on_attempt));
        let request = client.write_v3(call.spec(), &call, keys.clone())?;
        client.exchange(&call, &request, self.clock.now_ms())
    }
}

impl ApiClient {
    /// How long to wait before the next try after this fault, if there is to be one.
    fn pause(&self, spec: &EndpointSpec, tries: usize, error: &Error, left_ms: u64) -> Option<u64> {
        match error {
            Error::Transport(fault) => {
                retry::pause(spec.repeat, tries, fault, left_ms).filter(|_| self.may_switch(spec))
            }
            Error::Headers(fault) => retry::after_a_probe(spec.repeat, tries, fault),
            Error::Service { more: Some(said), .. } => {
                retry::after_a_refusal(spec.repeat, tries, said, left_ms)
            }
            _ => None,
        }
    }

    /// A call that acts is repeated at another domain only, so without one it is not.
    fn may_switch(&self, spec: &EndpointSpec) -> bool {
        spec.repeat == Repeat::Query || self.backup_url.is_some()
    }

    /// One try: of v2 only 200 is an answer, APIv3 answers with many.
    fn carry<C: Endpoint>(
        &self,
        call: &C,
        request: &WrittenCall<'_, C::Answer>,
        url: &str,
        left_ms: u64,
    ) -> Result<HttpResponse, Error> {
        let whole = HttpRequest {
            url,
            method: HttpMethod::Post,
            target: &request.path,
            headers: &[("content-type", "text/xml; charset=utf-8")],
            body: &[],
            connect_timeout_ms: self.connect_timeout_ms.min(left_ms),
            timeout_ms: left_ms,
            may_resend: request.spec.repeat == Repeat::Query,
            room: call.inbox().map_or(Room::Memory(request.spec.most_bytes), Room::Inbox),
        };
        match &request.dialect {
            MerchantDialect::V2 { body, .. } => {
                let response = self.transport.send(&HttpRequest { body, ..whole })?;
                Ok(refused::only_ok(response, url)?)
            }
            MerchantDialect::V3 { keys, request, .. } => {
                let fresh = (self.clock.unix_seconds(), &*(self.nonce)());
                let authorization = v3::authorization(&self.merchant, keys, request, fresh)?;
                let headers = v3::head(&authorization, keys, request);
                let (method, target, body) = (request.method, &*request.target, &*request.body);
                let signed = HttpRequest { method, target, body, headers: &headers, ..whole };
                Ok(self.transport.send(&signed)?)
            }
        }
    }

    fn read<C: Endpoint>(
        &self,
        call: &C,
        request: &WrittenCall<'_, C::Answer>,
        response: &HttpResponse,
        url: &str,
    ) -> Result<C::Answer, Error> {
        let answer = match (&request.dialect, &response.body) {
            (_, Body::Unkept(why)) => Err(Error::Configuration(why.clone())),
            (MerchantDialect::V3 { keys, .. }, Body::File(received)) => {
                v3::file(response, call.inbox(), &keys.ring, self.clock.unix_seconds())
                    .and_then(|()| call.read_file(received))
            }
            (MerchantDialect::V3 { call, keys, .. }, _) => {
                let heard = (url, self.clock.unix_seconds());
                v3::read_answer(*call, &self.merchant, keys, response, heard)
            }
            (MerchantDialect::V2 { sent, .. }, Body::Message(body) | Body::Cut(body)) => {
                exchange::read_answer(&self.merchant, call, sent, body)
            }
            (_, Body::File(received)) => call.read_file(received),
        };
        answer.map_err(|error| unpacked(error, response.encoding().as_deref()))
    }

    /// The domains take turns, the healthier one first.
    fn choose(&self, turn: PendingAttempt) -> (&str, bool) {
        match &self.backup_url {
            Some(backup) if !turn.first => (backup, false),
            _ => (&self.url, true),
        }
    }

    fn note_health(&self, is_first: bool, carried: &Result<HttpResponse, Error>) {
        match carried {
            Ok(_) if is_first => self.health.answered(),
            Err(Error::Transport(fault)) if is_first => self.health.failed(fault, self.clock.now_ms()),
            _ => {}
        }
    }
}

/// The request, with the name of the key that texts of it were encrypted for.
fn named(request: V3Request, keys: &V3Credentials) -> Result<V3Request, Error> {
    let own = keys.ring.encrypted().key_of(&request.body);
    let own = own.map_err(|why| BadArgument::new("request", why.to_string()))?;
    Ok(V3Request { serial: request.serial.clone().or(own), ..request })
}

/// What cannot be read because somebody in between has packed it.
fn unpacked(error: Error, encoding: Option<&str>) -> Error {
    match (error, encoding) {
        (Error::Malformed(_), Some(encoding)) => Error::Malformed(format!(
            "it came with Content-Encoding: {}, which nobody asked for; does a proxy in between compress?",
            shown(encoding, 32)
        )),
        (error, _) => error,
    }
}

fn not_sent() -> Error {
    let message = "the script has ended, or this process is a forked copy: nothing was sent".to_owned();
    let (phase, retry_after_ms) = (Phase::Connect, None);
    Error::Transport(TransportError { phase, message, sent: false, retry_after_ms, reused: None })
}

/// A fault from before the call was sent: nothing was processed, whatever the call does.
fn unsent<C: Endpoint>(error: Error, call: &C) -> Fault {
    Fault::new(error, Repeat::Query, call.out_trade_no())
}

fn seen(carried: &Result<HttpResponse, Error>) -> (Option<bool>, Option<u16>) {
    match carried {
        Ok(response) => (Some(response.reused), Some(response.status)),
        Err(Error::Transport(TransportError { phase: Phase::Status(status), reused, .. })) => {
            (*reused, Some(*status))
        }
        Err(Error::Transport(TransportError { reused, .. })) => (*reused, None),
        Err(_) => (None, None),
    }
}

fn not_in_v3(path: &str) -> Error {
    Error::Configuration(format!("{path} does not exist in APIv3: give a merchant of v2"))
}

/// 32 random hex characters; asks the system each time, so a forked child never repeats its parent.
pub fn random_nonce() -> String {
    let mut bytes = [0_u8; 16];
    // The system's generator does not fail after boot; a repeated nonce would still be a valid request.
    let _ = getrandom::fill(&mut bytes);
    hex(&bytes)
}

#[cfg(test)]
mod tests;
