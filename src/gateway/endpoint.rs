//! What every call of WeChat Pay declares about itself.

use super::transport::{Inbox, Received};
use super::v3::endpoint::V3Endpoint;
use crate::error::{Error, Fault, Repeat};
use crate::model::ours::{Echo, Ours};
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::SignType;
use crate::wire::v2::xml;
use std::borrow::Cow;

/// The terms on which a call is made.
#[derive(Debug, Clone)]
pub struct EndpointSpec {
    /// The path, from the slash on.
    pub path: Cow<'static, str>,
    /// May it be sent again?
    pub repeat: Repeat,
    /// Does it need the client certificate?
    pub certificate: bool,
    /// The endpoint's own algorithm, where the merchant's does not count (protocol.md A.5).
    pub fixed: Option<SignType>,
    /// Does the request carry `sign_type`? (authcodetoopenid has no such field.)
    pub names_sign_type: bool,
    /// The most bytes that its message may have.
    pub most_bytes: u64,
}

impl EndpointSpec {
    /// A call without certificate that signs as the merchant does.
    pub const fn new(path: &'static str, repeat: Repeat) -> Self {
        Self {
            path: Cow::Borrowed(path),
            repeat,
            certificate: false,
            fixed: None,
            names_sign_type: true,
            most_bytes: xml::MAX_BYTES as u64,
        }
    }
}

/// One call of WeChat Pay: its terms, what it sends and how its answer reads. Of v2 a call that only APIv3 has says its
/// terms alone.
pub trait Endpoint {
    /// What a SUCCESS answer becomes.
    type Answer;

    /// The terms.
    fn spec(&self) -> EndpointSpec;

    /// Its own fields; ids, nonce and sign are added on the way.
    fn fields(&self) -> Fields {
        Fields::new()
    }

    /// Names that are not sent although every request has them.
    fn omitted(&self) -> &[String] {
        &[]
    }

    /// What this call knows better about a fault than the common tables do.
    fn advise(&self, _fault: &mut Fault) {}

    /// The numbers that the answer must repeat.
    fn echoes(&self) -> Vec<Echo> {
        Vec::new()
    }

    /// The same call in APIv3, if it exists there.
    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = Self::Answer>> {
        None
    }

    /// The order it is about, for whoever reads the fault.
    fn out_trade_no(&self) -> Option<&str> {
        None
    }

    /// Reads an answer with `result_code` SUCCESS.
    fn read(&self, _answer: Ours<Fields>) -> Result<Self::Answer, Error> {
        Err(Error::Malformed("a message of v2 came".into()))
    }

    /// Takes an answer that carries no sign, where the endpoint never signs (protocol.md A.6) and the caller
    /// has agreed to believe it; `None` insists on a sign.
    fn read_unsigned(&self, _answer: &Fields) -> Option<Self::Answer> {
        None
    }

    /// Reads an answer that has elements inside its fields, where a call may get one: the fields that are texts, which
    /// are judged first, and the answer.
    fn read_nested(&self, _body: &[u8]) -> Option<(Fields, Result<Self::Answer, Error>)> {
        None
    }

    /// Where the answer goes, if it is a file: then nothing of it is looked at on the way.
    fn inbox(&self) -> Option<&Inbox> {
        None
    }

    /// Reads an answer that is a file, from the inbox.
    fn read_file(&self, _received: &Received) -> Result<Self::Answer, Error> {
        Err(Error::Malformed("a file came instead of a message".into()))
    }

    /// Reads an answer with `result_code` FAIL; most calls have nothing to add.
    fn refused(&self, _answer: &Ours<Fields>, refusal: Error) -> Result<Self::Answer, Error> {
        Err(refusal)
    }
}
