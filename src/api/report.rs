//! report: tells WeChat how a call went (protocol.md C.11). The answer carries no sign; nothing is decided by it.

use super::form;
use crate::error::{Error, Repeat};
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::model::argument::BadArgument;
use crate::model::ours::Ours;
use crate::model::sendable::sendable;
use crate::wire::v2::fields::Fields;

/// How one call went.
#[derive(Debug, Clone)]
pub struct Report {
    fields: Fields,
}

/// What a report needs.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// The call's whole URL.
    pub interface_url: &'a str,
    /// How long it took, in milliseconds.
    pub execute_time_ms: i64,
    /// Its `return_code`.
    pub return_code: &'a str,
    /// Its `result_code`.
    pub result_code: &'a str,
    /// The caller's address.
    pub user_ip: &'a str,
}

/// Optional fields of a report.
pub const OPTIONAL: [&str; 6] =
    ["return_msg", "err_code", "err_code_des", "out_trade_no", "time", "device_info"];

impl Report {
    /// Checks the arguments by name.
    pub fn new(measured: &Measured<'_>, options: &[(String, String)]) -> Result<Self, BadArgument> {
        form::argument("interface_url", measured.interface_url)?;
        let user_ip = form::argument("user_ip", measured.user_ip)?;
        form::argument("return_code", measured.return_code)?;
        form::argument("result_code", measured.result_code)?;
        if measured.execute_time_ms < 0 {
            return Err(BadArgument::new("execute_time_ms", "must be at least 0"));
        }
        let mut fields = Fields::new();
        for (name, value) in options {
            if !OPTIONAL.contains(&name.as_str()) {
                return Err(BadArgument::new(
                    "options",
                    format!("must have only {} as keys", OPTIONAL.join(", ")),
                ));
            }
            fields.set(name, form::entry("options", name, value)?);
        }
        fields.set("interface_url", measured.interface_url);
        // The wire has the underscore at the end.
        fields.set("execute_time_", measured.execute_time_ms.to_string());
        fields.set("return_code", measured.return_code);
        fields.set("result_code", measured.result_code);
        fields.set("user_ip", user_ip);
        sendable("options", &fields)?;
        Ok(Self { fields })
    }
}

impl Endpoint for Report {
    type Answer = ();

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new("/payitil/report", Repeat::SameNumbers)
    }

    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn out_trade_no(&self) -> Option<&str> {
        self.fields.text("out_trade_no")
    }

    fn read(&self, _: Ours<Fields>) -> Result<(), Error> {
        Ok(())
    }

    fn read_unsigned(&self, _: &Fields) -> Option<()> {
        Some(())
    }
}
