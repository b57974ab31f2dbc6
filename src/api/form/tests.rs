//! Each documented form, and what is said to a text of another.

use super::*;
use crate::clock::write_compact;

fn refused(wire: &'static str, text: &str) -> String {
    argument(wire, text).unwrap_err().what
}

#[test]
fn r47_an_address_is_one_address() {
    for (text, sent) in [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("::1", "::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::FFFF:cb00:7107", "203.0.113.7"),
        ("0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7"),
    ] {
        assert_eq!(argument("spbill_create_ip", text).unwrap(), sent);
    }
    for (text, says) in [
        ("203.0.113.7, 198.51.100.1", "take the first of X-Forwarded-For"),
        ("203.0.113.7,198.51.100.1", "take the first of X-Forwarded-For"),
        ("203.0.113.7 198.51.100.1", "not a list"),
        ("203.0.113.7:443", "without port"),
        ("[::1]:443", "without port"),
        ("[::1]", "brackets"),
        (" 203.0.113.7", "without blanks"),
        ("203.0.113.7\n", "without blanks"),
        ("", "IPv4 or IPv6"),
        ("unknown", "IPv4 or IPv6"),
        ("203.0.113", "IPv4 or IPv6"),
        ("203.0.113.007", "IPv4 or IPv6"),
        ("fe80::1%eth0", "IPv4 or IPv6"),
    ] {
        assert!(refused("user_ip", text).contains(says), "{text:?}: {}", refused("user_ip", text));
    }
}

#[test]
fn r47_each_documented_form_is_checked_in_every_array_of_fields() {
    let long = "x".repeat(81);
    for (wire, text, says) in [
        ("refund_desc", long.as_str(), "1 to 80 bytes"),
        ("refund_desc", &"退".repeat(27), "1 to 80 bytes"),
        ("refund_account", "X", "REFUND_SOURCE_UNSETTLED_FUNDS or REFUND_SOURCE_RECHARGE_FUNDS"),
        ("notify_url", "https://a/?b=1", "without a query"),
        ("notify_url", "http://a/", "https URL"),
        ("notify_url", "https://商店.example/n", "punycode"),
        ("notify_url", "https://shop.example/通知", "percent-encoded"),
        ("time_expire", "2027-01-01 12:00:00", "yyyyMMddHHmmss"),
        ("time_start", "20270230000000", "yyyyMMddHHmmss"),
        ("fee_type", "cny", "three capital letters"),
        ("profit_sharing", "yes", "Y or N"),
        ("goods_tag", &long, "1 to 32 bytes"),
        ("detail", "{", "JSON"),
        ("scene_info", "\"x\"", "JSON"),
        ("scene_info", &format!("{{\"a\":\"{}\"}}", "x".repeat(256)), "1 to 256 bytes"),
        ("attach", "😀", "4 UTF-8 bytes"),
        ("x_new", "a\0", "control"),
    ] {
        let bad = entry("options", wire, text).unwrap_err();
        assert_eq!(bad.name, "options");
        assert!(bad.what.contains(says) && bad.what.contains(wire), "{wire}: {}", bad.what);
        assert!(entry("options", wire, "").is_ok());
    }
    assert!(entry("options", "refund_desc", &"退".repeat(26)).is_ok());
}

#[test]
fn r47_r51_an_order_ends_in_the_future_and_after_its_beginning() {
    let now = SystemClock.unix_seconds();
    let at = |seconds: i64| write_compact(now + seconds).unwrap();
    let of = |pairs: &[(&str, i64)]| {
        let mut fields = Fields::new();
        for (name, seconds) in pairs {
            fields.set(name, at(*seconds));
        }
        times_in("options", &fields).map_err(|bad| bad.what)
    };
    assert!(of(&[("time_start", -60), ("time_expire", 120)]).is_ok() && of(&[("time_start", 600)]).is_ok());
    assert!(of(&[("time_expire", 30)]).unwrap_err().contains("1 minute ahead"));
    assert!(of(&[("time_expire", -3600)]).unwrap_err().contains("1 minute ahead"));
    assert!(
        of(&[("time_start", 600), ("time_expire", 300)]).unwrap_err().contains("later than the beginning")
    );
    assert!(of(&[("time_start", 600), ("time_expire", 600)]).is_err());
}
