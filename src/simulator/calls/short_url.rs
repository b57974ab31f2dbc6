//! `/tools/shorturl`: a short link for a long product link.

use super::super::answer::CallEnd;
use super::super::world::GatewayState;
use super::caller::{CallRefusal, CallingMerchant};
use super::field;

/// Answers the call.
pub fn answer(world: &mut GatewayState, caller: &CallingMerchant) -> Result<CallEnd, CallRefusal> {
    field::nonce(caller)?;
    field::sub_merchant(caller)?;
    let long_url = field::required(caller, "long_url", 512)?;
    if !long_url.starts_with("weixin://wxpay/bizpayurl?") {
        return Err(field::wrong("long_url参数错误"));
    }
    let short_url = format!("weixin://wxpay/s/{}", world.dice.letters(6));
    world.product_links.insert(short_url.clone(), long_url.to_owned());
    let mut document = caller.success(world);
    document.text("short_url", short_url);
    Ok(caller.sealed(document).into())
}
