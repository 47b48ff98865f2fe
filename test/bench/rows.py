"""Row models against the floor of PostgreSQL and the export-to-Python routes, on bench.sessions.

Run by test/bench/run inside the throw-away cluster. Prints medians and ratios; asserts nothing.
"""
import io
import statistics
import struct
import sys
import time

import numpy as np
import pandas as pd
import psycopg2
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
NUM = ["f%d" % i for i in range(1, 21)]
CAT = ["c1", "c2", "c3", "c4"]
N, A = ",".join(NUM), ",".join(NUM + CAT)
con = psycopg2.connect("")
con.autocommit = True
cur = con.cursor()
cur.execute("SET client_min_messages = error; SET max_parallel_workers_per_gather = 0")


def sql(statement, fetch=True):
    cur.execute(statement)
    return cur.fetchall()[0][0] if fetch else None


def timed(fn, rounds=ROUNDS):
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        fn()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def show(what, seconds, against=None, name="", bar=None):
    ratio = "" if against is None else "  %.2f of %s" % (seconds / against, name)
    print("%-58s %8.3f s%s%s" % (what, seconds, ratio, "" if bar is None else " (bar %s)" % bar), flush=True)
    return seconds


# ---- PostgreSQL's own floor, and reading rows into the training table
sums = ",".join(["sum(%s)" % c for c in NUM[:10]] + ["avg(%s)" % c for c in NUM[10:]])
floor = show("floor: one aggregate a column, 20 numbers", timed(lambda: sql("SELECT %s FROM bench.sessions" % sums)))
one_class = "logistic(on_failure => 'null')"      # stops after reading: only one class
held_out = "logistic(on_failure => 'null', validation_column => 'held')"      # stops after ordering: nothing left to fit
show("query twin, 20 numbers, before ordering", timed(lambda: sql(
    "SELECT train_classifier_from('SELECT true AS y,%s FROM bench.sessions', 'y', %s)" % (N, one_class))), floor, "floor", 1.1)
show("query twin, 24 columns, dictionaries and canonical order", timed(lambda: sql(
    "SELECT train_classifier_from('SELECT bought, true AS held,%s FROM bench.sessions', 'bought', %s)" % (A, held_out))), floor, "floor", 1.8)
show("aggregate, 24 columns, dictionaries and canonical order", timed(lambda: sql(
    "SELECT train_classifier(f, 'bought', %s) FROM (SELECT bought, true AS held,%s FROM bench.sessions) f" % (held_out, A))), floor, "floor", 2.8)


# ---- logistic: table to model
def ours(columns):
    return lambda: sql("SELECT octet_length(train_classifier_from('SELECT bought,%s FROM bench.sessions', 'bought', logistic(importance => false)))" % columns)


def csv_frame(columns):
    buf = io.BytesIO()
    cur.copy_expert("COPY (SELECT bought,%s FROM bench.sessions) TO STDOUT (FORMAT csv, HEADER)" % columns, buf)
    buf.seek(0)
    return pd.read_csv(buf, true_values=["t"], false_values=["f"], dtype={c: "category" for c in CAT})


def binary_numbers():
    buf = io.BytesIO()
    cur.copy_expert("COPY (SELECT bought,%s FROM bench.sessions) TO STDOUT (FORMAT binary)" % ",".join("%s::float8" % c for c in NUM), buf)
    fields = [("n", ">i2"), ("l", ">i4"), ("y", "u1")]
    for i in range(20):
        fields += [("l%d" % i, ">i4"), ("v%d" % i, ">f8")]
    raw = buf.getbuffer()
    rec = np.frombuffer(raw, np.dtype(fields), (len(raw) - 21) // np.dtype(fields).itemsize, 19 + struct.unpack(">i", raw[15:19])[0])
    return np.column_stack([rec["v%d" % i].astype(float) for i in range(20)]), rec["y"].astype(bool)


def adbc_frame(columns):
    import adbc_driver_postgresql.dbapi as adbc
    import os
    with adbc.connect("postgresql:///%s?host=%s&user=%s" % (os.environ["PGDATABASE"], os.environ["PGHOST"], os.environ["PGUSER"])) as c, c.cursor() as k:
        k.execute("SELECT bought,%s FROM bench.sessions" % columns)
        return k.fetch_arrow_table().to_pandas()


def design(d, full):
    x = StandardScaler().fit_transform(d[NUM].to_numpy(float))
    if not full:
        return x
    import scipy.sparse as sp
    return sp.hstack([sp.csr_matrix(x), OneHotEncoder().fit_transform(d[CAT])]).tocsr()


def fit(x, y, full):
    # stopped when the objective is within 1e-6 of the optimum: tolerances found by trying
    return LogisticRegression(C=1, solver="lbfgs" if full else "newton-cholesky", tol=1e-4, max_iter=300).fit(x, y)


for name, columns, full in (("20 numbers", N, False), ("24 columns", A, True)):
    t_ours = timed(ours(columns))
    routes = {}
    start = time.perf_counter()
    d = csv_frame(columns)
    mid = time.perf_counter()
    m = fit(design(d, full), d["bought"], full)
    done = time.perf_counter()
    fit_s = done - mid
    routes["pandas csv"] = done - start
    try:
        start = time.perf_counter()
        adbc_frame(columns)
        routes["ADBC"] = time.perf_counter() - start + fit_s
    except Exception as e:
        print("ADBC route not available: %s" % str(e)[:80])
    if not full:
        start = time.perf_counter()
        x, y = binary_numbers()
        fit(StandardScaler().fit_transform(x), y, full)
        routes["binary numpy"] = time.perf_counter() - start
    fastest = min(routes, key=routes.get)
    show("logistic, %s: table to model" % name, t_ours, routes[fastest], "%s %.2f s" % (fastest, routes[fastest]), 0.5)
    show("logistic, %s: table to model" % name, t_ours, routes["pandas csv"], "pandas csv %.2f s (fit %.2f s)" % (routes["pandas csv"], fit_s), 0.25)

# ---- scoring a table
cur.execute("DROP TABLE IF EXISTS bench.models; CREATE TABLE bench.models(name text, m bytea)")
cur.execute("INSERT INTO bench.models SELECT 'logistic', train_classifier_from('SELECT bought,%s FROM bench.sessions', 'bought', logistic(importance => false))" % A)
cur.execute("INSERT INTO bench.models SELECT 'mlp', train_classifier_from('SELECT bought,%s FROM bench.sessions', 'bought', mlp(epochs => 2, importance => false))" % A)
start = time.perf_counter()
d = csv_frame("id," + A)
p = m.predict_proba(design(d, True))[:, 1]
rec = np.zeros(len(d), np.dtype([("n", ">i2"), ("l0", ">i4"), ("v0", ">i8"), ("l1", ">i4"), ("v1", ">f8")]))
rec["n"], rec["l0"], rec["l1"], rec["v0"], rec["v1"] = 2, 8, 8, d["id"], p
cur.execute("DROP TABLE IF EXISTS bench.scores; CREATE TABLE bench.scores(id bigint, p float8)")
cur.copy_expert("COPY bench.scores FROM STDIN (FORMAT binary)", io.BytesIO(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0) + rec.tobytes() + struct.pack(">h", -1)))
python_scores = show("Python route: export, predict logistic, write back", time.perf_counter() - start)


def score(name):
    cur.execute("DROP TABLE IF EXISTS bench.scores")
    cur.execute("CREATE TABLE bench.scores AS SELECT id, predict_purchase((SELECT m FROM bench.models WHERE name = '%s'), f) FROM bench.sessions f" % name)


for name, bar in (("logistic", 0.25), ("mlp", 0.3)):
    cur.execute("RESET max_parallel_workers_per_gather")
    show("CREATE TABLE scores, %s, default plan" % name, timed(lambda: score(name)), python_scores, "Python", bar)
    sum_of = "SELECT sum(predict_purchase((SELECT m FROM bench.models WHERE name = '%s'), f)) FROM bench.sessions f" % name
    two = timed(lambda: sql(sum_of))
    cur.execute("SET max_parallel_workers_per_gather = 0")
    none = timed(lambda: sql(sum_of))
    print("%-58s %8.2f times faster with 2 workers (bar 1.6)" % ("scores alone, %s" % name, none / two))

# ---- one prediction, warm, prepared
cur.execute("""DROP TABLE IF EXISTS bench.big; CREATE TABLE bench.big(id int, m bytea);
CREATE OR REPLACE FUNCTION bench.nothing(bytea, record) RETURNS float8 LANGUAGE internal AS 'dpi';
CREATE OR REPLACE FUNCTION bench.loop(statement text, n int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); x float8; BEGIN
FOR i IN 1..n LOOP EXECUTE statement INTO x; END LOOP; RETURN extract(epoch FROM clock_timestamp() - t) / n * 1e6; END $$""")
cur.execute("INSERT INTO bench.big SELECT 1, train_classifier_from('SELECT bought,%s FROM bench.sessions LIMIT 20000', 'bought', mlp(hidden => '{400,128}', epochs => 1, importance => false))" % A)
print("model of %.2f MB" % (sql("SELECT octet_length(m) FROM bench.big") / 1e6))
row = sql("SELECT format('(SELECT %s) v', string_agg(c, ', ')) FROM unnest(ARRAY['1 AS f1']) c") and \
    "(SELECT %s) v" % ", ".join(["%d AS f%d" % (i % 5, i) for i in range(1, 21)] + ["'phone'::text AS c1", "'channel_1'::text AS c2", "'region_1'::text AS c3", "'cat_1'::text AS c4"])
for storage in ("EXTENDED", "EXTERNAL"):
    cur.execute("ALTER TABLE bench.big ALTER m SET STORAGE %s; UPDATE bench.big SET m = m || ''" % storage)
    for when in ("warm", "after an UPDATE of the model"):
        for f in ("predict_purchase", "bench.nothing"):
            cur.execute("DEALLOCATE ALL")
            cur.execute("PREPARE %s AS SELECT %s(m, v) FROM bench.big, %s WHERE id = 1" % (f.replace("bench.", ""), f, row))
            cur.execute("EXECUTE %s" % f.replace("bench.", ""))
            t = timed(lambda: [cur.execute("EXECUTE %s" % f.replace("bench.", "")) for _ in range(2000)], 3) / 2000 * 1e6
            if f == "predict_purchase":
                mine = t
        print("one prediction, 1 MB model, %-9s %-30s %6.1f us over an empty function (bar 15)" % (storage, when, mine - t))
        cur.execute("UPDATE bench.big SET m = m || ''")
