/*
 * gateway.c: the only code that reads model bytes.
 *
 * Two caches. Per call site (fn_extra): the last model, recognised by its on-disk
 * TOAST pointer, so that nothing is read at all, or by the header of a plain value.
 * That an argument is a parameter proves nothing: PL/pgSQL evaluates an expression
 * again with the same fn_extra when its variables have changed. Per backend: decoded models, found by the hash and length in the model's
 * first 32 bytes; least recently used ones go when pg_shopper.cache_size is
 * exceeded. A slot's generation rises with each new model in it, so call sites
 * notice that theirs has gone. Registry and bytes share the backend cache.
 */
#include "pg.h"

#include "access/detoast.h"
#include "utils/hsearch.h"

#define SLOTS 4096

typedef struct CacheKey
{
	uint64		hash;
	uint64		length;
} CacheKey;

typedef struct CacheSlot
{
	CacheKey	key;
	MemoryContext context;		/* NULL: free */
	ShopperModel model;
	uint64		generation;
	uint64		used;			/* clock of the last look-up */
	Size		size;
} CacheSlot;

typedef struct CacheEntry
{
	CacheKey	key;
	int			slot;
} CacheEntry;

static CacheSlot *slots;
static int	n_slots;
static HTAB *by_key;
static uint64 cache_clock;
static Size cached;

static void
free_slot(int at)
{
	CacheSlot  *s = &slots[at];

	hash_search(by_key, &s->key, HASH_REMOVE, NULL);
	cached -= s->size;
	MemoryContextDelete(s->context);
	s->context = NULL;
	s->generation++;
}

/* A free slot, after the oldest models made room for one of this size. */
static int
make_room(Size size)
{
	Size		limit = (Size) shopper_cache_size << 20;

	for (;;)
	{
		int			oldest = -1,
					empty = -1;

		for (int i = 0; i < n_slots; i++)
		{
			if (slots[i].context == NULL)
				empty = i;
			else if (oldest < 0 || slots[i].used < slots[oldest].used)
				oldest = i;
		}
		if (oldest >= 0 && cached + size > limit)
		{
			free_slot(oldest);
			continue;
		}
		if (empty >= 0)
			return empty;
		if (n_slots < SLOTS)
			return n_slots++;
		free_slot(oldest);
	}
}

static void
start_cache(void)
{
	HASHCTL		ctl = {0};

	if (by_key != NULL)
		return;
	slots = MemoryContextAllocZero(TopMemoryContext, sizeof(CacheSlot) * SLOTS);
	ctl.keysize = sizeof(CacheKey);
	ctl.entrysize = sizeof(CacheEntry);
	ctl.hcxt = TopMemoryContext;
	by_key = hash_create("pg_shopper models", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
shopper_model_read(ShopperEnv *env, bytea *bytes, ShopperModel *model)
{
	shopper_check(env, shopper_model_decode(env, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), model));
}

/* Decode into a slot of its own; an error leaves no trace. */
static int
decode_into_slot(bytea *bytes, const CacheKey *key)
{
	MemoryContext context;
	ShopperEnv *env = shopper_env_create(CurrentMemoryContext, &context);
	ShopperModel model;
	CacheSlot  *s;
	CacheEntry *entry;
	int			at;

	shopper_model_read(env, bytes, &model);
	at = make_room(MemoryContextMemAllocated(context, true));
	entry = hash_search(by_key, key, HASH_ENTER, NULL);
	entry->slot = at;
	s = &slots[at];
	s->key = *key;
	s->context = context;
	s->model = model;
	s->generation++;
	s->size = MemoryContextMemAllocated(context, true);
	cached += s->size;
	MemoryContextSetParent(context, TopMemoryContext);
	return at;
}

/* The slot of the model in this datum, decoding it when it is new; its header is copied. */
static int
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
	CacheEntry *entry;
	int			at;

	env = shopper_env_create(CurrentMemoryContext, &context);
	shopper_check(env, shopper_model_header(env, VARDATA_ANY(head), VARSIZE_ANY_EXHDR(head), total, &header));
	MemoryContextDelete(context);
	memcpy(first, VARDATA_ANY(head), SHOPPER_MODEL_HEADER);
	key.hash = header.hash;
	key.length = total;
	start_cache();
	entry = hash_search(by_key, &key, HASH_FIND, NULL);
	at = entry != NULL ? entry->slot : decode_into_slot((bytea *) PG_DETOAST_DATUM_PACKED(datum), &key);
	slots[at].used = ++cache_clock;
	return at;
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
		VARSIZE_ANY_EXHDR(value) == slots[use->slot].key.length &&
		memcmp(VARDATA_ANY(value), use->header, SHOPPER_MODEL_HEADER) == 0;
}

ShopperModelUse *
shopper_model_arg(FunctionCallInfo fcinfo, int n)
{
	ShopperModelUse *use = fcinfo->flinfo->fn_extra;
	Datum		datum = PG_GETARG_DATUM(n);
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);
	bool		external = VARATT_IS_EXTERNAL_ONDISK(value);
	struct varatt_external pointer;
	int			at;

	if (external)
		VARATT_EXTERNAL_GET_POINTER(pointer, value);
	if (use == NULL)
	{
		use = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ShopperModelUse));
		use->slot = -1;
		fcinfo->flinfo->fn_extra = use;
	}
	else if (use->slot >= 0 && slots[use->slot].generation == use->generation &&
			 (external ? use->external && same_pointer(&pointer, &use->pointer) : same_header(value, use)))
	{
		use->fresh = false;
		return use;
	}
	at = look_up(datum, use->header);
	use->fresh = at != use->slot || slots[at].generation != use->generation;
	use->slot = at;
	use->generation = slots[at].generation;
	use->model = &slots[at].model;
	use->external = external;
	if (external)
		use->pointer = pointer;
	return use;
}

const ShopperModel *
shopper_model_of_shape(FunctionCallInfo fcinfo, int n, ShopperShape shape, const char *wanted)
{
	const ShopperModel *model = shopper_model_arg(fcinfo, n)->model;

	if (model->learner->shape != shape)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("expected %s, got a model of %s", wanted, model->learner->name)));
	return model;
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
