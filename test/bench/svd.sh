#!/bin/sh
# svd.sh: the svd learner against scikit-surprise, and its quality on MovieLens 100k.
#
# usage: test/bench/svd.sh [RUNS]     (from anywhere; writes to /tmp/shopper_svd only)
#
# Speed: 1,000,000 ratings, 16 factors, 20 epochs, equal settings; the median of RUNS (3) fits each.
# Quality: when SHOPPER_DATA points to the data folder, RMSE on two splits and NDCG@10, 3 seeds each.
set -eu
runs=${1:-3}
here=$(cd "$(dirname "$0")/../.." && pwd)
out=/tmp/shopper_svd
mkdir -p $out

cd "$here"
if [ -z "${SHOPPER_SVD_BENCH:-}" ]; then
	SHOPPER_SVD_BENCH=$out/svd_bench
	${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -o $SHOPPER_SVD_BENCH test/bench/svd_bench.c \
		src/core/*.c src/features/*.c src/models/*.c src/models/*/*.c -lm -lpthread -ldl
fi

if [ ! -x $out/venv/bin/python ]; then
	python3 -m venv $out/venv
	$out/venv/bin/pip install -q 'numpy<2' scikit-surprise
fi
[ -f $out/ratings.csv ] || $out/venv/bin/python test/bench/svd_peer.py data $out/ratings.csv

for seed in $(seq "$runs"); do
	$out/venv/bin/python test/bench/svd_peer.py fit $out/ratings.csv "$seed"
done | tee $out/peer.txt
$SHOPPER_SVD_BENCH $out/ratings.csv "$runs" 1 factors=16 epochs=20 learning_rate=0.005 regularization=0.02 init_sd=0.1 |
	tee $out/ours.txt

median() {
	sed -n 's/.*fit \([0-9.]*\) s.*/\1/p' "$1" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
mean() {
	sed -n 's/.*rmse \([0-9.]*\).*/\1/p' "$1" | awk '{s += $1} END {printf "%.4f", s / NR}'
}
echo "surprise: median fit $(median $out/peer.txt) s, rmse $(mean $out/peer.txt)"
echo "svd:      median fit $(median $out/ours.txt) s, rmse $(mean $out/ours.txt)"
awk -v a="$(median $out/ours.txt)" -v b="$(median $out/peer.txt)" 'BEGIN {printf "ratio of seconds %.3f\n", a / b}'

[ -n "${SHOPPER_DATA:-}" ] || exit 0
gzip -dc "$SHOPPER_DATA/movielens_100k/ml100k_ratings.csv.gz" >$out/ml.csv
awk -F, 'NR > 1 {print $2 "," $3 "," $4 "," ($6 == "t")}' $out/ml.csv >$out/u1.csv
awk -F, 'NR > 1 {print $2 "," $3 "," $4 "," ($1 % 5 == 0)}' $out/ml.csv >$out/rn5.csv
quality() {
	file=$1
	shift
	echo "== $(basename "$file" .csv)  $*"
	$SHOPPER_SVD_BENCH "$file" 3 1 "$@"
}
for split in u1 rn5; do
	quality $out/$split.csv factors=100 epochs=20 learning_rate=0.005 regularization=0.02 init_sd=0.1
	quality $out/$split.csv
	quality $out/$split.csv factors=100 epochs=100 learning_rate=0.005 regularization=0.1
done
quality $out/rn5.csv implicit=true
quality $out/rn5.csv implicit=true factors=64 alpha=5 lambda=40
