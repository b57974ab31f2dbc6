//! Which servers are too old for our statements: SKIP LOCKED, `MATERIALIZED`, RETURNING, STRICT tables.

use super::database::Dialect;

/// The oldest that will do: its name, and the first numbers of its version.
type Oldest = (&'static str, [u32; 3]);

const SQLITE: Oldest = ("SQLite 3.37", [3, 37, 0]);
const MARIADB: Oldest = ("MariaDB 10.6", [10, 6, 0]);
const MYSQL: Oldest = ("MySQL 8.0.1", [8, 0, 1]);
const POSTGRES: Oldest = ("PostgreSQL 12", [12, 0, 0]);

/// What MariaDB says before its own version to clients that expect MySQL.
const DISGUISE: &str = "5.5.5-";

impl Dialect {
    /// Asks for the version by a statement: what a connection was told when it began is more often a proxy's.
    pub fn ask_version(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT sqlite_version()",
            Self::Mysql => "SELECT VERSION()",
            Self::Postgres => "SELECT current_setting('server_version')",
        }
    }

    /// Says why a server of this version will not do. A version that cannot be read is no reason.
    pub fn too_old(self, version: &str) -> Option<String> {
        let ((needed, oldest), told) = match self {
            Self::Sqlite => (SQLITE, version),
            Self::Postgres => (POSTGRES, version),
            Self::Mysql => mysql_or_mariadb(version),
        };
        // A number that is not told may be any.
        let differing = numbers(told).into_iter().zip(oldest).find(|(found, needed)| found != needed);
        differing
            .is_some_and(|(found, needed)| found < needed)
            .then(|| format!("The ledger needs {needed} or newer, this database is {told}"))
    }
}

/// Which of the two it is, and its version without the disguise.
fn mysql_or_mariadb(version: &str) -> (Oldest, &str) {
    let undisguised =
        version.strip_prefix(DISGUISE).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_mariadb = undisguised.is_some() || version.to_ascii_lowercase().contains("mariadb");
    (if is_mariadb { MARIADB } else { MYSQL }, undisguised.unwrap_or(version))
}

/// The numbers at the beginning, three at most.
fn numbers(version: &str) -> Vec<u32> {
    let end = version.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(version.len());
    let told = version.get(..end).unwrap_or_default().split('.');
    told.map_while(|number| number.parse().ok()).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l6_servers_that_cannot_claim_are_told_by_their_version() {
        for (dialect, old, new) in [
            (Dialect::Mysql, "5.7.44-log", "8.0.36"),
            (Dialect::Mysql, "8.0.0-dmr", "8.0.1-dmr"),
            (Dialect::Mysql, "5.5.5-m3", "8.0.36-0ubuntu0.22.04.1"),
            (Dialect::Mysql, "5.6", "9.1.0"),
            (Dialect::Mysql, "10.5.23-MariaDB-0+deb11u1", "10.6.0-MariaDB"),
            (Dialect::Mysql, "5.5.5-10.5.9-MariaDB", "5.5.5-10.11.6-MariaDB-0+deb12u1"),
            (Dialect::Mysql, "5.5.5-10.3.39", "5.5.5-10.6.16"),
            (Dialect::Mysql, "5.5.68-MariaDB", "11.4.2-mariadb-ubu2404"),
            (Dialect::Postgres, "9.4.26", "12.0"),
            (Dialect::Postgres, "11.22 (Debian 11.22-1)", "15.18 (Debian 15.18-0+deb12u1)"),
            (Dialect::Postgres, "11", "17rc1"),
            (Dialect::Sqlite, "3.36.0", "3.37.0"),
            (Dialect::Sqlite, "3.9.2", "3.40.1"),
        ] {
            assert!(dialect.too_old(old).is_some(), "{old}");
            assert_eq!(dialect.too_old(new), None);
        }
        for (dialect, short) in
            [(Dialect::Mysql, "8.0"), (Dialect::Mysql, "8"), (Dialect::Mysql, "10-MariaDB")]
        {
            assert_eq!(dialect.too_old(short), None, "what {short} does not say may be new enough");
        }
    }

    #[test]
    fn the_refusal_names_what_is_needed_and_what_is_there() {
        let told = |version| Dialect::Mysql.too_old(version).unwrap();
        assert_eq!(told("5.7.44-log"), "The ledger needs MySQL 8.0.1 or newer, this database is 5.7.44-log");
        assert_eq!(
            told("5.5.5-10.5.9-MariaDB"),
            "The ledger needs MariaDB 10.6 or newer, this database is 10.5.9-MariaDB"
        );
    }

    #[test]
    fn a_version_that_cannot_be_read_is_no_reason_to_refuse() {
        for odd in ["", "devel", "v5", "-5.7", "ü", ".", "99999999999.1"] {
            assert_eq!(Dialect::Mysql.too_old(odd), None, "{odd}");
        }
    }
}
