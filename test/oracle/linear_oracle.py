"""Families, terms, offsets and standard errors of linear() and logistic() against statsmodels.

Run inside the throw-away cluster, in a database with the extension:
    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install statsmodels
    PGDATABASE=... test/cluster run /tmp/oracle/bin/python test/oracle/linear_oracle.py
Needs psql on the path; prints one line a fit and ends with 1 when an estimate or a standard
error differs by more than 1e-6 of the standard error, or a likelihood by 1e-8 of itself.
"""
import json
import subprocess
import sys
import tempfile

import numpy as np
import statsmodels.api as sm

N = 1500
rng = np.random.default_rng(7)
x1 = rng.normal(50, 12, N)
x2 = rng.gamma(2, 3, N)
g = rng.integers(0, 60, N)
device = rng.choice(["phone", "tablet", "desktop"], N, p=[0.5, 0.2, 0.3])
region = rng.choice(["north", "south"], N, p=[0.6, 0.4])
exposure = np.log(rng.uniform(0.5, 3, N))
shared = rng.normal(0, 0.4, 60)[g]
eta = 0.02 * x1 + 0.05 * x2 - 0.5 + 0.4 * (device == "tablet") + shared
y_count = rng.poisson(np.exp(eta - 1 + exposure))
y_amount = rng.gamma(2, np.exp(eta) / 2) + 0.01
y_mixed = np.where(rng.uniform(size=N) < 0.3, 0, y_amount)
y_real = eta * 3 + rng.normal(size=N) * (1 + x2 / 5)
bought = rng.uniform(size=N) < 1 / (1 + np.exp(-(eta - 1)))
weight = rng.integers(1, 4, N)

COLUMNS = dict(x1=x1, x2=x2, g=g, device=device, region=region, exposure=exposure, y_count=y_count, y_amount=y_amount,
               y_mixed=y_mixed, y_real=y_real, bought=bought.astype(int), weight=weight)
TYPES = {"g": "int", "device": "text", "region": "text", "y_count": "int", "weight": "int", "bought": "int"}


def sql(fits):
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as f:
        for i in range(N):
            f.write(",".join(repr(float(v[i])) if c not in TYPES else str(v[i]) for c, v in COLUMNS.items()) + "\n")
        f.flush()
        text = "CREATE TEMP TABLE d(%s);\n\\copy d FROM '%s' CSV\n" % (
            ", ".join("%s %s" % (c, TYPES.get(c, "float8")) for c in COLUMNS), f.name)
        for columns, target, learner in fits:
            job = "classifier" if target == "bought" else "regressor"
            text += """WITH m AS MATERIALIZED (SELECT train_%s(f, '%s', %s) m FROM (SELECT %s, %s FROM d) f)
                SELECT jsonb_build_object('c', (SELECT jsonb_object_agg(feature || coalesce(':' || level, ''), jsonb_build_array(coefficient, std_error, conf_low, conf_high)) FROM coefficients(m)),
                    'm', (SELECT jsonb_object_agg(metric, value) FROM model_metrics(m) WHERE dataset = 'train')) FROM m;\n""" % (
                job, target, learner, columns, target)
        out = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], input=text, capture_output=True, text=True)
    if out.returncode:
        sys.exit(out.stderr)
    return [json.loads(line) for line in out.stdout.splitlines()]


one = np.ones(N)
tablet, desktop, south = (1.0 * v for v in (device == "tablet", device == "desktop", region == "south"))


def rcs(x, knots):
    share = {3: [.1, .5, .9], 4: [.05, .35, .65, .95], 5: [.05, .275, .5, .725, .95]}[knots]
    t = np.quantile(x, share)
    cube = lambda v: np.maximum(v, 0) ** 3
    return [(cube(x - t[j]) - cube(x - t[-2]) * (t[-1] - t[j]) / (t[-1] - t[-2]) + cube(x - t[-1]) * (t[-2] - t[j]) / (t[-1] - t[-2])) / (t[-1] - t[0]) ** 2
            for j in range(knots - 2)]


s1, s2, s3 = rcs(x1, 5)
log_link = sm.families.links.Log()
plain = [one, x1, x2, desktop, tablet]
names = ["(intercept)", "x1", "x2", "device:desktop", "device:tablet"]
# name, columns, target, learner, names, design, statsmodels model, arguments of its fit
CASES = [
    ("gaussian", "x1, x2, device", "y_real", "linear()", names, plain, lambda X: sm.OLS(y_real, X), {}),
    ("gaussian weighted", "x1, x2, device, weight", "y_real", "linear(weight => 'weight')", names, plain, lambda X: sm.WLS(y_real, X, weights=weight), {}),
    ("gaussian robust", "x1, x2, device", "y_real", "linear(errors => 'robust')", names, plain, lambda X: sm.OLS(y_real, X), dict(cov_type="HC1")),
    ("gaussian clustered", "x1, x2, device, g", "y_real", "linear(errors => 'clustered', cluster => 'g')", names, plain, lambda X: sm.OLS(y_real, X),
     dict(cov_type="cluster", cov_kwds=dict(groups=g))),
    ("poisson", "x1, x2, device", "y_count", "linear(family => 'poisson')", names, plain, lambda X: sm.GLM(y_count, X, sm.families.Poisson()), {}),
    ("poisson offset", "x1, x2, device, exposure", "y_count", "linear(family => 'poisson', offset_column => 'exposure')", names, plain,
     lambda X: sm.GLM(y_count, X, sm.families.Poisson(), offset=exposure), {}),
    ("poisson robust", "x1, x2, device", "y_count", "linear(family => 'poisson', errors => 'robust')", names, plain, lambda X: sm.GLM(y_count, X, sm.families.Poisson()), dict(cov_type="HC0")),
    ("gamma", "x1, x2, device", "y_amount", "linear(family => 'gamma')", names, plain, lambda X: sm.GLM(y_amount, X, sm.families.Gamma(log_link)), dict(use_t=True)),
    ("gamma weighted", "x1, x2, device, weight", "y_amount", "linear(family => 'gamma', weight => 'weight')", names, plain,
     lambda X: sm.GLM(y_amount, X, sm.families.Gamma(log_link), var_weights=weight), dict(use_t=True)),
    ("gamma robust", "x1, x2, device", "y_amount", "linear(family => 'gamma', errors => 'robust')", names, plain, lambda X: sm.GLM(y_amount, X, sm.families.Gamma(log_link)), dict(cov_type="HC0")),
    ("gamma clustered", "x1, x2, device, g", "y_amount", "linear(family => 'gamma', errors => 'clustered', cluster => 'g')", names, plain,
     lambda X: sm.GLM(y_amount, X, sm.families.Gamma(log_link)), dict(cov_type="cluster", cov_kwds=dict(groups=g))),
    ("tweedie", "x1, x2, device", "y_mixed", "linear(family => 'tweedie')", names, plain, lambda X: sm.GLM(y_mixed, X, sm.families.Tweedie(log_link, var_power=1.5)), dict(use_t=True)),
    ("tweedie 1.2 offset", "x1, x2, device, exposure", "y_mixed", "linear(family => 'tweedie', tweedie_power => 1.2, offset_column => 'exposure')", names, plain,
     lambda X: sm.GLM(y_mixed, X, sm.families.Tweedie(log_link, var_power=1.2), offset=exposure), dict(use_t=True)),
    ("logistic", "x1, x2, device", "bought", "logistic(penalty => 'none')", names, plain, lambda X: sm.GLM(bought, X, sm.families.Binomial()), {}),
    ("logistic robust", "x1, x2, device", "bought", "logistic(penalty => 'none', errors => 'robust')", names, plain, lambda X: sm.Logit(bought, X), dict(cov_type="HC0", disp=0)),
    ("logistic clustered", "x1, x2, device, g", "bought", "logistic(penalty => 'none', errors => 'clustered', cluster => 'g')", names, plain, lambda X: sm.Logit(bought, X),
     dict(cov_type="cluster", cov_kwds=dict(groups=g), disp=0)),
    ("logistic offset", "x1, x2, device, exposure", "bought", "logistic(penalty => 'none', offset_column => 'exposure')", names, plain,
     lambda X: sm.GLM(bought, X, sm.families.Binomial(), offset=exposure), {}),
    ("terms", "x1, x2, device, region", "y_real",
     "linear(logs => '{x2}', splines => '{x1 5}', interactions => '{x1 * x2, device * region, x1 * region}', reference => '{device = phone, region = north}')",
     ["(intercept)", "x1", "log(x2)", "device:desktop", "device:tablet", "region:south", "spline(x1, 2)", "spline(x1, 3)", "spline(x1, 4)",
      "x1 * log(x2)", "device * region:desktop * south", "device * region:tablet * south", "x1 * region:south"],
     [one, x1, np.log(x2), desktop, tablet, south, s1, s2, s3, x1 * np.log(x2), desktop * south, tablet * south, x1 * south], lambda X: sm.OLS(y_real, X), {}),
    ("logistic terms", "x1, device", "bought", "logistic(penalty => 'none', splines => '{x1 3}', interactions => '{device * x1}')",
     ["(intercept)", "x1", "device:desktop", "device:tablet", "spline(x1, 2)", "x1 * device:desktop", "x1 * device:tablet"],
     [one, x1, desktop, tablet, rcs(x1, 3)[0], x1 * desktop, x1 * tablet], lambda X: sm.GLM(bought, X, sm.families.Binomial()), {}),
]

failed = 0
for (name, _, target, _, names, design, model, kwargs), got in zip(CASES, sql([(c[1], c[2], c[3]) for c in CASES])):
    m = model(np.column_stack(design))
    if isinstance(m, sm.GLM):
        kwargs = dict(kwargs, tol=1e-13, maxiter=200)
    elif isinstance(m, sm.Logit):
        kwargs = dict(kwargs, method="newton", tol=1e-12)
    r = m.fit(**kwargs)
    ours = np.array([got["c"][n] for n in names])
    theirs = np.column_stack([r.params, r.bse, r.conf_int()])
    worst = np.max(np.abs(ours - theirs) / r.bse[:, None])
    figures = {}
    tweedie = "tweedie" in name
    if not tweedie:
        figures["log_likelihood"] = r.llf
        figures["aic"] = r.aic
    if "deviance" in got["m"]:
        figures["deviance"] = r.deviance
        figures["null_deviance"] = r.null_deviance
        if "dispersion" in got["m"]:
            figures["dispersion"] = r.scale
    if "null_log_likelihood" in got["m"]:
        figures["null_log_likelihood"] = r.llnull
    off = max([abs(got["m"][k] - v) / abs(v) for k, v in figures.items()] or [0])
    ok = worst < 1e-6 and off < 1e-8
    failed += not ok
    print("%s %-20s coefficients, errors, intervals off by %.1e standard errors; %s off by %.1e" % ("ok    " if ok else "FAILED", name, worst, ", ".join(figures), off))
    if not ok:
        print(ours, theirs, {k: (got["m"][k], v) for k, v in figures.items()}, sep="\n")
sys.exit(1 if failed else 0)
