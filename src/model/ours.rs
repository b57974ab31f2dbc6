//! Verified is not enough: a message must be for us, and an answer about what was asked (decisions.md 1.5, 4.1). The
//! only place where [`Ours`] can be made.

use super::merchant::Merchant;
use crate::wire::v2::fields::Fields;
use crate::wire::verified::Verified;
use std::borrow::Cow;
use std::ops::Deref;

/// The second witness: the content was verified, and it is for us. Models are read from it.
///
/// Nothing outside this module can make one, from verified content neither:
///
/// ```compile_fail
/// fn believe(answer: wechatpay::Verified<wechatpay::Fields>) -> wechatpay::Ours<wechatpay::Fields> {
///     wechatpay::Ours(answer)
/// }
/// ```
///
/// ```compile_fail
/// fn read(answer: wechatpay::Verified<wechatpay::Fields>) -> bool {
///     wechatpay::Order::from_query(answer).is_ok()
/// }
/// ```
///
/// And what was read from it cannot be changed any more:
///
/// ```compile_fail
/// fn pay(order: &mut wechatpay::Order) {
///     order.trade_state = wechatpay::TradeState::Success;
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Ours<T>(Verified<T>);

impl<T> Deref for Ours<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A number that was asked for and must come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo {
    /// The field.
    pub field: Cow<'static, str>,
    /// What was asked.
    pub asked: String,
    /// Must a SUCCESS answer have it?
    pub required: bool,
}

/// The content is genuine, and another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotOurs {
    /// The field that differs.
    pub field: String,
    /// What we asked for.
    pub asked: String,
    /// What came.
    pub got: String,
}

impl Ours<Fields> {
    /// The answer to what was sent: its ids are those of the request, and each number that was asked for comes back.
    /// With `success`, what must come back is there.
    pub fn answering(
        answer: Verified<Fields>,
        sent: &Fields,
        echoes: &[Echo],
        success: bool,
    ) -> Result<Self, NotOurs> {
        for id in ["appid", "mch_id"] {
            if let Some(ours) = sent.text(id) {
                same(&answer, id, ours, true)?;
            }
        }
        match sent.text("sub_mch_id") {
            Some(ours) => same(&answer, "sub_mch_id", ours, success)?,
            None => same(&answer, "sub_mch_id", "", false)?,
        }
        if let Some(ours) = sent.text("sub_appid") {
            same(&answer, "sub_appid", ours, false)?;
        }
        echoes.iter().try_for_each(|e| same(&answer, &e.field, &e.asked, e.required && success))?;
        Ok(Self(answer))
    }

    /// A message that WeChat Pay has posted to this merchant; given back if it is for another.
    pub fn addressed_to(merchant: &Merchant, message: Verified<Fields>) -> Result<Self, Verified<Fields>> {
        if rank(&message, merchant).is_some() { Ok(Self(message)) } else { Err(message) }
    }
}

fn same(answer: &Fields, field: &str, asked: &str, required: bool) -> Result<(), NotOurs> {
    let got = answer.text(field);
    if got == Some(asked) || got.is_none() && !required {
        return Ok(());
    }
    let or_nothing = |text: Option<&str>| text.filter(|t| !t.is_empty()).map_or("nothing".to_owned(), shown);
    Err(NotOurs { field: field.to_owned(), asked: or_nothing(Some(asked)), got: or_nothing(got) })
}

/// What may be shown of a text that somebody else has sent.
pub fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// How well a message fits a merchant, `None` if not at all: best with appid, mch_id and both sub ids; a merchant
/// without sub ids takes any.
pub fn rank(fields: &Fields, merchant: &Merchant) -> Option<u8> {
    let same = |name, ours: &str| fields.text(name) == Some(ours);
    if !same("appid", &merchant.appid) || !same("mch_id", &merchant.mch_id) {
        return None;
    }
    let sub_mch = merchant.sub_mch_id.as_deref();
    let sub_app = merchant.sub_appid.as_deref();
    if fields.text("sub_mch_id") == sub_mch && fields.text("sub_appid") == sub_app {
        return Some(3);
    }
    let fits = |app| fields.text("sub_appid").is_none_or(|got| got == app);
    match sub_mch {
        // A notice need not name the sub_appid: an order that was not placed through it knows none.
        Some(ours) => (same("sub_mch_id", ours) && sub_app.is_none_or(fits)).then_some(2),
        None => sub_app.is_none().then_some(1),
    }
}

/// Which id keeps a message from the merchant that it comes nearest to.
pub fn misfit(fields: &Fields, merchants: &[&Merchant]) -> NotOurs {
    let all: Vec<_> = merchants.iter().map(|merchant| first_difference(fields, merchant)).collect();
    let nearest = all.iter().map(|(at, ..)| *at).max().unwrap_or_default();
    let of_nearest = || all.iter().filter(|(at, ..)| *at == nearest);
    let mut asked: Vec<&str> = of_nearest().map(|(_, _, own)| own.as_deref().unwrap_or("nothing")).collect();
    asked.dedup();
    let field = of_nearest().next().map_or("mch_id", |(_, name, _)| *name);
    let got = fields.text(field).map_or_else(|| "nothing".to_owned(), shown);
    NotOurs { field: field.to_owned(), asked: asked.join(", "), got }
}

/// Of the ids in their order: place, name and the merchant's own of the first that differs.
fn first_difference(fields: &Fields, merchant: &Merchant) -> (usize, &'static str, Option<String>) {
    let [appid, mch_id, sub_appid, sub_mch_id] = merchant.ids();
    let ids = [appid, mch_id, sub_mch_id, sub_appid].into_iter().enumerate();
    let differing = ids.filter(|(_, (name, own))| fields.text(name) != *own);
    let first = differing.map(|(at, (name, own))| (at, name, own.map(str::to_owned))).next();
    first.unwrap_or((0, "mch_id", Some(merchant.mch_id.clone())))
}

#[cfg(test)]
impl Ours<Fields> {
    /// Unchecked, for tests of what is read from it.
    pub(crate) fn for_test(answer: Verified<Fields>) -> Self {
        Self(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::merchant::{Credentials, V2Credentials};
    use crate::wire::key::Key;
    use crate::wire::v2::sign::{SignType, add_sign, verify};

    fn merchant(mch_id: &str) -> Merchant {
        Merchant {
            appid: "wx2421b1c4370ec43b".into(),
            mch_id: mch_id.into(),
            sub_appid: None,
            sub_mch_id: None,
            credentials: Credentials::V2(V2Credentials {
                sign_type: SignType::Md5,
                key: Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").unwrap(),
                previous_key: None,
                accept_md5: false,
                certificate: None,
            }),
        }
    }

    /// Signed with the merchant's key, and verified.
    fn verified(pairs: &[(&str, &str)], merchant: &Merchant) -> Verified<Fields> {
        let mut fields = Fields::from_texts(pairs.iter().copied()).unwrap();
        let keys = merchant.v2().unwrap();
        add_sign(&mut fields, &keys.key, keys.sign_type);
        verify(fields, &keys.signature_policy(None)).unwrap()
    }

    #[test]
    fn what_is_verified_for_another_merchant_of_the_same_key_is_not_ours() {
        let ours = merchant("10000100");
        let message = |mch_id: &str| verified(&[("appid", &ours.appid), ("mch_id", mch_id)], &ours);
        assert!(Ours::addressed_to(&ours, message("10000100")).is_ok());
        assert!(Ours::addressed_to(&ours, message("10000101")).is_err());
        let sent = Fields::from_texts([("mch_id", "10000100")].into_iter()).unwrap();
        assert!(Ours::answering(message("10000100"), &sent, &[], true).is_ok());
        assert_eq!(Ours::answering(message("10000101"), &sent, &[], true).unwrap_err().field, "mch_id");
    }

    #[test]
    fn a_number_that_was_asked_for_comes_back_or_the_answer_is_not_ours() {
        let echo = Echo { field: "out_trade_no".into(), asked: "T1".into(), required: true };
        let answering = |pairs: &[(&str, &str)], success| {
            let answer = verified(pairs, &merchant("10000100"));
            Ours::answering(answer, &Fields::new(), std::slice::from_ref(&echo), success).map(drop)
        };
        assert!(answering(&[("out_trade_no", "T1"), ("a", "b")], true).is_ok());
        assert!(answering(&[("a", "b")], false).is_ok());
        let missing = answering(&[("a", "b")], true).unwrap_err();
        assert_eq!((missing.asked.as_str(), missing.got.as_str()), ("T1", "nothing"));
        assert_eq!(answering(&[("out_trade_no", "T2")], false).unwrap_err().got, "T2");
    }

    #[test]
    fn what_is_said_to_differ_differs_from_the_merchant_that_fits_best() {
        let (plain, other) = (merchant("1"), merchant("2"));
        let sub = Merchant { sub_mch_id: Some("7".into()), ..merchant("1") };
        let said = |mch_id, sub_mch_id, merchants: &[&Merchant]| {
            let pairs = [("appid", plain.appid.as_str()), ("mch_id", mch_id), ("sub_mch_id", sub_mch_id)];
            let told = Fields::from_texts(pairs.into_iter()).unwrap();
            let NotOurs { field, asked, got } = misfit(&told, merchants);
            format!("{field}: {asked} / {got}")
        };
        assert_eq!(said("1", "8", &[&sub]), "sub_mch_id: 7 / 8");
        assert_eq!(said("1", "8", &[&other, &sub]), "sub_mch_id: 7 / 8");
        assert_eq!(said("1", "", &[&sub]), "sub_mch_id: 7 / nothing");
        assert_eq!(said("3", "8", &[&sub, &plain, &other]), "mch_id: 1, 2 / 3");
        let foreign = Merchant { appid: "wx0".into(), ..merchant("1") };
        assert_eq!(said("1", "", &[&foreign]), format!("appid: wx0 / {}", plain.appid));
    }
}
