"""Number of rows and six sums of a bill's rows by DuckDB or polars, on one core; the last two lines are not theirs.

bill_peers.py duckdb|polars FOLDER
"""

import json
import os
import resource
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "1"
tool, folder = sys.argv[1:]
path = f"{folder}/rows"
columns = [12, 16, 17, 22, 24, 25]


def with_duckdb():
    import duckdb

    database = duckdb.connect()
    database.execute("SET threads = 1")
    names = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(27))
    sums = ", ".join(f"sum(c{at}::DECIMAL(18, {5 if at == 22 else 2}))" for at in columns)
    return lambda: database.execute(
        f"SELECT count(*), {sums} FROM read_csv('{path}', delim = ',`', header = false, quote = '', escape = '',"
        f" auto_detect = false, new_line = '\\r\\n', columns = {{{names}}})"
    ).fetchone()


def with_polars():
    import polars

    schema = {f"c{at}": polars.String for at in range(28)}

    def amount(at):
        # The separator is one byte: the comma is left at the end of the cell before.
        places = 5 if at == 22 else 2
        return polars.col(f"c{at + 1}").str.strip_suffix(",").cast(polars.Decimal(18, places)).sum()

    lines = polars.scan_csv(path, separator="`", has_header=False, quote_char=None, schema=schema)
    return lambda: lines.select(polars.len(), *map(amount, columns)).collect().row(0)


work = with_duckdb() if tool == "duckdb" else with_polars()
before = resource.getrusage(resource.RUSAGE_SELF)
started = time.perf_counter()
rows, *sums = work()
wall = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_SELF)
cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
result = [rows] + [int(total.scaleb(5 if at == 22 else 2)) for at, total in zip(columns, sums)]
print(json.dumps({"result": result, "cpu": cpu, "wall": wall, "kib": used.ru_maxrss - before.ru_maxrss}))
