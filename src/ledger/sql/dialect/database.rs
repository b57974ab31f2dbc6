//! The databases, and the small words in which they differ.

/// Asks SQLite how long a connection waits for another's lock, in milliseconds.
pub const ASK_BUSY_TIMEOUT: &str = "PRAGMA busy_timeout";

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3.37 or newer.
    Sqlite,
    /// MariaDB 10.6, MySQL 8.0.1 or newer.
    Mysql,
    /// PostgreSQL 12 or newer.
    Postgres,
}

impl Dialect {
    /// By PDO's name of the driver.
    pub fn of_driver(name: &str) -> Option<Self> {
        match name {
            "sqlite" => Some(Self::Sqlite),
            "mysql" => Some(Self::Mysql),
            "pgsql" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// The database's clock in milliseconds since 1970.
    pub fn clock(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)",
            Self::Mysql => "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000",
            Self::Postgres => "CAST(FLOOR(EXTRACT(EPOCH FROM statement_timestamp()) * 1000) AS BIGINT)",
        }
    }

    pub(super) fn row_lock(self) -> &'static str {
        if self == Self::Sqlite { "" } else { " FOR UPDATE" }
    }

    /// An insert that finds its key taken changes nothing; MySQL says so by error 1062, because its own words for
    /// this count rows differently under `MYSQL_ATTR_FOUND_ROWS`.
    pub(super) fn once(self) -> &'static str {
        if self == Self::Mysql { "" } else { " ON CONFLICT DO NOTHING" }
    }

    /// The newest message stays where its number would be given to the next one: a shop may know messages by number.
    pub(super) fn spared(self) -> &'static str {
        if self == Self::Sqlite { " AND id < (SELECT MAX(id) FROM {outbox})" } else { "" }
    }

    /// What a session says of how transactions end in it and of how many rows it gives, for a list of columns; nothing
    /// where it cannot be changed.
    pub fn modes(self) -> &'static str {
        if self == Self::Mysql { ", @@autocommit, @@completion_type, @@sql_select_limit" } else { "" }
    }

    /// A parameter that is added to the clock.
    pub(super) fn span(self) -> &'static str {
        if self == Self::Postgres { "CAST(? AS BIGINT)" } else { "?" }
    }
}
