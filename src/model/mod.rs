//! Floor 2: meaning. Each model reads itself from verified fields and knows nothing of the network.

pub mod argument;
pub mod client_sign;
pub mod merchant;
pub mod misplaced;
pub mod money;
pub mod order;
pub mod order_id;
pub mod ours;
pub mod prepay;
pub mod qr_code;
pub mod refund;
pub mod sendable;
pub mod trade_state;
pub mod v3_keys;
