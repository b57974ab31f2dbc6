//! Whose texts they are: one database's, with the prefix of our tables.

use super::database::Dialect;
use crate::model::argument::BadArgument;

/// The texts for one database and one prefix.
#[derive(Debug, Clone)]
pub struct Sql {
    /// Which database.
    pub dialect: Dialect,
    prefix: String,
}

impl Sql {
    /// Checks the prefix: it becomes part of names.
    pub fn new(dialect: Dialect, prefix: &str) -> Result<Self, BadArgument> {
        let mut bytes = prefix.bytes();
        let starts = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        let goes_on = bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if starts && goes_on && prefix.len() <= 21 {
            return Ok(Self { dialect, prefix: prefix.to_owned() });
        }
        let what = "must be 1 to 21 characters of 0-9A-Za-z_ that do not begin with a digit";
        Err(BadArgument::new("prefix", what))
    }

    /// The index of what is due, where the planner would rather not take it: MySQL walks, and locks, every row of the
    /// merchant that is due no more; SQLite 3.46 sorts all of a shop that has one account, once it was analyzed.
    pub(super) fn force_due(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!(" INDEXED BY {}_0", self.table(name)),
            Dialect::Mysql => " FORCE INDEX (due)".into(),
            Dialect::Postgres => String::new(),
        }
    }

    /// The names of our tables for those in braces.
    pub(super) fn named(&self, template: &str) -> String {
        let tables = ["order", "evidence", "credit", "refund", "outbox", "schema", "day", "difference"];
        tables
            .iter()
            .fold(template.to_owned(), |text, name| text.replace(&format!("{{{name}}}"), &self.table(name)))
    }

    pub(super) fn table(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The name of the table that says which schema is there.
    pub fn schema_table(&self) -> String {
        self.table("schema")
    }
}
