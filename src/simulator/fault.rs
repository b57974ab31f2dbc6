//! The faults that can be injected, by name, and the plan of those that wait for a request.

use serde::Deserialize;
use serde_json::{Value, json};

/// Which of the two gateway listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first listener.
    Api,
    /// The backup.
    Api2,
}

impl Side {
    /// The name in the control's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Api2 => "api2",
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing listens; with `times` so many connections are reset at once.
    Refuse,
    /// TCP is taken, TLS never begins.
    StallHandshake,
    /// A certificate for another host.
    WrongHostCert,
    /// A certificate that ended yesterday.
    ExpiredCert,
    /// A certificate of an authority nobody trusts.
    UnknownCa,
    /// A close_notify alert in the middle of the handshake.
    CloseNotifyInHandshake,
    /// RST after half of the body.
    ResetMidBody,
    /// The request is read, then the connection is closed.
    CloseAfterRequest,
    /// The request is read, and nothing ever comes back.
    NoAnswer,
    /// The answer drips from its first byte on.
    SlowHeaders,
    /// The head comes at once, the body drips.
    SlowBody,
    /// Content-Length promises more than comes.
    Truncate,
    /// A whole second answer follows the promised length.
    TrailingBytes,
    /// A rightly signed answer of more than a mebibyte.
    Oversize,
    /// A chunk whose size is no number.
    BadChunk,
    /// The answer comes late (300 ms unless told).
    Delay,
    /// The answer comes very late (3 s unless told), after the client has given up.
    LateAnswer,
    /// An error page of the proxy.
    Status(u16),
    /// A captive portal.
    Html200,
    /// 200 and nothing.
    EmptyBody,
    /// 200 and the body that the rule gives.
    RawBody,
    /// 302.
    Redirect,
    /// No sign.
    NoSign,
    /// An empty sign.
    EmptySign,
    /// A sign with one wrong digit.
    BadSign,
    /// The right sign in lower case.
    LowerSign,
    /// Signed with a key of somebody else.
    OtherKeySign,
    /// Signed with MD5 whatever was asked.
    Md5Sign,
    /// Rightly signed, but about another order.
    SwappedOrder,
    /// Rightly signed, but about another merchant.
    SwappedMerchant,
    /// A bare `return_code` FAIL.
    ReturnFail,
    /// A bare `return_code` SYSTEMERROR.
    ReturnSystemError,
    /// A signed `err_code` SYSTEMERROR.
    SystemError,
    /// A state that nobody knows, signed.
    UnknownState,
    /// A field that nobody knows, signed.
    ExtraField,
    /// A field of the rule's choice, signed.
    SetField,
    /// Without a field of the rule's choice, signed.
    RemoveField,
    /// A field twice, with another text, put in after signing.
    DuplicateField,
    /// A DOCTYPE with an external entity.
    Doctype,
}

const NAMES: &[(&str, Fault)] = &[
    ("refuse", Fault::Refuse),
    ("stall_handshake", Fault::StallHandshake),
    ("wrong_host_cert", Fault::WrongHostCert),
    ("expired_cert", Fault::ExpiredCert),
    ("unknown_ca", Fault::UnknownCa),
    ("close_notify_in_handshake", Fault::CloseNotifyInHandshake),
    ("reset_mid_body", Fault::ResetMidBody),
    ("close_after_request", Fault::CloseAfterRequest),
    ("no_answer", Fault::NoAnswer),
    ("slow_headers", Fault::SlowHeaders),
    ("slow_body", Fault::SlowBody),
    ("truncate", Fault::Truncate),
    ("trailing_bytes", Fault::TrailingBytes),
    ("oversize", Fault::Oversize),
    ("bad_chunk", Fault::BadChunk),
    ("delay", Fault::Delay),
    ("late_answer", Fault::LateAnswer),
    ("status_500", Fault::Status(500)),
    ("status_502", Fault::Status(502)),
    ("status_503", Fault::Status(503)),
    ("status_504", Fault::Status(504)),
    ("status_404", Fault::Status(404)),
    ("status_429", Fault::Status(429)),
    ("html_200", Fault::Html200),
    ("empty_body", Fault::EmptyBody),
    ("raw_body", Fault::RawBody),
    ("redirect", Fault::Redirect),
    ("no_sign", Fault::NoSign),
    ("empty_sign", Fault::EmptySign),
    ("bad_sign", Fault::BadSign),
    ("lower_sign", Fault::LowerSign),
    ("other_key_sign", Fault::OtherKeySign),
    ("md5_sign", Fault::Md5Sign),
    ("swapped_order", Fault::SwappedOrder),
    ("swapped_merchant", Fault::SwappedMerchant),
    ("return_fail", Fault::ReturnFail),
    ("return_system_error", Fault::ReturnSystemError),
    ("system_error", Fault::SystemError),
    ("unknown_state", Fault::UnknownState),
    ("extra_field", Fault::ExtraField),
    ("set_field", Fault::SetField),
    ("remove_field", Fault::RemoveField),
    ("duplicate_field", Fault::DuplicateField),
    ("doctype", Fault::Doctype),
];

impl Fault {
    /// The fault of a name.
    pub fn named(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, fault)| *fault)
    }

    /// The name of a fault.
    pub fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(_, fault)| *fault == self);
        found.map_or("", |(name, _)| *name)
    }

    /// Strikes before any request is read, whatever its path.
    pub fn is_at_the_door(self) -> bool {
        matches!(
            self,
            Self::Refuse
                | Self::StallHandshake
                | Self::WrongHostCert
                | Self::ExpiredCert
                | Self::UnknownCa
                | Self::CloseNotifyInHandshake
        )
    }

    /// Whether the gateway carries the call out although its answer is spoiled.
    pub fn carries_out(self) -> bool {
        !matches!(
            self,
            Self::Status(_)
                | Self::Html200
                | Self::EmptyBody
                | Self::RawBody
                | Self::Redirect
                | Self::ReturnFail
                | Self::ReturnSystemError
                | Self::SystemError
        )
    }
}

/// A fault that waits for a request, as `POST /faults` gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The path that it strikes; `*` strikes all.
    #[serde(default = "any_path")]
    pub path: String,
    /// What goes wrong.
    #[serde(deserialize_with = "read_fault")]
    pub fault: Fault,
    /// How often; none of it means once, or for faults at the door until it is deleted.
    #[serde(default)]
    pub times: Option<u32>,
    /// Milliseconds: of a delay, or between two bytes.
    #[serde(default)]
    pub ms: Option<u64>,
    /// Seconds for the header of a 429.
    #[serde(default)]
    pub retry_after: Option<u64>,
    /// Overrides whether the call is carried out.
    #[serde(default)]
    pub processed: Option<bool>,
    /// The field that `set_field` and `remove_field` mean.
    #[serde(default)]
    pub name: Option<String>,
    /// The text that `set_field` writes.
    #[serde(default)]
    pub value: Option<String>,
    /// The body that `raw_body` sends.
    #[serde(default)]
    pub body: Option<String>,
    /// `api`, `api2` or `both`.
    #[serde(default)]
    pub listener: Listeners,
}

/// Which listeners a rule strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listeners {
    /// The first one.
    Api,
    /// The backup.
    Api2,
    /// Either.
    #[default]
    Both,
}

impl Listeners {
    /// Does it mean this side?
    pub fn include(self, side: Side) -> bool {
        match self {
            Self::Both => true,
            Self::Api => side == Side::Api,
            Self::Api2 => side == Side::Api2,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Api => "api",
            Self::Api2 => "api2",
        }
    }
}

fn any_path() -> String {
    "*".to_owned()
}

fn read_fault<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Fault, D::Error> {
    let name = String::deserialize(from)?;
    Fault::named(&name).ok_or_else(|| serde::de::Error::custom(format!("no fault is called {name}")))
}

impl Rule {
    fn strikes(&self, path: &str, side: Side) -> bool {
        self.listener.include(side) && (self.path == "*" || self.path == path)
    }

    /// The rule as the control shows it.
    pub fn shown(&self) -> Value {
        json!({
            "path": self.path,
            "fault": self.fault.name(),
            "times": self.times,
            "ms": self.ms,
            "listener": self.listener.name(),
        })
    }
}

/// The faults that wait, in the order in which they were set.
#[derive(Debug, Default)]
pub struct Plan {
    rules: Vec<Rule>,
}

impl Plan {
    /// Adds a rule.
    pub fn add(&mut self, mut rule: Rule) {
        if rule.times.is_none() && !rule.fault.is_at_the_door() {
            rule.times = Some(1);
        }
        self.rules.push(rule);
    }

    /// Deletes rules; an absent path or fault means any.
    pub fn delete(&mut self, path: Option<&str>, fault: Option<Fault>) {
        self.rules.retain(|rule| {
            path.is_some_and(|path| rule.path != path) || fault.is_some_and(|fault| rule.fault != fault)
        });
    }

    /// The fault for a request, counted down.
    pub fn take(&mut self, path: &str, side: Side) -> Option<Rule> {
        self.count_down(|rule| !rule.fault.is_at_the_door() && rule.strikes(path, side))
    }

    /// The fault for a new connection, counted down.
    pub fn take_at_the_door(&mut self, side: Side) -> Option<Rule> {
        self.count_down(|rule| rule.fault.is_at_the_door() && rule.listener.include(side))
    }

    fn count_down(&mut self, strikes: impl Fn(&Rule) -> bool) -> Option<Rule> {
        let place = self.rules.iter().position(strikes)?;
        let rule = self.rules.get_mut(place)?;
        if let Some(times) = rule.times.as_mut() {
            *times = times.saturating_sub(1);
        }
        let rule = rule.clone();
        if rule.times == Some(0) {
            self.rules.remove(place);
        }
        Some(rule)
    }

    /// Does this side take no connections at all until the fault is deleted?
    pub fn refuses(&self, side: Side) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.fault == Fault::Refuse && rule.times.is_none() && rule.listener.include(side))
    }

    /// How many faults stand at the door.
    pub fn at_the_door(&self) -> usize {
        let rules = self.rules.iter();
        rules.filter(|rule| rule.fault.is_at_the_door()).count()
    }

    /// All rules, oldest first.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: Value) -> Rule {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_rule_strikes_its_path_as_often_as_it_says() {
        let mut plan = Plan::default();
        plan.add(rule(json!({"path": "/a", "fault": "no_sign", "times": 2})));
        assert!(plan.take("/b", Side::Api).is_none());
        assert!(plan.take("/a", Side::Api).is_some());
        assert!(plan.take("/a", Side::Api2).is_some());
        assert!(plan.take("/a", Side::Api).is_none());
    }

    #[test]
    fn faults_at_the_door_hold_until_they_are_deleted() {
        let mut plan = Plan::default();
        plan.add(rule(json!({"fault": "refuse", "listener": "api2"})));
        assert!(plan.refuses(Side::Api2) && !plan.refuses(Side::Api));
        assert!(plan.take("/a", Side::Api2).is_none());
        for _ in 0..3 {
            assert!(plan.take_at_the_door(Side::Api2).is_some());
        }
        plan.delete(None, Some(Fault::Refuse));
        assert!(plan.rules().is_empty());
    }

    #[test]
    fn an_unknown_fault_or_key_is_named_in_the_error() {
        let fault = serde_json::from_value::<Rule>(json!({"fault": "nope"})).unwrap_err();
        assert!(fault.to_string().contains("nope"));
        let key = serde_json::from_value::<Rule>(json!({"fault": "refuse", "tmies": 1}));
        assert!(key.unwrap_err().to_string().contains("tmies"));
    }

    #[test]
    fn every_fault_has_one_name() {
        for (name, fault) in NAMES {
            assert_eq!(Fault::named(name), Some(*fault));
            assert_eq!(fault.name(), *name);
        }
    }
}
