//! Any other v2 endpoint, by its path (decisions.md 2.10).

use crate::error::{Advice, Error, Fault, Repeat};
use crate::gateway::call::{Call, Echo, Terms};
use crate::model::numbers::BadArgument;
use crate::wire::fields::Fields;
use crate::wire::sign::{SignType, SignatureError, Verified};

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

/// Endpoints whose answers carry no sign (protocol.md A.6): whole paths, and the beginnings of others.
const NEVER_SIGNED: [&str; 6] = [
    "/payitil/report",
    "/risk/getpublickey",
    "/secapi/mch/submchmanage",
    "/sandboxnew/pay/getsignkey",
    "/xdc/apiv2getsignkey/sign/getsignkey",
    "/papay/entrustweb",
];
const NEVER_SIGNED_BELOW: [&str; 2] = ["/mmpaymkttransfers/", "/mchrisk/"];

impl Path {
    fn is_never_signed(&self) -> bool {
        NEVER_SIGNED.contains(&self.0.as_str())
            || NEVER_SIGNED_BELOW.iter().any(|start| self.0.starts_with(start))
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

    fn read(&self, answer: Verified<Fields>) -> Result<Self::Answer, Error> {
        Ok(Fields::clone(&answer))
    }

    /// Says so where no answer is ever signed; and what nobody has signed proves nothing.
    fn advise(&self, fault: &mut Fault) {
        match &fault.error {
            Error::Signature(SignatureError::Missing) if self.path.is_never_signed() => {
                fault.error = SignatureError::NeverSigned.into();
                fault.advice = Advice::FixCall;
            }
            Error::Service { .. } if self.allow_unsigned && self.path.is_never_signed() => {
                fault.maybe_processed = true;
            }
            _ => {}
        }
    }

    fn omitted(&self) -> &[String] {
        &self.omitted
    }

    fn read_unsigned(&self, answer: &Fields) -> Option<Fields> {
        self.allow_unsigned.then(|| answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(pairs: &[(&str, &str)], allow_unsigned: bool) -> AnyCall {
        let mut fields = Fields::new();
        for (name, text) in pairs {
            fields.set(name, *text);
        }
        let path = Path::new("/pay/orderquery").unwrap();
        AnyCall { path, fields, omitted: Vec::new(), certificate: true, allow_unsigned }
    }

    #[test]
    fn a_path_is_a_path_and_nothing_else() {
        for fine in ["/pay/orderquery", "/a", "/a_b-C/9/", "//"] {
            assert!(Path::new(fine).is_ok(), "{fine}");
        }
        let long = format!("/{}", "a".repeat(256));
        for wrong in [
            "",
            "/",
            "pay",
            "/a?b",
            "/a#b",
            "/a b",
            "/a.b",
            "/%2e",
            "/\n",
            "/a\r\nHost: x",
            "@/",
            "/中",
            &long,
        ] {
            let error = Path::new(wrong).unwrap_err();
            assert_eq!(error.name, "path", "{wrong:?}");
        }
    }

    #[test]
    fn it_is_sent_once_and_as_given() {
        let call = call(&[("long_url", "weixin://x")], false);
        let terms = call.terms();
        assert_eq!((&*terms.path, terms.repeat), ("/pay/orderquery", Repeat::Never));
        assert!(terms.certificate && terms.fixed.is_none());
        assert_eq!(call.fields().iter().collect::<Vec<_>>(), [("long_url", "weixin://x")]);
    }

    #[test]
    fn p6_numbers_it_asks_with_must_not_come_back_changed() {
        let call = call(&[("out_refund_no", "R1"), ("out_trade_no", "T1"), ("refund_id", "")], false);
        let echoes: Vec<_> = call.echoes().into_iter().map(|e| (e.field, e.asked, e.required)).collect();
        assert_eq!(
            echoes,
            [("out_trade_no".into(), "T1".into(), false), ("out_refund_no".into(), "R1".into(), false)]
        );
        assert_eq!(call.out_trade_no(), Some("T1"));
    }

    #[test]
    fn an_endpoint_that_never_signs_is_known_and_its_refusal_proves_nothing() {
        let advised = |path: &str, error: Error| {
            let call = AnyCall { path: Path::new(path).unwrap(), ..call(&[], true) };
            let mut fault = Fault::new(error, Repeat::Never, None);
            call.advise(&mut fault);
            fault
        };
        let fault = advised("/mmpaymkttransfers/sendredpack", SignatureError::Missing.into());
        assert!(fault.error.to_string().contains("allowUnsigned: true") && fault.advice == Advice::FixCall);
        let fault = advised("/pay/orderquery", SignatureError::Missing.into());
        assert!(!fault.error.to_string().contains("allowUnsigned"));
        let refusal = || Error::Service { err_code: "PARAM_ERROR".into(), err_code_des: None };
        assert!(advised("/mmpaymkttransfers/sendredpack", refusal()).maybe_processed);
        assert!(!advised("/pay/orderquery", refusal()).maybe_processed);
    }

    #[test]
    fn an_unsigned_answer_is_taken_only_if_the_caller_agreed() {
        assert!(call(&[], false).read_unsigned(&Fields::new()).is_none());
        assert!(call(&[], true).read_unsigned(&Fields::new()).is_some());
    }
}
