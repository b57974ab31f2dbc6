//! The faults that can be injected, by name, and the plan of those that wait for a request.

use serde::Deserialize;
use serde_json::{Value, json};

/// Which of the two gateway listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewaySide {
    /// The first listener.
    Api,
    /// The backup.
    Api2,
}

impl GatewaySide {
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
pub enum FaultKind {
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
    /// A DOCTYPE with an external entity; in APIv3 a byte order mark, rightly signed.
    Doctype,
    /// A probe of APIv3 in place of the signature.
    Probe,
    /// Rightly signed six minutes ago; of APIv3.
    StaleSign,
    /// Rightly signed in six minutes; of APIv3.
    FutureSign,
    /// The header of the signature twice; of APIv3.
    DoubleSign,
}

const NAMES: &[(&str, FaultKind)] = &[
    ("refuse", FaultKind::Refuse),
    ("stall_handshake", FaultKind::StallHandshake),
    ("wrong_host_cert", FaultKind::WrongHostCert),
    ("expired_cert", FaultKind::ExpiredCert),
    ("unknown_ca", FaultKind::UnknownCa),
    ("close_notify_in_handshake", FaultKind::CloseNotifyInHandshake),
    ("reset_mid_body", FaultKind::ResetMidBody),
    ("close_after_request", FaultKind::CloseAfterRequest),
    ("no_answer", FaultKind::NoAnswer),
    ("slow_headers", FaultKind::SlowHeaders),
    ("slow_body", FaultKind::SlowBody),
    ("truncate", FaultKind::Truncate),
    ("trailing_bytes", FaultKind::TrailingBytes),
    ("oversize", FaultKind::Oversize),
    ("bad_chunk", FaultKind::BadChunk),
    ("delay", FaultKind::Delay),
    ("late_answer", FaultKind::LateAnswer),
    ("status_500", FaultKind::Status(500)),
    ("status_502", FaultKind::Status(502)),
    ("status_503", FaultKind::Status(503)),
    ("status_504", FaultKind::Status(504)),
    ("status_404", FaultKind::Status(404)),
    ("status_429", FaultKind::Status(429)),
    ("html_200", FaultKind::Html200),
    ("empty_body", FaultKind::EmptyBody),
    ("raw_body", FaultKind::RawBody),
    ("redirect", FaultKind::Redirect),
    ("no_sign", FaultKind::NoSign),
    ("empty_sign", FaultKind::EmptySign),
    ("bad_sign", FaultKind::BadSign),
    ("lower_sign", FaultKind::LowerSign),
    ("other_key_sign", FaultKind::OtherKeySign),
    ("md5_sign", FaultKind::Md5Sign),
    ("swapped_order", FaultKind::SwappedOrder),
    ("swapped_merchant", FaultKind::SwappedMerchant),
    ("return_fail", FaultKind::ReturnFail),
    ("return_system_error", FaultKind::ReturnSystemError),
    ("system_error", FaultKind::SystemError),
    ("unknown_state", FaultKind::UnknownState),
    ("extra_field", FaultKind::ExtraField),
    ("set_field", FaultKind::SetField),
    ("remove_field", FaultKind::RemoveField),
    ("duplicate_field", FaultKind::DuplicateField),
    ("doctype", FaultKind::Doctype),
    ("probe", FaultKind::Probe),
    ("stale_sign", FaultKind::StaleSign),
    ("future_sign", FaultKind::FutureSign),
    ("double_sign", FaultKind::DoubleSign),
];

impl FaultKind {
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
pub struct FaultRule {
    /// The path that it strikes; `*` strikes all.
    #[serde(default = "any_path")]
    pub path: String,
    /// What goes wrong.
    #[serde(deserialize_with = "read_fault")]
    pub fault: FaultKind,
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
    pub fn include(self, side: GatewaySide) -> bool {
        match self {
            Self::Both => true,
            Self::Api => side == GatewaySide::Api,
            Self::Api2 => side == GatewaySide::Api2,
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

fn read_fault<'de, D: serde::Deserializer<'de>>(from: D) -> Result<FaultKind, D::Error> {
    let name = String::deserialize(from)?;
    FaultKind::named(&name).ok_or_else(|| serde::de::Error::custom(format!("no fault is called {name}")))
}

impl FaultRule {
    fn strikes(&self, path: &str, side: GatewaySide) -> bool {
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
pub struct FaultQueue {
    rules: Vec<FaultRule>,
}

impl FaultQueue {
    /// Adds a rule.
    pub fn add(&mut self, mut rule: FaultRule) {
        if rule.times.is_none() && !rule.fault.is_at_the_door() {
            rule.times = Some(1);
        }
        self.rules.push(rule);
    }

    /// Deletes rules; an absent path or fault means any.
    pub fn delete(&mut self, path: Option<&str>, fault: Option<FaultKind>) {
        self.rules.retain(|rule| {
            path.is_some_and(|path| rule.path != path) || fault.is_some_and(|fault| rule.fault != fault)
        });
    }

    /// The fault for a request, counted down.
    pub fn take(&mut self, path: &str, side: GatewaySide) -> Option<FaultRule> {
        self.count_down(|rule| !rule.fault.is_at_the_door() && rule.strikes(path, side))
    }

    /// The fault for a new connection, counted down.
    pub fn take_at_the_door(&mut self, side: GatewaySide) -> Option<FaultRule> {
        self.count_down(|rule| rule.fault.is_at_the_door() && rule.listener.include(side))
    }

    fn count_down(&mut self, strikes: impl Fn(&FaultRule) -> bool) -> Option<FaultRule> {
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
    pub fn refuses(&self, side: GatewaySide) -> bool {
        self.rules.iter().any(|rule| {
            rule.fault == FaultKind::Refuse && rule.times.is_none() && rule.listener.include(side)
        })
    }

    /// How many faults stand at the door.
    pub fn at_the_door(&self) -> usize {
        let rules = self.rules.iter();
        rules.filter(|rule| rule.fault.is_at_the_door()).count()
    }

    /// All rules, oldest first.
    pub fn rules(&self) -> &[FaultRule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: Value) -> FaultRule {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_rule_strikes_its_path_as_often_as_it_says() {
        let mut plan = FaultQueue::default();
        plan.add(rule(json!({"path": "/a", "fault": "no_sign", "times": 2})));
        assert!(plan.take("/b", GatewaySide::Api).is_none());
        assert!(plan.take("/a", GatewaySide::Api).is_some());
        assert!(plan.take("/a", GatewaySide::Api2).is_some());
        assert!(plan.take("/a", GatewaySide::Api).is_none());
    }

    #[test]
    fn faults_at_the_door_hold_until_they_are_deleted() {
        let mut plan = FaultQueue::default();
        plan.add(rule(json!({"fault": "refuse", "listener": "api2"})));
        assert!(plan.refuses(GatewaySide::Api2) && !plan.refuses(GatewaySide::Api));
        assert!(plan.take("/a", GatewaySide::Api2).is_none());
        for _ in 0..3 {
            assert!(plan.take_at_the_door(GatewaySide::Api2).is_some());
        }
        plan.delete(None, Some(FaultKind::Refuse));
        assert!(plan.rules().is_empty());
    }

    #[test]
    fn an_unknown_fault_or_key_is_named_in_the_error() {
        let fault = serde_json::from_value::<FaultRule>(json!({"fault": "nope"})).unwrap_err();
        assert!(fault.to_string().contains("nope"));
        let key = serde_json::from_value::<FaultRule>(json!({"fault": "refuse", "tmies": 1}));
        assert!(key.unwrap_err().to_string().contains("tmies"));
    }

    #[test]
    fn every_fault_has_one_name() {
        for (name, fault) in NAMES {
            assert_eq!(FaultKind::named(name), Some(*fault));
            assert_eq!(fault.name(), *name);
        }
    }
}
