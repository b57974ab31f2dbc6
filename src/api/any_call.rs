//! Any other v2 endpoint, by its path (decisions.md 2.10).

use crate::error::{Advice, Error, Fault, Repeat};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::model::argument::BadArgument;
use crate::model::ours::{Echo, Ours};
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::{SignType, SignatureError};
use crate::wire::v2::xml::{self, Node};

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

/// All fields of an answer. Only an unsigned one may have elements below them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elements(pub Vec<(String, Node)>);

impl Elements {
    fn flat(answer: &Fields) -> Self {
        Self(answer.iter().map(|(name, text)| (name.to_owned(), Node::Text(text.to_owned()))).collect())
    }

    /// The text under this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.texts().find_map(|(found, text)| (found == name).then_some(text))
    }

    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, node)| match node {
            Node::Text(text) => Some((name.as_str(), text.as_str())),
            Node::Elements(_) => None,
        })
    }

    fn is_flat(&self) -> bool {
        self.texts().count() == self.0.len()
    }
}

/// Numbers that, once asked with, must come back unchanged if they come back at all.
const NUMBERS: [&str; 4] = ["out_trade_no", "transaction_id", "out_refund_no", "refund_id"];

impl Endpoint for AnyCall {
    type Answer = Elements;

    fn spec(&self) -> EndpointSpec {
        let mut spec = EndpointSpec::new("", Repeat::Never);
        spec.path = self.path.0.clone().into();
        spec.certificate = self.certificate;
        spec.fixed = self.fields.text("sign_type").and_then(SignType::from_wire);
        spec
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

    fn read(&self, answer: Ours<Fields>) -> Result<Self::Answer, Error> {
        Ok(Elements::flat(&answer))
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

    fn read_unsigned(&self, answer: &Fields) -> Option<Elements> {
        self.allow_unsigned.then(|| Elements::flat(answer))
    }

    /// Lists come unsigned only: no rule says how elements inside a field would take part in a sign.
    fn read_nested(&self, body: &[u8]) -> Option<(Fields, Result<Elements, Error>)> {
        let elements = xml::decode_nested(body).map(Elements).ok().filter(|elements| !elements.is_flat())?;
        let mut fields = Fields::new();
        elements.texts().for_each(|(name, text)| fields.set(name, text));
        let signed = "it is signed and has elements inside a field, which no rule of signing covers";
        let answer = match fields.text("sign") {
            Some(_) => Err(Error::Malformed(signed.into())),
            None if self.allow_unsigned => Ok(elements),
            None => Err(SignatureError::Missing.into()),
        };
        Some((fields, answer))
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
        let spec = call.spec();
        assert_eq!((&*spec.path, spec.repeat), ("/pay/orderquery", Repeat::Never));
        assert!(spec.certificate && spec.fixed.is_none());
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
        let refusal = || Error::service("PARAM_ERROR", None);
        assert!(advised("/mmpaymkttransfers/sendredpack", refusal()).maybe_processed);
        assert!(!advised("/pay/orderquery", refusal()).maybe_processed);
    }

    #[test]
    fn r62_lists_are_taken_unsigned_and_only_if_the_caller_agreed() {
        let list = "<return_code>SUCCESS</return_code><hblist><hbinfo><amount>1</amount></hbinfo></hblist>";
        let read =
            |inside: &str, agreed| call(&[], agreed).read_nested(format!("<xml>{inside}</xml>").as_bytes());
        let (fields, answer) = read(list, true).unwrap();
        assert_eq!(fields.text("return_code"), Some("SUCCESS"));
        assert!(!answer.unwrap().is_flat());
        assert!(matches!(read(list, false).unwrap().1, Err(Error::Signature(SignatureError::Missing))));
        let signed = format!("{list}<sign>{}</sign>", "0".repeat(32));
        assert!(matches!(read(&signed, true).unwrap().1, Err(Error::Malformed(_))));
        assert!(read("<a>1</a>", true).is_none() && read("<a><b></a>", true).is_none());
    }

    #[test]
    fn an_unsigned_answer_is_taken_only_if_the_caller_agreed() {
        assert!(call(&[], false).read_unsigned(&Fields::new()).is_none());
        assert!(call(&[], true).read_unsigned(&Fields::new()).is_some());
    }
}
