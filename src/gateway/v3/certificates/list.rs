//! The question for the list of platform certificates (protocol-v3.md B.2): a query as any other. Its answer proves itself.

use crate::error::{Error, Repeat};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::v3::endpoint::{V3Endpoint, V3Request};
use crate::model::merchant::Merchant;
use crate::model::v3_keys::V3Credentials;
use crate::wire::key::Key;
use crate::wire::v3::answer::{AnswerError, SignedAnswer};
use crate::wire::v3::certificates::{self, CertificatesError};
use crate::wire::v3::json::JsonObject;
use crate::wire::v3::key_ring::KeyRing;
use crate::wire::v3::resource::ResourceError;
use crate::wire::v3::signature::HeaderError;
use crate::wire::verified::Verified;

/// The path.
pub const TARGET: &str = "/v3/certificates";

/// The question, with the keys of whom it is for.
#[derive(Clone, Copy)]
pub struct ListQuery<'k>(pub &'k V3Credentials);

/// A list that has proved to be WeChat Pay's.
pub struct CertificateList {
    /// Its certificates.
    pub ring: KeyRing,
    /// As it came, sealed with the APIv3 key.
    pub sealed: Vec<u8>,
}

impl Endpoint for ListQuery<'_> {
    type Answer = CertificateList;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new(TARGET, Repeat::Query)
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = CertificateList>> {
        Some(self)
    }
}

impl V3Endpoint for ListQuery<'_> {
    type Answer = CertificateList;

    fn request(&self, _merchant: &Merchant) -> Result<V3Request, Error> {
        Ok(V3Request::get(TARGET.to_owned()))
    }

    /// What opens with our key must have signed it. A refusal may be signed with what we do not have yet: no verdict,
    /// and none is needed.
    fn judge(&self, answer: &SignedAnswer<'_>, now: i64) -> Option<Result<CertificateList, AnswerError>> {
        let keys: Vec<&Key> =
            [Some(&self.0.key), self.0.previous_key.as_ref()].into_iter().flatten().collect();
        Some(match (answer.status, answer.unproven()) {
            (200, _) => certificates::read(answer.headers, answer.body, &keys, now)
                .map(|ring| CertificateList { ring, sealed: answer.body.to_vec() })
                .map_err(AnswerError::List),
            (404, AnswerError::Unsigned(said)) if said.code == "RESOURCE_NOT_EXISTS" => {
                Err(AnswerError::List(CertificatesError::NoneIssued))
            }
            (_, refused) => Err(refused),
        })
    }

    fn read(&self, _: &Verified<JsonObject>, _: &Merchant) -> Result<CertificateList, Error> {
        Err(Error::Malformed("it is no list of certificates".into()))
    }
}

impl From<CertificatesError> for Error {
    fn from(error: CertificatesError) -> Self {
        match error {
            CertificatesError::Signature(HeaderError::UnknownSerial(_)) => Self::Headers(HeaderError::Wrong),
            CertificatesError::Signature(error) => Self::Headers(error),
            CertificatesError::NoneIssued | CertificatesError::Sealed(ResourceError::NotOurs) => {
                Self::Configuration(error.to_string())
            }
            error => Self::Malformed(error.to_string()),
        }
    }
}
