//! Who calls: merchant, algorithm, sign. And the frame of every answer to him.

use super::super::answer::{Answer, Seal};
use super::super::document::Document;
use super::super::options::Account;
use super::super::request::Request;
use super::super::signer::Method;
use super::super::world::World;
use super::Body;
use subtle::ConstantTimeEq;

/// A merchant whose sign was right.
#[derive(Debug)]
pub struct Caller {
    /// The merchant.
    pub account: Account,
    /// The algorithm of the request, and so of the answer.
    pub method: Method,
    /// What was sent.
    pub fields: Document,
    /// The header `Wechatpay-Negative-Test`.
    pub negative_test: Option<String>,
}

/// Why a call is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// `return_code` FAIL, unsigned.
    Bare(String),
    /// `result_code` FAIL with a code, signed.
    Service(String, String),
}

impl Refusal {
    /// A refusal with a code.
    pub fn service(code: &str, description: impl Into<String>) -> Self {
        Self::Service(code.to_owned(), description.into())
    }
}

/// The caller of a request, or the bare failure that WeChat sends him.
pub fn identified(world: &World, request: &Request, body: &Body) -> Result<Caller, Answer> {
    if request.verb != "POST" {
        return Err(Answer::bare_fail("请使用post方法"));
    }
    if request.body.is_empty() {
        return Err(Answer::bare_fail("post数据为空"));
    }
    let mut fields = body.clone().map_err(|fault| Answer::bare_fail(&format!("XML格式错误: {fault}")))?;
    let link = fields.filled("long_url");
    if let Some(link) = link.filter(|link| !link.contains("://")).map(super::decoded) {
        fields.set("long_url", link);
    }
    let account = account_of(world, &fields).map_err(|message| Answer::bare_fail(&message))?;
    let method = Method::named(fields.get("sign_type"))
        .filter(|method| signed_by(&fields, &account.key, *method))
        .ok_or_else(|| Answer::bare_fail("签名错误，请检查后再试"))?;
    Ok(Caller { account, method, fields, negative_test: request.negative_test.clone() })
}

fn account_of(world: &World, fields: &Document) -> Result<Account, String> {
    let appid = identity(fields, "appid")?;
    let mch_id = identity(fields, "mch_id")?;
    if !mch_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("mch_id参数格式错误".to_owned());
    }
    let known = |test: &dyn Fn(&Account) -> bool| world.accounts.iter().find(|a| test(a)).cloned();
    if let Some(account) = known(&|a| a.mch_id == mch_id && a.appid == appid) {
        return Ok(account);
    }
    if known(&|a| a.mch_id == mch_id).is_none() {
        return Err("商户号mch_id或sub_mch_id不存在".to_owned());
    }
    match known(&|a| a.appid == appid) {
        Some(_) => Err("商户号mch_id与appid不匹配".to_owned()),
        None => Err("appid不存在".to_owned()),
    }
}

fn identity<'a>(fields: &'a Document, name: &str) -> Result<&'a str, String> {
    match fields.filled(name) {
        None => Err(format!("缺少参数{name}")),
        Some(text) if text.len() > 32 => Err(format!("{name}参数长度有误")),
        Some(text) => Ok(text),
    }
}

fn signed_by(fields: &Document, key: &str, method: Method) -> bool {
    let right = fields.sign_with(key, method);
    let sign = fields.get("sign").unwrap_or_default();
    right.as_bytes().ct_eq(sign.as_bytes()).into()
}

impl Caller {
    /// The text of a field, empty when it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).unwrap_or_default()
    }

    /// The frame of a success: codes, identity, nonce.
    pub fn success(&self, world: &mut World) -> Document {
        self.frame(world, "SUCCESS")
    }

    fn frame(&self, world: &mut World, result_code: &str) -> Document {
        let mut document = Document::default();
        document
            .text("return_code", "SUCCESS")
            .text("return_msg", "OK")
            .text("appid", &self.account.appid)
            .text("mch_id", &self.account.mch_id)
            .text_if_any("sub_appid", self.get("sub_appid"))
            .text_if_any("sub_mch_id", self.get("sub_mch_id"))
            .text("nonce_str", world.dice.nonce())
            .text("result_code", result_code);
        document
    }

    /// An answer under the caller's seal.
    pub fn sealed(&self, document: Document) -> Answer {
        let seal = Seal { key: self.account.key.clone(), method: self.method };
        Answer { document, seal: Some(seal) }
    }

    /// The answer to a call that is not carried out.
    pub fn refused(&self, world: &mut World, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::Bare(message) => Answer::bare_fail(&message),
            Refusal::Service(code, description) => {
                let mut document = self.frame(world, "FAIL");
                document.text("err_code", code);
                document.text("err_code_des", description);
                self.sealed(document)
            }
        }
    }
}
