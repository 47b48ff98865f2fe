#!/usr/bin/perl
# upgrade.pl: the mechanical part of an upgrade script, from the install scripts of both versions.
# Usage: upgrade.pl OLD.sql NEW.sql GONE BY_HAND.sql >UPGRADE.sql
#
# What is new in NEW is taken as it stands, in its order; functions, aggregates and views that changed
# are replaced. GONE names the routines that only OLD makes, one a line (catalogs know signatures).
# Tables, types, indexes and grants that changed are no mechanical matter: BY_HAND has the statements,
# and says for each which text of NEW it stands for:
#     -- instead of: CREATE TABLE shopper.models
# Its statements come first, those below the line "-- afterwards" last. A block DO $each_version$ is always taken.
use strict;
use warnings;

my ($old_file, $new_file, $gone_file, $hand_file) = @ARGV;
die "usage: upgrade.pl OLD.sql NEW.sql GONE BY_HAND.sql\n" unless $hand_file;

sub slurp { my $file = shift; open my $in, '<', $file or die "$file: $!\n"; local $/; return scalar(<$in>) // '' }

# Statements of a script, without what stands between them.
sub statements {
	my $text = slurp(shift);
	$text =~ s/^\\.*$//mg;
	my ($statement, @all) = ('');
	while ($text =~ /\G(--[^\n]*\n|\/\*.*?\*\/|\bE'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"[^"]*"|(\$\w*\$).*?\2|\w+|.)/gs) {
		my $token = $1;
		next if $statement eq '' and $token =~ /^(--|\/\*|\s)/;
		$statement .= $token;
		next unless $token eq ';';
		push @all, $statement;
		$statement = '';
	}
	die "the last statement has no end: $statement\n" if $statement =~ /\S/;
	return @all;
}
sub plain { my $text = shift; $text =~ s/\s+/ /g; return $text }

# What a CREATE makes: kind and name.
sub made {
	my $s = shift;
	return ("$2", $3) if $s =~ /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE|AGGREGATE|VIEW|TABLE|TYPE|SCHEMA|SEQUENCE|DOMAIN|CAST|OPERATOR)\s+([\w@.]+)/;
	return ('INDEX', "$2 ON $3") if $s =~ /^CREATE (UNIQUE )?INDEX (\w+) ON ([\w@.]+)/;
	return ('POLICY', "$1 ON $2") if $s =~ /^CREATE POLICY (\w+) ON ([\w@.]+)/;
	die 'do not know what this makes: ' . substr($s, 0, 70) . "\n" if $s =~ /^CREATE /;
	return;
}

my @new = statements($new_file);
my @old = statements($old_file);
my (%in_old, %old_made, %old_name, %new_made);
for (@old) {
	$in_old{plain($_)} = 1;
	my ($kind, $name) = made($_) or next;
	$old_made{"$kind $name"} = $old_name{$name} = 1;
}
my $hand = slurp($hand_file);
my @claims = map { { text => plain($_), used => 0 } } $hand =~ /^-- instead of: (.*?)\s*$/mg;
my ($before, $after) = split /^-- afterwards\s*$/m, $hand, 2;

my %in_new = map { plain($_) => 1 } @new;
my $changed_do = grep { /^DO (?!\$each_version)/ and !$in_new{plain($_)} } @old;
my (@out, @stray, %fresh);
for my $s (@new) {
	my ($kind, $name) = made($s);
	$new_made{"$kind $name"} = 1 if $kind;
	# a routine with other arguments is a new one, and needs its comment again
	my $again = $s =~ /^COMMENT ON (?:FUNCTION|PROCEDURE|AGGREGATE) ([\w@.]+)/ && $fresh{$1};
	next if $in_old{plain($s)} and !$again and $s !~ /^DO \$each_version\$/;
	$fresh{$name} = 1 if $kind;
	my @claim = grep { index(plain($s), $_->{text}) >= 0 } @claims;
	if (@claim) {
		$_->{used} = 1 for @claim;
		next;
	}
	if ($kind and $old_made{"$kind $name"}) {
		push @stray, $s unless $kind =~ /^(FUNCTION|PROCEDURE|AGGREGATE|VIEW)$/;
		$s =~ s/^CREATE (?!OR REPLACE)/CREATE OR REPLACE /;
	} elsif ($s =~ /^(?:GRANT|REVOKE)\b.*?\bON\s+(?:(?:TABLE|VIEW|FUNCTION|SCHEMA|SEQUENCE)\s+)?(.*?)\s+(?:TO|FROM)\s/s) {
		# On an old object it would make the users' grants a part of the extension, and dumps lose them.
		push @stray, $s if grep { s/\(.*//r and $old_name{s/\(.*//r} } split /\s*,\s*/, $1;
	} elsif ($s =~ /^DO\b/) {
		push @stray, $s if $changed_do and $s !~ /^DO \$each_version\$/;
	} elsif ($s =~ /^(?:INSERT INTO|UPDATE|DELETE FROM|ALTER \w+)\s+([\w@.]+)/) {
		push @stray, $s if $old_name{$1};
	}
	push @out, $s;
}
my @lost = grep { !/^(FUNCTION|PROCEDURE|AGGREGATE)/ and !$new_made{$_} and $hand !~ /^-- gone: \Q$_\E\s*$/m } sort keys %old_made;
my @vain = grep { !$_->{used} } @claims;
print STDERR "$hand_file must say how an upgrade comes to: " . substr(plain($_), 0, 100) . "\n" for @stray;
print STDERR "$hand_file must say '-- gone: $_' and remove it, or the new version must keep it\n" for @lost;
print STDERR "$hand_file: nothing new contains \"$_->{text}\"\n" for @vain;
exit 1 if @stray or @lost or @vain;

my ($from, $to) = map { /--([\w.]+)\.sql$/ ? $1 : '' } $old_file, $new_file;
print "-- pg_shopper $from to $to: written by src/tools/upgrade.pl (make upgrade) from both install scripts; do not edit.\n";
print qq(\\echo Use "ALTER EXTENSION pg_shopper UPDATE" to load this file. \\quit\n);
sub by_hand { my $part = shift; return unless defined $part and $part =~ /^(?!--)\S/m; $part =~ s/^\s+|\s+$//g; print "\n-- ---- by hand ----\n\n$part\n" }
my @gone = grep { /\S/ } split /\n/, slurp($gone_file);
if (@gone) {
	print "\n-- A form of a function with other arguments would make calls ambiguous: out of the way.\n";
	print "ALTER ROUTINE $gone[$_] RENAME TO shopper_gone_", $_ + 1, ";\n" for 0 .. $#gone;
}
by_hand($before);
print "\n-- ---- new and changed ----\n\n", map { "$_\n" } @out if @out;
if (@gone) {
	my $list = join ",\n\t\t", map { my $g = s/'/''/gr; "'$g'" } @gone;
	print "\n-- ---- gone ----\n\n", <<'SQL' =~ s/GONE/$list/r =~ s/VERSION/$from/r;
-- Views of users that call the old form get the new one; what else uses it must go first, and the error
-- says what that is. So must views with types of users: reading a literal of such a type, over a domain,
-- runs code of the user's, which must not happen with the rights of this script.
DO $upgrade$
DECLARE
	gone constant text[] := ARRAY[
		GONE];
	routines oid[];
	views oid[];
	definitions text[];
	what text;
BEGIN
	FOR i IN 1 .. pg_catalog.cardinality(gone) LOOP
		routines[i] := pg_catalog.regexp_replace(gone[i], '\.\w+\(', pg_catalog.format('.shopper_gone_%s(', i))::regprocedure;
		-- the name by which it was called, for the definitions of views
		EXECUTE pg_catalog.format('ALTER ROUTINE %s RENAME TO %I', routines[i]::regprocedure, pg_catalog.substring(gone[i], '\.(\w+)\('));
	END LOOP;
	SELECT pg_catalog.array_agg(v.oid ORDER BY v.oid), pg_catalog.array_agg(pg_catalog.format('CREATE OR REPLACE VIEW %s%s AS %s', v.oid::regclass,
		' WITH ('::text || pg_catalog.array_to_string(v.reloptions, ', ') || ')'::text, pg_catalog.pg_get_viewdef(v.oid)) ORDER BY v.oid)
	INTO views, definitions
	FROM pg_catalog.pg_class v
	WHERE v.relkind = 'v'::"char" AND v.oid IN (SELECT r.ev_class FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass::oid AND d.objid = r.oid
		WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass::oid AND d.refobjid = ANY (routines))
		AND v.oid NOT IN (SELECT r.ev_class FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass::oid AND d.objid = r.oid
			WHERE d.refclassid = 'pg_catalog.pg_type'::regclass::oid AND d.refobjid >= 16384::oid);
	FOR i IN 1 .. pg_catalog.cardinality(gone) LOOP
		EXECUTE pg_catalog.format('ALTER ROUTINE %s RENAME TO shopper_gone_%s', routines[i]::regprocedure, i);
	END LOOP;
	-- A script of an extension may only replace members of it.
	FOR i IN 1 .. coalesce(pg_catalog.cardinality(views), 0) LOOP
		EXECUTE pg_catalog.format('ALTER EXTENSION pg_shopper ADD VIEW %s', views[i]::regclass);
		EXECUTE definitions[i];
		EXECUTE pg_catalog.format('ALTER EXTENSION pg_shopper DROP VIEW %s', views[i]::regclass);
	END LOOP;
	FOR i IN 1 .. pg_catalog.cardinality(gone) LOOP
		BEGIN
			EXECUTE pg_catalog.format('DROP ROUTINE %s', routines[i]::regprocedure);
		EXCEPTION WHEN dependent_objects_still_exist THEN
			GET STACKED DIAGNOSTICS what = PG_EXCEPTION_DETAIL;
			RAISE dependent_objects_still_exist USING MESSAGE = pg_catalog.format('a function of pg_shopper VERSION that has other arguments now is in use: %s', gone[i]),
				DETAIL = what, HINT = 'Drop what uses it, update, and make it again.';
		END;
	END LOOP;
END $upgrade$;
SQL
}
by_hand($after);
