"""Shapley values of our trees against the shap package (its C code) and LightGBM's pred_contrib.

    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install scikit-learn shap lightgbm
    /tmp/oracle/bin/python test/oracle/shap_oracle.py
Both peers explain the very same trees: 100 of 31 leaves over 24 inputs. Prints the largest
difference and the ratio of times per row on one thread; ends with 1 when they differ.
"""
import glob
import os
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import lightgbm
import numpy as np
import shap
from sklearn.ensemble import GradientBoostingRegressor

ROWS = 1000
os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
work = tempfile.mkdtemp()
subprocess.check_call(["cc", "-O3", "-std=gnu11", "-fno-math-errno", "-ffp-contract=off", "-o", work + "/oracle", "test/oracle/shap_oracle.c"]
                      + glob.glob("src/models/trees/ensemble*.c") + glob.glob("src/core/*.c") + ["-lm", "-lpthread"])
rng = np.random.default_rng(1)
x = np.round(rng.normal(size=(20000, 24)) * 64) / 64     # cuts in between are exact as float32
y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + x[:, 3:12].sum(axis=1) * 0.3 + rng.normal(size=len(x))


def ours(trees, rows):
    text = ["%d %d %d" % (len(trees), rows.shape[1], len(rows))]
    for tree in trees:
        text.append(str(len(tree)))
        text += ["%d %d %d %.9g %d %.17g %.17g" % node for node in tree]
    text += [" ".join("%.17g" % v for v in row) for row in rows]
    r = subprocess.run([work + "/oracle"], input="\n".join(text), capture_output=True, text=True, check=True)
    return np.array([line.split() for line in r.stdout.splitlines()], float), float(r.stderr)


def timed(f):
    f()
    times = []
    for _ in range(3):
        t = time.process_time()
        result = f()
        times.append(time.process_time() - t)
    return result, min(times)


def lightgbm_tree(structure):
    nodes = []

    def add(s):
        at = len(nodes)
        nodes.append(None)
        if "split_index" not in s:
            nodes[at] = (-1, -1, 0, 0.0, 0, s["leaf_count"], s["leaf_value"])
        else:
            left, right = add(s["left_child"]), add(s["right_child"])
            nodes[at] = (left, right, s["split_feature"], s["threshold"], int(s["default_left"]), 0, 0)
        return at
    add(structure)
    return nodes


def report(name, got, wanted, seconds, peer_seconds):
    difference = np.abs(got - wanted).max()
    print("%-20s largest difference %.1e; %.0f us a row, peer %.0f us, ratio %.2f"
          % (name, difference, seconds / ROWS * 1e6, peer_seconds / ROWS * 1e6, seconds / peer_seconds))
    return difference < 1e-6


model = GradientBoostingRegressor(n_estimators=100, max_leaf_nodes=31, max_depth=None, random_state=1).fit(x[:8000], y[:8000])
trees = []
for (e,) in model.estimators_:
    t = e.tree_
    trees.append([(t.children_left[i], t.children_right[i], max(t.feature[i], 0), t.threshold[i], 0, t.weighted_n_node_samples[i],
                   t.value[i, 0, 0] * model.learning_rate) for i in range(t.node_count)])
explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
got, seconds = ours(trees, x[:ROWS])
wanted, peer_seconds = timed(lambda: explainer.shap_values(x[:ROWS], check_additivity=False))
good = report("shap", got[:, 1:], wanted, seconds, peer_seconds)

x[rng.random(x.shape) < 0.1] = np.nan
booster = lightgbm.train(dict(objective="regression", num_leaves=31, verbosity=-1, num_threads=1, boost_from_average=False), lightgbm.Dataset(x, y), 100)
got, seconds = ours([lightgbm_tree(t["tree_structure"]) for t in booster.dump_model()["tree_info"]], x[:ROWS])
wanted, peer_seconds = timed(lambda: booster.predict(x[:ROWS], pred_contrib=True, num_threads=1))
good &= report("LightGBM", got, np.column_stack([wanted[:, -1], wanted[:, :-1]]), seconds, peer_seconds)
sys.exit(not good)
