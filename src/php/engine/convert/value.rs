//! Making PHP values: texts, times, arrays and our read-only objects.

use crate::php::engine::convert::names;
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Raise;
use crate::php::engine::zend;
use crate::wire::v2::xml::Node;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::ffi;
use ext_php_rs::flags::{DataType, ZvalTypeFlags};
use ext_php_rs::types::{ZendClassObject, ZendHashTable, ZendObject, ZendStr, Zval};
use ext_php_rs::zend::ClassEntry;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::iter::FilterMap;
use std::mem::{ManuallyDrop, offset_of};
use std::{ptr, slice};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A string.
pub fn text(text: impl AsRef<[u8]>) -> Zval {
    string_zval(ZendStr::new(text, false))
}

fn string_zval(string: ZBox<ZendStr>) -> Zval {
    const GC_IMMUTABLE: u32 = 1 << 6;
    let string = string.into_raw();
    // SAFETY: a live string; every string says of itself whether it is one of PHP's own, which are not counted.
    let is_interned = unsafe { (*string).gc.u.type_info } & GC_IMMUTABLE != 0;
    let flags = if is_interned { ZvalTypeFlags::InternedStringEx } else { ZvalTypeFlags::StringEx };
    let mut zval = Zval::new();
    zval.value.str_ = string;
    zval.u1.type_info = flags.bits();
    zval
}

/// A string of so many bytes, all of which are to be written; `None` if they were not.
pub fn written(size: usize, write: impl FnOnce(&mut [u8]) -> bool) -> Option<Zval> {
    let mut string = zend::string_of(size);
    // SAFETY: the string is new, so nobody else looks at its bytes, of which there are as many as it says.
    let bytes = unsafe { slice::from_raw_parts_mut(string.val.as_mut_ptr().cast::<u8>(), size) };
    let done = write(bytes);
    let zval = string_zval(string);
    done.then_some(zval)
}

/// A string or null.
pub fn text_or_null(value: Option<impl AsRef<[u8]>>) -> Zval {
    value.map_or_else(Zval::null, text)
}

/// An int.
pub fn int(value: i64) -> Zval {
    let mut zval = Zval::new();
    zval.set_long(value);
    zval
}

/// An int or null.
pub fn int_or_null(value: Option<i64>) -> Zval {
    value.map_or_else(Zval::null, int)
}

/// A bool.
pub fn bool(value: bool) -> Zval {
    let mut zval = Zval::new();
    zval.set_bool(value);
    zval
}

/// A bool or null.
pub fn bool_or_null(value: Option<bool>) -> Zval {
    value.map_or_else(Zval::null, bool)
}

/// An array.
pub fn array(table: ZBox<ZendHashTable>) -> Zval {
    let mut zval = Zval::new();
    zval.set_hashtable(table);
    zval
}

/// An object that is there already.
pub fn object_zval(object: &mut ZendObject) -> Zval {
    let mut zval = Zval::new();
    zval.set_object(object);
    zval
}

/// A list.
pub fn list(items: impl IntoIterator<Item = Zval>) -> Result<Zval, Raise> {
    let mut table = ZendHashTable::new();
    for item in items {
        table.push(item)?;
    }
    Ok(array(table))
}

/// An array of name => text; the names are those of XML elements, so none is numeric. `None` if one comes twice.
pub fn texts_once<'a>(pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)>) -> Option<Zval> {
    let mut table = ZendHashTable::with_capacity(u32::try_from(pairs.len()).unwrap_or(0));
    for (name, value) in pairs {
        let mut value = ManuallyDrop::new(text(value));
        // SAFETY: the table is ours and new; it takes its own reference of the name, and the value over unless
        // the name is there already.
        let added = names::with(name, |name| unsafe {
            !ffi::zend_hash_add(&raw mut *table, name, &raw mut *value).is_null()
        });
        if !added {
            drop(ManuallyDrop::into_inner(value));
            return None;
        }
    }
    Some(array(table))
}

/// The same of verified fields, of which none comes twice.
pub fn texts<'a>(pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)>) -> Zval {
    texts_once(pairs).unwrap_or_else(|| array(ZendHashTable::new()))
}

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

/// Puts a value under a name; a numeric name becomes an int key, as PHP does it.
pub fn insert(table: &mut ZendHashTable, name: &str, value: Zval) -> Result<(), Raise> {
    match numeric(name) {
        Some(index) => table.insert_at_index(index, value)?,
        None => table.insert(name, value)?,
    }
    Ok(())
}

/// The int key that PHP makes of a decimal name.
fn numeric(name: &str) -> Option<i64> {
    let is_plain = name == "0" || !name.trim_start_matches('-').starts_with(['0', '+']) && name != "-";
    let index: i64 = name.parse().ok().filter(|_| is_plain)?;
    (index != i64::MIN).then_some(index)
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

/// An instant of Beijing as `DateTimeInterface::ATOM` writes it.
fn atom(at: OffsetDateTime) -> Result<String, Raise> {
    let beijing = at.checked_to_offset(crate::clock::BEIJING);
    let written = beijing.and_then(|beijing| beijing.format(&Rfc3339).ok());
    written.ok_or_else(|| Raise::Engine(format!("{at} cannot be written in Beijing time")))
}

thread_local! {
    /// Beijing's zone as PHP has it, made once a request. Without a zone at hand PHP looks its default one up for every
    /// time it reads, in a file.
    static ZONE: RefCell<Option<Zval>> = const { RefCell::new(None) };
}

/// Gives the zone back; runs when a request ends.
pub fn release_zone() {
    drop(ZONE.take());
}

/// Forgets a zone of the request before, which went with that request's memory: PHP code may run, a session's
/// handler for example, after [`release_zone`].
pub fn forget_zone() {
    std::mem::forget(ZONE.take());
}

fn beijing_zone() -> Result<Zval, Raise> {
    let known = ZONE.with_borrow(|zone| zone.as_ref().map(Zval::shallow_clone));
    known.map_or_else(fresh_zone, Ok)
}

fn fresh_zone() -> Result<Zval, Raise> {
    // SAFETY: ext/date is always there, and its class lives as long as the process.
    let object = ZendObject::new(unsafe { &*zend::php_date_get_timezone_ce() });
    door::method(&object, "__construct", &[&text("+08:00")])?;
    let zone = object.into_zval(false)?;
    ZONE.set(Some(zone.shallow_clone()));
    Ok(zone)
}

/// A `DateTimeImmutable` in Beijing time.
pub fn beijing(at: OffsetDateTime) -> Result<Zval, Raise> {
    // SAFETY: ext/date is always there, and its class lives as long as the process.
    let class: &ClassEntry = unsafe { &*zend::php_date_get_immutable_ce() };
    let mut object = ZendObject::new(class);
    let (written, mut zone) = (atom(at)?, beijing_zone()?);
    // SAFETY: a date's own data stands as far before its object as the handlers say; the text is only read. What
    // the constructor would throw is told by the result: no text of ours is refused.
    let made = unsafe {
        let before = (*object.handlers).offset.unsigned_abs() as usize;
        let date = ptr::from_mut(&mut *object).byte_sub(before).cast();
        zend::php_date_initialize(date, written.as_ptr().cast(), written.len(), ptr::null(), &raw mut zone, 0)
    };
    if !made {
        return Err(Raise::Engine(format!("{written} is no time")));
    }
    Ok(object.into_zval(false)?)
}

/// A `DateTimeImmutable` or null.
pub fn beijing_or_null(at: Option<OffsetDateTime>) -> Result<Zval, Raise> {
    at.map_or_else(|| Ok(Zval::null()), beijing)
}

/// One of our objects, with its properties in the order of their declaration.
pub fn object<T: RegisteredClass>(
    inner: T,
    properties: impl IntoIterator<Item = Zval>,
) -> Result<Zval, Raise> {
    let mut object = ZendClassObject::new(inner);
    fill(&mut object.std, properties);
    Ok(object.into_zval(false)?)
}

/// Fills the declared properties of a fresh object of ours; the class has no parent, so that slot n is
/// property n.
pub fn fill(object: &mut ZendObject, properties: impl IntoIterator<Item = Zval>) {
    // SAFETY: the engine keeps the class of a live object.
    let declared = unsafe { (*object.ce).default_properties_count };
    let slots = object.properties_table.as_mut_ptr();
    for (at, value) in properties.into_iter().take(usize::try_from(declared).unwrap_or(0)).enumerate() {
        // SAFETY: the object was allocated with one slot for each declared property, and each is still UNDEF,
        // so nothing is overwritten that would have to be released. Writing the whole zval clears the
        // "uninitialised" flag kept beside it.
        unsafe { ptr::write(slots.add(at), value) };
    }
}

/// The entries of a map with nothing but strings under names, lent as they stand.
pub type Strings<'a> =
    FilterMap<slice::Iter<'a, ffi::Bucket>, fn(&'a ffi::Bucket) -> Option<(&'a [u8], &'a [u8])>>;

/// The entries of such a map; `None` for any other array, or if it holds more bytes than these.
pub fn strings(table: &ZendHashTable, most: usize) -> Option<Strings<'_>> {
    let mut used = buckets(table).iter().filter(|bucket| kind(&bucket.val) != ffi::IS_UNDEF);
    let size = used.try_fold(0, |size: usize, bucket| {
        let (name, text) = string_bucket(bucket)?;
        size.checked_add(name.len() + text.len())
    })?;
    (!is_packed(table) && size <= most).then(|| buckets(table).iter().filter_map(string_bucket as _))
}

fn string_bucket(bucket: &ffi::Bucket) -> Option<(&[u8], &[u8])> {
    let text = string(bucket.val.dereference())?;
    // SAFETY: the bucket holds a value, so its key is null or a live string.
    let name = unsafe { bucket.key.as_ref() }?;
    Some((name.as_bytes(), text))
}

/// A string's bytes; `None` for anything else.
fn string(zval: &Zval) -> Option<&[u8]> {
    // SAFETY: a zval of this kind holds a live string.
    (kind(zval) == ffi::IS_STRING).then(|| unsafe { (*zval.value.str_).as_bytes() })
}

/// The number of a value's type, without a look at what it holds.
fn kind(zval: &Zval) -> u32 {
    // SAFETY: every zval has a type.
    unsafe { zval.u1.type_info & 0xFF }
}

/// The entries of an array argument: keys as bytes, values without their references.
pub fn entries(table: &ZendHashTable) -> impl Iterator<Item = (Cow<'_, [u8]>, &Zval)> {
    packed(table).into_iter().chain(buckets(table).iter().filter_map(bucket))
}

/// The entries of a list, whose layout differs from one PHP to the next; none of a map.
fn packed(table: &ZendHashTable) -> Vec<(Cow<'_, [u8]>, &Zval)> {
    let mut entries = Vec::new();
    let mut iterator = table.iter();
    while is_packed(table)
        && let Some((key, value)) = iterator.next_zval()
    {
        entries.push((Cow::Owned(key.long().unwrap_or(0).to_string().into_bytes()), value.dereference()));
    }
    entries
}

/// The buckets of a map, holes among them; none of a list.
fn buckets(table: &ZendHashTable) -> &[ffi::Bucket] {
    if is_packed(table) || table.nNumUsed == 0 {
        return &[];
    }
    // The pointer's own name and place in a union change from PHP 8.1 to 8.2, but never what stands behind it.
    let place = offset_of!(ZendHashTable, nNumUsed) - size_of::<*const ffi::Bucket>();
    // SAFETY: in every PHP 8 the pointer to the buckets stands right before `nNumUsed`, and a map that is not
    // packed has that many of them. They stay where they are while the argument's reference is held: whoever
    // changes the array meanwhile changes a copy.
    unsafe {
        let first = ptr::from_ref(table).byte_add(place).cast::<*const ffi::Bucket>().read();
        slice::from_raw_parts(first, table.nNumUsed as usize)
    }
}

fn is_packed(table: &ZendHashTable) -> bool {
    const HASH_FLAG_PACKED: u32 = 1 << 2;
    // SAFETY: both sides of the union are plain numbers.
    unsafe { table.u.flags & HASH_FLAG_PACKED != 0 }
}

fn bucket(bucket: &ffi::Bucket) -> Option<(Cow<'_, [u8]>, &Zval)> {
    // What was unset leaves its bucket behind, with a key that is gone.
    if kind(&bucket.val) == ffi::IS_UNDEF {
        return None;
    }
    // SAFETY: the bucket holds a value, so its key is null or a live string.
    let key = match unsafe { bucket.key.as_ref() } {
        Some(name) => Cow::Borrowed(name.as_bytes()),
        None => Cow::Owned(bucket.h.cast_signed().to_string().into_bytes()),
    };
    Some((key, bucket.val.dereference()))
}

/// `jsonSerialize()` of every value with times: property names, enum values, times as ATOM.
pub fn json_serialize(
    call: &mut crate::php::engine::object::call::Call<'_>,
) -> crate::php::engine::object::call::Outcome {
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
    internal_class("jsonserializable").unwrap_or_else(ext_php_rs::zend::ce::stringable)
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

/// A class of PHP itself, found while modules start: only the compiler's table has it then.
pub fn internal_class(lower: &str) -> Option<&'static ClassEntry> {
    // SAFETY: the compiler globals and their class table exist while modules start; internal classes live as
    // long as the process.
    unsafe {
        let table = (*ext_php_rs::ffi::ext_php_rs_compiler_globals()).class_table.as_ref()?;
        table.get(lower)?.ptr::<ClassEntry>().map(|class| &*class)
    }
}

/// A value's type as PHP's messages name it.
pub fn type_name(zval: &Zval) -> String {
    match zval.get_type() {
        DataType::Null | DataType::Undef => "null".into(),
        DataType::True | DataType::False | DataType::Bool => "bool".into(),
        DataType::Long => "int".into(),
        DataType::Double => "float".into(),
        DataType::String => "string".into(),
        DataType::Array => "array".into(),
        _ => {
            zval.object().and_then(|object| object.get_class_name().ok()).unwrap_or_else(|| "resource".into())
        }
    }
}
