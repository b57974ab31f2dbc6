//! What a value must not hold if it is to leave us: checked by the argument's name before anything is signed.

use super::argument::BadArgument;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::split::{Split, hidden_in, look};
use crate::wire::v2::xml;

/// What a product link of Native mode 1 is made of: `long_url` carries one whole, and it has no free text.
const IN_A_PRODUCT_LINK: [&str; 4] = ["appid", "mch_id", "product_id", "nonce_str"];

/// Refuses fields that no message can carry, or that WeChat Pay, or a stranger, could take for others.
pub fn sendable(argument: &'static str, fields: &Fields) -> Result<(), BadArgument> {
    xml::check(fields).map_err(|e| BadArgument::new(argument, format!("must be writable: {e}")))?;
    one_meaning(argument, fields)
}

/// The same of fields that are about to be written anyway.
pub fn one_meaning(argument: &'static str, fields: &Fields) -> Result<(), BadArgument> {
    let bad = |why: String| BadArgument::new(argument, format!("must be sendable: {why}"));
    let returns = |(_, text): &(&str, &str)| text.contains('\r');
    if let Some((field, _)) = fields.iter().find(returns) {
        return Err(bad(format!("field {field} holds {CARRIAGE_RETURN}")));
    }
    unsplit(fields).map_err(|e| bad(e.to_string()))
}

/// The same for one text, by its field's name.
pub fn text(field: &str, text: &str) -> Result<(), String> {
    if text.contains('\r') {
        return Err(format!("must not hold {CARRIAGE_RETURN}"));
    }
    match hidden_in(text.as_bytes()).filter(|_| !is_own_link((field, text))) {
        Some(hidden) => {
            Err(format!("must not hold \"&{hidden}=\", which could be split off as a field of its own"))
        }
        None => Ok(()),
    }
}

const CARRIAGE_RETURN: &str =
    "a carriage return, which does not come back as it was sent (use \"\\n\" alone)";

fn unsplit(fields: &Fields) -> Result<(), Split> {
    let others = fields.iter().filter(|pair| !is_own_link(*pair));
    look(others.map(|(name, text)| (name.as_bytes(), text.as_bytes())))
}

/// A product link inside `long_url` may say whose product it is.
fn is_own_link((field, text): (&str, &str)) -> bool {
    field == "long_url" && is_product_link(text)
}

/// A link whose parameters are those of a product link only.
fn is_product_link(text: &str) -> bool {
    let Some((_, parameters)) = text.split_once("weixin://wxpay/bizpayurl?") else { return false };
    let hidden = parameters.split('&').filter_map(|p| hidden_in(format!("&{p}").as_bytes()));
    let mut strangers = hidden.filter(|name| !IN_A_PRODUCT_LINK.contains(name));
    text.starts_with("weixin:") && strangers.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v2::split::DECIDING;

    fn refused(name: &str, text: &str) -> Option<String> {
        let mut fields = Fields::new();
        fields.set(name, text);
        let refused = sendable("options", &fields).err();
        assert!(refused.iter().all(|bad| bad.name == "options" && bad.what.contains(name)), "{refused:?}");
        refused.map(|bad| bad.what)
    }

    #[test]
    fn r1_r61_no_value_with_a_deciding_field_inside_leaves_us() {
        for name in DECIDING {
            for text in [format!("x&{name}=1"), format!("&{name}_0="), format!("a=1&{name}_1_2=&b")] {
                assert!(refused("attach", &text).is_some_and(|what| what.contains(name)), "{text}");
                assert!(super::text("attach", &text).unwrap_err().contains(name), "{text}");
            }
        }
        assert_eq!(refused("attach", "a=1&b=2"), None);
        assert!(text("attach", "a=1&b=2").is_ok());
    }

    #[test]
    fn r1_a_product_link_may_be_shortened_and_no_other_text_hides_in_long_url() {
        let link = "weixin://wxpay/bizpayurl?sign=A&appid=wx1&mch_id=1&product_id=P&time_stamp=1&nonce_str=n";
        assert_eq!(refused("long_url", link), None);
        assert!(refused("attach", link).is_some());
        for more in ["&result_code=SUCCESS", "&total_fee=1", "&mch_id_0=1&out_trade_no=T"] {
            assert!(refused("long_url", &format!("{link}{more}")).is_some(), "{more}");
        }
        assert!(refused("long_url", "https://a.example/?x=1&appid=wx1").is_some());
    }

    #[test]
    fn a_carriage_return_does_not_leave_us() {
        for text in ["a\rb", "a\r\nb", "\r"] {
            assert!(refused("attach", text).is_some_and(|what| what.contains("carriage return")));
            assert!(super::text("body", text).is_err());
        }
        assert_eq!(refused("attach", "a\nb\tc"), None);
    }
}
