//! Seeded chance: the same seed makes the same ids and nonces.

const DIGITS: &[u8] = b"0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A splitmix64 generator.
#[derive(Debug, Clone)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// Dice that always fall the same way for one seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Dice for one thing: they fall alike for one seed and name, whenever they are thrown.
    pub fn about(seed: u64, name: &str) -> Self {
        let mixed = name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |mixed, byte| {
            (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(mixed)
    }

    fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of so many sides, from 0 on; of one side or none nothing is thrown.
    pub fn below(&mut self, sides: usize) -> usize {
        match u64::try_from(sides) {
            Ok(sides @ 2..) => usize::try_from(self.roll() % sides).unwrap_or(0),
            _ => 0,
        }
    }

    fn pick(&mut self, alphabet: &[u8], length: usize) -> String {
        let sides = alphabet.len().max(1) as u64;
        (0..length)
            .filter_map(|_| {
                let side = usize::try_from(self.roll() % sides).ok()?;
                alphabet.get(side).copied().map(char::from)
            })
            .collect()
    }

    /// Decimal digits.
    pub fn digits(&mut self, length: usize) -> String {
        self.pick(DIGITS, length)
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        self.pick(HEX, length)
    }

    /// Letters and digits.
    pub fn letters(&mut self, length: usize) -> String {
        self.pick(ALPHANUMERIC, length)
    }

    /// A `nonce_str` of the gateway: 16 letters and digits.
    pub fn nonce(&mut self) -> String {
        self.letters(16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_about_two_things_fall_apart() {
        let nonce = |seed, name| Rng::about(seed, name).nonce();
        assert_eq!(nonce(7, "T1"), nonce(7, "T1"));
        assert_ne!(nonce(7, "T1"), nonce(7, "T2"));
        assert_ne!(nonce(7, "T1"), nonce(8, "T1"));
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let (mut one, mut two, mut three) = (Rng::new(7), Rng::new(7), Rng::new(8));
        let first = one.nonce();
        assert_eq!(first, two.nonce());
        assert_ne!(first, three.nonce());
        assert_ne!(first, one.nonce());
        assert_eq!(first.len(), 16);
        assert!(one.digits(40).bytes().all(|b| b.is_ascii_digit()));
    }
}
