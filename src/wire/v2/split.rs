//! One signed text, one meaning. `k=v&k=v` can be split in more than one way: `attach=x&total_fee=1` is one field or
//! two, and the sign is right for both. So no value may hold what would be a deciding field if it were split off, and
//! no deciding value may hold another field: then all that are taken agree on every deciding field.

/// The fields that decide about orders and money, or whose message it is (decisions.md 8.1).
pub const DECIDING: [&str; 25] = [
    "appid",
    "mch_id",
    "sub_appid",
    "sub_mch_id",
    "out_trade_no",
    "transaction_id",
    "out_refund_no",
    "refund_id",
    "product_id",
    "prepay_id",
    "openid",
    "total_fee",
    "settlement_total_fee",
    "cash_fee",
    "refund_fee",
    "fee_type",
    "return_code",
    "result_code",
    "err_code",
    "trade_state",
    "refund_status",
    "time_end",
    "nonce_str",
    "sign_type",
    "key",
];

/// Why a text that was signed, or is to be, could be taken for another. It repeats no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Split {
    /// A value with a deciding field inside.
    #[error("field {field} holds \"&{hidden}=\", which could be split off as a field of its own")]
    Hidden {
        /// The field.
        field: String,
        /// The deciding field in its value.
        hidden: &'static str,
    },
    /// A deciding value that could be cut.
    #[error("field {field} holds \"&\", where it could be cut into two fields")]
    Cut {
        /// The field.
        field: String,
    },
    /// An id with characters that no id has.
    #[error("field {field} is no id: it must be {what}")]
    Id {
        /// The field.
        field: String,
        /// What it must be.
        what: &'static str,
    },
}

/// Looks at every value.
pub fn look<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Result<(), Split> {
    for (name, text) in pairs.filter(|(name, text)| *name != b"sign" && text.contains(&b'&')) {
        if let Some(hidden) = hidden_in(text) {
            return Err(Split::Hidden { field: shown(name), hidden });
        }
        if deciding(name).is_some() {
            return Err(Split::Cut { field: shown(name) });
        }
    }
    Ok(())
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(64).collect()
}

/// The deciding field that a value holds as `&NAME=`, if any.
pub fn hidden_in(text: &[u8]) -> Option<&'static str> {
    let parts = text.split(|b| *b == b'&').skip(1);
    parts.filter_map(|part| part.get(..part.iter().position(|b| *b == b'=')?)).find_map(deciding)
}

/// The deciding field of this name; `refund_fee_0` and `refund_fee_0_1` are numbered forms of `refund_fee`.
fn deciding(name: &[u8]) -> Option<&'static str> {
    let once = without_number(name);
    let forms = [name, once, without_number(once)];
    DECIDING.into_iter().find(|word| forms.contains(&word.as_bytes()))
}

/// `name` of `name_12`.
fn without_number(name: &[u8]) -> &[u8] {
    let digits = name.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let front = name.get(..name.len() - digits).unwrap_or_default();
    front.strip_suffix(b"_").filter(|_| digits > 0).unwrap_or(name)
}

/// What an id is made of.
struct IdForm {
    what: &'static str,
    most: usize,
    /// Beside letters and digits.
    marks: &'static [u8],
}

const ACCOUNT: IdForm = IdForm { what: "1 to 32 characters of 0-9A-Za-z_-", most: 32, marks: b"_-" };
const SHOPS: IdForm = IdForm { what: "1 to 32 characters of 0-9A-Za-z_-|*@", most: 32, marks: b"_-|*@" };
const SHOPS_LONG: IdForm = IdForm { what: "1 to 64 characters of 0-9A-Za-z_-|*@", most: 64, marks: b"_-|*@" };
const WECHATS: IdForm = IdForm { what: "1 to 32 characters of 0-9A-Za-z", most: 32, marks: b"" };
const PREPAY: IdForm = IdForm { what: "1 to 64 characters of 0-9A-Za-z_-", most: 64, marks: b"_-" };
const PAYER: IdForm = IdForm { what: "1 to 128 characters of 0-9A-Za-z_-", most: 128, marks: b"_-" };

/// The form of the id of this name (decisions.md 2.1), numbered ones too.
fn form(name: &[u8]) -> Option<&'static IdForm> {
    Some(match name {
        b"appid" | b"mch_id" | b"sub_appid" | b"sub_mch_id" => &ACCOUNT,
        b"out_trade_no" => &SHOPS,
        b"transaction_id" => &WECHATS,
        b"prepay_id" => &PREPAY,
        b"openid" | b"sub_openid" => &PAYER,
        _ if name.starts_with(b"out_refund_no") => numbered(name, b"out_refund_no", &SHOPS_LONG)?,
        _ if name.starts_with(b"refund_id") => numbered(name, b"refund_id", &WECHATS)?,
        _ => return None,
    })
}

fn numbered(name: &[u8], word: &[u8], form: &'static IdForm) -> Option<&'static IdForm> {
    (without_number(name) == word).then_some(form)
}

impl IdForm {
    fn fits(&self, text: &[u8]) -> bool {
        text.len() <= self.most && text.iter().all(|b| b.is_ascii_alphanumeric() || self.marks.contains(b))
    }
}

/// Refuses a received id that is none; an empty one is absent.
pub fn ids<'a>(fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Result<(), Split> {
    for (field, text) in fields.filter(|(_, text)| !text.is_empty()) {
        if let Some(form) = form(field).filter(|form| !form.fits(text)) {
            return Err(Split::Id { field: shown(field), what: form.what });
        }
    }
    Ok(())
}

/// Is this a `prepay_id`?
pub fn is_prepay_id(text: &str) -> bool {
    !text.is_empty() && PREPAY.fits(text.as_bytes())
}

#[cfg(test)]
mod tests;
