//! Properties of our classes: one row each has name, type and what stands in it.

use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::zend;
use ext_php_rs::class::RegisteredClass;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::ffi::zend_type;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendClassObject, ZendObject, ZendStr, Zval};
use ext_php_rs::zend::ClassEntry;
use std::ffi::c_void;
use std::ptr;

/// A property as reflection shows it, `public readonly` and typed, with its getter.
#[derive(Debug, Clone, Copy)]
pub struct Property<G> {
    /// The name.
    pub name: &'static str,
    /// The type.
    pub kind: DataType,
    /// May it be null?
    pub nullable: bool,
    /// What stands in it, read from whatever the object stands for.
    pub get: G,
}

/// A property whose getter borrows nothing but what it reads from.
pub type PropertyOf<T> = Property<fn(&T) -> Outcome>;

/// A class without properties.
pub const NONE: &[PropertyOf<()>] = &[];

/// The types of most properties.
pub const STRING: DataType = DataType::String;
/// An int.
pub const INT: DataType = DataType::Long;
/// A bool.
pub const BOOL: DataType = DataType::Bool;
/// An array.
pub const ARRAY: DataType = DataType::Array;
/// An instant, in Beijing's time.
pub const TIME: DataType = DataType::object("DateTimeImmutable");

/// A property that is always there.
pub const fn property<G: Copy>(name: &'static str, kind: DataType, get: G) -> Property<G> {
    Property { name, kind, nullable: false, get }
}

/// A property that may be null.
pub const fn nullable<G: Copy>(name: &'static str, kind: DataType, get: G) -> Property<G> {
    Property { name, kind, nullable: true, get }
}

/// One of our objects, with all its properties.
pub fn object<T: RegisteredClass, G>(
    inner: T,
    properties: &[Property<G>],
    read: impl Fn(&G, &T) -> Outcome,
) -> Outcome {
    let mut object = ZendClassObject::new(inner);
    let ZendClassObject { obj, std } = &mut *object;
    if let Some(inner) = obj {
        fill(std, properties, |get| read(get, inner))?;
    }
    Ok(object.into_zval(false)?)
}

/// One of our objects whose properties are read when somebody first looks.
pub fn unread<T: RegisteredClass>(inner: T) -> Outcome {
    Ok(ZendClassObject::new(inner).into_zval(false)?)
}

/// Fills the declared properties of a fresh object of ours; the class has no parent, so that slot n is property n.
pub fn fill<G>(
    object: &mut ZendObject,
    properties: &[Property<G>],
    read: impl Fn(&G) -> Outcome,
) -> Result<(), Raise> {
    // SAFETY: the engine keeps the class of a live object.
    let declared = unsafe { (*object.ce).default_properties_count };
    let slots = object.properties_table.as_mut_ptr();
    for (at, property) in properties.iter().take(usize::try_from(declared).unwrap_or(0)).enumerate() {
        let value = read(&property.get)?;
        // SAFETY: the object was allocated with one slot for each declared property, and each is still UNDEF,
        // so nothing is overwritten that would have to be released. Writing the whole zval clears the
        // "uninitialised" flag kept beside it.
        unsafe { ptr::write(slots.add(at), value) };
    }
    Ok(())
}

/// Declares typed readonly properties, in the order of their slots.
pub fn declare<'a, G: 'a>(class: &ClassEntry, properties: impl IntoIterator<Item = &'a Property<G>>) {
    for property in properties {
        let name = ZendStr::new_interned(property.name, true).into_raw();
        let mut undefined = Zval::new();
        undefined.u1.type_info = ext_php_rs::ffi::IS_UNDEF;
        // SAFETY: runs while the module starts; name and class name are interned for the life of the process,
        // the default is UNDEF, which typed properties without default have.
        unsafe {
            zend::zend_declare_typed_property(
                std::ptr::from_ref(class).cast_mut(),
                name,
                &raw mut undefined,
                zend::PUBLIC_READONLY,
                std::ptr::null_mut(),
                property_type(property),
            );
        }
    }
}

fn property_type<G>(property: &Property<G>) -> zend_type {
    let null = if property.nullable { 1 << ext_php_rs::ffi::IS_NULL } else { 0 };
    match property.kind.class_name() {
        Some(class) => {
            let name = ZendStr::new_interned(class, true).into_raw();
            zend_type { ptr: name.cast::<c_void>(), type_mask: zend::TYPE_IS_NAME | null }
        }
        None => zend_type { ptr: std::ptr::null_mut(), type_mask: mask(property.kind) | null },
    }
}

/// The bits of a type.
pub fn mask(kind: DataType) -> u32 {
    use ext_php_rs::ffi::{IS_ARRAY, IS_FALSE, IS_LONG, IS_STRING, IS_TRUE};
    match kind {
        DataType::Long => 1 << IS_LONG,
        DataType::Bool => 1 << IS_TRUE | 1 << IS_FALSE,
        DataType::Array => 1 << IS_ARRAY,
        // A number or a text: what either side of a difference says.
        DataType::Mixed => 1 << IS_LONG | 1 << IS_STRING,
        _ => 1 << IS_STRING,
    }
}
