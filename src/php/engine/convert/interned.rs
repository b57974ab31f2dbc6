//! The names of WeChat's fields as PHP strings: made once, with their hashes, and never freed.

use ext_php_rs::ffi::zend_string;
use ext_php_rs::types::ZendStr;
use std::sync::OnceLock;

/// What answers and requests are made of.
const KNOWN: [&str; 72] = [
    "return_code",
    "return_msg",
    "result_code",
    "err_code",
    "err_code_des",
    "appid",
    "mch_id",
    "sub_appid",
    "sub_mch_id",
    "nonce_str",
    "sign",
    "sign_type",
    "device_info",
    "openid",
    "is_subscribe",
    "sub_openid",
    "sub_is_subscribe",
    "trade_type",
    "trade_state",
    "trade_state_desc",
    "bank_type",
    "total_fee",
    "settlement_total_fee",
    "fee_type",
    "cash_fee",
    "cash_fee_type",
    "coupon_fee",
    "coupon_count",
    "coupon_id_0",
    "coupon_type_0",
    "coupon_fee_0",
    "coupon_id_1",
    "coupon_type_1",
    "coupon_fee_1",
    "coupon_id_2",
    "coupon_type_2",
    "coupon_fee_2",
    "transaction_id",
    "out_trade_no",
    "attach",
    "time_end",
    "promotion_detail",
    "prepay_id",
    "code_url",
    "mweb_url",
    "recall",
    "version",
    "body",
    "detail",
    "spbill_create_ip",
    "notify_url",
    "product_id",
    "out_refund_no",
    "refund_id",
    "refund_fee",
    "settlement_refund_fee",
    "cash_refund_fee",
    "coupon_refund_fee",
    "coupon_refund_count",
    "refund_count",
    "out_refund_no_0",
    "refund_id_0",
    "refund_channel_0",
    "refund_fee_0",
    "refund_status_0",
    "refund_account_0",
    "refund_recv_accout_0",
    "refund_success_time_0",
    "settlement_refund_fee_0",
    "total_refund_count",
    "req_info",
    "mini_program_openid",
];
/// More than twice as many, so that a search is short.
const SLOTS: usize = 256;

static NAMES: OnceLock<Names> = OnceLock::new();

/// Each known name with its string, at its place or the next free one after it.
struct Names([Option<(&'static str, *mut zend_string)>; SLOTS]);

// SAFETY: the strings are interned for the life of the process and never written to; the table is made while the
// module starts, before there is a second thread.
unsafe impl Send for Names {}
// SAFETY: as above.
unsafe impl Sync for Names {}

/// Makes the strings; called while the module starts.
pub fn intern() {
    NAMES.get_or_init(|| {
        let mut names = Names([None; SLOTS]);
        for name in KNOWN {
            let free = places(name).find(|place| matches!(names.0.get(*place), Some(None)));
            if let Some(slot) = free.and_then(|place| names.0.get_mut(place)) {
                *slot = Some((name, ZendStr::new_interned(name, true).into_raw()));
            }
        }
        names
    });
}

/// Lends a name as a PHP string.
pub fn with<R>(name: &str, take: impl FnOnce(*mut zend_string) -> R) -> R {
    match NAMES.get().and_then(|names| names.find(name)) {
        Some(known) => take(known),
        None => take(&raw mut *ZendStr::new(name, false)),
    }
}

impl Names {
    fn find(&self, name: &str) -> Option<*mut zend_string> {
        let known = places(name).map_while(|place| self.0.get(place)?.as_ref());
        known.into_iter().find(|(known, _)| *known == name).map(|(_, string)| *string)
    }
}

/// Where to look for a name, one place after the other.
fn places(name: &str) -> impl Iterator<Item = usize> {
    let first = first_place(name);
    (first..SLOTS).chain(0..first)
}

/// Length, first and last bytes tell nearly all names apart.
fn first_place(name: &str) -> usize {
    let ends = [name.as_bytes().first_chunk::<4>(), name.as_bytes().last_chunk::<4>()];
    let [first, last] = ends.map(|end| u32::from_le_bytes(end.copied().unwrap_or_default()));
    let mixed = (first ^ last.rotate_left(11))
        .wrapping_add(u32::try_from(name.len()).unwrap_or(u32::MAX))
        .wrapping_mul(0x9E37_79B1);
    (mixed >> 24) as usize % SLOTS
}
