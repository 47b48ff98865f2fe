# What the tests share that need a cluster of their own. Sourced from the top directory; the name
# of the script becomes that of the cluster and of what is said. The script ends the cluster.
part=$(basename "$0" .sh)
PG_CONFIG=${PG_CONFIG:-$(ls /usr/lib/postgresql/${PG_MAJOR:-15}/bin/pg_config 2>/dev/null || command -v pg_config)}
bin=$("$PG_CONFIG" --bindir)
export PATH=$bin:$PATH
export SHOPPER_CLUSTER=/tmp/pg_shopper.$part.$$
home=$SHOPPER_CLUSTER
export PGHOST=$home/socket PGPORT=5432 PGUSER=tester PGDATABASE=shop
unset PGSERVICE PGPASSWORD PGOPTIONS
failed=0

as_server() {
	(
		cd /
		if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups env HOME=/tmp "$@"; else "$@"; fi
	)
}
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
as() { PGUSER=$1 ask "${@:2}"; }
same() { # what, expected, got
	if [ "$2" = "$3" ] && [ -n "$3" ]; then
		echo "$part: ok: $1"
	else
		echo "$part: FAILED: $1: expected $2, got $3"
		failed=1
	fi
}
says() { # what, words, command...
	same "$1" t "$( ("${@:3}" 2>&1 || true) | grep -qF -- "$2" && echo t)"
}
