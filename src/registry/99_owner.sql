-- The script of a trusted extension runs as a superuser, so everything made so far belongs to that one.
-- Tables and views go to the owner of the extension: who may grant them, and whose dumps are complete,
-- since an owner is not bound by row-level security. Functions, types and the schema stay: their owner
-- decides what they do, and with a C function that is everything. So one that was slipped in for an update
-- to replace is refused. The tag makes the generator of upgrade scripts take this along each time.
DO $each_version$
DECLARE
	owner constant oid := (SELECT e.extowner FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_shopper'::name);
	relation oid;
	foreign_routine regprocedure;
BEGIN
	SELECT p.oid INTO foreign_routine FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass::oid AND d.objid = p.oid
	JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass::oid AND d.refobjid = e.oid
	JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
	WHERE e.extname = 'pg_shopper'::name AND d.deptype = 'e'::"char" AND NOT r.rolsuper LIMIT 1;
	IF foreign_routine IS NOT NULL THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('function %s of pg_shopper must belong to a superuser', foreign_routine),
			HINT = 'ALTER EXTENSION pg_shopper DROP FUNCTION it when it is not a part of the extension, else let a superuser own it.';
	END IF;
	FOR relation IN
		SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass::oid AND d.objid = c.oid
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass::oid AND d.refobjid = e.oid
		WHERE e.extname = 'pg_shopper'::name AND c.relkind = ANY (ARRAY['r', 'v']::"char"[]) AND c.relowner <> owner
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO %I', relation::regclass, pg_catalog.pg_get_userbyid(owner));
	END LOOP;
END $each_version$;
