/* bayes_net.c: asking Bayesian networks: bayes_query, bayes_structure, bayes_tables. */
#include "pg.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#include "../models/supervised/bayes_net.h"

static const ShopperModel *
network_argument(FunctionCallInfo fcinfo)
{
	const ShopperModel *model = shopper_model_arg(fcinfo, 0)->model;

	if (model->learner != &shopper_learner_bayes_net)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("expected a Bayesian network, got a model of %s", model->learner->name),
						errhint("Such models come from train_classifier with bayes_net().")));
	return model;
}

/* ---- evidence ---- */

static const ShopperNode *
find_node(const ShopperModel *model, const char *name, size_t length)
{
	const ShopperBayesNet *net = model->state;
	StringInfoData known;

	for (int i = 0; i < net->n_nodes; i++)
		if (strlen(net->node[i].name) == length && memcmp(net->node[i].name, name, length) == 0)
			return &net->node[i];
	initStringInfo(&known);
	for (int i = 0; i < net->n_nodes && known.len < 500; i++)
		appendStringInfo(&known, "%s%s", i > 0 ? ", " : "", net->node[i].name);
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("the network has no node \"%.*s\"", (int) Min(length, 100), name),
					errdetail("The nodes are: %s.", known.data)));
	return NULL;
}

static void
unknown_state(const ShopperModel *model, const ShopperNode *node, const char *text)
{
	StringInfoData known;

	initStringInfo(&known);
	for (int s = 0; s < node->n_states && known.len < 500; s++)
		appendStringInfo(&known, "%s\"%s\"", s > 0 ? ", " : "", shopper_node_label(model, node, s));
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"%s\" is no state of node \"%s\"", text, node->name),
					errdetail("The states are: %s.", known.data),
					node->border != NULL ? errhint("A number, or a range such as \"10-20\", \"[10, 20)\", \">= 10\" will do, too.") : 0));
}

/* A number, or for dates also YYYY-MM-DD; *end is what follows. False: neither. */
static bool
parse_bound(const ShopperModel *model, const ShopperNode *node, const char *text, const char **end, double *x)
{
	const ShopperColumn *column = &model->spec->column[node->column];
	char	   *stop;
	int			year,
				month,
				day,
				used = 0;

	while (*text == ' ')
		text++;
	if (column->kind == SHOPPER_KIND_DATE || column->kind == SHOPPER_KIND_TIMESTAMP)
	{
		if (sscanf(text, "%5d-%2d-%2d%n", &year, &month, &day, &used) != 3 || month < 1 || month > 12 || day < 1 || day > 31 || year < 1)
			return false;
		*x = date2j(year, month, day) - POSTGRES_EPOCH_JDATE - column->origin;
		stop = (char *) text + used;
	}
	else
	{
		*x = strtod(text, &stop);
		if (stop == text || !isfinite(*x))
			return false;
	}
	while (*stop == ' ')
		stop++;
	*end = stop;
	return true;
}

/* Ranges: "10-20", "[10, 20)", "[10, 20]", "< 10", "<= 10", "> 10", ">= 10"; ends as bounds on bins. */
static bool
parse_range(const ShopperModel *model, const ShopperNode *node, const char *text, double *low, double *high, bool *with_high)
{
	const char *end;

	*low = -DBL_MAX;
	*high = DBL_MAX;
	*with_high = true;
	if (*text == '<' || *text == '>')
	{
		bool		equal = text[1] == '=';

		if (!parse_bound(model, node, text + 1 + equal, &end, *text == '<' ? high : low))
			return false;
		*with_high = equal || *text == '>';
		return *end == '\0';
	}
	if (*text == '[')
		return parse_bound(model, node, text + 1, &end, low) && *end == ',' && parse_bound(model, node, end + 1, &end, high) &&
			((*with_high = *end == ']') || *end == ')') && end[1] == '\0' && *low <= *high;
	if (!parse_bound(model, node, text, &end, low))
		return false;
	if (*end == '\0')
		*high = *low;
	else if (*end != '-' || !parse_bound(model, node, end + 1, &end, high) || *end != '\0')
		return false;
	return *low <= *high;
}

/* Allow the states that a text names; bins that overlap with a range all count. */
static void
allow_text(const ShopperModel *model, const ShopperNode *node, const char *text, bool *allowed)
{
	double		low,
				high;
	bool		with_high,
				found = false;

	for (int s = 0; s < node->n_states; s++)
		if (strcmp(shopper_node_label(model, node, s), text) == 0)
		{
			allowed[s] = true;
			return;
		}
	if (node->border == NULL || !parse_range(model, node, text, &low, &high, &with_high))
		unknown_state(model, node, text);
	for (int s = 0; s < node->n_states; s++)
		if ((s == 0 || node->border[s - 1] < high || (with_high && node->border[s - 1] == high)) &&
			(s == node->n_states - 1 || node->border[s] > low))
			allowed[s] = found = true;
	if (!found)
		unknown_state(model, node, text);
}

static void
allow_value(const ShopperModel *model, const ShopperNode *node, JsonbValue *v, bool *allowed)
{
	switch (v->type)
	{
		case jbvString:
			allow_text(model, node, pnstrdup(v->val.string.val, v->val.string.len), allowed);
			break;
		case jbvBool:
			allow_text(model, node, v->val.boolean ? "true" : "false", allowed);
			break;
		case jbvNumeric:
			{
				char	   *digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));

				if (node->border == NULL && node->column >= 0 && model->spec->column[node->column].kind == SHOPPER_KIND_BOOLEAN)
					allowed[strcmp(digits, "0") != 0] = true;
				else if (node->border != NULL && node->column >= 0 && model->spec->column[node->column].kind == SHOPPER_KIND_NUMBER)
					allowed[shopper_node_state(node, atof(digits))] = true;
				else
					allow_text(model, node, digits, allowed);
				break;
			}
		case jbvNull:
			if (node->column >= 0 && node->border == NULL && model->spec->column[node->column].kind == SHOPPER_KIND_CATEGORY &&
				model->spec->category[model->spec->column[node->column].first].null_code >= 0)
				allowed[model->spec->category[model->spec->column[node->column].first].null_code] = true;
			else				/* unknown */
				memset(allowed, true, node->n_states);
			break;
		default:
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("evidence for node \"%s\" must be a value or an array of values", node->name)));
	}
}

static void
allow(const ShopperModel *model, const ShopperNode *node, JsonbValue *v, bool *allowed)
{
	if (v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data) && !JsonContainerIsScalar(v->val.binary.data) &&
		JsonContainerSize(v->val.binary.data) > 0)
	{
		JsonbIterator *it = JsonbIteratorInit(v->val.binary.data);
		JsonbValue	element;
		JsonbIteratorToken token;

		while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
			if (token == WJB_ELEM)
				allow_value(model, node, &element, allowed);
	}
	else
		allow_value(model, node, v, allowed);
}

/* {"column": value, ...}: one state, or a set of them. */
static void
read_evidence(const ShopperModel *model, Jsonb *evidence, int *state, bool **allowed)
{
	const ShopperBayesNet *net = model->state;
	JsonbIterator *it = JsonbIteratorInit(&evidence->root);
	JsonbValue	key,
				value;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(evidence))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("evidence must be a json object"),
						errhint("As in '{\"device\": \"phone\", \"age\": 34}'.")));
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		const ShopperNode *node;
		bool	   *states;
		int			n = 0,
					last = 0;

		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &value, true);
		node = find_node(model, key.val.string.val, key.val.string.len);
		states = palloc0(sizeof(bool) * node->n_states);
		allow(model, node, &value, states);
		for (int s = 0; s < node->n_states; s++)
			if (states[s])
			{
				n++;
				last = s;
			}
		if (n == 1)
			state[node - net->node] = last;
		else if (n < node->n_states)
			allowed[node - net->node] = states;
	}
}

PG_FUNCTION_INFO_V1(shopper_bayes_query);
Datum
shopper_bayes_query(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperModel *model;
	const ShopperBayesNet *net;
	const ShopperNode *node;
	MemoryContext context;
	ShopperEnv *env;
	int		   *state;
	bool	  **allowed;
	double	   *probability;

	if (PG_ARGISNULL(0))
		return (Datum) 0;
	model = network_argument(fcinfo);
	net = model->state;
	node = &net->node[net->n_nodes - 1];
	if (!PG_ARGISNULL(2))
	{
		text	   *name = PG_GETARG_TEXT_PP(2);

		node = find_node(model, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	}
	state = palloc(sizeof(int) * net->n_nodes);
	allowed = palloc0(sizeof(bool *) * net->n_nodes);
	probability = palloc(sizeof(double) * node->n_states);
	for (int i = 0; i < net->n_nodes; i++)
		state[i] = -1;
	if (!PG_ARGISNULL(1))
		read_evidence(model, PG_GETARG_JSONB_P(1), state, allowed);
	env = shopper_env_create(CurrentMemoryContext, &context);
	shopper_check(env, shopper_bayes_net_query(env, net, (int) (node - net->node), state, allowed, probability));
	for (int s = 0; s < node->n_states; s++)
	{
		Datum		v[2] = {CStringGetTextDatum(shopper_node_label(model, node, s)), Float8GetDatum(probability[s])};
		bool		null[2] = {false};

		tuplestore_putvalues(rows, desc, v, null);
	}
	MemoryContextDelete(context);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shopper_bayes_structure);
Datum
shopper_bayes_structure(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperBayesNet *net = network_argument(fcinfo)->state;

	for (int i = 0; i < net->n_nodes; i++)
		for (int k = 0; k < net->node[i].n_parents; k++)
		{
			Datum		v[3] = {CStringGetTextDatum(net->node[net->node[i].parent[k]].name), CStringGetTextDatum(net->node[i].name)};
			bool		null[3] = {false};

			shopper_set_float(&v[2], &null[2], net->node[i].strength[k]);
			tuplestore_putvalues(rows, desc, v, null);
		}
	return (Datum) 0;
}

/* {"parent": "state", ...} of row `at` of a table */
static Datum
parent_states(const ShopperModel *model, const ShopperNode *node, int64 at)
{
	const ShopperBayesNet *net = model->state;
	int			state[SHOPPER_NODE_PARENTS];
	StringInfoData json;

	for (int k = node->n_parents - 1; k >= 0; k--)
	{
		int			n = net->node[node->parent[k]].n_states;

		state[k] = (int) (at % n);
		at /= n;
	}
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	for (int k = 0; k < node->n_parents; k++)
	{
		const ShopperNode *parent = &net->node[node->parent[k]];

		appendStringInfoString(&json, k > 0 ? ", " : "");
		escape_json(&json, parent->name);
		appendStringInfoString(&json, ": ");
		escape_json(&json, shopper_node_label(model, parent, state[k]));
	}
	appendStringInfoChar(&json, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

PG_FUNCTION_INFO_V1(shopper_bayes_tables);
Datum
shopper_bayes_tables(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = shopper_rows_begin(fcinfo, &desc);
	const ShopperModel *model = network_argument(fcinfo);
	const ShopperBayesNet *net = model->state;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_shopper row", ALLOCSET_DEFAULT_SIZES),
				old = MemoryContextSwitchTo(context);

	for (int i = 0; i < net->n_nodes; i++)
	{
		const ShopperNode *node = &net->node[i];

		for (int64 at = 0; at < node->n_table; at++)
		{
			Datum		v[4];
			bool		null[4] = {false};

			CHECK_FOR_INTERRUPTS();
			v[0] = CStringGetTextDatum(node->name);
			v[1] = CStringGetTextDatum(shopper_node_label(model, node, (int) (at % node->n_states)));
			v[2] = parent_states(model, node, at / node->n_states);
			v[3] = Float8GetDatum(node->table[at]);
			tuplestore_putvalues(rows, desc, v, null);
			MemoryContextReset(context);
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}
