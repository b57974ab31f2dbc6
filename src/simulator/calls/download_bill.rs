//! `/pay/downloadbill` and `/pay/downloadfundflow`: a file, or a refusal that nobody signs.

use super::super::answer::{Answer, File, Outcome};
use super::super::bill::damage::{self, Damage, Rule};
use super::super::bill::{self, Asked, Kind, Table};
use super::super::clock::DAY;
use super::super::document::Document;
use super::super::signer::Method;
use super::super::world::World;
use super::caller::{Caller, Refusal};

/// Answers downloadbill.
pub fn trades(world: &mut World, caller: &Caller) -> Result<Outcome, Refusal> {
    complete(caller)?;
    let rules = world.bills.take(false);
    let Some(kind) = Kind::named(caller.get("bill_type")) else {
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
pub fn flows(world: &mut World, caller: &Caller) -> Result<Outcome, Refusal> {
    complete(caller)?;
    let rules = world.bills.take(true);
    if caller.method != Method::HmacSha256 {
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
fn complete(caller: &Caller) -> Result<(), Refusal> {
    let missing = ["nonce_str", "bill_date"].iter().any(|name| caller.get(name).is_empty());
    if missing { Err(Refusal::Bare("missing parameter".to_owned())) } else { Ok(()) }
}

enum Made {
    Table(Table),
    NotYet,
    Nothing,
}

fn asked(caller: &Caller, rules: &[Rule]) -> Option<Asked> {
    let other_day = rules.iter().any(|rule| rule.damage == Damage::OtherDay);
    Some(Asked {
        mch_id: caller.account.mch_id.clone(),
        sub_mch_id: caller.get("sub_mch_id").to_owned(),
        from_ms: Asked::day(caller.get("bill_date"))? - i64::from(other_day) * DAY,
    })
}

fn made(world: &World, asked: &Asked, rules: &[Rule], table: impl FnOnce() -> Option<Table>) -> Made {
    let has = |damage| rules.iter().any(|rule| rule.damage == damage);
    if has(Damage::Creating) || !asked.is_ready(world) {
        return Made::NotYet;
    }
    table().filter(|_| !has(Damage::NoBill)).map_or(Made::Nothing, Made::Table)
}

/// A fund flow comes with its SHA-1: of what is sent, unless the rules say otherwise.
fn sent(table: &Table, rules: &[Rule], caller: &Caller, flow: bool) -> Outcome {
    let file = |gzip| damage::file(table.clone(), rules, gzip);
    let body = file(caller.get("tar_type") == "GZIP");
    let has = |damage| rules.iter().any(|rule| rule.damage == damage);
    let digest_of = flow.then(|| match () {
        () if has(Damage::WrongDigest) => Vec::new(),
        () if has(Damage::PlainDigest) => file(false),
        () => body.clone(),
    });
    Outcome::File(File { body, digest_of })
}

/// The small message that comes instead of a bill.
fn refused(return_msg: &str, error_code: Option<&str>) -> Answer {
    let mut answer = Answer::bare_fail(return_msg);
    if let Some(code) = error_code {
        answer.document.text("error_code", code);
    }
    answer
}

fn failed(code: &str, description: &str) -> Answer {
    let mut document = Document::default();
    document.text("return_code", "SUCCESS").text("result_code", "FAIL");
    document.text("err_code", code).text("err_code_des", description);
    Answer { document, seal: None }
}
