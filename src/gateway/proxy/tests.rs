//! Where a proxy may be, and what its answers mean.

use super::*;

fn basic(text: &str) -> Option<String> {
    let request = Proxy::new(text).unwrap().request("api.example:443").to_string();
    let line = request.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Basic "))?;
    Some(String::from_utf8(STANDARD.decode(line).unwrap()).unwrap())
}

#[test]
fn r38_user_and_password_are_percent_decoded_once() {
    for (text, shown) in [
        ("http://proxy:3128", None),
        ("http://u:p@proxy:3128/", Some("u:p")),
        ("http://u@proxy:3128", Some("u:")),
        ("http://u:p%40%3A%2525+@proxy:3128", Some("u:p@:%25+")),
        ("http://%E8%8C%B6:茶@127.0.0.1:1", Some("茶:茶")),
        ("http://u:p:q@[::1]:8080", Some("u:p:q")),
        ("http://u:p@q@proxy:3128", Some("u:p@q")),
    ] {
        assert_eq!(basic(text).as_deref(), shown, "{text}");
    }
}

#[test]
fn r38_what_is_no_proxy_is_refused_without_being_shown() {
    for wrong in [
        "",
        "proxy:3128",
        "proxy",
        "http://",
        "http://proxy",
        "http://proxy:0",
        "http://proxy:99999",
        "http://:3128",
        "https://proxy:3128",
        "socks5://proxy:1080",
        "HTTP://proxy:1",
        "http://proxy:3128/path",
        "http://proxy:3128?x",
        "http://proxy:3128\n",
        " http://proxy:3128",
        "http://pro xy:3128",
        "http://u:secret%@proxy:3128",
        "http://u:secret%zz@proxy:1",
        "http://u:secret%+1@proxy:1",
        "http://:secret@proxy:3128",
        "http://u%3A:secret@proxy:3128",
        "http://u:secret%0D%0A@proxy:3128",
        "http://u:secret\r\n@proxy:3128",
    ] {
        let bad = Proxy::new(wrong).unwrap_err();
        assert!(bad.name == "proxy" && bad.what.starts_with("must be http://"), "{wrong}");
        assert!(!bad.what.contains("secret"), "{}", bad.what);
    }
    assert!(Proxy::new(&format!("http://u:{}@proxy:1", "p".repeat(2000))).is_err());
}

#[test]
fn r38_nothing_shows_the_password() {
    let proxy = Proxy::new("http://user:secret@proxy:3128").unwrap();
    for shown in [format!("{proxy:?}"), proxy.shown(), proxy.authority().to_owned()] {
        assert!(
            shown.ends_with("proxy:3128") && !shown.contains("user") && !shown.contains("c2Vj"),
            "{shown}"
        );
    }
}

#[test]
fn r38_the_head_of_an_answer_is_read_as_http_has_it() {
    for (head, code) in [
        ("HTTP/1.1 200 Connection established\r\n\r\n", Some(200)),
        ("HTTP/1.0 407 \r\nA: b\r\n\r\n", Some(407)),
        ("HTTP/1.1 200\r\n\r\n", Some(200)),
        ("HTTP/1.1 200\n\n", Some(200)),
        ("HTTP/1.1 20 x\r\n\r\n", None),
        ("HTTP/1.1 +20 x\r\n\r\n", None),
        ("HTTP/1.1 999 x\r\n\r\n", None),
        ("HTTP/2 200\r\n\r\n", None),
        ("SSH-2.0\r\n\r\n", None),
    ] {
        assert_eq!(status(head.as_bytes()), code, "{head:?}");
        assert_eq!(head_length(head.as_bytes()), Some(head.len()));
    }
    assert_eq!(head_length(b"HTTP/1.1 200 OK\r\n"), None);
    assert_eq!(head_length(b"a\r\n\r\nb\n\n"), Some(5));
}
