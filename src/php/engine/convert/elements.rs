//! Decoded documents as PHP values: elements of XML, and JSON.

use crate::php::engine::convert::value::{array, bool, insert, int, list, text};
use crate::php::engine::raise::Raise;
use crate::wire::v2::xml::Node;
use crate::wire::v3::json::{Json, JsonObject};
use ext_php_rs::convert::IntoZval;
use ext_php_rs::types::{ZendHashTable, Zval};
use std::collections::HashMap;

/// An array of name => text or array. A name that comes often has a list, and so has one whose element holds elements,
/// however many there are; right below the root each name comes once.
pub fn elements(answer: &[(String, Node)]) -> Result<Zval, Raise> {
    let mut table = ZendHashTable::new();
    for (name, node) in answer {
        table.insert(name.as_str(), node_to_php(node)?)?;
    }
    Ok(array(table))
}

fn node_to_php(node: &Node) -> Result<Zval, Raise> {
    match node {
        Node::Text(content) => Ok(text(content)),
        Node::Elements(inside) => grouped(inside),
    }
}

fn grouped(inside: &[(String, Node)]) -> Result<Zval, Raise> {
    let mut names: Vec<&str> = Vec::new();
    let mut groups: HashMap<&str, Vec<&Node>> = HashMap::new();
    for (name, node) in inside {
        let group = groups.entry(name).or_default();
        if group.is_empty() {
            names.push(name);
        }
        group.push(node);
    }
    let mut table = ZendHashTable::new();
    for name in names {
        let value = match groups.get(name).map(Vec::as_slice) {
            Some([Node::Text(content)]) => text(content),
            Some(nodes) => list(nodes.iter().map(|node| node_to_php(node)).collect::<Result<Vec<_>, _>>()?)?,
            None => continue,
        };
        table.insert(name, value)?;
    }
    Ok(array(table))
}

/// What APIv3 told, objects as arrays. A number that no int holds is the text as it is written: a float would round it.
pub fn told(object: &JsonObject) -> Result<Zval, Raise> {
    let mut table = ZendHashTable::new();
    for (name, value) in object.iter() {
        insert(&mut table, name, told_value(value)?)?;
    }
    Ok(array(table))
}

fn told_value(value: &Json) -> Result<Zval, Raise> {
    Ok(match value {
        Json::Null => Zval::null(),
        Json::Bool(flag) => bool(*flag),
        Json::Number(written) => match written.parse() {
            Ok(whole) => int(whole),
            Err(_) => text(written),
        },
        Json::Text(content) => text(content),
        Json::List(items) => list(items.iter().map(told_value).collect::<Result<Vec<_>, _>>()?)?,
        Json::Object(object) => told(object)?,
    })
}

/// Decoded JSON as PHP values, objects as arrays.
pub fn json(value: &serde_json::Value) -> Result<Zval, Raise> {
    use serde_json::Value;
    Ok(match value {
        Value::Null => Zval::null(),
        Value::Bool(flag) => bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => int(whole),
            None => number.as_f64().unwrap_or(f64::NAN).into_zval(false)?,
        },
        Value::String(string) => text(string),
        Value::Array(items) => {
            let items: Result<Vec<Zval>, Raise> = items.iter().map(json).collect();
            list(items?)?
        }
        Value::Object(members) => {
            let mut table = ZendHashTable::new();
            for (name, member) in members {
                insert(&mut table, name, json(member)?)?;
            }
            array(table)
        }
    })
}
