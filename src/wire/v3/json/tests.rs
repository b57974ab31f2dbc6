use super::*;
use proptest::prelude::*;

fn refused(text: &str) -> JsonError {
    object(text.as_bytes()).unwrap_err()
}

#[test]
fn v22_a_name_that_comes_twice_is_refused_at_any_level_and_in_any_spelling() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"x":{"total":1,"total":2}}"#,
        r#"{"x":[{"y":[{"a":1,"a":null}]}]}"#,
        r#"{"":1,"":2}"#,
    ] {
        assert!(matches!(refused(text), JsonError::Duplicate(_)), "{text}");
    }
    assert!(object(br#"{"a":{"b":1},"b":{"a":1}}"#).is_ok());
}

#[test]
fn what_is_no_single_object_in_utf8_is_refused() {
    for text in [
        "",
        " ",
        "[]",
        "1",
        "\"a\"",
        "null",
        "\u{feff}{}",
        "{}{}",
        "{} x",
        "{",
        "{\"a\":}",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":1}\0",
    ] {
        assert!(object(text.as_bytes()).is_err(), "{text}");
    }
    assert_eq!(object(b"{\"a\":\"\xff\"}").unwrap_err(), JsonError::Encoding);
    assert!(object("\n{ \"a\" : \"\\u4f60\\/\" }\n".as_bytes()).is_ok());
}

#[test]
fn depth_and_size_have_limits() {
    let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(object(nested(MOST_DEPTH - 2).as_bytes()).is_ok());
    assert_eq!(refused(&nested(MOST_DEPTH)), JsonError::TooDeep);
    assert_eq!(refused(&nested(200_000)), JsonError::TooDeep);
    assert_eq!(object(&vec![b' '; MOST_BYTES + 1]).unwrap_err(), JsonError::TooLarge);
}

#[test]
fn an_amount_is_an_integer_and_nothing_that_looks_like_one() {
    let amount =
        |written: &str| object(format!("{{\"total\":{written}}}").as_bytes()).unwrap().amount("total");
    assert_eq!(amount("0"), Ok(Some(0)));
    assert_eq!(amount("9223372036854775807"), Ok(Some(i64::MAX)));
    assert_eq!(amount("null"), Ok(None));
    for wrong in ["1230.0", "1e3", "-1", "-0", "9223372036854775808", "\"1230\"", "true", "[1]", "{}"] {
        assert!(amount(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn null_and_the_empty_text_read_as_absent() {
    let read = object(br#"{"a":null,"b":"","c":"x"}"#).unwrap();
    assert_eq!((read.text("a"), read.text("b"), read.text("c")), (Ok(None), Ok(None), Ok(Some("x"))));
    assert_eq!(read.iter().count(), 3);
}

/// What serde_json makes of our value.
fn theirs(value: &Json) -> serde_json::Value {
    match value {
        Json::Null => serde_json::Value::Null,
        Json::Bool(flag) => (*flag).into(),
        Json::Number(written) => serde_json::from_str(written).unwrap(),
        Json::Text(text) => text.clone().into(),
        Json::List(list) => list.iter().map(theirs).collect(),
        Json::Object(object) => object.iter().map(|(name, value)| (name.to_owned(), theirs(value))).collect(),
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_serde_writes_is_read_the_same(value in any_json(), pretty in any::<bool>()) {
        let document = serde_json::json!({ "value": value });
        let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
        let read = object(text.unwrap().as_bytes()).unwrap();
        prop_assert_eq!(theirs(&Json::Object(read)), document);
    }

    #[test]
    fn nothing_is_read_that_serde_refuses(text in "[\\[\\]{}:,\"a1.e\\-\\\\u0 tn]{0,40}") {
        if let Ok(read) = object(text.as_bytes()) {
            let other: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(theirs(&Json::Object(read)), other);
        }
    }
}
