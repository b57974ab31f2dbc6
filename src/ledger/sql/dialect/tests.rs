use super::days::DayStatement;
use super::*;
use crate::ledger::store::Kind;

const ALL: [Dialect; 3] = [Dialect::Sqlite, Dialect::Mysql, Dialect::Postgres];

fn sql(dialect: Dialect) -> Sql {
    Sql::new(dialect, "shop_").unwrap()
}

fn all_statements() -> impl Iterator<Item = Statement> {
    Statement::ALL.into_iter().chain(DayStatement::ALL.map(Statement::Day))
}

/// Every text of a new installation.
fn install(sql: &Sql) -> Vec<String> {
    let steps = sql.steps(None).into_iter();
    steps.flat_map(|step| [Some(step.text), step.done]).flatten().collect()
}

#[test]
fn a_prefix_that_is_no_name_is_refused() {
    for wrong in ["", "1a", "a-b", "a b", "a`", "ü", &"a".repeat(22)] {
        assert!(Sql::new(Dialect::Sqlite, wrong).is_err(), "{wrong}");
    }
    for right in ["_", "a1_", "WechatPay_", &"a".repeat(21)] {
        assert!(Sql::new(Dialect::Sqlite, right).is_ok(), "{right}");
    }
}

#[test]
fn no_placeholder_of_ours_is_left_and_every_table_has_the_prefix() {
    for dialect in ALL {
        let sql = sql(dialect);
        for text in all_statements().map(|statement| sql.text(statement)).chain(install(&sql)) {
            assert!(!text.contains(['{', '}']), "{text}");
            assert!(
                !text.contains(" T32")
                    && !text.contains(" T16")
                    && !text.contains("INT8")
                    && !text.contains(" FREE"),
                "{text}"
            );
            assert!(text.contains("shop_") || text.starts_with("SELECT "), "{text}");
        }
    }
}

#[test]
fn the_number_of_parameters_is_the_same_on_every_database_but_for_claims() {
    let count = |dialect, statement| sql(dialect).text(statement).matches('?').count();
    for statement in all_statements() {
        let [sqlite, mysql, postgres] = ALL.map(|dialect| count(dialect, statement));
        assert_eq!(sqlite, postgres, "{statement:?}");
        let marked_apart = matches!(statement, Statement::Claim | Statement::ClaimMessage);
        assert_eq!(mysql, sqlite - usize::from(marked_apart), "{statement:?}");
    }
}

#[test]
fn l8_every_time_comes_from_the_databases_clock() {
    for dialect in ALL {
        for statement in [Statement::Register, Statement::Settle, Statement::Announce, Statement::Claim] {
            assert!(sql(dialect).text(statement).contains(dialect.clock()), "{statement:?}");
        }
    }
}

#[test]
fn l9_an_update_changes_a_row_even_if_its_values_are_equal() {
    for (statement, grows) in [
        (Statement::Advance, "version = ?"),
        (Statement::MoveRefund, "version = version + 1"),
        (Statement::Settle, "epoch = epoch + 1"),
        (Statement::SettleMessage, "epoch = epoch + 1"),
        (Statement::Day(DayStatement::Take), "epoch = epoch + 1"),
        (Statement::Day(DayStatement::Hold), "epoch = epoch + 1"),
        (Statement::Day(DayStatement::End), "epoch = epoch + 1"),
        (Statement::Day(DayStatement::Free), "epoch = epoch + 1"),
        (Statement::Day(DayStatement::MoveDifference), "version = version + 1"),
        (Statement::Day(DayStatement::Settle), "version = version + 1"),
    ] {
        assert!(sql(Dialect::Mysql).text(statement).contains(grows), "{statement:?}");
    }
}

#[test]
fn what_a_person_has_settled_is_moved_by_no_comparison() {
    for dialect in ALL {
        let text = sql(dialect).text(Statement::Day(DayStatement::MoveDifference));
        assert!(text.ends_with("WHERE id = ? AND state <> 'settled'"), "{text}");
    }
}

#[test]
fn l18_refunds_are_counted_by_a_locking_read() {
    for dialect in [Dialect::Mysql, Dialect::Postgres] {
        assert!(sql(dialect).text(Statement::Refunds).ends_with("ORDER BY id FOR UPDATE"));
    }
}

#[test]
fn l6_claims_skip_rows_of_others_or_hold_the_write_lock() {
    for statement in [Statement::Claim, Statement::ClaimMessage] {
        for dialect in [Dialect::Mysql, Dialect::Postgres] {
            assert!(sql(dialect).text(statement).contains("SKIP LOCKED"));
        }
        assert!(sql(Dialect::Sqlite).text(statement).contains("RETURNING id"));
    }
    let mark = sql(Dialect::Mysql).mark(Statement::Claim, &[1, 2]);
    assert!(mark.starts_with("UPDATE shop_order SET") && mark.ends_with("WHERE id IN (1, 2)"), "{mark}");
}

#[test]
fn l5_a_connection_that_only_reads_is_known_by_its_error() {
    let problem = |state: &str, code, text: &str| Problem { state: state.into(), code, text: text.into() };
    for (dialect, problem, kind) in [
        (Dialect::Sqlite, problem("HY000", 8, "attempt to write a readonly database"), Kind::ReadOnly),
        (Dialect::Sqlite, problem("HY000", 1032, "attempt to write a readonly database"), Kind::ReadOnly),
        (
            Dialect::Mysql,
            problem("25006", 1792, "Cannot execute statement in a READ ONLY transaction"),
            Kind::ReadOnly,
        ),
        (
            Dialect::Mysql,
            problem("HY000", 1290, "The server is running with the --read-only option"),
            Kind::ReadOnly,
        ),
        (Dialect::Mysql, problem("HY000", 1290, "running with the --super-read-only option"), Kind::ReadOnly),
        (Dialect::Mysql, problem("HY000", 1290, "running with the --secure-file-priv option"), Kind::Other),
        (Dialect::Mysql, problem("HY000", 1836, "Running in read-only mode"), Kind::ReadOnly),
        (Dialect::Postgres, problem("25006", 7, "cannot execute SELECT FOR UPDATE"), Kind::ReadOnly),
    ] {
        assert_eq!(classify(dialect, &problem), kind, "{problem:?}");
    }
}

#[test]
fn l5_every_read_that_decides_locks_what_it_reads() {
    for dialect in [Dialect::Mysql, Dialect::Postgres] {
        for statement in [Statement::Entry, Statement::Refunds] {
            assert!(sql(dialect).text(statement).ends_with(" FOR UPDATE"), "{statement:?}");
        }
    }
    let begun = sql(Dialect::Sqlite).after_begin(false).unwrap();
    assert!(begun.starts_with("DELETE "), "{begun} takes the write lock before anything is read");
}

#[test]
fn l20_claims_walk_the_index_of_what_is_due_and_nothing_else() {
    let schema = install(&sql(Dialect::Mysql)).join("\n");
    assert!(schema.contains(", INDEX due (mch_id, sub_mch_id, due_at)"), "{schema}");
    assert!(schema.contains(", INDEX due (due_at)"), "{schema}");
    for statement in [Statement::Claim, Statement::ClaimMessage] {
        assert!(sql(Dialect::Mysql).text(statement).contains(" FORCE INDEX (due) WHERE "), "{statement:?}");
    }
}

#[test]
fn an_upgrade_begins_after_what_is_there_and_ends_at_todays_version() {
    for dialect in ALL {
        let sql = sql(dialect);
        let end = |found: Option<i64>| sql.steps(found).last().map(|step| step.text.clone());
        let todays = format!("UPDATE shop_schema SET version = {VERSION} WHERE version < {VERSION}");
        assert_eq!((end(None), end(Some(1))), (Some(todays.clone()), Some(todays)));
        assert!(sql.steps(Some(VERSION)).is_empty());
        let whole: Vec<Step> = sql.steps(None);
        assert!(whole.ends_with(&sql.steps(Some(1))), "a new installation walks the same way");
        let newer = sql.steps(Some(1)).into_iter().filter(|step| step.text.starts_with("CREATE TABLE"));
        let made: Vec<String> =
            newer.filter_map(|step| step.text.split(' ').nth(5).map(str::to_owned)).collect();
        assert_eq!(made, ["shop_day", "shop_difference"], "none of an earlier version is made anew");
    }
}

#[test]
fn every_step_can_be_repeated_or_asked_for() {
    for step in ALL.into_iter().flat_map(|dialect| sql(dialect).steps(None)) {
        let repeatable = [
            "CREATE TABLE IF NOT",
            "CREATE INDEX IF NOT",
            "DROP INDEX IF EXISTS",
            "INSERT INTO shop_schema",
            "UPDATE ",
        ];
        let replaces = step.text.contains(" DROP INDEX due, ADD INDEX due ");
        let again = replaces || repeatable.iter().any(|way| step.text.starts_with(way));
        assert!(step.done.is_some() != again, "{step:?}");
    }
}

#[test]
fn r8_a_database_that_says_no_has_not_committed() {
    let problem = |state: &str, code| Problem { state: state.into(), code, text: String::new() };
    let said = |dialect, state: &str, code| is_definite(dialect, &problem(state, code));
    for code in [5, 7, 11, 13, 14, 19, 787, 1299, 2067] {
        assert!(said(Dialect::Sqlite, "HY000", code), "{code}");
    }
    for code in [1020, 1021, 1114, 1180, 1205, 1213, 1452, 3100, 3101, 3819, 4025] {
        assert!(said(Dialect::Mysql, "HY000", code), "{code}");
    }
    for state in [
        "23503", "23505", "23514", "23P01", "25P02", "40001", "40P01", "53100", "53200", "57014", "P0001",
        "XX000",
    ] {
        assert!(said(Dialect::Postgres, state, 7), "{state}");
    }
    for code in [0, 10, 266, 1290] {
        assert!(!said(Dialect::Sqlite, "HY000", code), "{code}");
    }
    for code in [0, 1053, 1153, 1159, 1317, 1927, 2006, 2013, 2014, 2026, 2055, 4031, 5000] {
        assert!(!said(Dialect::Mysql, "HY000", code), "{code}");
    }
    for state in
        ["", "HY000", "IM001", "08000", "08006", "25P03", "25P04", "40003", "57P01", "57P02", "57P05"]
    {
        assert!(!said(Dialect::Postgres, state, 7), "{state}");
    }
}

#[test]
fn r2_the_index_of_what_is_due_begins_with_all_ids_of_a_merchant() {
    for dialect in ALL {
        let steps = sql(dialect).steps(Some(1));
        let last =
            steps.into_iter().rfind(|step| step.text.contains("shop_order") && step.text.contains("due_at)"));
        let text = last.unwrap().text;
        assert!(text.contains("(mch_id, sub_mch_id, appid, sub_appid, due_at)"), "{text}");
    }
}

#[test]
fn numbers_compare_as_bytes_on_mysql() {
    let schema = install(&sql(Dialect::Mysql)).join("\n");
    assert_eq!(schema.matches("VARCHAR").count(), schema.matches("COLLATE ascii_bin").count());
    assert!(schema.contains("UNIQUE (mch_id, sub_mch_id, out_trade_no)"));
    assert!(schema.contains("UNIQUE (mch_id, transaction_id)"));
}

#[test]
fn l4_l10_errors_mean_what_they_meant_when_they_were_measured() {
    let problem = |state: &str, code, text: &str| Problem { state: state.into(), code, text: text.into() };
    for (dialect, problem, kind) in [
        (Dialect::Sqlite, problem("HY000", 5, "database is locked"), Kind::Busy),
        (Dialect::Sqlite, problem("HY000", 517, "database is locked"), Kind::Busy),
        (Dialect::Sqlite, problem("HY000", 1, "no such savepoint: x"), Kind::Broken),
        (Dialect::Sqlite, problem("HY000", 13, "database or disk is full"), Kind::Other),
        (Dialect::Mysql, problem("40001", 1213, "Deadlock found"), Kind::Busy),
        (Dialect::Mysql, problem("HY000", 1205, "Lock wait timeout"), Kind::Busy),
        (Dialect::Mysql, problem("HY000", 2006, "gone away"), Kind::Lost),
        (Dialect::Mysql, problem("42000", 1305, "SAVEPOINT does not exist"), Kind::Broken),
        (Dialect::Postgres, problem("40P01", 7, "deadlock detected"), Kind::Busy),
        (Dialect::Postgres, problem("55P03", 7, "lock timeout"), Kind::Busy),
        (Dialect::Postgres, problem("25P02", 7, "current transaction is aborted"), Kind::Broken),
        (Dialect::Postgres, problem("HY000", 7, "server closed the connection unexpectedly"), Kind::Lost),
        (Dialect::Postgres, problem("22001", 7, "value too long"), Kind::Other),
    ] {
        assert_eq!(classify(dialect, &problem), kind, "{problem:?}");
    }
    assert!(is_taken(Dialect::Mysql, &problem("23000", 1062, "")));
    assert!(!is_taken(Dialect::Sqlite, &problem("23000", 19, "NOT NULL constraint failed")));
}

#[test]
fn an_insert_of_many_rows_is_that_of_one_with_more_of_them() {
    for dialect in ALL {
        let sql = sql(dialect);
        for insert in [Statement::KeepEvidence, Statement::Day(DayStatement::AddDifference)] {
            let (one, three) = (sql.text(insert), sql.of_rows(insert, 3));
            assert_eq!(sql.of_rows(insert, 1), one);
            assert_eq!(three.matches('?').count(), 3 * one.matches('?').count());
            assert_eq!(
                three.matches("ON CONFLICT DO NOTHING").count(),
                usize::from(dialect != Dialect::Mysql)
            );
        }
    }
}
