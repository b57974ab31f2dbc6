//! Who calls, in the order of protocol-v3.md A.4. What is refused here is not signed.

use super::super::clock::{self, SECOND};
use super::super::options::Account;
use super::super::platform::{V3_MATERIAL, is_the_merchants};
use super::super::request::Request;
use super::super::world::GatewayState;
use super::answer::V3Answer;
use super::route::Route;

/// Seconds that both clocks may be apart.
const WINDOW: i64 = 300;
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048 ";

/// The merchant whose signature was right.
pub fn checked(world: &mut GatewayState, request: &Request, route: &Route) -> Result<Account, V3Answer> {
    let is_about_orders = route.is_about_orders();
    let named = |name: &str| request.header(name).filter(|text| !text.is_empty());
    if !is_about_orders && (named("accept").is_none() || named("user-agent").is_none()) {
        return Err(V3Answer::refusal(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent"));
    }
    let unreadable = if is_about_orders {
        "签名信息错误，验签失败"
    } else {
        "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》"
    };
    let parts = named("authorization").and_then(AuthorizationParts::read);
    let parts = parts.ok_or_else(|| sign_error(unreadable))?;
    if !parts.is_timely() {
        return Err(sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"));
    }
    let account = world.accounts.iter().find(|account| account.mch_id == parts.mchid).cloned();
    let account = account.filter(|_| parts.serial_no == V3_MATERIAL.serial);
    let account = account.ok_or_else(|| sign_error("商户证书序列号有误。"))?;
    // A nonce that was there before is an old request sent again: stricter than WeChat Pay.
    let is_new = world.v3_nonces.insert(parts.nonce_str.clone());
    if !is_the_merchants(&parts.text(request), &parts.signature) || !is_new {
        return Err(sign_error("签名错误"));
    }
    match named("wechatpay-serial") {
        _ if !world.platform.wants_the_public_key() || !route.is_answered_with_the_key() => Ok(account),
        Some(id) if id == V3_MATERIAL.public_key_id => Ok(account),
        _ => Err(V3Answer::refusal(
            400,
            "PARAM_ERROR",
            "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)",
        )),
    }
}

fn sign_error(message: &str) -> V3Answer {
    V3Answer::refusal(401, "SIGN_ERROR", message)
}

/// The five parts of the header.
#[derive(Debug, Default)]
struct AuthorizationParts {
    mchid: String,
    nonce_str: String,
    timestamp: String,
    serial_no: String,
    signature: String,
}

impl AuthorizationParts {
    fn read(header: &str) -> Option<Self> {
        let mut parts = Self::default();
        for pair in header.strip_prefix(SCHEME)?.split(',') {
            let (name, value) = pair.split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?.to_owned();
            match name {
                "mchid" => parts.mchid = value,
                "nonce_str" => parts.nonce_str = value,
                "timestamp" => parts.timestamp = value,
                "serial_no" => parts.serial_no = value,
                "signature" => parts.signature = value,
                _ => return None,
            }
        }
        let all = [&parts.mchid, &parts.nonce_str, &parts.timestamp, &parts.serial_no, &parts.signature];
        all.iter().all(|part| !part.is_empty()).then_some(parts)
    }

    /// Signatures are of the real time, whatever the virtual clock tells.
    fn is_timely(&self) -> bool {
        let now = clock::real_now() / SECOND;
        self.timestamp.parse::<i64>().is_ok_and(|at| (at - now).abs() <= WINDOW)
    }

    /// Five lines.
    fn text(&self, request: &Request) -> Vec<u8> {
        let head = [&request.verb, &request.target, &self.timestamp, &self.nonce_str];
        let mut text: Vec<u8> = head.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect();
        text.extend_from_slice(&request.body);
        text.push(b'\n');
        text
    }
}
