//! authcodetoopenid: who shows this code? (protocol.md C.10) MD5 only, and without a `sign_type` field.

use crate::error::{Error, Repeat};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::model::argument::BadArgument;
use crate::model::ours::Ours;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::sign::SignType;

/// Asks whose code it is. Afterwards only this merchant can charge the code until it refreshes.
#[derive(Debug, Clone)]
pub struct AuthCodeToOpenId {
    auth_code: String,
}

/// Who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// The payer under `appid`.
    pub openid: String,
    /// The payer under `sub_appid`.
    pub sub_openid: Option<String>,
}

impl AuthCodeToOpenId {
    /// Checks the code: digits.
    pub fn new(auth_code: &str) -> Result<Self, BadArgument> {
        super::micropay::auth_code(auth_code)?;
        Ok(Self { auth_code: auth_code.to_owned() })
    }
}

impl Endpoint for AuthCodeToOpenId {
    type Answer = Payer;

    fn spec(&self) -> EndpointSpec {
        let spec = EndpointSpec::new("/tools/authcodetoopenid", Repeat::SameNumbers);
        EndpointSpec { fixed: Some(SignType::Md5), names_sign_type: false, ..spec }
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.set("auth_code", &self.auth_code);
        fields
    }

    fn read(&self, answer: Ours<Fields>) -> Result<Payer, Error> {
        let openid =
            answer.text("openid").ok_or_else(|| Error::Malformed("field openid is missing".into()))?;
        Ok(Payer { openid: openid.to_owned(), sub_openid: answer.text("sub_openid").map(str::to_owned) })
    }
}
