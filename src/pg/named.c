/*
 * named.c: from the name of a registered model to its live version.
 *
 * The registry is read with the caller's rights and snapshot, by a plan that the session
 * keeps. Answers are kept too, for as long as the snapshot sees the same rows: so a
 * statement sees one version, and the next statement after a promotion sees the new one.
 * What comes back is the content hash and length of the bytes, which are in the row; the
 * bytes are only read when the session has not decoded them yet.
 */
#include "named.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

typedef struct Answer
{
	char		name[SHOPPER_NAME_MAX + 1];	/* the key */
	ShopperMoment moment;
	uint64		hash;
	uint64		length;
} Answer;

static SPIPlanPtr plan;
static HTAB *answers;

#define MOST_ANSWERS 1000

bool
shopper_declared_as_name(FunctionCallInfo fcinfo, int n)
{
	Oid		   *types;
	int			count;

	if (!OidIsValid(fcinfo->flinfo->fn_oid))
		return false;
	get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
	return n < count && types[n] == TEXTOID;
}

/*
 * Two snapshots of a session with equal limits and equally many transactions in progress see
 * the same: those that end leave the list or raise its upper limit. Own changes raise the
 * command, and taking them back ends a subtransaction.
 */
ShopperMoment
shopper_moment(void)
{
	Snapshot	s;
	ShopperMoment m;

	if (!ActiveSnapshotSet())
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("a model's name can only be looked up inside a statement")));
	s = GetActiveSnapshot();
	memset(&m, 0, sizeof(m));	/* compared as bytes */
	m.xmin = s->xmin;
	m.xmax = s->xmax;
	m.in_progress = s->xcnt;
	m.in_subprogress = s->subxcnt;
	m.command = s->curcid;
	m.subtransaction = GetCurrentSubTransactionId();
	m.transaction = GetTopTransactionIdIfAny();
	m.role = GetUserId();
	return m;
}

static void
not_found(const char *name)
{
	if (pg_strncasecmp(name, "\\x", 2) == 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("expected the name of a model, got what looks like its bytes as text"),
						errhint("Cast it to bytea: ...::bytea.")));
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("no version of a model \"%.*s\" is live", SHOPPER_NAME_MAX, name),
					errhint("shopper.model_list shows the models; CALL shopper.train makes a version, shopper.promote makes one live.")));
}

static void
start(void)
{
	static const char query[] = "SELECT id, model_bytes, model FROM shopper.live_models WHERE name OPERATOR(pg_catalog.=) $1";
	Oid			type = TEXTOID;
	HASHCTL		ctl = {0};

	if (answers == NULL)
	{
		ctl.keysize = SHOPPER_NAME_MAX + 1;
		ctl.entrysize = sizeof(Answer);
		answers = hash_create("pg_shopper names", 16, &ctl, HASH_ELEM | HASH_STRINGS);
	}
	if (plan == NULL)
	{
		SPIPlanPtr	fresh = SPI_prepare_cursor(query, 1, &type, CURSOR_OPT_GENERIC_PLAN);

		if (fresh == NULL || SPI_keepplan(fresh) != 0)
			elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
		plan = fresh;
	}
}

/* Between SPI_connect and SPI_finish: the live version's row. */
static void
find(const char *name)
{
	Datum		argument = CStringGetTextDatum(name);

	start();
	if (SPI_execute_plan(plan, &argument, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(SPI_result));
	if (SPI_processed == 0)
		not_found(name);
}

static Datum
field(int n)
{
	bool		null;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, n, &null);

	if (null)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a live version has no bytes")));
	return value;
}

static Answer *
known(const char *name, const ShopperMoment *moment)
{
	Answer	   *a = answers == NULL ? NULL : hash_search(answers, name, HASH_FIND, NULL);

	return a != NULL && memcmp(&a->moment, moment, sizeof(*moment)) == 0 ? a : NULL;
}

void
shopper_live_version(const char *name, const ShopperMoment *moment, ShopperLive *live)
{
	Answer	   *a = strlen(name) > SHOPPER_NAME_MAX ? NULL : known(name, moment);
	char	   *id;

	if (a == NULL)
	{
		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "SPI_connect failed");
		if (strlen(name) > SHOPPER_NAME_MAX)
			not_found(name);
		find(name);
		id = TextDatumGetCString(field(1));
		if (hash_get_num_entries(answers) >= MOST_ANSWERS && hash_search(answers, name, HASH_FIND, NULL) == NULL)
		{
			hash_destroy(answers);
			answers = NULL;
			start();
		}
		a = hash_search(answers, name, HASH_ENTER, NULL);
		a->moment = *moment;
		a->hash = strtoull(id, NULL, 16);
		a->length = (uint64) DatumGetInt64(field(2));
		SPI_finish();
	}
	live->hash = a->hash;
	live->length = a->length;
}

bytea *
shopper_live_bytes(const char *name)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext old;
	bytea	   *bytes;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	find(name);
	old = MemoryContextSwitchTo(caller);
	bytes = DatumGetByteaPCopy(field(3));
	MemoryContextSwitchTo(old);
	SPI_finish();
	return bytes;
}
