//! shorturl: a link of Native mode 1 made short enough for a small QR code (protocol.md C.12).

use super::form;
use crate::error::{Error, Repeat};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::model::argument::BadArgument;
use crate::model::ours::Ours;
use crate::wire::v2::fields::Fields;

/// Shortens one link; the link is signed raw.
#[derive(Debug, Clone)]
pub struct ShortUrl {
    long_url: String,
}

impl ShortUrl {
    /// Checks the link: at most 512 bytes.
    pub fn new(long_url: &str) -> Result<Self, BadArgument> {
        form::argument("long_url", long_url)?;
        Ok(Self { long_url: long_url.to_owned() })
    }
}

impl Endpoint for ShortUrl {
    type Answer = String;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new("/tools/shorturl", Repeat::SameNumbers)
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.set("long_url", &self.long_url);
        fields
    }

    fn read(&self, answer: Ours<Fields>) -> Result<String, Error> {
        let short = answer.text("short_url").map(str::to_owned);
        short.ok_or_else(|| Error::Malformed("field short_url is missing".into()))
    }
}
