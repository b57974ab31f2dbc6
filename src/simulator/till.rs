//! Code payments: which code leads to what, and how reverses behave.

use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// What the shop hears first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// Paid at once.
    Paid,
    /// `result_code` FAIL with a code and its text.
    Fail(String, String),
    /// Nothing, ever.
    Silence,
    /// An error page.
    Page(u16),
}

/// What the book holds then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookState {
    /// No order at all.
    Nothing,
    /// USERPAYING, until the payer pays or his time is over.
    Waiting,
    /// USERPAYING, and PAYERROR in the end.
    Failing,
}

/// The course of one code payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// The answer.
    pub first: First,
    /// The order.
    pub entry: BookState,
    /// When the payer pays, or the payment fails; never when absent.
    pub after_ms: Option<i64>,
}

type NamedScenario = (&'static str, &'static str, &'static str, BookState);

/// Scenarios that begin with an `err_code`.
const REFUSALS: &[NamedScenario] = &[
    ("password", "USERPAYING", "需要用户输入支付密码", BookState::Waiting),
    ("password_never", "USERPAYING", "需要用户输入支付密码", BookState::Waiting),
    ("payerror", "USERPAYING", "需要用户输入支付密码", BookState::Failing),
    ("bank_error", "BANKERROR", "银行系统异常", BookState::Waiting),
    ("system_error", "SYSTEMERROR", "系统超时", BookState::Waiting),
    ("not_enough", "NOTENOUGH", "余额不足", BookState::Failing),
    ("cancelled", "TRADE_ERROR", "用户取消支付", BookState::Failing),
    ("auth_code_expired", "AUTHCODEEXPIRE", "101 付款码已过期", BookState::Nothing),
    ("auth_code_error", "AUTH_CODE_ERROR", "授权码错误", BookState::Nothing),
    ("auth_code_invalid", "AUTH_CODE_INVALID", "101 每个二维码仅限使用一次，请刷新再试", BookState::Nothing),
    ("not_support_card", "NOTSUPORTCARD", "不支持卡类型", BookState::Nothing),
    ("order_reversed", "ORDERREVERSED", "订单已撤销", BookState::Nothing),
    ("buyer_mismatch", "BUYER_MISMATCH", "支付帐号错误", BookState::Nothing),
    ("no_auth", "NOAUTH", "商户无权限", BookState::Nothing),
    ("frequency_limited", "FREQUENCY_LIMITED", "频率限制", BookState::Nothing),
];

/// `POST /micropay`: what the next payment with a code comes to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The code, or `*` for any.
    #[serde(default = "any")]
    pub auth_code: String,
    /// The scenario's name.
    pub scenario: String,
    /// When the payer pays, or the payment fails.
    pub pay_after_ms: Option<i64>,
    /// The code of the scenario `error`.
    pub err_code: Option<String>,
    /// Its text.
    pub err_code_des: Option<String>,
    /// How many payments; 1 when absent.
    pub times: Option<u32>,
}

fn any() -> String {
    "*".to_owned()
}

impl Script {
    /// A script of a scenario for whatever comes.
    pub fn named(scenario: &str) -> Self {
        Self {
            auth_code: any(),
            scenario: scenario.to_owned(),
            pay_after_ms: None,
            err_code: None,
            err_code_des: None,
            times: None,
        }
    }

    /// The course that the scenario takes, if there is one of this name.
    pub fn course(&self) -> Option<Course> {
        let course = |first, entry, after_ms| Some(Course { first, entry, after_ms });
        let given = self.pay_after_ms;
        match self.scenario.as_str() {
            "ok" => course(First::Paid, BookState::Waiting, Some(0)),
            "timeout" => course(First::Silence, BookState::Waiting, given),
            "lost" => course(First::Silence, BookState::Nothing, None),
            "page_502" => course(First::Page(502), BookState::Waiting, given),
            "error" => course(self.own_error(), BookState::Nothing, None),
            name => {
                let (_, code, text, entry) = *REFUSALS.iter().find(|named| named.0 == name)?;
                let first = First::Fail(code.to_owned(), text.to_owned());
                course(first, entry, usual_time(name, entry, given))
            }
        }
    }

    fn own_error(&self) -> First {
        let code = self.err_code.clone();
        First::Fail(
            code.unwrap_or_else(|| "TRADE_ERROR".to_owned()),
            self.err_code_des.clone().unwrap_or_default(),
        )
    }
}

fn usual_time(name: &str, entry: BookState, given: Option<i64>) -> Option<i64> {
    match (name, entry) {
        ("password_never", _) => None,
        ("password", _) => Some(given.unwrap_or(5_000)),
        (_, BookState::Failing) => Some(given.unwrap_or(0)),
        _ => given,
    }
}

/// `POST /reverse`: what the next reverses of an order come to, in this order.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReversalScript {
    /// The order's number, or `*` for any.
    pub out_trade_no: Option<String>,
    /// So often: SYSTEMERROR with recall=Y.
    pub recall: u32,
    /// So often: USERPAYING.
    pub userpaying: u32,
    /// So often: SYSTEMERROR with recall=N.
    pub system_error: u32,
    /// So often: an error page.
    pub page_502: u32,
    /// So often: no answer.
    pub silent: u32,
    /// Whether a reverse that gets no answer or a page is carried out.
    pub carried_out: bool,
    /// Lets reverses through that come before 15 s.
    pub early: bool,
}

/// One reverse that does not end as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hitch {
    /// SYSTEMERROR with recall=Y.
    Recall,
    /// USERPAYING.
    UserPaying,
    /// SYSTEMERROR with recall=N.
    SystemError,
    /// An error page.
    Page,
    /// No answer.
    Silence,
}

impl ReversalScript {
    fn next(&mut self) -> Option<Hitch> {
        let counters = [
            (&mut self.recall, Hitch::Recall),
            (&mut self.userpaying, Hitch::UserPaying),
            (&mut self.system_error, Hitch::SystemError),
            (&mut self.page_502, Hitch::Page),
            (&mut self.silent, Hitch::Silence),
        ];
        for (left, hitch) in counters {
            if *left > 0 {
                *left -= 1;
                return Some(hitch);
            }
        }
        None
    }
}

/// The scripts, and which codes were used.
#[derive(Debug, Default)]
pub struct PaymentScripts {
    scripts: Vec<Script>,
    used: HashSet<String>,
    owners: HashMap<String, String>,
    reversals: HashMap<String, ReversalScript>,
}

impl PaymentScripts {
    /// Adds a script.
    pub fn add(&mut self, script: Script) {
        self.scripts.push(script);
    }

    /// The script for a code, counted down.
    pub fn take(&mut self, auth_code: &str) -> Option<Script> {
        let fits = |wanted: &str| self.scripts.iter().position(|s| s.auth_code == wanted);
        let place = fits(auth_code).or_else(|| fits("*"))?;
        let script = self.scripts.get_mut(place)?;
        let left = script.times.unwrap_or(1).saturating_sub(1);
        script.times = Some(left);
        let script = script.clone();
        if left == 0 {
            self.scripts.remove(place);
        }
        Some(script)
    }

    /// Uses a code up; false if it was used before or belongs to another merchant.
    pub fn spend(&mut self, auth_code: &str, mch_id: &str) -> bool {
        let foreign = self.owners.get(auth_code).is_some_and(|is| is != mch_id);
        !foreign && self.used.insert(auth_code.to_owned())
    }

    /// Is the code used up?
    pub fn is_spent(&self, auth_code: &str) -> bool {
        self.used.contains(auth_code)
    }

    /// From now on only this merchant can charge the code.
    pub fn bind(&mut self, auth_code: &str, mch_id: &str) {
        self.owners.insert(auth_code.to_owned(), mch_id.to_owned());
    }

    /// Sets how reverses of an order behave.
    pub fn set_reversal(&mut self, reversal: ReversalScript) {
        let number = reversal.out_trade_no.clone().unwrap_or_else(any);
        self.reversals.insert(number, reversal);
    }

    fn reversal(&mut self, number: &str) -> Option<&mut ReversalScript> {
        let known = self.reversals.contains_key(number);
        self.reversals.get_mut(if known { number } else { "*" })
    }

    /// The hitch of the next reverse of an order, and whether it is carried out all the same.
    pub fn hitch(&mut self, number: &str) -> Option<(Hitch, bool)> {
        let reversal = self.reversal(number)?;
        let carried_out = reversal.carried_out;
        reversal.next().map(|hitch| (hitch, carried_out))
    }

    /// May the order be reversed before its 15 s are over?
    pub fn allows_early(&mut self, number: &str) -> bool {
        self.reversal(number).is_some_and(|reversal| reversal.early)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_for_the_code_wins_over_one_for_any() {
        let mut till = PaymentScripts::default();
        till.add(Script::named("ok"));
        till.add(Script { auth_code: "134".to_owned(), ..Script::named("password") });
        assert_eq!(till.take("134").unwrap().scenario, "password");
        assert_eq!(till.take("134").unwrap().scenario, "ok");
        assert!(till.take("134").is_none());
    }

    #[test]
    fn every_scenario_has_a_course() {
        for named in REFUSALS {
            assert!(Script::named(named.0).course().is_some(), "{}", named.0);
        }
        let never = Script::named("password_never").course().unwrap();
        assert_eq!(never.after_ms, None);
        assert!(Script::named("nonsense").course().is_none());
    }

    #[test]
    fn hitches_come_in_their_order_and_end() {
        let mut till = PaymentScripts::default();
        till.set_reversal(ReversalScript { recall: 2, userpaying: 1, ..ReversalScript::default() });
        let next = |till: &mut PaymentScripts| till.hitch("T1").map(|(hitch, _)| hitch);
        assert_eq!(next(&mut till), Some(Hitch::Recall));
        assert_eq!(next(&mut till), Some(Hitch::Recall));
        assert_eq!(next(&mut till), Some(Hitch::UserPaying));
        assert_eq!(next(&mut till), None);
    }

    #[test]
    fn a_code_is_good_once_and_for_its_owner_only() {
        let mut till = PaymentScripts::default();
        till.bind("134", "1");
        assert!(!till.spend("134", "2"));
        assert!(till.spend("134", "1"));
        assert!(!till.spend("134", "1"));
    }
}
