//! Arrays of fields as PHP gives them: values are strings, ints, Stringables, or null.

use crate::php::engine::convert::{array, value};
use crate::php::engine::guard::door;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::param::{Array, Optional, Param};
use crate::php::engine::raise::Raise;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::xml;
use ext_php_rs::types::{ZendStr, Zval};
use std::borrow::Cow;

/// Name and text of one field, any bytes; `None` for null.
pub type Pair<'a> = (&'a [u8], Option<&'a [u8]>);

/// The same while it may have to be made.
type Given<'a> = (Cow<'a, [u8]>, Option<Vec<u8>>);

/// Given fields: as they stand in the array, or made from it.
#[derive(Clone)]
pub enum Pairs<'a> {
    /// An array of nothing but strings under names.
    Lent(array::Strings<'a>),
    /// Any other.
    Made(std::slice::Iter<'a, Given<'a>>),
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        match self {
            Self::Lent(strings) => strings.next().map(|(name, text)| (name, Some(text))),
            Self::Made(given) => given.next().map(|(name, text)| (&**name, text.as_deref())),
        }
    }
}

/// The most bytes that fields are signed with. An array costs PHP little when its values are one text many times
/// over; copying it must not cost us the machine.
const MOST_SIGNED: usize = 64 * 1024 * 1024;

/// Lends the n-th argument as fields. Nulls are kept: who signs skips them, who calls omits them.
pub fn with_given<R>(
    call: &Call<'_>,
    param: Param<Array>,
    take: impl FnOnce(Pairs<'_>) -> R,
) -> Result<R, Raise> {
    with(call, param, MOST_SIGNED, take)
}

/// The same of fields that are to be sent: no more than a message can hold.
pub fn with_outgoing<R>(
    call: &Call<'_>,
    param: Param<Array>,
    take: impl FnOnce(Pairs<'_>) -> R,
) -> Result<R, Raise> {
    if call.get(param)?.len() > Fields::MAX {
        return Err(call.bad(param, format!("must not have more than {} fields", Fields::MAX)));
    }
    with(call, param, xml::MAX_BYTES, take)
}

fn with<R>(
    call: &Call<'_>,
    param: Param<Array>,
    most: usize,
    take: impl FnOnce(Pairs<'_>) -> R,
) -> Result<R, Raise> {
    let table = call.get(param)?;
    // Nearly always all values are strings: lent as they stand, since nothing of PHP runs before they are given back.
    if let Some(strings) = array::strings(table, most) {
        return Ok(take(Pairs::Lent(strings)));
    }
    Ok(take(Pairs::Made(read(call, param, most)?.iter())))
}

/// Copies what is there: a Stringable runs PHP code, which may change what stands behind references.
fn read<'a>(call: &Call<'a>, param: Param<Array>, most: usize) -> Result<Vec<Given<'a>>, Raise> {
    let table = call.get(param)?;
    let mut left = most;
    let mut fields = Vec::with_capacity(table.len());
    for (name, zval) in array::entries(table) {
        let wanted = name.len() + zval.zend_str().map_or(0, ZendStr::len);
        left = left
            .checked_sub(wanted)
            .ok_or_else(|| call.bad(param, format!("must hold at most {} MiB", most / (1024 * 1024))))?;
        let text = text(call, param, &name, zval)?;
        fields.push((name, text));
    }
    Ok(fields)
}

fn text(call: &Call<'_>, param: Param<Array>, name: &[u8], zval: &Zval) -> Result<Option<Vec<u8>>, Raise> {
    if zval.is_null() {
        return Ok(None);
    }
    if let Some(string) = zval.zend_str() {
        return Ok(Some(string.as_bytes().to_vec()));
    }
    if let Some(int) = zval.long() {
        return Ok(Some(int.to_string().into_bytes()));
    }
    stringable(zval)?.map(Some).ok_or_else(|| {
        let name = String::from_utf8_lossy(name).into_owned();
        let type_name = value::type_name(zval);
        call.type_error(param, &format!("must contain only values of type string|int|Stringable|null, {type_name} given for key \"{name}\""))
    })
}

fn stringable(zval: &Zval) -> Result<Option<Vec<u8>>, Raise> {
    // Held while it speaks: PHP code may take it out of a reference meanwhile, and nobody else holds it.
    let held = zval.shallow_clone();
    let Some(object) = held.object() else { return Ok(None) };
    if !object.instance_of(ext_php_rs::zend::ce::stringable()) {
        return Ok(None);
    }
    let text = door::method(object, "__toString", &[])?;
    Ok(text.zend_str().map(|s| s.as_bytes().to_vec()))
}

/// Fields that can be sent: UTF-8, no nulls. Also the names that were given as null.
pub fn sendable(call: &Call<'_>, param: Param<Array>) -> Result<(Fields, Vec<String>), Raise> {
    with_outgoing(call, param, |given| checked(call, param, given))?
}

/// The same of fields that were read already.
pub fn checked(
    call: &Call<'_>,
    param: Param<Array>,
    given: Pairs<'_>,
) -> Result<(Fields, Vec<String>), Raise> {
    let (mut pairs, mut omitted) = (Vec::new(), Vec::new());
    for (name, text) in given {
        let name =
            std::str::from_utf8(name).map_err(|_| call.bad(param, "must have names of valid UTF-8"))?;
        let utf8 = |text| {
            std::str::from_utf8(text)
                .map_err(|_| call.bad(param, format!("must be valid UTF-8, field {name} is not")))
        };
        match text {
            Some(text) => pairs.push((name, utf8(text)?)),
            None => omitted.push(name.to_owned()),
        }
    }
    let fields = Fields::from_texts(pairs.into_iter())
        .map_err(|e| call.bad(param, format!("must be sendable: {e}")))?;
    Ok((fields, omitted))
}

/// `array $options`: the argument as optional fields of a call; nulls are left out.
pub fn options(call: &Call<'_>, param: Param<Optional<Array>>) -> Result<Vec<(String, String)>, Raise> {
    let Some(param) = given(call, param)? else { return Ok(Vec::new()) };
    let (fields, _) = sendable(call, param)?;
    Ok(fields.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
}

/// The parameter as one that has its argument, if it has.
pub fn given(call: &Call<'_>, param: Param<Optional<Array>>) -> Result<Option<Param<Array>>, Raise> {
    Ok(call.get(param)?.map(|_| param.given()))
}
