"""Objective and optimum of logistic() against scikit-learn's Newton solver, on the real data sets.

Run inside the throw-away cluster, database `real` (make real loads it):
    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install scikit-learn pandas
    SHOPPER_DATA=... test/cluster run /tmp/oracle/bin/python test/oracle/logistic_oracle.py
Needs psql on the path; prints one line a set and ends with 1 when a bar is missed.
"""
import os
import subprocess
import sys

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

DATA = os.environ["SHOPPER_DATA"]
SETS = {
    "online_shoppers": dict(file="online_shoppers/online_shoppers.csv.gz", target="revenue", positive=True, drop=["rn"], test="rn % 5 = 0"),
    "telco_churn": dict(file="telco_churn/telco_churn.csv.gz", target="churn", positive="Yes", drop=["rn", "customer_id"], test="rn % 5 = 0"),
    "customer_personality": dict(file="customer_personality/customer_personality.csv", target="response", positive=1,
                                 drop=["rn", "id", "z_cost_contact", "z_revenue"], test="rn % 5 = 0", dates=["dt_customer"]),
    "adult": dict(file="adult/adult.csv.gz", target="income", positive=">50K", drop=["rn", "is_test"], test="is_test"),
}


def encoded(spec):
    """The prepared training matrix: numbers filled with the median and standardized, every level a column."""
    d = pd.read_csv(os.path.join(DATA, spec["file"]), true_values=["t"], false_values=["f"])
    held = d["is_test"] if spec["test"] == "is_test" else d["rn"] % 5 == 0
    d = d[~held]
    y = (d[spec["target"]] == spec["positive"]).to_numpy()
    d = d.drop(columns=spec["drop"] + [spec["target"]])
    for c in spec.get("dates", []):
        d[c] = (pd.to_datetime(d[c]) - pd.Timestamp("2000-01-01")).dt.days
    columns = []
    for c in d:
        if not (pd.api.types.is_numeric_dtype(d[c]) or pd.api.types.is_bool_dtype(d[c])):
            columns.append(pd.get_dummies(d[c], dummy_na=bool(d[c].isna().any())).to_numpy(float))
        else:
            x = d[c].astype(float)
            x = x.fillna(x.median())
            columns.append(((x - x.mean()) / (x.std(ddof=0) or 1)).to_numpy()[:, None])
    return np.hstack(columns), y


def ours(name, spec):
    options = "exclude => ARRAY[%s], missing_flags => false, importance => false, date_parts => 'days'" % \
        ", ".join("'%s'" % c for c in spec["drop"])
    if isinstance(spec["positive"], str):
        options += ", positive => '%s'" % spec["positive"]
    query = "SELECT * FROM %s WHERE NOT (%s)" % (name, spec["test"])
    sql = "SELECT model_info(train_classifier_from($q$%s$q$, '%s', logistic(%s)))->>'objective'" % (query, spec["target"], options)
    return float(subprocess.run(["psql", "-XAtc", sql, "-d", "real"], check=True, capture_output=True, text=True).stdout)


bad = 0
for name, spec in SETS.items():
    x, y = encoded(spec)
    fit = LogisticRegression(C=1, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(x, y)
    z = x @ fit.coef_[0] + fit.intercept_[0]
    theirs = np.sum(np.logaddexp(0, np.where(y, -z, z))) + 0.5 * np.sum(fit.coef_ ** 2)
    mine = ours(name, spec)
    gap = abs(mine - theirs) / theirs
    bad |= gap > 1e-8
    print("%-22s ours %.10f  scikit-learn %.10f  relative difference %.1e" % (name, mine, theirs, gap))
sys.exit(bad)
