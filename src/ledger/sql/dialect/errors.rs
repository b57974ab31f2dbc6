//! What a database's error means.

use super::database::Dialect;
use crate::ledger::store::Kind;

/// An error as PDO tells it: SQLSTATE, the driver's number, the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// Five characters.
    pub state: String,
    /// The driver's own number.
    pub code: i64,
    /// The driver's words.
    pub text: String,
}

/// What it means for us.
pub fn classify(dialect: Dialect, problem: &Problem) -> Kind {
    match dialect {
        Dialect::Sqlite => sqlite(problem),
        Dialect::Mysql => mysql(problem),
        Dialect::Postgres => postgres(problem),
    }
}

fn sqlite(problem: &Problem) -> Kind {
    match problem.code & 0xff {
        5 | 6 => Kind::Busy,
        8 => Kind::ReadOnly,
        _ if problem.text.contains("no such savepoint") => Kind::Broken,
        _ => Kind::Other,
    }
}

fn mysql(problem: &Problem) -> Kind {
    match problem.code {
        1213 | 1205 | 1020 => Kind::Busy,
        2002 | 2003 | 2006 | 2013 | 2026 | 2055 | 4031 | 1927 | 1053 | 1317 => Kind::Lost,
        1153 | 1158..=1161 => Kind::Lost,
        1305 => Kind::Broken,
        1792 | 1836 => Kind::ReadOnly,
        // Any option may stand in the way; only these make a server a replica's.
        1290 if problem.text.contains("read-only") || problem.text.contains("read_only") => Kind::ReadOnly,
        _ => Kind::Other,
    }
}

/// How libpq tells that the connection broke; no SQLSTATE comes from there.
const LOST_WORDS: [&str; 6] =
    ["connection", "terminat", "ssl syscall", "ssl error", "send data to server", "receive data from server"];

fn postgres(problem: &Problem) -> Kind {
    let text = problem.text.to_ascii_lowercase();
    match problem.state.as_str() {
        "40001" | "40P01" | "55P03" | "0A000" => Kind::Busy,
        "25006" => Kind::ReadOnly,
        "25P01" | "25P02" | "3B001" => Kind::Broken,
        "25P03" | "25P04" => Kind::Lost,
        state if state.starts_with("08") || state.starts_with("57P") => Kind::Lost,
        "HY000" if LOST_WORDS.iter().any(|words| text.contains(words)) => Kind::Lost,
        _ => Kind::Other,
    }
}

/// Is it the database's own word that it did not do what it was asked? A server that answers COMMIT with an error has
/// rolled back: a deferred constraint, a serialization failure, a full disk. Where the error comes from this side of the
/// connection, or tells of its end, or a disk does not answer, nobody knows.
pub fn is_definite(dialect: Dialect, problem: &Problem) -> bool {
    let told = match dialect {
        Dialect::Sqlite => !matches!(problem.code & 0xff, 0 | 10),
        Dialect::Mysql => matches!(problem.code, 1000..2000 | 3000..5000),
        Dialect::Postgres => {
            let state = problem.state.as_str();
            state.len() == 5
                && !["HY", "IM", "00"].iter().any(|class| state.starts_with(class))
                && state != "40003"
        }
    };
    told && classify(dialect, problem) != Kind::Lost
}

/// Is a unique key taken?
pub fn is_taken(dialect: Dialect, problem: &Problem) -> bool {
    match dialect {
        Dialect::Sqlite => problem.code & 0xff == 19 && problem.text.contains("UNIQUE"),
        Dialect::Mysql => problem.code == 1062,
        Dialect::Postgres => problem.state == "23505",
    }
}

/// Did a begin find a transaction that PDO does not know of? SQLite's, begun by SQL instead of by PDO.
pub fn is_in_transaction(dialect: Dialect, problem: &Problem) -> bool {
    dialect == Dialect::Sqlite && problem.text.contains("within a transaction")
}

/// Is a table not there?
pub fn is_missing(dialect: Dialect, problem: &Problem) -> bool {
    match dialect {
        Dialect::Sqlite => problem.text.contains("no such table"),
        Dialect::Mysql => problem.code == 1146,
        Dialect::Postgres => problem.state == "42P01",
    }
}
