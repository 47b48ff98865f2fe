/* rows.c: row types, columns by name, and the errors about them; see rows.h. */
#include "rows.h"

#include "catalog/pg_type.h"

TupleDesc
shopper_row_type(ShopperRowType *known, HeapTupleHeader record)
{
	TupleDesc	shared,
				desc;

	known->oid = HeapTupleHeaderGetTypeId(record);
	known->typmod = HeapTupleHeaderGetTypMod(record);
	known->entry = known->oid == RECORDOID ? NULL : lookup_type_cache(known->oid, TYPECACHE_TUPDESC);
	known->version = known->entry == NULL ? 0 : known->entry->tupDesc_identifier;
	shared = lookup_rowtype_tupdesc(known->oid, known->typmod);
	desc = CreateTupleDescCopyConstr(shared);
	ReleaseTupleDesc(shared);
	return desc;
}

/* ---- what the columns are for ---- */

/* "a, b, c": names of a row's columns, for hints */
static char *
column_names(TupleDesc desc)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int i = 0; i < desc->natts && s.len < 300; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			appendStringInfo(&s, "%s%s", s.len > 0 ? ", " : "", NameStr(TupleDescAttr(desc, i)->attname));
	return s.data;
}

/* ROW(a, b) has columns f1, f2, ...: nothing can be matched by name. */
static bool
is_unnamed_row(TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		char		name[16];

		snprintf(name, sizeof(name), "f%d", i + 1);
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) != 0)
			return false;
	}
	return true;
}

void
shopper_missing_column(TupleDesc desc, const char *what, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("%s \"%s\" is not in the row", what, name),
			 errdetail("The row has: %s.", column_names(desc)),
			 is_unnamed_row(desc)
			 ? errhint("ROW(...) has no column names. Pass the alias of a sub-select, as f in FROM (SELECT ...) f, or cast to a named type: ROW(...)::my_type.")
			 : 0));
}

void
shopper_unknown_feature(const ShopperSpec *spec, const char *name)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int c = 0; c < spec->n_columns && s.len < 300; c++)
		appendStringInfo(&s, "%s\"%s\"", c > 0 ? ", " : "", spec->column[c].name);
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("the model has no column \"%s\"", name),
					errhint("Its columns are %s.", s.data)));
}

void
shopper_unknown_class(const ShopperSpec *spec, const char *name)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int c = 0; c < spec->classes.n && s.len < 300; c++)
		appendStringInfo(&s, "%s\"%s\"", c > 0 ? ", " : "", spec->classes.bytes + spec->classes.start[c]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the model has no class \"%s\"", name),
					errhint("Its classes are %s.", s.data)));
}

/* The attribute of this name, or -1; two of the same name are an error. */
int
shopper_find_attribute(TupleDesc desc, const char *name)
{
	int			found = -1;

	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped || strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) != 0)
			continue;
		if (found >= 0)
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN), errmsg("column \"%s\" appears twice in the row", name),
							errhint("Give each column a name of its own.")));
		found = i;
	}
	return found;
}
