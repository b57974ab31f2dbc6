//! Notices of APIv3: what v2's letter says, in v3's words, under the APIv3 key, signed anew each time.

use super::super::clock;
use super::super::dice::Rng;
use super::super::document::XmlDocument;
use super::super::platform::{Platform, SignatureFault, SignedHead, V3_MATERIAL, sealed, signed};
use super::super::sabotage::OTHER_KEY;
use super::super::told;
use serde_json::{Value, json};

/// How a notice proves itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoticeProof {
    /// By what is inside, as in v2.
    #[default]
    Inside,
    /// By its headers, as in APIv3.
    Headers(SignatureFault),
}

/// What is inside the notice of a payment.
pub fn payment(letter: &XmlDocument) -> Value {
    let mut letter = letter.clone();
    if letter.get("trade_state").is_none() {
        letter.set("trade_state", "SUCCESS");
        letter.set("trade_state_desc", "支付成功");
    }
    told::order(&letter, letter.filled("sub_mch_id").is_some())
}

/// What is inside the notice of a refund.
pub fn refund(outer: &XmlDocument, inner: &XmlDocument) -> Value {
    let mut both = inner.clone();
    outer.pairs().for_each(|(name, text)| both.set(name, text));
    told::refund_notice(&both)
}

/// The words for people, and for those who switch on them.
pub fn event(resource: &Value) -> (&'static str, &'static str, &'static str) {
    match resource["refund_status"].as_str() {
        None => ("TRANSACTION.SUCCESS", "transaction", "支付成功"),
        Some("CLOSED") => ("REFUND.CLOSED", "refund", "退款关闭"),
        Some("ABNORMAL") => ("REFUND.ABNORMAL", "refund", "退款异常"),
        Some(_) => ("REFUND.SUCCESS", "refund", "退款成功"),
    }
}

/// What writes notices and signs them, at one moment.
pub struct V3Notices<'a> {
    /// Whose keys sign.
    pub platform: &'a mut Platform,
    /// Their nonces.
    pub dice: &'a mut Rng,
    /// On the virtual clock.
    pub now: i64,
}

impl V3Notices<'_> {
    /// The headers of one try to deliver this.
    pub fn headers(&mut self, body: &str, proof: NoticeProof) -> SignedHead {
        let NoticeProof::Headers(fault) = proof else {
            return vec![("content-type", "text/xml".to_owned())];
        };
        let key = self.platform.key_of_notice(self.dice);
        let probe = fault == SignatureFault::Nothing && self.platform.is_probe(body, self.dice);
        let fault = if probe { SignatureFault::Probe } else { fault };
        let mut headers = signed(self.dice, body, key, fault);
        headers.push(("content-type", "application/json".to_owned()));
        headers
    }

    /// The envelope around a resource, under a key.
    pub fn envelope(&mut self, told: &Value, key: &str) -> String {
        let (event_type, original_type, summary) = event(told);
        let mut resource = sealed(self.dice, key, original_type, &told.to_string());
        if let Value::Object(resource) = &mut resource {
            resource.insert("original_type".to_owned(), original_type.into());
        }
        let hex = self.dice.hex(32);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        let id = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
        let envelope = json!({
            "id": id,
            "create_time": clock::rfc3339(self.now),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": summary,
            "resource": resource,
        });
        envelope.to_string()
    }

    /// A notice under a mutation of its envelope or its signature: the body, and how it proves itself. `None`: there is no
    /// mutation of this name.
    pub fn mutated(&mut self, name: &str, resource: &Value) -> Option<(String, NoticeProof)> {
        let key = match name {
            "forged" => OTHER_KEY,
            "former_key" => V3_MATERIAL.previous_api_v3_key,
            _ => V3_MATERIAL.api_v3_key,
        };
        let body = self.envelope(resource, key);
        let half = || body.chars().take(body.chars().count() / 2).collect();
        let body = match name {
            "duplicate_field" => body.replacen('{', "{\"event_type\":\"TRANSACTION.SUCCESS\",", 1),
            "truncated" => half(),
            "empty" => String::new(),
            _ => body,
        };
        let fault = match name {
            "" | "resend" | "two_at_once" | "forged" | "former_key" | "duplicate_field" | "truncated"
            | "empty" => SignatureFault::Nothing,
            "no_sign" => SignatureFault::Absent,
            "empty_sign" => SignatureFault::Empty,
            "bad_sign" | "altered" => SignatureFault::Wrong,
            "probe" => SignatureFault::Probe,
            "other_key_sign" => SignatureFault::UnknownKey,
            "stale_sign" => SignatureFault::Stale,
            "future_sign" => SignatureFault::Ahead,
            "double_sign" => SignatureFault::Twice,
            _ => return None,
        };
        Some((body, NoticeProof::Headers(fault)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::options::Options;
    use super::super::super::order::PaymentDetails;
    use super::super::super::signer::SignMethod;
    use super::super::super::world::GatewayState;
    use super::*;
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    fn opened(resource: &Value) -> Value {
        use base64::Engine;
        let key = UnboundKey::new(&AES_256_GCM, V3_MATERIAL.api_v3_key.as_bytes()).unwrap();
        let nonce = resource["nonce"].as_str().unwrap().as_bytes();
        let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
        let aad = Aad::from(resource["associated_data"].as_str().unwrap().as_bytes());
        let text = resource["ciphertext"].as_str().unwrap();
        let mut bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        let text = LessSafeKey::new(key).open_in_place(nonce, aad, &mut bytes).unwrap();
        serde_json::from_slice(text).unwrap()
    }

    #[test]
    fn a_payment_by_v3_is_announced_in_its_words_and_signed_anew_each_time() {
        let mut world = GatewayState::new(&Options::default(), 7);
        let order = r#"{"out_trade_no":"T1","total_fee":100,"sign_type":"WECHATPAY2-SHA256-RSA2048"}"#;
        super::super::super::control::enter_order(&mut world, order).unwrap();
        world.pay(0, PaymentDetails::default());
        let letter = world.payment_letter(0).unwrap();
        assert_eq!(letter.method, SignMethod::Rsa);
        let body = world.v3_notices().envelope(&payment(&letter.document), V3_MATERIAL.api_v3_key);
        let read: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["event_type"], "TRANSACTION.SUCCESS");
        let inside = opened(&read["resource"]);
        assert_eq!((&inside["out_trade_no"], &inside["amount"]["total"]), (&"T1".into(), &100.into()));
        assert_eq!((&inside["trade_state"], &inside["mchid"]), (&"SUCCESS".into(), &"10000100".into()));
        let proof = NoticeProof::Headers(SignatureFault::Nothing);
        let (one, other) =
            (world.v3_notices().headers(&body, proof), world.v3_notices().headers(&body, proof));
        assert_ne!(one, other);
        assert_eq!(world.v3_notices().headers(&body, NoticeProof::Inside).len(), 1);
    }
}
