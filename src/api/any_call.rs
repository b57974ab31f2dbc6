//! Any other v2 endpoint, by its path (decisions.md 2.10).

use crate::error::{Error, Repeat};
use crate::gateway::call::{Call, Echo, Terms};
use crate::model::numbers::BadArgument;
use crate::wire::fields::Fields;
use crate::wire::sign::{SignType, Verified};

/// One call of an endpoint that has no class of its own. It is sent once.
#[derive(Debug, Clone)]
pub struct AnyCall {
    /// The path.
    pub path: Path,
    /// The fields; common ones are added unless they stand here.
    pub fields: Fields,
    /// Common fields that must not be sent.
    pub omitted: Vec<String>,
    /// Does it need the client certificate?
    pub certificate: bool,
    /// Take an answer that carries no sign.
    pub allow_unsigned: bool,
}

/// A checked path: `^/[A-Za-z0-9_/-]+$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// Checks it.
    pub fn new(path: &str) -> Result<Self, BadArgument> {
        let is_path = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'-');
        if path.len() < 2 || path.len() > 256 || !path.starts_with('/') || !path.bytes().all(is_path) {
            return Err(BadArgument::new("path", "must be a path like /pay/orderquery"));
        }
        Ok(Self(path.to_owned()))
    }
}

/// Numbers that, once asked with, must come back unchanged if they come back at all.
const NUMBERS: [&str; 4] = ["out_trade_no", "transaction_id", "out_refund_no", "refund_id"];

impl Call for AnyCall {
    type Answer = Fields;

    fn terms(&self) -> Terms {
        let mut terms = Terms::new("", Repeat::Never);
        terms.path = self.path.0.clone().into();
        terms.certificate = self.certificate;
        terms.fixed = self.fields.text("sign_type").and_then(SignType::from_wire);
        terms
    }

    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn echoes(&self) -> Vec<Echo> {
        let asked = |name: &&'static str| self.fields.text(name).map(|text| (*name, text.to_owned()));
        NUMBERS
            .iter()
            .filter_map(asked)
            .map(|(name, asked)| Echo { field: name.into(), asked, required: false })
            .collect()
    }

    fn out_trade_no(&self) -> Option<&str> {
        self.fields.text("out_trade_no")
    }

    fn read(&self, answer: &Verified<Fields>) -> Result<Self::Answer, Error> {
        Ok(Fields::clone(answer))
    }

    fn omitted(&self) -> &[String] {
        &self.omitted
    }

    fn read_unsigned(&self, answer: &Fields) -> Option<Fields> {
        self.allow_unsigned.then(|| answer.clone())
    }
}
