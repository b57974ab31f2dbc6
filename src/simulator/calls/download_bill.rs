//! `/pay/downloadbill` and `/pay/downloadfundflow`: a file, or a refusal that nobody signs.

use super::super::answer::{CallEnd, FileBody, Response};
use super::super::bill::damage;
use super::super::bill::{self, BillKind, BillRequest, BillTable};
use super::super::bill_rules::{BillRule, Damage};
use super::super::clock::DAY;
use super::super::document::XmlDocument;
use super::super::signer::SignMethod;
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};

/// Answers downloadbill.
pub fn trades(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    complete(caller)?;
    let rules = world.bills.take(false);
    let Some(kind) = BillKind::named(caller.get("bill_type")) else {
        return Ok(refused("invalid bill_type", None).into());
    };
    let Some(asked) = asked(caller, &rules) else { return Ok(refused("data format error", None).into()) };
    Ok(match made(world, &asked, &rules, || bill::trades(world, &asked, kind)) {
        Made::Table(table) => sent(&table, &rules, caller, false),
        Made::NotYet => refused("Bill Creating", None).into(),
        Made::Nothing => refused("No Bill Exist", Some("20002")).into(),
    })
}

/// Answers downloadfundflow.
pub fn flows(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    complete(caller)?;
    let rules = world.bills.take(true);
    if caller.method == SignMethod::Md5 {
        return Ok(refused("SIGN ERROR", None).into());
    }
    let is_account = matches!(caller.get("account_type"), "Basic" | "Operation" | "Fees");
    let Some(asked) = asked(caller, &rules).filter(|_| is_account) else {
        return Ok(refused("Param Error", None).into());
    };
    let moves = caller.get("account_type") == "Basic";
    Ok(match made(world, &asked, &rules, || bill::flows(world, &asked).filter(|_| moves)) {
        Made::Table(table) => sent(&table, &rules, caller, true),
        Made::NotYet => failed("BILL_CREATING", "账单正在生成中").into(),
        Made::Nothing => failed("NO_BILL_EXIST", "流水账单不存在").into(),
    })
}

/// What every request has.
fn complete(caller: &CallingMerchant) -> Result<(), CallRefusal> {
    let missing = ["nonce_str", "bill_date"].iter().any(|name| caller.get(name).is_empty());
    if missing { Err(CallRefusal::Bare("missing parameter".to_owned())) } else { Ok(()) }
}

enum Made {
    Table(BillTable),
    NotYet,
    Nothing,
}

fn asked(caller: &CallingMerchant, rules: &[BillRule]) -> Option<BillRequest> {
    let other_day = rules.iter().any(|rule| rule.damage == Damage::OtherDay);
    Some(BillRequest {
        mch_id: caller.account.mch_id.clone(),
        sub_mch_id: caller.get("sub_mch_id").to_owned(),
        from_ms: BillRequest::day(caller.get("bill_date"))? - i64::from(other_day) * DAY,
    })
}

fn made(
    world: &GatewayState,
    asked: &BillRequest,
    rules: &[BillRule],
    table: impl FnOnce() -> Option<BillTable>,
) -> Made {
    let has = |damage| rules.iter().any(|rule| rule.damage == damage);
    if has(Damage::Creating) || !asked.is_ready(world) {
        return Made::NotYet;
    }
    table().filter(|_| !has(Damage::NoBill)).map_or(Made::Nothing, Made::Table)
}

/// A fund flow comes with its SHA-1: of what is sent, unless the rules say otherwise. So do all bills of APIv3: of what
/// is in them.
fn sent(table: &BillTable, rules: &[BillRule], caller: &CallingMerchant, flow: bool) -> CallEnd {
    let file = |gzip| damage::file(table.clone(), rules, gzip);
    let body = file(caller.get("tar_type") == "GZIP");
    let has = |damage| rules.iter().any(|rule| rule.damage == damage);
    let by_v3 = caller.method == SignMethod::Rsa;
    let digest_of = (flow || by_v3).then(|| match () {
        () if has(Damage::WrongDigest) => Vec::new(),
        () if by_v3 || has(Damage::PlainDigest) => file(false),
        () => body.clone(),
    });
    CallEnd::File(FileBody { body, digest_of })
}

/// The small message that comes instead of a bill.
fn refused(return_msg: &str, error_code: Option<&str>) -> Response {
    let mut answer = Response::bare_fail(return_msg);
    if let Some(code) = error_code {
        answer.document.text("error_code", code);
    }
    answer
}

fn failed(code: &str, description: &str) -> Response {
    let mut document = XmlDocument::default();
    document.text("return_code", "SUCCESS").text("result_code", "FAIL");
    document.text("err_code", code).text("err_code_des", description);
    Response { document, seal: None }
}
