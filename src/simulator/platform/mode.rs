//! How the gateway proves itself: with a public key, with certificates, or on the way from one to the other
//! (protocol-v3.md B.3, B.5); and how often it looks whether anybody looks (A.6.1).

use super::super::dice::Rng;
use super::keys::SimulatedKey;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Which kind of key signs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlatformMode {
    /// The public key; there are no certificates.
    #[default]
    PublicKey,
    /// Certificates, whatever the request names.
    Certificates,
    /// What the request names; notices come with either.
    Switching,
}

/// Which certificates there are; both sign while there are two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Not begun.
    #[default]
    Old,
    /// Under way.
    Both,
    /// Over.
    New,
}

/// The gateway's keys in use.
#[derive(Debug, Default)]
pub struct Platform {
    mode: PlatformMode,
    rotation: Rotation,
    /// Probes among a hundred signatures.
    probes: u32,
    /// What was probed: a repeat is not.
    probed: HashSet<String>,
}

/// `POST /platform`; what is absent stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformSetting {
    mode: Option<PlatformMode>,
    certificates: Option<Rotation>,
    probes: Option<u32>,
}

impl Platform {
    /// Obeys the control.
    pub fn set(&mut self, wanted: &PlatformSetting) {
        self.mode = wanted.mode.unwrap_or(self.mode);
        self.rotation = wanted.certificates.unwrap_or(self.rotation);
        self.probes = wanted.probes.unwrap_or(self.probes);
    }

    /// The setting as the control shows it.
    pub fn shown(&self) -> Value {
        let listed: Vec<_> = self.listed().iter().map(|key| key.id()).collect();
        json!({ "public_key": self.has_public_key(), "certificates": listed, "probes": self.probes })
    }

    /// Must requests name the public key?
    pub fn wants_the_public_key(&self) -> bool {
        self.mode == PlatformMode::PublicKey
    }

    fn has_public_key(&self) -> bool {
        self.mode != PlatformMode::Certificates
    }

    /// The certificates that there are.
    pub fn listed(&self) -> &'static [SimulatedKey] {
        match (self.mode, self.rotation) {
            (PlatformMode::PublicKey, _) => &[],
            (_, Rotation::Old) => &[SimulatedKey::Old],
            (_, Rotation::Both) => &[SimulatedKey::Old, SimulatedKey::New],
            (_, Rotation::New) => &[SimulatedKey::New],
        }
    }

    /// The key of an answer to a request that names this one.
    pub fn key_for(&self, named: Option<&str>, dice: &mut Rng) -> SimulatedKey {
        let follows = self.mode == PlatformMode::Switching && named == Some(SimulatedKey::Public.id());
        if follows { SimulatedKey::Public } else { Self::any(self.listed(), dice) }
    }

    /// The key of a notice.
    pub fn key_of_notice(&self, dice: &mut Rng) -> SimulatedKey {
        let both_kinds = self.mode == PlatformMode::Switching && dice.below(2) == 0;
        if both_kinds { SimulatedKey::Public } else { Self::any(self.listed(), dice) }
    }

    fn any(keys: &[SimulatedKey], dice: &mut Rng) -> SimulatedKey {
        let keys = keys.get(dice.below(keys.len())).or(keys.first());
        keys.copied().unwrap_or(SimulatedKey::Public)
    }

    /// Is this message signed wrongly on purpose? Its repeat is not.
    pub fn is_probe(&mut self, message: &str, dice: &mut Rng) -> bool {
        let falls = self.probes > 0 && dice.below(100) < usize::try_from(self.probes).unwrap_or(100);
        if self.probed.remove(message) {
            return false;
        }
        if falls {
            self.probed.insert(message.to_owned());
        }
        falls
    }
}
