"""Similar items by attributes: train_content() against scikit-learn, 50,000 items, in one run.

    PGHOST=... content.py [ITEMS]     in a database with pg_shopper; needs scikit-learn, scipy, numpy, psycopg2

Each item has a brand, a kind, 5 tags, 30 words and a vector of 64. scikit-learn: TF-IDF of words and tags, one-hot
categories, unit vectors, stacked into one sparse matrix; a query is its product with one row, and the best 20. The
query's time of ours is that of the SQL call, rows included. Nothing is asserted.
"""
import sys
import time

import numpy as np
import psycopg2
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder, normalize

items = int(sys.argv[1]) if len(sys.argv) > 1 else 50000
queries = 200
con = psycopg2.connect("")
con.autocommit = True
cur = con.cursor()
cur.execute("""SELECT setseed(.3); CREATE TEMP TABLE item AS SELECT i AS id, 'b' || (power(random(), 2) * 300)::int AS brand, 'c' || (power(random(), 2) * 40)::int AS kind,
  (SELECT array_agg('t' || (power(random(), 3) * 2000)::int) FROM generate_series(1, 5) WHERE i > 0) AS tags,
  (SELECT string_agg('w' || (power(random(), 3) * 20000)::int, ' ') FROM generate_series(1, 30) WHERE i > 0) AS descr,
  (SELECT array_agg(random()::float4 - 0.5) FROM generate_series(1, 64) WHERE i > 0) AS v FROM generate_series(1, %s) AS i""", (items,))


def seconds(sql):
    at = time.perf_counter()
    cur.execute(sql)
    return time.perf_counter() - at


ours_fit = seconds("CREATE TEMP TABLE m AS SELECT train_content(id, i, content(text => '{descr}')) AS model FROM item AS i")
cur.execute("ALTER TABLE m ALTER model SET STORAGE EXTERNAL; SELECT count(*) FROM m, similar_items(model, 1)")
ours = seconds("SELECT count(*) FROM m, generate_series(1, %d) AS id, similar_items(model, id, n => 20)" % queries) / queries
basket = seconds("SELECT count(*) FROM m, generate_series(1, %d) AS id, recommend_for_basket(model, ARRAY[id, id + 1, id + 2, id + 3, id + 4], n => 20)" % queries) / queries

cur.execute("SELECT brand, kind, tags, descr, v FROM item ORDER BY id")
rows = cur.fetchall()
at = time.perf_counter()
x = sparse.hstack([
    OneHotEncoder().fit_transform([[r[0], r[1]] for r in rows]),
    TfidfVectorizer(analyzer=lambda t: t, binary=True).fit_transform([r[2] for r in rows]),
    TfidfVectorizer(sublinear_tf=True).fit_transform([r[3] for r in rows]),
    sparse.csr_matrix(normalize(np.array([r[4] for r in rows]))),
]).tocsr()
theirs_fit = time.perf_counter() - at
at = time.perf_counter()
for q in range(queries):
    score = (x @ x[q].T).toarray()[:, 0]
    best = np.argpartition(-score, 20)[:21]
    best = best[np.argsort(-score[best])]
theirs = (time.perf_counter() - at) / queries
print("%d items: fit %.2f s, similar_items %.2f ms, basket of 5 %.2f ms" % (items, ours_fit, ours * 1e3, basket * 1e3))
print("scikit-learn without reading: fit %.2f s, query %.2f ms" % (theirs_fit, theirs * 1e3))
print("ratio: fit %.2f, query %.2f" % (ours_fit / theirs_fit, ours / theirs))
