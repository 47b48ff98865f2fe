"""train_content() against scikit-learn: cosines of TF-IDF texts, of tags, of vectors, and their weighted mean.

    PGHOST=... content_oracle.py     in a database with pg_shopper; needs scikit-learn, numpy, psycopg2

Random items with words of the same form for both tokenizers. Texts: TfidfVectorizer with sublinear_tf; tags: the same on
sets; categories: one-hot; vectors: as they are. Numbers are on a quarter circle, which scikit-learn does not have: QuantileTransformer's
place is the normal distribution function of StandardScaler here.
"""
import math
import sys

import numpy as np
import psycopg2
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import StandardScaler

con = psycopg2.connect("")
con.autocommit = True
cur = con.cursor()
r = np.random.default_rng(7)
N = 400
text = [" ".join("w%d" % k for k in (r.random(r.integers(1, 30)) ** 3 * 300).astype(int)) for _ in range(N)]
tags = [sorted({"t%d" % k for k in (r.random(r.integers(1, 6)) ** 2 * 40).astype(int)}) for _ in range(N)]
kind = r.integers(0, 12, N)
price = np.exp(r.normal(size=N))
v = r.normal(size=(N, 7))

cur.execute("CREATE TEMP TABLE item (id int, descr text, tags text[], kind text, price float8, v float8[])")
for i in range(N):
    cur.execute("INSERT INTO item VALUES (%s, %s, %s, %s, %s, %s)", (i, text[i], tags[i], "k%d" % kind[i], float(price[i]), [float(x) for x in v[i]]))
cur.execute("SET extra_float_digits = 1; CREATE TEMP TABLE m AS SELECT train_content(id, i, content(text => '{descr}', weights => '{descr=3,price=0.5}')) AS model FROM item i")
cur.execute("SELECT id, item, score FROM m, generate_series(0, %s) AS id, similar_items(model, id, n => NULL)", (N - 1,))
ours = np.zeros((N, N))
for i, j, score in cur.fetchall():
    ours[i, int(j)] = score

turn = math.pi / 2 * np.array([0.5 * math.erfc(-z / math.sqrt(2)) for z in StandardScaler().fit_transform(price[:, None])[:, 0]])
parts = [
    (3, cosine_similarity(TfidfVectorizer(sublinear_tf=True).fit_transform(text))),
    (1, cosine_similarity(TfidfVectorizer(analyzer=lambda t: t, binary=True).fit_transform(tags))),
    (1, (kind[:, None] == kind[None, :]).astype(float)),
    (0.5, np.cos(turn[:, None] - turn[None, :])),
    (1, cosine_similarity(v)),
]
theirs = sum(w * p for w, p in parts) / sum(w for w, _ in parts)
np.fill_diagonal(theirs, 0)
worst = np.abs(ours - theirs).max()
print("largest difference of %d similarities: %.2g" % (N * N - N, worst))
sys.exit(int(worst > 1e-6))
