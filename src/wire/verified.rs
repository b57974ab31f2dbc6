//! The witness that a sign was checked.

use std::ops::Deref;

/// What our own check has proved: the content carried the right sign under the merchant's key.
///
/// Only the signers of `wire` can make one, so that "nobody forgot to verify" is the compiler's business:
///
/// ```compile_fail
/// let forged = wechatpay::Verified(wechatpay::Fields::new());
/// ```
///
/// ```compile_fail
/// fn change(verified: &mut wechatpay::Verified<wechatpay::Fields>) {
///     verified.set("total_fee", "1");
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// For the signers: called behind the one check of each dialect, and nowhere else.
    pub(in crate::wire) fn by_check(content: T) -> Self {
        Self(content)
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
