//! What may go wrong: every fault of the simulator, alone and one after the other.

use super::chance::Chance;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Strike before any request is read.
const DOOR: &[&str] = &[
    "refuse",
    "stall_handshake",
    "wrong_host_cert",
    "expired_cert",
    "unknown_ca",
    "close_notify_in_handshake",
];

const ROAD: &[&str] = &[
    "reset_mid_body",
    "close_after_request",
    "no_answer",
    "slow_headers",
    "slow_body",
    "truncate",
    "trailing_bytes",
    "oversize",
    "bad_chunk",
    "delay",
    "late_answer",
    "status_500",
    "status_502",
    "status_503",
    "status_504",
    "status_404",
    "status_429",
    "html_200",
    "empty_body",
    "raw_body",
    "redirect",
];

const WORDS: &[&str] = &[
    "no_sign",
    "empty_sign",
    "bad_sign",
    "lower_sign",
    "other_key_sign",
    "md5_sign",
    "swapped_order",
    "swapped_merchant",
    "return_fail",
    "return_system_error",
    "system_error",
    "unknown_state",
    "extra_field",
    "set_field",
    "remove_field",
    "duplicate_field",
    "doctype",
    "probe",
    "stale_sign",
    "future_sign",
    "double_sign",
];

/// Texts that no client may take for an answer to his question. (A rightly signed lie in the right form would be
/// the gateway's own word; there is no telling it from the truth.)
const NONSENSE: &[(&str, &str)] = &[
    ("total_fee", "ninety"),
    ("total_fee", "-1"),
    ("total_fee", "1.00"),
    ("refund_fee", "1e2"),
    ("refund_fee_0", "0x10"),
    ("appid", "wxsomebodyelse"),
    ("mch_id", "10000199"),
    ("sub_mch_id", "10000198"),
    ("out_refund_no", "ANOTHERSREFUND"),
    ("return_code", "OOPS"),
    ("result_code", "OOPS"),
    ("sign_type", "SHA1"),
    ("amount.total", "\"90\""),
    ("amount.total", "-1"),
    ("amount.total", "1.0"),
    ("amount.refund", "1e2"),
    ("amount", "[]"),
    ("mchid", "10000199"),
    ("sp_mchid", "10000199"),
    ("trade_state", "7"),
    ("status", "[]"),
];

const LACKING: &[&str] = &[
    "return_code",
    "result_code",
    "err_code",
    "appid",
    "mch_id",
    "nonce_str",
    "out_trade_no",
    "transaction_id",
    "trade_state",
    "total_fee",
    "cash_fee",
    "coupon_fee",
    "prepay_id",
    "recall",
    "refund_id",
    "refund_fee",
    "out_refund_no",
    "refund_count",
    "out_refund_no_0",
    "refund_id_0",
    "refund_fee_0",
    "refund_status_0",
    "mchid",
    "sp_mchid",
    "amount",
    "amount.total",
    "amount.refund",
    "code_url",
    "status",
    "code",
];

/// Faults that wait for the client's next pause.
#[derive(Default)]
pub struct Mishaps {
    later: VecDeque<Value>,
}

impl Mishaps {
    pub fn next(&mut self) -> Option<Value> {
        self.later.pop_front()
    }

    /// Some faults for now; some more stay here for later.
    pub fn plan(&mut self, chance: &mut Chance, path: &str) -> Vec<Value> {
        self.later.clear();
        let now: Vec<_> = match chance.below(10) {
            0..=2 => Vec::new(),
            3..=7 => vec![fault(chance, path)],
            _ => vec![fault(chance, path), fault(chance, path)],
        };
        while chance.one_in(3) {
            self.later.push_back(fault(chance, path));
        }
        if chance.one_in(4) {
            return self.told_to_come_again(chance, path);
        }
        now
    }

    /// The first try acts, but says that it should be made again; then something else goes wrong.
    fn told_to_come_again(&mut self, chance: &mut Chance, path: &str) -> Vec<Value> {
        self.later.push_front(fault(chance, path));
        vec![json!({ "fault": "system_error", "path": path, "processed": chance.one_in(2) })]
    }

    /// What is still to come, for the story of a case.
    pub fn told(&self) -> String {
        let later: Vec<_> = self.later.iter().map(Value::to_string).collect();
        if later.is_empty() { String::new() } else { format!(" later {}", later.join(" ")) }
    }
}

fn fault(chance: &mut Chance, path: &str) -> Value {
    let name = match chance.below(10) {
        0..=1 => chance.pick(DOOR),
        2..=5 => chance.pick(ROAD),
        _ => chance.pick(WORDS),
    };
    let at_the_door = DOOR.contains(name);
    let mut rule =
        json!({ "fault": name, "listener": chance.pick(&["api", "api2", "both", "both", "both"]) });
    if !at_the_door || chance.one_in(2) {
        rule["times"] = json!(1 + chance.below(3));
    }
    if !at_the_door && chance.one_in(2) {
        rule["path"] = json!(chance.pick(&[path, path, "/pay/orderquery", "/secapi/pay/reverse"]));
    }
    if !at_the_door && chance.one_in(3) {
        rule["processed"] = json!(chance.one_in(2));
    }
    match *name {
        "slow_headers" | "slow_body" => rule["ms"] = json!(1 + chance.below(60)),
        "delay" | "late_answer" => rule["ms"] = json!(chance.below(600)),
        "status_429" | "status_503" if chance.one_in(2) => rule["retry_after"] = json!(chance.below(3)),
        "set_field" => {
            let (field, text) = chance.pick(NONSENSE);
            rule["name"] = json!(field);
            rule["value"] = json!(text);
        }
        "remove_field" => rule["name"] = json!(chance.pick(LACKING)),
        "raw_body" => rule["body"] = json!(chance.pick(BODIES)),
        _ => {}
    }
    rule
}

const BODIES: &[&str] = &[
    "<xml>",
    "<xml></xml>",
    "{}",
    "{\"trade_state\":\"SUCCESS\"}",
    "{\"code\":\"ORDER_NOT_EXIST\",\"message\":\"\"}",
    "not xml",
    "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code></xml>",
    "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code><err_code>ORDERNOTEXIST</err_code></xml>",
    "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code><trade_state>SUCCESS</trade_state></xml>",
];
