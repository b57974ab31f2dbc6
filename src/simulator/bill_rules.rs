//! What the control lets happen to the next bills.

use serde::Deserialize;

/// What happens to a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// The file ends in its middle, and HTTP does not tell.
    Cut,
    /// One bit of the packed data is another.
    FlippedByte,
    /// A second gzip member follows.
    SecondMember,
    /// The first sum of money is one fen more than its rows.
    ChangedTotal,
    /// No sums.
    NoSummary,
    /// Two columns that nobody knows.
    AddedColumns,
    /// Columns and sums in another order.
    ShuffledColumns,
    /// The layout of before 2018, where a file of all has it.
    OldLayout,
    /// Names with commas and backticks.
    HostileNames,
    /// A row is left out, and the sums know nothing of it.
    RowLeftOut,
    /// A row stands twice, in the sums too.
    RowDoubled,
    /// One fen more in a row, in the sums too.
    RowAltered,
    /// The bill of the day before comes instead.
    OtherDay,
    /// The SHA-1 of another file.
    WrongDigest,
    /// The SHA-1 of what it unpacks to.
    PlainDigest,
    /// The day's trade is denied.
    NoBill,
    /// It is still being built.
    Creating,
}

/// `POST /bills`: a rule for the bills to come.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillRule {
    /// What happens.
    pub damage: Damage,
    /// To which of the two files.
    #[serde(default)]
    pub flow: bool,
    /// Which row, from 1.
    #[serde(default = "one")]
    pub row: usize,
    /// How many downloads it spares first.
    #[serde(default)]
    pub after: u32,
    /// How many it strikes.
    #[serde(default = "once")]
    pub times: u32,
}

fn one() -> usize {
    1
}

fn once() -> u32 {
    1
}

/// The rules that wait.
#[derive(Debug, Default)]
pub struct BillRules(Vec<BillRule>);

impl BillRules {
    /// Adds one.
    pub fn add(&mut self, rule: BillRule) {
        self.0.push(rule);
    }

    /// Those that strike this download, counted down.
    pub fn take(&mut self, flow: bool) -> Vec<BillRule> {
        let mut struck = Vec::new();
        for rule in self.0.iter_mut().filter(|rule| rule.flow == flow) {
            if rule.after > 0 {
                rule.after -= 1;
            } else if rule.times > 0 {
                rule.times -= 1;
                struck.push(rule.clone());
            }
        }
        self.0.retain(|rule| rule.times > 0);
        struck
    }
}
