//! Times as PHP values, in Beijing's zone.

use crate::php::engine::convert::value::text;
use crate::php::engine::guard::door;
use crate::php::engine::raise::Raise;
use crate::php::engine::zend;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::types::{ZendObject, Zval};
use ext_php_rs::zend::ClassEntry;
use std::cell::RefCell;
use std::ptr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

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
