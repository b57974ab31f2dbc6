//! `GET /v3/certificates`: the platform's certificates, each sealed with the APIv3 key.

use super::super::clock;
use super::super::platform::{PlatformCertificate, V3_MATERIAL, certificates, sealed};
use super::super::world::GatewayState;
use super::answer::V3Answer;
use serde_json::{Value, json};

const NONE_ISSUED: &str = "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引https://pay.weixin.qq.com/doc/v3/merchant/4012153196";

/// The answer to `GET /v3/certificates`.
pub fn listed(world: &mut GatewayState) -> V3Answer {
    let keys = world.platform.listed();
    if keys.is_empty() {
        return V3Answer::refusal(404, "RESOURCE_NOT_EXISTS", NONE_ISSUED);
    }
    let all = certificates().map(|issued| &issued.platform[..]).unwrap_or_default();
    let data: Vec<Value> =
        all.iter().filter(|one| keys.contains(&one.key)).map(|one| entry(world, one)).collect();
    V3Answer::told(200, json!({ "data": data }))
}

fn entry(world: &mut GatewayState, certificate: &PlatformCertificate) -> Value {
    let (from, to) = certificate.valid_ms;
    json!({
        "serial_no": certificate.key.id(),
        "effective_time": clock::rfc3339(from),
        "expire_time": clock::rfc3339(to),
        "encrypt_certificate": sealed(&mut world.own_dice, V3_MATERIAL.api_v3_key, "certificate", &certificate.pem),
    })
}
