#!/usr/bin/env bash
# The learner boosting against LightGBM and XGBoost on the same rows:
#   test/cluster run test/bench/boosting.sh [ROUNDS]
# 100 trees, 31 leaves, depth 6, learning rate 0.1. TRAIN and TEST are queries (default: bench.sessions
# of rows.sql). Peers come from PyPI into a throw-away environment. Work files go to $TMPDIR/boosting_bench.
set -eu
cd "$(dirname "$0")/../.."
rounds=${1:-3}
threads=${THREADS:-2}
work=${TMPDIR:-/tmp}/boosting_bench
venv=${SHOPPER_BENCH_VENV:-/tmp/shopper-bench}
train=${TRAIN:-SELECT * FROM bench.sessions WHERE id % 6 <> 0}
test=${TEST:-SELECT * FROM bench.sessions WHERE id % 6 = 0}
mkdir -p "$work"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import lightgbm, xgboost, sklearn, pandas' 2>/dev/null ||
	"$venv/bin/pip" install -q lightgbm xgboost scikit-learn pandas
cc -O3 -std=gnu11 -fno-math-errno -ffp-contract=off -o "$work/boosting_bench" test/bench/boosting_bench.c \
	$(find src/core src/features src/models -name '*.c') -lm -lpthread
if [ ! -s "$work/rows.bin" ]; then
	[ -n "${TRAIN:-}" ] || [ "$(psql -XAtc "SELECT to_regclass('bench.sessions') IS NOT NULL")" = t ] || psql -Xq -f test/bench/rows.sql >/dev/null
	"$venv/bin/python" test/bench/boosting_peer.py make "$work/rows.bin" "$train" "$test"
fi
for round in $(seq "$rounds"); do
	"$work/boosting_bench" "$work/rows.bin" "threads=$threads" max_depth=6
	for peer in lightgbm lightgbm_quantized xgboost xgboost_codes; do
		"$venv/bin/python" test/bench/boosting_peer.py fit "$work/rows.bin" "$peer" "$threads" 1
	done
done | tee "$work/log"
# least times, and ours over each of theirs
awk -F'[:,] *' '{ split($2, w, " "); split($3, c, " "); if (!($1 in wall) || w[2] < wall[$1]) wall[$1] = w[2]; if (!($1 in cpu) || c[2] < cpu[$1]) cpu[$1] = c[2] }
	END { for (p in wall) if (p !~ /^pg_shopper/) printf "pg_shopper / %s: wall %.2f, CPU %.2f\n", p, wall["pg_shopper boosting"] / wall[p], cpu["pg_shopper boosting"] / cpu[p] }' "$work/log" | sort
