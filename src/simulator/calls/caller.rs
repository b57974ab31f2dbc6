//! Who calls: merchant, algorithm, sign. And the frame of every answer to him.

use super::super::answer::{Response, Seal};
use super::super::document::XmlDocument;
use super::super::options::Account;
use super::super::reader::Malformed;
use super::super::request::Request;
use super::super::signer::SignMethod;
use super::super::world::GatewayState;
use super::link::decoded;
use subtle::ConstantTimeEq;

/// A request's body: its fields, or why it has none.
pub type RequestBody = Result<XmlDocument, Malformed>;

/// A merchant whose sign was right.
#[derive(Debug)]
pub struct CallingMerchant {
    /// The merchant.
    pub account: Account,
    /// The algorithm of the request, and so of the answer.
    pub method: SignMethod,
    /// What was sent.
    pub fields: XmlDocument,
    /// The header `Wechatpay-Negative-Test`.
    pub negative_test: Option<String>,
}

/// Why a call is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallRefusal {
    /// `return_code` FAIL, unsigned.
    Bare(String),
    /// `result_code` FAIL with a code, signed.
    Service(String, String),
}

impl CallRefusal {
    /// Is it this code?
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Service(code, _) if code == wanted)
    }

    /// A refusal with a code.
    pub fn service(code: &str, description: impl Into<String>) -> Self {
        Self::Service(code.to_owned(), description.into())
    }
}

/// The caller of a request, or the bare failure that WeChat sends him.
pub fn identified(
    world: &GatewayState,
    request: &Request,
    body: &RequestBody,
) -> Result<CallingMerchant, Response> {
    if request.verb != "POST" {
        return Err(Response::bare_fail("请使用post方法"));
    }
    if request.body.is_empty() {
        return Err(Response::bare_fail("post数据为空"));
    }
    let mut fields = body.clone().map_err(|fault| Response::bare_fail(&format!("XML格式错误: {fault}")))?;
    let link = fields.filled("long_url");
    if let Some(link) = link.filter(|link| !link.contains("://")).map(decoded) {
        fields.set("long_url", link);
    }
    let account = account_of(world, &fields).map_err(|message| Response::bare_fail(&message))?;
    let method = SignMethod::named(fields.get("sign_type"))
        .filter(|method| *method != SignMethod::Rsa && signed_by(&fields, &account.key, *method))
        .ok_or_else(|| Response::bare_fail("签名错误，请检查后再试"))?;
    Ok(CallingMerchant { account, method, fields, negative_test: request.negative_test.clone() })
}

fn account_of(world: &GatewayState, fields: &XmlDocument) -> Result<Account, String> {
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

fn identity<'a>(fields: &'a XmlDocument, name: &str) -> Result<&'a str, String> {
    match fields.filled(name) {
        None => Err(format!("缺少参数{name}")),
        Some(text) if text.len() > 32 => Err(format!("{name}参数长度有误")),
        Some(text) => Ok(text),
    }
}

fn signed_by(fields: &XmlDocument, key: &str, method: SignMethod) -> bool {
    let right = fields.sign_with(key, method);
    let sign = fields.get("sign").unwrap_or_default();
    right.as_bytes().ct_eq(sign.as_bytes()).into()
}

impl CallingMerchant {
    /// The text of a field, empty when it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).unwrap_or_default()
    }

    /// The frame of a success: codes, identity, nonce.
    pub fn success(&self, world: &mut GatewayState) -> XmlDocument {
        self.frame(world, "SUCCESS")
    }

    fn frame(&self, world: &mut GatewayState, result_code: &str) -> XmlDocument {
        let mut document = XmlDocument::default();
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
    pub fn sealed(&self, document: XmlDocument) -> Response {
        let seal = Seal { key: self.account.key.clone(), method: self.method };
        Response { document, seal: Some(seal) }
    }

    /// The answer to a call that is not carried out.
    pub fn refused(&self, world: &mut GatewayState, refusal: CallRefusal) -> Response {
        match refusal {
            CallRefusal::Bare(message) => Response::bare_fail(&message),
            CallRefusal::Service(code, description) => {
                let mut document = self.frame(world, "FAIL");
                document.text("err_code", code);
                document.text("err_code_des", description);
                self.sealed(document)
            }
        }
    }
}
