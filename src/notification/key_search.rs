//! Notices that name a certificate which this process does not have yet: WeChat Pay changes them while shops run, and a
//! page that only reads notices has downloaded none (protocol-v3.md A.6, B.3).

use super::notice::Notification;
use super::v3::{self, PostedNotice};
use crate::error::{Error, Phase, TransportError};
use crate::model::merchant::{Credentials, Merchant};
use crate::wire::v3::signature::{HeaderError, SignatureHeaders};

/// Looks for a key, by its serial number, for one of the merchants: true if there are more keys than before.
pub type LookForKey<'l> = &'l mut dyn FnMut(usize, &str) -> Result<bool, Error>;

/// Reads a notice of APIv3. If nobody's keys verify it, those are looked for that it could be signed with; that there is
/// no list is told only of a notice of which nothing else is known.
pub fn read(
    posted: PostedNotice<'_>,
    merchants: &[&Merchant],
    look_for: LookForKey<'_>,
) -> Result<Notification, Error> {
    let told = v3::read(posted, merchants);
    if !is_open(&told) {
        return told;
    }
    let (mut is_worth_another_look, mut not_loaded) = (false, None);
    for (at, merchant) in merchants.iter().enumerate() {
        let Some(serial) = unknown_serial(posted, merchant) else { continue };
        match look_for(at, serial) {
            Ok(more) => is_worth_another_look |= more,
            Err(why) => not_loaded = Some(unjudged(serial, why)),
        }
    }
    let told = if is_worth_another_look { v3::read(posted, merchants) } else { told };
    told.map_err(|error| match error {
        Error::Headers(HeaderError::UnknownSerial(_)) => not_loaded.unwrap_or(error),
        error => error,
    })
}

/// May it still be somebody's whose keys are not known? Keys that cannot be read keep nobody else's notice back; and a
/// merchant of the same account, whose sub-merchant another names, may know fewer. Other accounts have other certificates.
const fn is_open(told: &Result<Notification, Error>) -> bool {
    use Error::{Configuration, Headers, Mismatch};
    matches!(told, Err(Headers(HeaderError::UnknownSerial(_)) | Configuration(_) | Mismatch { .. }))
}

/// The certificate that it names, if this merchant downloads them, does not have it, and nothing else is wrong so far.
fn unknown_serial<'h>(posted: PostedNotice<'h>, merchant: &Merchant) -> Option<&'h str> {
    let Credentials::V3(keys) = &merchant.credentials else { return None };
    let keys = keys.get().ok()?;
    let ring = &keys.ring;
    let signed = SignatureHeaders::of(posted.headers).ok()?;
    let verified = signed.verify(posted.body, ring, posted.now);
    let is_unknown = matches!(verified, Err(HeaderError::UnknownSerial(_)));
    Some(signed.serial()).filter(|serial| is_unknown && ring.is_worth_a_download(serial))
}

/// Whoever could not look has not found a forgery: the notice is to come again.
fn unjudged(serial: &str, why: Error) -> Error {
    let serial: String = serial.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    let message = format!(
        "the notice could not be judged: it names the certificate {serial}, which is not known here, and {why}; \
         refuse it with Notification::refuse(), and WeChat Pay sends it again"
    );
    match why {
        Error::Transport(fault) => TransportError { message, ..fault }.into(),
        Error::Configuration(_) | Error::Unsigned { .. } | Error::Argument(_) => {
            Error::Configuration(message)
        }
        _ => TransportError { phase: Phase::Answer, message, sent: true, retry_after_ms: None, reused: None }
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::v3::{NOW, merchant};
    use crate::model::v3_keys::V3Keys;
    use crate::wire::key::Key;
    use crate::wire::v3::key_ring::KeyRing;
    use crate::wire::v3::key_store::KeyStore;
    use crate::wire::v3::vectors::{body, group, headers, keys, ring};
    use serde_json::{Value, json};
    use std::sync::Arc;

    /// A merchant without a key of WeChat Pay's, which others can fill.
    fn by_certificates() -> Merchant {
        let mut merchant = merchant();
        let Credentials::V3(keys) = &mut merchant.credentials else { panic!() };
        Arc::get_mut(keys).unwrap().for_test().ring =
            KeyRing::default().with_downloads(Arc::new(KeyStore::default()));
        merchant
    }

    /// A good notice whose key has such a name.
    fn vector_of(wanted: impl Fn(&str) -> bool) -> &'static Value {
        let is_wanted = |vector: &&Value| {
            let headers = headers(&vector["inputs"]["headers"]);
            let serial = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("wechatpay-serial"));
            vector["expected"]["accept"].is_object() && serial.is_some_and(|(_, serial)| wanted(serial))
        };
        group("notify").iter().find(is_wanted).unwrap()
    }

    fn parts(vector: &Value) -> (Vec<(&str, &str)>, Vec<u8>) {
        (headers(&vector["inputs"]["headers"]), body(&vector["inputs"]))
    }

    fn take_all(merchant: &Merchant) {
        let Credentials::V3(own) = &merchant.credentials else { panic!() };
        let known = ["platform_old", "platform_new"].map(|name| keys()[name]["serial"].clone());
        own.get().unwrap().ring.downloads().unwrap().take(ring(&json!(known)).into_keys(), NOW);
    }

    #[test]
    fn v7_a_certificate_that_is_not_known_is_looked_for_and_a_search_that_fails_proves_no_forgery() {
        let vector = vector_of(|serial| !serial.starts_with("PUB"));
        let (headers, body) = parts(vector);
        let now = vector["inputs"]["now"].as_i64().unwrap();
        let posted = PostedNotice { headers: &headers, body: &body, now };
        let (own, mut asked) = (by_certificates(), Vec::new());
        let serial =
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("wechatpay-serial")).unwrap().1;

        let told = read(posted, &[&own], &mut |at, serial| {
            asked.push((at, serial.to_owned()));
            Ok(false)
        });
        assert!(matches!(told, Err(Error::Headers(HeaderError::UnknownSerial(_)))), "{told:?}");
        assert_eq!(asked, [(0, serial.to_owned())]);

        for why in [Error::Malformed("x".into()), Error::Headers(HeaderError::Wrong)] {
            let told = read(posted, &[&own], &mut |_, _| Err(why.clone()));
            let Err(Error::Transport(fault)) = told else { panic!("{told:?}") };
            assert!(fault.message.contains(serial) && fault.message.contains("sends it again"), "{fault}");
        }
        let told = read(posted, &[&own], &mut |_, _| Err(Error::Configuration("x".into())));
        assert!(matches!(told, Err(Error::Configuration(_))), "{told:?}");

        let told = read(posted, &[&own], &mut |_, _| {
            take_all(&own);
            Ok(true)
        });
        assert_eq!(told.unwrap().merchant, 0);
        let nobody = read(posted, &[&own], &mut |_, _| panic!("all is known"));
        assert!(nobody.is_ok());
    }

    #[test]
    fn v7_the_list_of_one_merchant_hides_no_fault_of_another_that_came_further() {
        let vector = vector_of(|serial| !serial.starts_with("PUB"));
        let (headers, body) = parts(vector);
        let posted =
            PostedNotice { headers: &headers, body: &body, now: vector["inputs"]["now"].as_i64().unwrap() };
        let (wrong_key, other) = (by_certificates(), by_certificates());
        take_all(&wrong_key);
        let mut wrong_key = wrong_key;
        let Credentials::V3(keys) = &mut wrong_key.credentials else { panic!() };
        Arc::get_mut(keys).unwrap().for_test().key = Key::new(&[b'k'; 32]).unwrap();
        for merchants in [[&wrong_key, &other], [&other, &wrong_key]] {
            let told = read(posted, &merchants, &mut |_, _| panic!("it is the first one's"));
            assert!(matches!(told, Err(Error::Malformed(_))), "{told:?}");
        }
        let another = Merchant { sub_mch_id: Some("190".into()), ..by_certificates() };
        take_all(&another);
        let told = read(posted, &[&another, &other], &mut |_, _| Err(Error::Malformed("x".into())));
        assert!(matches!(told, Err(Error::Mismatch { .. })), "{told:?}");
        let unread = Merchant {
            credentials: Credentials::V3(Arc::new(V3Keys::new(|| Err("no key".into())))),
            ..merchant()
        };
        let told = read(posted, &[&unread, &other], &mut |_, _| Err(Error::Malformed("x".into())));
        assert!(matches!(told, Err(Error::Configuration(why)) if why == "no key"));
        for first in [&unread, &another] {
            let last = by_certificates();
            let told = read(posted, &[first, &last], &mut |_, _| {
                take_all(&last);
                Ok(true)
            });
            assert_eq!(told.unwrap().merchant, 1);
        }
    }

    #[test]
    fn v7_nothing_is_looked_for_if_anything_else_is_wrong_or_there_are_no_certificates_to_look_for() {
        let vector = vector_of(|serial| !serial.starts_with("PUB"));
        let (headers, body) = parts(vector);
        let now = vector["inputs"]["now"].as_i64().unwrap();
        let posted = PostedNotice { headers: &headers, body: &body, now };
        let (stale, unsigned) =
            (PostedNotice { now: posted.now + 301, ..posted }, PostedNotice { headers: &[], ..posted });
        let (own, mut with_a_key) = (by_certificates(), merchant());
        let Credentials::V3(keys_of_it) = &mut with_a_key.credentials else { panic!() };
        Arc::get_mut(keys_of_it).unwrap().for_test().ring =
            ring(&json!([keys()["platform_expired"]["serial"]]));
        let (signed, body) = parts(vector_of(|serial| serial.starts_with("PUB")));
        let by_public_key = PostedNotice { headers: &signed, body: &body, ..posted };
        for (posted, merchant) in
            [(stale, &own), (unsigned, &own), (posted, &with_a_key), (by_public_key, &own)]
        {
            let told = read(posted, &[merchant], &mut |_, _| panic!("nothing is to be looked for"));
            assert!(matches!(told, Err(Error::Headers(_))), "{told:?}");
        }
    }
}
