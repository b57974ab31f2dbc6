//! PHP's interfaces that our classes implement: `\JsonSerializable`, `\Countable`, `\IteratorAggregate`.

use crate::php::engine::convert::value::{array, text};
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::zend;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::types::{ZendHashTable, ZendObject, Zval};
use ext_php_rs::zend::ClassEntry;

/// `jsonSerialize()` of every value with times: property names, enum values, times as ATOM.
pub fn json_serialize(call: &mut Call<'_>) -> Outcome {
    let object = call.this_object()?;
    let mut table = ZendHashTable::new();
    let mut properties = object.get_properties()?.iter();
    while let Some((name, value)) = properties.next_zval() {
        let value = value.indirect().unwrap_or(value);
        table.insert(name.str().unwrap_or_default(), time_as_atom(value)?)?;
    }
    Ok(array(table))
}

fn time_as_atom(value: &Zval) -> Result<Zval, Raise> {
    // SAFETY: ext/date is always there, and its interface lives as long as the process.
    let interface: &ClassEntry = unsafe { &*zend::php_date_get_interface_ce() };
    match value.object().filter(|object| object.instance_of(interface)) {
        Some(time) => door::method(time, "format", &[&text("Y-m-d\\TH:i:sP")]),
        None => Ok(value.shallow_clone()),
    }
}

/// The class of `\JsonSerializable`, found while modules start.
pub fn json_serializable() -> &'static ClassEntry {
    zend::internal_class("jsonserializable").unwrap_or_else(ext_php_rs::zend::ce::stringable)
}

/// The class of `\Countable`.
pub fn countable() -> &'static ClassEntry {
    ext_php_rs::zend::ce::countable()
}

/// The class of `\IteratorAggregate`.
pub fn iterator_aggregate() -> &'static ClassEntry {
    ext_php_rs::zend::ce::aggregate()
}

/// An `\ArrayIterator` over a list.
pub fn array_iterator(list: &Zval) -> Result<Zval, Raise> {
    let missing = || Raise::Engine("class ArrayIterator is missing".into());
    let class = ClassEntry::try_find("ArrayIterator").ok_or_else(missing)?;
    let object = ZendObject::new(class);
    door::method(&object, "__construct", &[list])?;
    Ok(object.into_zval(false)?)
}
