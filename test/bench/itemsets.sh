#!/bin/sh
# Mining of item sets against pyfim: times of mining alone, and the ratio to its fastest algorithm.
#
# usage: test/bench/itemsets.sh DIR [DATA_DIR]
#
# DIR receives the transaction files (made from DATA_DIR when they are not there), the
# benchmark's binary and a Python environment with pyfim and numpy.
set -e
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$1
data=${2:-$top/test/real/data}
runs=${RUNS:-7}
[ -n "$dir" ] || { echo "usage: $0 DIR [DATA_DIR]" >&2; exit 2; }
mkdir -p "$dir"
[ -x "$dir/env/bin/python" ] || { python3 -m venv "$dir/env" && "$dir/env/bin/pip" install -q pyfim numpy; }
[ -f "$dir/baskets.txt" ] || "$dir/env/bin/python" "$top/test/bench/itemsets_data.py" "$data" "$dir"
${CC:-gcc} -std=gnu11 -O2 -o "$dir/itemsets_bench" "$top/test/bench/itemsets_bench.c" "$top/src/models/rules/mine.c" \
	"$top/src/models/rules/bitmine.c" "$top/src/models/rules/apriori.c" "$top/src/core/env.c" "$top/src/core/sort.c" -lm
${CC:-gcc} -std=gnu11 -O2 -o "$dir/itemsets_rules" "$top/test/bench/itemsets_rules.c" \
	$(find "$top/src/core" "$top/src/features" "$top/src/models" -name '*.c') -lm -lpthread

for case in "baskets 0.001" "baskets 0.0002" "t10i4d100k 0.001" "mushroom 0.1"; do
	set -- $case
	[ -f "$dir/$1.txt" ] || continue
	ours=$("$dir/itemsets_bench" "$dir/$1.txt" "$2" lcm "$runs")
	theirs=$("$dir/env/bin/python" "$top/test/bench/itemsets_peer.py" "$dir/$1.txt" "$2" "$runs" apriori eclat fpgrowth relim sam)
	echo "== $1 at support $2"
	echo "$ours"
	echo "$theirs"
	printf '%s\n%s\n' "$ours" "$theirs" | awk '
		{ for (i = 1; i < NF; i++) if ($i == "mining") { if (NR == 1) ours = $(i + 1); else if (best == "" || $(i + 1) + 0 < best) { best = $(i + 1) + 0; name = $1 } } }
		END { printf "ratio to the fastest, %s: %.2f\n", name, ours / best }'
done
echo "== from reading to rules and suggestions"
"$dir/itemsets_rules" "$dir/baskets.txt" 0.001 lcm 0.2 3
echo "== suggestions with 300,000 rules and more"
"$dir/itemsets_rules" "$dir/baskets.txt" 0.00004 lcm 0
