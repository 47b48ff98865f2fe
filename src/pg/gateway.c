/*
 * gateway.c: the only code that reads model bytes.
 *
 * Two caches. Per call site (fn_extra): the last model, recognised by its on-disk
 * TOAST pointer, so that nothing is read at all, or by the header of a plain value.
 * That an argument is a parameter proves nothing: PL/pgSQL evaluates an expression
 * again with the same fn_extra when its variables have changed. Per backend: decoded
 * models, found by the hash and length in the model's first 32 bytes; the least
 * recently used ones go when pg_shopper.cache_size is exceeded. A call site pins its
 * model until it meets another one or its memory goes, so a model never goes while
 * somebody works with it, and models in use may exceed the limit.
 *
 * A function that is declared over a name (named.c) has the registry say hash and length of
 * the live version; the rest is the same.
 */
#include "named.h"

#include "access/detoast.h"
#include "lib/ilist.h"
#include "utils/hsearch.h"

typedef ShopperLive CacheKey;	/* hash and length */

struct ShopperCachedModel		/* an entry of by_key */
{
	CacheKey	key;
	MemoryContext context;		/* of the model's content */
	ShopperModel model;
	uint64		serial;			/* no two decodings have the same */
	int			pins;			/* call sites that hold it */
	Size		size;
	dlist_node	node;			/* in by_age */
};

static HTAB *by_key;
static dlist_head by_age = DLIST_STATIC_INIT(by_age);	/* least recently used first */
static uint64 last_serial;
static Size cached;

/* Drop the oldest models that nobody holds until one of this size fits. */
static void
make_room(Size size)
{
	Size		limit = (Size) shopper_cache_size << 20;
	dlist_mutable_iter i;

	dlist_foreach_modify(i, &by_age)
	{
		ShopperCachedModel *m = dlist_container(ShopperCachedModel, node, i.cur);

		if (cached + size <= limit)
			return;
		if (m->pins > 0)
			continue;
		cached -= m->size;
		dlist_delete(&m->node);
		MemoryContextDelete(m->context);
		hash_search(by_key, &m->key, HASH_REMOVE, NULL);
	}
}

static void
start_cache(void)
{
	HASHCTL		ctl = {0};

	if (by_key != NULL)
		return;
	ctl.keysize = sizeof(CacheKey);
	ctl.entrysize = sizeof(ShopperCachedModel);
	ctl.hcxt = TopMemoryContext;
	by_key = hash_create("pg_shopper models", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
shopper_model_read(ShopperEnv *env, bytea *bytes, ShopperModel *model)
{
	shopper_check(env, shopper_model_decode(env, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), model));
}

/* Decode into a context of its own; an error leaves no trace. */
static ShopperCachedModel *
decode(bytea *bytes, const CacheKey *key)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperModel model;
	ShopperCachedModel *m;

	shopper_model_read(env, bytes, &model);
	make_room(MemoryContextMemAllocated(context, true));
	m = hash_search(by_key, key, HASH_ENTER, NULL);
	m->context = context;
	m->model = model;
	m->serial = ++last_serial;
	m->pins = 0;
	m->size = MemoryContextMemAllocated(context, true);
	cached += m->size;
	dlist_push_tail(&by_age, &m->node);
	MemoryContextSetParent(context, TopMemoryContext);
	return m;
}

/* The decoded model of a key, or NULL. */
static ShopperCachedModel *
find_decoded(const CacheKey *key)
{
	ShopperCachedModel *m;

	start_cache();
	m = hash_search(by_key, key, HASH_FIND, NULL);
	if (m != NULL)
	{
		dlist_delete(&m->node);
		dlist_push_tail(&by_age, &m->node);
	}
	return m;
}

/* The model in this datum, decoded when it is new; its header is copied. */
static ShopperCachedModel *
look_up(Datum datum, char *first)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);
	bytea	   *head = (bytea *) (VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value)
								  ? PG_DETOAST_DATUM_SLICE(datum, 0, SHOPPER_MODEL_HEADER) : value);
	Size		total = toast_raw_datum_size(datum) - VARHDRSZ;
	ShopperModelHeader header;
	MemoryContext context;
	ShopperEnv *env;
	CacheKey	key;
	ShopperCachedModel *m;

	env = shopper_env_create(CurrentMemoryContext, &context);
	shopper_check(env, shopper_model_header(env, VARDATA_ANY(head), VARSIZE_ANY_EXHDR(head), total, &header));
	MemoryContextDelete(context);
	memcpy(first, VARDATA_ANY(head), SHOPPER_MODEL_HEADER);
	key.hash = header.hash;
	key.length = total;
	m = find_decoded(&key);
	return m != NULL ? m : decode((bytea *) PG_DETOAST_DATUM_PACKED(datum), &key);
}

/* The live version of a name, decoded when it is new. */
static ShopperCachedModel *
look_up_name(const char *name, const ShopperMoment *moment)
{
	CacheKey	key;
	ShopperCachedModel *m;
	bytea	   *bytes;
	char		header[SHOPPER_MODEL_HEADER];

	shopper_live_version(name, moment, &key);
	m = find_decoded(&key);
	if (m != NULL)
		return m;
	bytes = shopper_live_bytes(name);
	m = look_up(PointerGetDatum(bytes), header);
	pfree(bytes);
	return m;
}

static bool
same_pointer(const struct varatt_external *a, const struct varatt_external *b)
{
	return a->va_valueid == b->va_valueid && a->va_toastrelid == b->va_toastrelid && a->va_rawsize == b->va_rawsize;
}

/* Is this plain value the model that was used last? Its header holds length and hash. */
static bool
same_header(const struct varlena *value, const ShopperModelUse *use)
{
	return !VARATT_IS_EXTERNAL(value) && !VARATT_IS_COMPRESSED(value) &&
		VARSIZE_ANY_EXHDR(value) == use->cached->key.length &&
		memcmp(VARDATA_ANY(value), use->header, SHOPPER_MODEL_HEADER) == 0;
}

typedef struct NamedUse			/* a call site that takes names */
{
	ShopperMoment moment;
	Size		length;
	char		name[SHOPPER_NAME_MAX];
} NamedUse;

/* The call site holds no model any more; also the callback of its memory. */
static void
unpin(void *arg)
{
	ShopperModelUse *use = arg;

	if (use->cached != NULL)
		use->cached->pins--;
	use->cached = NULL;
}

static ShopperModelUse *
start_use(FunctionCallInfo fcinfo, int n)
{
	ShopperModelUse *use = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ShopperModelUse));

	use->callback.func = unpin;
	use->callback.arg = use;
	MemoryContextRegisterResetCallback(fcinfo->flinfo->fn_mcxt, &use->callback);
	if (shopper_declared_as_name(fcinfo, n))
		use->named = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(NamedUse));
	return fcinfo->flinfo->fn_extra = use;
}

/* Hold this model from now on. */
static ShopperModelUse *
pin(ShopperModelUse *use, ShopperCachedModel *m)
{
	use->cached = m;
	m->pins++;
	use->fresh = use->serial != m->serial;
	use->serial = m->serial;
	use->model = &m->model;
	return use;
}

/* The live version of the name in this datum: looked up once for each statement. */
static ShopperModelUse *
named_arg(ShopperModelUse *use, text *name)
{
	NamedUse   *named = use->named;
	Size		length = VARSIZE_ANY_EXHDR(name);
	ShopperMoment moment = shopper_moment();
	ShopperCachedModel *m;

	if (use->cached != NULL && length == named->length && memcmp(named->name, VARDATA_ANY(name), length) == 0 &&
		memcmp(&named->moment, &moment, sizeof(moment)) == 0)
	{
		use->fresh = false;
		return use;
	}
	m = look_up_name(text_to_cstring(name), &moment);	/* before unpin: an error leaves all as it was */
	named->length = length;
	memcpy(named->name, VARDATA_ANY(name), length);
	named->moment = moment;
	m->pins++;
	unpin(use);
	m->pins--;
	return pin(use, m);
}

ShopperModelUse *
shopper_model_arg(FunctionCallInfo fcinfo, int n)
{
	ShopperModelUse *use = fcinfo->flinfo->fn_extra;
	Datum		datum = PG_GETARG_DATUM(n);
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);
	bool		external = VARATT_IS_EXTERNAL_ONDISK(value);
	struct varatt_external pointer;

	if (use == NULL)
		use = start_use(fcinfo, n);
	if (use->named != NULL)
		return named_arg(use, PG_GETARG_TEXT_PP(n));
	if (external)
		VARATT_EXTERNAL_GET_POINTER(pointer, value);
	if (use->cached != NULL && (external ? use->external && same_pointer(&pointer, &use->pointer) : same_header(value, use)))
	{
		use->fresh = false;
		return use;
	}
	unpin(use);
	use->external = external;
	if (external)
		use->pointer = pointer;
	return pin(use, look_up(datum, use->header));
}

bytea *
shopper_model_bytes(FunctionCallInfo fcinfo, int n)
{
	return shopper_declared_as_name(fcinfo, n) ? shopper_live_bytes(text_to_cstring(PG_GETARG_TEXT_PP(n))) : PG_GETARG_BYTEA_PP(n);
}

Size
shopper_model_length(const ShopperModelUse *use)
{
	return use->cached->key.length;
}

ShopperModelUse *
shopper_model_of_shape(FunctionCallInfo fcinfo, int n, ShopperShape shape, const char *wanted, const char *hint)
{
	ShopperModelUse *use = shopper_model_arg(fcinfo, n);

	if (use->model->learner->shape != shape)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("expected %s, got a model of %s", wanted, use->model->learner->name),
						errhint("%s", hint)));
	return use;
}

char *
shopper_model_id(const ShopperModelUse *use)
{
	return psprintf("%016llx", (unsigned long long) use->cached->key.hash);
}

bytea *
shopper_model_write(ShopperEnv *env, const ShopperModel *model)
{
	unsigned char *bytes;
	int64		length;
	bytea	   *result;

	shopper_check(env, shopper_model_encode(env, model, &bytes, &length));
	if (length > (int64) shopper_max_model_size << 20)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("model would need %lld MB, limit is %d MB", (long long) ((length + 1048575) >> 20), shopper_max_model_size),
						errhint("Use a smaller model, or raise pg_shopper.max_model_size; values above 512 MB cannot be dumped as text.")));
	result = palloc(VARHDRSZ + length);
	SET_VARSIZE(result, VARHDRSZ + length);
	memcpy(VARDATA(result), bytes, length);
	return result;
}
