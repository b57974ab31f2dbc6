//! What travels in APIv3: signed requests and answers, sealed resources, strict JSON (protocol-v3.md A, B).

pub mod answer;
pub mod certificates;
pub mod encrypted;
pub mod json;
pub mod key_file;
pub mod key_ring;
pub mod key_store;
pub mod message;
pub mod notice;
pub mod platform_key;
pub mod request_key;
pub mod resource;
pub mod sensitive;
pub mod signature;
pub mod target;

#[cfg(test)]
pub(crate) mod vectors;
