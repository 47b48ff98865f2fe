# names.awk: every function over model bytes once more, over the name of a registered model.
# Reads the SQL parts, prints the declarations. Functions of two models keep bytes: shopper.model() gives them.
BEGIN { print "-- Models by name: made from the declarations over bytes by src/tools/names.awk.\n" }
/^CREATE FUNCTION @extschema@\.[a-z_]+\(model bytea[,)]/ && !/other bytea/ { taking = 1; sub(/\(model bytea/, "(model text") }
/^COMMENT ON FUNCTION @extschema@\.[a-z_]+\(bytea[,)]/ && taken[name($0)] && !/\(bytea, bytea/ {
	sub(/\(bytea/, "(text")
	sub(/';$/, "; of the live version of that name';")
	print
}
taking {
	if ($0 ~ /^CREATE/) taken[name($0)] = 1
	sub(/ IMMUTABLE /, " STABLE ")
	print
	if (/;$/) taking = 0
}
function name(line) { sub(/^[A-Z ]+@extschema@\./, "", line); sub(/\(.*/, "", line); return line }
