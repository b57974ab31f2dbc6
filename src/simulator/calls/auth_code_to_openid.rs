//! `/tools/authcodetoopenid`: whose code it is. MD5 only.

use super::super::answer::CallEnd;
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::field;
use super::micropay::is_auth_code;

/// Answers the call; afterwards only this merchant can charge the code.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    if caller.get("sign").len() > 32 {
        return Err(CallRefusal::Bare("sign参数长度有误".to_owned()));
    }
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    let code = field::required(caller, "auth_code", 128)?;
    if !is_auth_code(code) {
        let text = "请扫描微信支付授权码(以10/11/12/13/14/15为前缀的18位数字)";
        return Err(CallRefusal::service("AUTH_CODE_INVALID", text));
    }
    if world.till.is_spent(code) {
        return Err(CallRefusal::service("AUTHCODEEXPIRE", "二维码已过期，请用户在微信上刷新后再试"));
    }
    world.till.bind(code, &caller.account.mch_id);
    let openid = format!("oUpF8u{}", world.dice.letters(22));
    let mut document = caller.success(world);
    document.text("openid", openid);
    if !caller.get("sub_appid").is_empty() {
        let sub_openid = format!("oSubUs{}", world.dice.letters(22));
        document.text("sub_openid", sub_openid);
    }
    Ok(caller.sealed(document).into())
}
