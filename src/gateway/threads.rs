//! Spawns threads with the host's signals blocked; the host supplies the mask.

use std::sync::OnceLock;

/// Runs its argument while signals are held back, so that threads made by it never receive any.
type Shield = fn(&mut dyn FnMut());

static SHIELD: OnceLock<Shield> = OnceLock::new();

/// The host's shield; the first one stays.
pub fn shield_with(shield: Shield) {
    SHIELD.get_or_init(|| shield);
}

/// Makes threads behind the shield.
pub fn shielded(make: &mut dyn FnMut()) {
    match SHIELD.get() {
        Some(shield) => shield(make),
        None => make(),
    }
}
