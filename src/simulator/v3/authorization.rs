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

/// What is known of the merchant who calls.
#[derive(Clone, Copy)]
pub struct KnownMerchant<'k> {
    /// The serial number of its certificate.
    pub serial: &'k str,
    /// Has it signed this text?
    pub has_signed: &'k dyn Fn(&[u8], &str) -> bool,
    /// Seconds since 1970: signatures are of the real time, whatever the virtual clock tells.
    pub now: i64,
}

/// The merchant whose signature was right.
pub fn checked(world: &mut GatewayState, request: &Request, route: &Route) -> Result<Account, V3Answer> {
    let now = clock::real_now() / SECOND;
    let known = KnownMerchant { serial: V3_MATERIAL.serial, has_signed: &is_the_merchants, now };
    let account = signed_by(world, request, route, known)?;
    if !world.platform.wants_the_public_key() || !route.is_answered_with_the_key() {
        return Ok(account);
    }
    match request.header("wechatpay-serial") {
        Some(id) if id == V3_MATERIAL.public_key_id => Ok(account),
        _ => Err(V3Answer::refusal(
            400,
            "PARAM_ERROR",
            "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)",
        )),
    }
}

/// The same for a merchant of this key, at that time.
pub fn signed_by(
    world: &mut GatewayState,
    request: &Request,
    route: &Route,
    known: KnownMerchant<'_>,
) -> Result<Account, V3Answer> {
    let is_about_orders = route.is_about_orders();
    let named = |name: &str| request.header(name).filter(|text| !text.is_empty());
    if !is_about_orders && (named("accept").is_none() || named("user-agent").is_none()) {
        return Err(V3Answer::refusal(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent"));
    }
    let header = named("authorization");
    if header.is_some_and(|header| header.starts_with("WECHATPAY2-") && !header.starts_with(SCHEME)) {
        return Err(sign_error("Http头Authorization认证类型不正确"));
    }
    let unreadable = if is_about_orders {
        "签名信息错误，验签失败"
    } else {
        "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》"
    };
    let parts = header.and_then(AuthorizationParts::read).ok_or_else(|| sign_error(unreadable))?;
    if !parts.is_timely(known.now) {
        return Err(sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"));
    }
    let account = world.accounts.iter().find(|account| account.mch_id == parts.mchid).cloned();
    let account = account.filter(|_| parts.serial_no == known.serial);
    let account = account.ok_or_else(|| sign_error("商户证书序列号有误。"))?;
    // A nonce that was there before is an old request sent again: stricter than WeChat Pay.
    let is_new = world.v3_nonces.insert(parts.nonce_str.clone());
    if !(known.has_signed)(&parts.text(request), &parts.signature) || !is_new {
        return Err(sign_error("签名错误"));
    }
    Ok(account)
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
            let part = match name {
                "mchid" => &mut parts.mchid,
                "nonce_str" => &mut parts.nonce_str,
                "timestamp" => &mut parts.timestamp,
                "serial_no" => &mut parts.serial_no,
                "signature" => &mut parts.signature,
                _ => return None,
            };
            if !std::mem::replace(part, value).is_empty() {
                return None;
            }
        }
        let all = [&parts.mchid, &parts.nonce_str, &parts.timestamp, &parts.serial_no, &parts.signature];
        all.iter().all(|part| !part.is_empty()).then_some(parts)
    }

    fn is_timely(&self, now: i64) -> bool {
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
