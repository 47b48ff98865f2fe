-- Everything that belongs to the extension, one line for each thing: for comparing an upgraded
-- installation with a fresh one.
SET search_path = pg_catalog;
WITH member AS MATERIALIZED (
	SELECT d.classid, d.objid, (SELECT i.type || ' ' || i.identity FROM pg_identify_object(d.classid, d.objid, 0) i) AS name
	FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'pg_shopper' WHERE d.deptype = 'e'),
relation AS MATERIALIZED (
	SELECT m.name, c.* FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid),
line (name, kind, words) AS (
	SELECT name, 'member', '' FROM member
	UNION ALL SELECT m.name, 'comment', obj_description(m.objid, c.relname) FROM member m JOIN pg_class c ON c.oid = m.classid
	UNION ALL SELECT m.name, 'first grants', (SELECT string_agg(a::text, ', ' ORDER BY a::text COLLATE "C") FROM unnest(i.initprivs) a) || ' column ' || i.objsubid
	FROM member m JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid
	-- routines
	UNION ALL SELECT m.name, 'routine', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	UNION ALL SELECT m.name, 'facts', (to_jsonb(p) - '{oid,pronamespace,proowner,proargtypes,proallargtypes,prorettype,provariadic,proargdefaults,prosrc,proacl,prosqlbody}'::text[])::text
		|| pg_get_function_arguments(p.oid) || pg_get_function_result(p.oid) || pg_get_userbyid(p.proowner) || CASE WHEN p.prokind <> 'a' THEN p.prosrc ELSE '' END
	FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	UNION ALL SELECT m.name, 'grants', (SELECT string_agg(a::text, ', ' ORDER BY a::text COLLATE "C") FROM unnest(p.proacl) a) FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	UNION ALL SELECT m.name, 'aggregate', (to_jsonb(a) - '{aggfnoid,aggtranstype,aggmtranstype}'::text[])::text || a.aggtranstype::regtype || a.aggmtranstype::regtype
	FROM member m JOIN pg_aggregate a ON m.classid = 'pg_proc'::regclass AND a.aggfnoid = m.objid
	-- relations
	UNION ALL SELECT r.name, 'facts', concat_ws(' ', r.relkind, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.relreplident, pg_get_userbyid(r.relowner), r.reloptions) FROM relation r
	UNION ALL SELECT r.name, 'grants', (SELECT string_agg(a::text, ', ' ORDER BY a::text COLLATE "C") FROM unnest(r.relacl) a) FROM relation r
	UNION ALL SELECT r.name, 'view', pg_get_viewdef(r.oid) FROM relation r WHERE r.relkind IN ('v', 'm')
	UNION ALL SELECT r.name, 'column ' || a.attname, concat_ws(' ', row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
		a.attstorage, a.attcompression, a.attcollation::regcollation, pg_get_expr(f.adbin, f.adrelid), a.attacl, col_description(r.oid, a.attnum))
	FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef f ON f.adrelid = r.oid AND f.adnum = a.attnum
	UNION ALL SELECT r.name, 'constraint ' || k.conname, concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated) FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
	UNION ALL SELECT r.name, 'index', pg_get_indexdef(i.indexrelid) FROM relation r JOIN pg_index i ON i.indrelid = r.oid
	UNION ALL SELECT r.name, 'trigger ' || t.tgname, pg_get_triggerdef(t.oid) FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
	UNION ALL SELECT r.name, 'policy ' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, r.oid), '/', pg_get_expr(p.polwithcheck, r.oid))
	FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
	UNION ALL SELECT r.name, 'sequence', (to_jsonb(s) - '{seqrelid,seqtypid}'::text[])::text || s.seqtypid::regtype FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
	UNION ALL SELECT r.name, 'dumped', coalesce(c.condition, '') FROM pg_extension e, unnest(e.extconfig, e.extcondition) c(config, condition) JOIN relation r ON r.oid = c.config WHERE e.extname = 'pg_shopper'
	-- types and schemas
	UNION ALL SELECT m.name, 'type', (to_jsonb(t) - '{oid,typnamespace,typowner,typrelid,typelem,typarray,typbasetype,typcollation,typacl}'::text[])::text
		|| coalesce((SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '')
	FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
	UNION ALL SELECT m.name, 'grants', (SELECT string_agg(a::text, ', ' ORDER BY a::text COLLATE "C") FROM unnest(n.nspacl) a) FROM member m JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND n.oid = m.objid)
SELECT name || ' | ' || kind || ' | ' || coalesce(replace(replace(words, '\', '\\'), E'\n', '\n'), '-') FROM line ORDER BY name COLLATE "C", kind COLLATE "C", words COLLATE "C";
