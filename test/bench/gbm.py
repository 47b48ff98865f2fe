"""boosting() through SQL against the routes through Python: export, LightGBM or XGBoost, write back.

    gbm.py train     table to model, 100 trees on 1M rows
    gbm.py score     scores of 1M rows into a table
    gbm.py explain   Shapley values of 1,000 rows, one thread
    gbm.py tune      30 trials x 5 folds on 100k rows, against LightGBM on the same trials and folds
    gbm.py memory    what a training needs beyond its table

Run by gbm.sh inside the throw-away cluster. TABLE (default bench.sessions) has id, f1..f20, c1..c4, bought.
Prints seconds, CPU seconds of both sides, and ratios; asserts nothing.
"""
import io
import os
import resource
import struct
import subprocess
import sys
import time

import lightgbm as lgb
import numpy as np
import pandas as pd
import psycopg2

TABLE = os.environ.get("TABLE", "bench.sessions")
MATRIX = os.path.join(os.environ.get("TMPDIR", "/tmp"), "gbm_rows.npz")
ROUNDS = int(os.environ.get("ROUNDS", "3"))
NUM = ["f%d" % i for i in range(1, 21)]
CAT = ["c1", "c2", "c3", "c4"]
A = ",".join(NUM + CAT)
LIGHTGBM = dict(objective="binary", num_leaves=31, max_depth=6, learning_rate=0.1, lambda_l2=1.0, min_data_in_leaf=20, num_threads=2, max_bin=255, verbose=-1)
con = psycopg2.connect("")
con.autocommit = True
cur = con.cursor()
cur.execute("SET client_min_messages = error; SET max_parallel_maintenance_workers = 2; SELECT pg_backend_pid()")
BACKEND = cur.fetchone()[0]


def cpu():
    """CPU seconds of the backend so far, its threads included; parallel workers are not."""
    fields = open("/proc/%d/stat" % BACKEND).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_cpu():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def sql(statement, parameters=None):
    cur.execute(statement, parameters)
    return cur.fetchall()[0][0] if cur.description else None


def timed(fn, clock, rounds=None):
    """Least wall and CPU seconds, and the last result."""
    wall, used = [], []
    for _ in range(rounds or ROUNDS):
        w, c = time.perf_counter(), clock()
        result = fn()
        wall.append(time.perf_counter() - w)
        used.append(clock() - c)
    return min(wall), min(used), result


def say(what, wall, used):
    print("%-58s %8.3f s, CPU %8.3f s" % (what, wall, used), flush=True)


def bar(what, ours, theirs, limit):
    print("%-58s %8.2f (bar %s)" % (what, ours / theirs, limit), flush=True)


# ---- the way to Python ----

def adbc_frame(query):
    import adbc_driver_postgresql.dbapi as adbc
    with adbc.connect("postgresql:///%s?host=%s&user=%s" % (os.environ["PGDATABASE"], os.environ["PGHOST"], os.environ["PGUSER"])) as c, c.cursor() as k:
        k.execute(query)
        return k.fetch_arrow_table()


def from_arrow(table):
    """A matrix of float32, codes of texts by frequency of appearance, and the target."""
    import pyarrow.compute as pc
    x = np.empty((table.num_rows, len(NUM) + len(CAT)), np.float32)
    for j, name in enumerate(NUM):
        x[:, j] = table.column(name).to_numpy()
    for j, name in enumerate(CAT):
        coded = pc.dictionary_encode(table.column(name)).combine_chunks()
        x[:, len(NUM) + j] = coded.indices.to_numpy()
    return x, (table.column("bought").to_numpy() if "bought" in table.column_names else None)


def csv_matrix(query):
    buf = io.BytesIO()
    cur.copy_expert("COPY (%s) TO STDOUT (FORMAT csv, HEADER)" % query, buf)
    buf.seek(0)
    d = pd.read_csv(buf, true_values=["t"], false_values=["f"], dtype={c: "category" for c in CAT}, engine="c")
    x = np.empty((len(d), len(NUM) + len(CAT)), np.float32)
    for j, name in enumerate(NUM):
        x[:, j] = d[name]
    for j, name in enumerate(CAT):
        x[:, len(NUM) + j] = d[name].cat.codes
    return x, d["bought"].to_numpy() if "bought" in d else None


def export(query, show=True):
    routes = {"ADBC": lambda: from_arrow(adbc_frame(query)), "csv": lambda: csv_matrix(query)}
    best = None
    for name, route in routes.items():
        try:
            wall, _, result = timed(route, own_cpu, 2)
        except ImportError as e:
            print("%s is not available: %s" % (name, e))
            continue
        if show:
            say("export by %s to a matrix" % name, wall, 0)
        if best is None or wall < best[0]:
            best = (wall, result)
    return best


def fit_lightgbm(x, y, rounds=100, **options):
    o = {**LIGHTGBM, **options}
    return lgb.train(o, lgb.Dataset(x, y, categorical_feature=list(range(len(NUM), len(NUM) + len(CAT))), params=o, free_raw_data=False), rounds)


def alone(peer):
    """A fit in a process of its own: thread pools of several libraries in one process hinder each other."""
    code = "import sys; sys.argv = ['gbm.py', 'peer', %r, %r]; exec(open(%r).read())" % (peer, MATRIX, os.path.abspath(__file__))
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return float(out[-2]), float(out[-1])


def peer(name, path):
    d = np.load(path)
    fits = {"LightGBM": fit_lightgbm, "LightGBM, quantized": lambda x, y: fit_lightgbm(x, y, use_quantized_grad=True), "XGBoost": fit_xgboost}
    print(*timed(lambda: fits[name](d["x"], d["y"]), own_cpu, 2)[:2])


def fit_xgboost(x, y):
    import xgboost as xgb
    data = xgb.QuantileDMatrix(x, y, max_bin=256, nthread=2, enable_categorical=True, feature_types=["q"] * len(NUM) + ["c"] * len(CAT))
    return xgb.train(dict(objective="binary:logistic", tree_method="hist", grow_policy="lossguide", max_depth=6, max_leaves=31, eta=0.1, nthread=2, max_bin=256), data, 100)


def ours(options, limit=""):
    return sql("SELECT train_classifier_from(%s, 'bought', " + options + ")", ("SELECT bought,%s FROM %s%s" % (A, TABLE, limit),))


# ---- the five jobs ----

def train():
    """All jobs in turn, ROUNDS times, as a machine that others use is fast and slow for minutes; medians."""
    fetch, (x, y) = export("SELECT bought,%s FROM %s" % (A, TABLE))
    np.savez(MATRIX, x=x, y=y)
    jobs = {
        "table to model, importance => false": lambda: timed(lambda: ours("boosting(max_depth => 6, importance => false)"), cpu, 2)[:2],
        "table to model": lambda: timed(lambda: ours("boosting(max_depth => 6)"), cpu, 2)[:2],
        "LightGBM": lambda: alone("LightGBM"),
        "LightGBM, quantized": lambda: alone("LightGBM, quantized"),
        "XGBoost": lambda: alone("XGBoost"),
    }
    found = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            found[name].append(job())
    wall = {}
    for name, times in found.items():
        wall[name] = float(np.median([w for w, _ in times]))
        say(name, wall[name], float(np.median([c for _, c in times])))
    theirs = fetch + min(wall["LightGBM"], wall["LightGBM, quantized"], wall["XGBoost"])
    say("fastest export and fit", theirs, 0)
    bar("table to model, importance => false", wall["table to model, importance => false"], theirs, 0.4)
    bar("table to model", wall["table to model"], theirs, 0.4)


def score():
    cur.execute("CREATE TEMP TABLE model AS SELECT train_classifier_from(%s, 'bought', boosting(max_depth => 6, importance => false)) AS m", ("SELECT bought,%s FROM %s" % (A, TABLE),))
    query = "SELECT id,%s FROM %s" % (A, TABLE)
    x, y = from_arrow(adbc_frame("SELECT bought,%s FROM %s" % (A, TABLE)))
    model = fit_lightgbm(x, y)

    def python():
        table = adbc_frame(query)
        x, _ = from_arrow(table)
        p = model.predict(x, num_threads=2)
        rec = np.zeros(len(p), np.dtype([("n", ">i2"), ("l0", ">i4"), ("v0", ">i8"), ("l1", ">i4"), ("v1", ">f8")]))
        rec["n"], rec["l0"], rec["l1"], rec["v0"], rec["v1"] = 2, 8, 8, table.column("id").to_numpy(), p
        cur.execute("DROP TABLE IF EXISTS gbm_scores; CREATE TABLE gbm_scores(id bigint, p float8)")
        cur.copy_expert("COPY gbm_scores FROM STDIN (FORMAT binary)", io.BytesIO(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0) + rec.tobytes() + struct.pack(">h", -1)))

    theirs = timed(python, own_cpu)
    say("export, predict with LightGBM, write back", *theirs[:2])
    cur.execute("DROP TABLE IF EXISTS gbm_models; CREATE TABLE gbm_models AS SELECT m FROM model")
    for workers in (0, 2):
        cur.execute("SET max_parallel_workers_per_gather = %d" % workers)

        def table():
            cur.execute("DROP TABLE IF EXISTS gbm_scores")
            cur.execute("CREATE TABLE gbm_scores AS SELECT id, predict_purchase((SELECT m FROM gbm_models), f) AS p FROM (%s) f" % query)
        mine = timed(table, cpu)
        say("CREATE TABLE AS, %d parallel workers" % workers, *mine[:2])
    bar("scores of 1M rows into a table", mine[0], theirs[0], 0.3)
    cur.execute("DROP TABLE gbm_scores; DROP TABLE gbm_models")


def explain():
    import shap
    cur.execute("CREATE TEMP TABLE model AS SELECT train_classifier_from(%s, 'bought', boosting(max_depth => 6, importance => false)) AS m", ("SELECT bought,%s FROM %s WHERE id <= 100000" % (A, TABLE),))
    x, y = from_arrow(adbc_frame("SELECT bought,%s FROM %s WHERE id <= 100000" % (A, TABLE)))
    model = fit_lightgbm(x, y)
    rows = x[:1000]
    cur.execute("SET max_parallel_workers_per_gather = 0")
    mine = timed(lambda: sql("SELECT count(e.contribution) FROM (SELECT %s FROM %s WHERE id <= 1000) f, model, LATERAL explain_prediction(m, f) e" % (A, TABLE)), cpu, 5)
    say("explain_prediction, 1,000 rows", *mine[:2])
    own = timed(lambda: model.predict(rows, pred_contrib=True, num_threads=1), own_cpu, 5)
    say("LightGBM, pred_contrib", *own[:2])
    numbers = x.copy()          # the package refuses trees that split categories: codes as numbers
    plain = lgb.train(LIGHTGBM, lgb.Dataset(numbers, y, params=LIGHTGBM), 100)
    explainer = shap.TreeExplainer(plain)
    explainer.model.original_model = None
    theirs = timed(lambda: shap.TreeExplainer(plain, feature_perturbation="tree_path_dependent", model_output="raw").shap_values(rows), own_cpu, 3)
    say("shap package (asks LightGBM itself where it can)", *theirs[:2])
    import xgboost as xgb
    booster = xgb.train(dict(objective="binary:logistic", tree_method="hist", grow_policy="lossguide", max_depth=6, max_leaves=31, eta=0.1, nthread=1), xgb.DMatrix(numbers, y), 100)
    from sklearn.ensemble import HistGradientBoostingClassifier
    hist = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=31).fit(numbers, y)
    pack = shap.TreeExplainer(hist, feature_perturbation="tree_path_dependent")
    native = timed(lambda: pack.shap_values(rows), own_cpu, 3)
    say("shap package, its own code (trees of scikit-learn)", *native[:2])
    xg = timed(lambda: booster.predict(xgb.DMatrix(rows, nthread=1), pred_contribs=True), own_cpu, 3)
    say("XGBoost, pred_contribs", *xg[:2])
    bar("explain_prediction / shap package, its own code", mine[0], native[0], 1.0)
    bar("explain_prediction / LightGBM", mine[0], own[0], 1.5)


def tune():
    """Our tune() first; then LightGBM fits the same option sets on folds of the same size."""
    cur.execute("DROP TABLE IF EXISTS gbm_100k; CREATE TABLE gbm_100k AS SELECT bought,%s FROM %s WHERE id <= 100000" % (A, TABLE))
    search = """boosting(trees => 100) || '{"learning_rate": {"min": 0.02, "max": 0.3, "log": true}, "max_leaves": {"min": 8, "max": 63}, "min_rows": {"min": 5, "max": 100},
        "l2": {"min": 0.01, "max": 10, "log": true}, "columns": {"min": 0.5, "max": 1}}'"""
    trials = int(os.environ.get("TRIALS", "30"))

    def run():
        cur.execute("SELECT trial, mean, options FROM tune('SELECT * FROM gbm_100k', 'bought', " + search + ", trials => %s, k => 5) ORDER BY trial", (trials,))
        return cur.fetchall()

    mine = timed(run, cpu, 1)
    say("tune, %d trials x 5 folds" % trials, *mine[:2])
    x, y = from_arrow(adbc_frame("SELECT bought,%s FROM gbm_100k" % A))
    fold = np.random.default_rng(1).integers(0, 5, len(y))

    def peer_trial(o):
        losses = []
        for f in range(5):
            m = fit_lightgbm(x[fold != f], y[fold != f], num_leaves=int(o["max_leaves"]), learning_rate=float(o["learning_rate"]), min_data_in_leaf=int(o["min_rows"]),
                             lambda_l2=float(o["l2"]), feature_fraction=float(o["columns"]))
            p = np.clip(m.predict(x[fold == f], num_threads=2), 1e-15, 1 - 1e-15)
            losses.append(-np.mean(np.where(y[fold == f], np.log(p), np.log(1 - p))))
        return float(np.mean(losses))

    options = [r[2] for r in mine[2]]
    theirs = timed(lambda: [peer_trial(o) for o in options], own_cpu, 1)
    say("LightGBM, the same %d option sets" % trials, *theirs[:2])
    best = min(r[1] for r in mine[2])
    print("best mean log loss %.5f, LightGBM on our option sets %.5f" % (best, min(theirs[2])))
    try:
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
        own = timed(lambda: study.optimize(lambda t: peer_trial(dict(learning_rate=t.suggest_float("learning_rate", 0.02, 0.3, log=True), max_leaves=t.suggest_int("max_leaves", 8, 63),
                                                                   min_rows=t.suggest_int("min_rows", 5, 100), l2=t.suggest_float("l2", 0.01, 10, log=True),
                                                                   columns=t.suggest_float("columns", 0.5, 1))), n_trials=trials), own_cpu, 1)
        say("optuna and LightGBM, own trials; best %.5f" % study.best_value, *own[:2])
    except ImportError:
        print("optuna is not available")
    bar("tune / LightGBM on the same trials", mine[0], theirs[0], 0.8)
    bar("the same, CPU seconds", mine[1], theirs[1], 0.8)
    cur.execute("DROP TABLE gbm_100k")


def memory():
    def peak():
        return int([l for l in open("/proc/%d/status" % BACKEND) if l.startswith("VmHWM")][0].split()[1]) / 1024

    query = "SELECT bought,%s FROM %s" % (A, TABLE)
    rows = sql("SELECT count(*) FROM %s" % TABLE)
    cur.execute("SET max_parallel_maintenance_workers = 1")
    # the table and its ordering alone: every row is held out, so nothing is fitted
    sql("SELECT train_classifier_from(%s, 'bought', boosting(on_failure => 'null', validation_column => 'held'))", ("SELECT bought, true AS held,%s FROM %s" % (A, TABLE),))
    table = peak()
    sql("SELECT train_classifier_from(%s, 'bought', boosting(importance => false))", (query,))
    whole = peak()
    allowed = (2 * 24 + 16) * rows / 2**20
    print("table alone %.0f MB, training %.0f MB: %.0f MB more; 2 bytes a cell and 16 a row are %.0f MB" % (table, whole, whole - table, allowed))
    bar("memory beyond the table", whole - table, allowed, 1.0)


{"train": train, "score": score, "explain": explain, "tune": tune, "memory": memory, "peer": lambda: peer(*sys.argv[2:4])}[sys.argv[1]]()
