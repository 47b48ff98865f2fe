/*
 * query.c: run a query and hand its rows on, without a composite in between.
 *
 * SPI runs it read-only: one statement, the caller's rights and snapshot.
 */
#include "pg.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "nodes/nodeFuncs.h"
#include "tcop/dest.h"
#include "utils/array.h"

typedef struct SinkReceiver
{
	DestReceiver pub;
	const ShopperRowSink *sink;
	MemoryContext per_row;		/* detoasted values live until the next row */
	MemoryContext work;			/* the caller's: what the sink keeps */
} SinkReceiver;

static bool
sink_receive(TupleTableSlot *slot, DestReceiver *self)
{
	SinkReceiver *r = (SinkReceiver *) self;
	MemoryContext old;

	slot_getallattrs(slot);
	old = MemoryContextSwitchTo(r->per_row);
	r->sink->row(r->sink->state, slot->tts_values, slot->tts_isnull);
	MemoryContextSwitchTo(old);
	MemoryContextReset(r->per_row);
	return true;
}

static void
sink_start(DestReceiver *self, int operation, TupleDesc desc)
{
	SinkReceiver *r = (SinkReceiver *) self;
	MemoryContext old = MemoryContextSwitchTo(r->work);

	r->sink->start(r->sink->state, desc);
	MemoryContextSwitchTo(old);
}

static void
sink_end(DestReceiver *self)
{
}

/* One SELECT that neither writes nor locks rows: SPI's own words for the others speak of functions. */
static bool
is_plain_select(SPIPlanPtr plan)
{
	CachedPlanSource *source;
	Query	   *query;

	if (!SPI_is_cursor_plan(plan))
		return false;
	source = linitial(SPI_plan_get_plan_sources(plan));
	query = list_length(source->query_list) == 1 ? linitial(source->query_list) : NULL;
	return query != NULL && query->commandType == CMD_SELECT && !query->hasModifyingCTE && query->rowMarks == NIL;
}

static void
check_result(bool ok, const char *query)
{
	if (ok)
		return;
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("the query must be one statement that returns rows"),
					errdetail("Got: %.200s", query),
					errhint("Use SELECT, VALUES, TABLE, or WITH that changes no data.")));
}

void
shopper_run_query(const char *query, const ShopperRowSink *sink)
{
	SinkReceiver r = {.pub = {sink_receive, sink_start, sink_end, sink_end, DestTuplestore}};
	SPIPlanPtr	plan;

	r.sink = sink;
	r.work = CurrentMemoryContext;
	r.per_row = AllocSetContextCreate(CurrentMemoryContext, "pg_shopper row", ALLOCSET_DEFAULT_SIZES);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare_cursor(query, 0, NULL, CURSOR_OPT_PARALLEL_OK);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	check_result(is_plain_select(plan), query);
#ifdef SHOPPER_SPI_RECEIVER
	{
		SPIExecuteOptions options = {0};

		options.read_only = true;
		options.dest = &r.pub;
		check_result(SPI_execute_plan_extended(plan, &options) == SPI_OK_SELECT, query);
	}
#else
	{
		/* 13 has no receiver: fetch in portions */
		Portal		portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
		Datum	   *values = NULL;
		bool	   *nulls = NULL;

		for (;;)
		{
			SPI_cursor_fetch(portal, true, 10000);
			if (values == NULL)
			{
				sink_start(&r.pub, 0, SPI_tuptable->tupdesc);
				values = palloc(sizeof(Datum) * SPI_tuptable->tupdesc->natts);
				nulls = palloc(sizeof(bool) * SPI_tuptable->tupdesc->natts);
			}
			if (SPI_processed == 0)
				break;
			for (uint64 i = 0; i < SPI_processed; i++)
			{
				MemoryContext old = MemoryContextSwitchTo(r.per_row);

				heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
				sink->row(sink->state, values, nulls);
				MemoryContextSwitchTo(old);
				MemoryContextReset(r.per_row);
			}
			SPI_freetuptable(SPI_tuptable);
		}
		SPI_cursor_close(portal);
	}
#endif
	SPI_finish();
	MemoryContextDelete(r.per_row);
}

/* Parse it within SPI, which the caller finishes; an error when it is not a plain SELECT. */
static CachedPlanSource *
parsed(const char *query)
{
	SPIPlanPtr	plan;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	check_result(is_plain_select(plan), query);
	return linitial(SPI_plan_get_plan_sources(plan));
}

/* The tables and views that a query reads, without running it. */
PG_FUNCTION_INFO_V1(shopper_query_relations);
Datum
shopper_query_relations(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	CachedPlanSource *source = parsed(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	Datum	   *oids = MemoryContextAlloc(caller, sizeof(Datum) * Max(list_length(source->relationOids), 1));
	int			n = 0;
	ListCell   *l;

	foreach(l, source->relationOids)
		oids[n++] = ObjectIdGetDatum(lfirst_oid(l));
	SPI_finish();
	PG_RETURN_ARRAYTYPE_P(construct_array(oids, n, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

/* Tables in a rewritten query that carry conditions of row-level security, into a list of oids. */
static bool
find_filtered(Node *node, void *found)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *entry = (RangeTblEntry *) node;

		if (entry->rtekind == RTE_RELATION && entry->securityQuals != NIL)
			*(List **) found = list_append_unique_oid(*(List **) found, entry->relid);
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_filtered, found, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, find_filtered, found);
}

/* Those tables of it whose rows are chosen by row-level security. */
PG_FUNCTION_INFO_V1(shopper_query_filtered);
Datum
shopper_query_filtered(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	CachedPlanSource *source = parsed(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	List	   *found = NIL;
	Datum	   *oids;
	int			n = 0;
	ListCell   *l;

	foreach(l, source->query_list)
		find_filtered(lfirst(l), &found);
	oids = MemoryContextAlloc(caller, sizeof(Datum) * Max(list_length(found), 1));
	foreach(l, found)
		oids[n++] = ObjectIdGetDatum(lfirst_oid(l));
	SPI_finish();
	PG_RETURN_ARRAYTYPE_P(construct_array(oids, n, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

/* The names of its columns. */
PG_FUNCTION_INFO_V1(shopper_query_columns);
Datum
shopper_query_columns(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext,
				inner;
	CachedPlanSource *source = parsed(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	int			n = source->resultDesc->natts;
	Datum	   *names = MemoryContextAlloc(caller, sizeof(Datum) * Max(n, 1));

	inner = MemoryContextSwitchTo(caller);
	for (int i = 0; i < n; i++)
		names[i] = CStringGetTextDatum(NameStr(TupleDescAttr(source->resultDesc, i)->attname));
	MemoryContextSwitchTo(inner);
	SPI_finish();
	PG_RETURN_ARRAYTYPE_P(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}
