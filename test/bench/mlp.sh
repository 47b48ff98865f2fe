#!/usr/bin/env bash
# The learner mlp against scikit-learn and PyTorch on the same 1,000,000 rows:
#   test/bench/mlp.sh [ROUNDS]
# PYTHON names an interpreter with scikit-learn and torch (default python3); without
# torch or scikit-learn that peer is left out. Work files go to $TMPDIR/mlp_bench.
set -eu
cd "$(dirname "$0")/../.."
work=${TMPDIR:-/tmp}/mlp_bench
python=${PYTHON:-python3}
mkdir -p "$work"
cc -O3 -std=gnu11 -fno-math-errno -ffp-contract=off -o "$work/mlp_bench" test/bench/mlp_bench.c \
	$(find src/core src/features src/models -name '*.c') -lm -lpthread ${BENCH_LIBS:-}
[ -s "$work/rows.bin" ] || "$work/mlp_bench" make "$work/rows.bin"
for round in $(seq "${1:-3}"); do
	"$work/mlp_bench" fit "$work/rows.bin" epochs=10 repeat=3 threads=2
	for peer in "1 embedding" "2 embedding" "1 dense" "2 dense" "2 sklearn"; do
		# settings of OpenBLAS that a machine may carry would slow the peers down
		env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE PEER_THREADS="${peer% *}" \
			"$python" test/bench/mlp_peer.py "$work/rows.bin" "${peer#* }" 10 ||
			echo "$peer is not available"
	done
done
