/*
 * model.c: model bytes.
 *
 * header, 32 bytes: "PGSH", format u16, learner u16, flags u32, reserved u32 = 0,
 * payload length u64, hash u64. Payload: sections (tag u8, length u64, bytes) in
 * this order: 1 common, 2 options, 3 spec (shapes with named columns), 4 metrics, 5 history,
 * 6 importance, 8 calibration and held-out rows (row shape only), 7 state. All numbers little-endian. The hash covers the header
 * before it and the payload: it is the checksum, and the identity by which decoded
 * models are cached.
 */
#include <string.h>

#include "../core/hash.h"
#include "calibration.h"
#include "holdout.h"
#include "learner.h"

#define FORMAT 1
#define SECTION_COMMON 1
#define SECTION_OPTIONS 2
#define SECTION_SPEC 3
#define SECTION_METRICS 4
#define SECTION_HISTORY 5
#define SECTION_IMPORTANCE 6
#define SECTION_STATE 7
#define SECTION_OUTCOME 8

static const char magic[4] = {'P', 'G', 'S', 'H'};

static uint64_t
read_u64(const unsigned char *p)
{
	uint64_t	v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static uint64_t
content_hash(const unsigned char *bytes, size_t length)
{
	uint64_t	head = shopper_hash_bytes(bytes, SHOPPER_MODEL_HEADER - 8, 0x5348);

	return shopper_hash_bytes(bytes + SHOPPER_MODEL_HEADER, length - SHOPPER_MODEL_HEADER, head);
}

static void
write_u64(unsigned char *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (unsigned char) (v >> (8 * i));
}

void
shopper_model_seal(unsigned char *bytes, size_t length)
{
	write_u64(bytes + 16, length - SHOPPER_MODEL_HEADER);
	write_u64(bytes + 24, content_hash(bytes, length));
}

/* ---- encode ---- */

static void
put_metrics(const ShopperModel *m, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) m->n_metrics);
	for (int64_t i = 0; i < m->n_metrics; i++)
	{
		shopper_put_string(w, m->metric[i].dataset);
		shopper_put_string(w, m->metric[i].name);
		shopper_put_f64(w, m->metric[i].value);
	}
}

static void
put_history(const ShopperModel *m, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) m->n_steps);
	for (int64_t i = 0; i < m->n_steps; i++)
	{
		shopper_put_varint(w, (uint64_t) m->history[i].step);
		shopper_put_string(w, m->history[i].metric);
		shopper_put_f64(w, m->history[i].value);
	}
}

static void
put_importance(const ShopperModel *m, ShopperWriter *w)
{
	shopper_put_varint(w, (uint64_t) m->n_importance);
	for (int64_t i = 0; i < m->n_importance; i++)
	{
		shopper_put_string(w, m->importance[i].feature);
		shopper_put_string(w, m->importance[i].method);
		shopper_put_f64(w, m->importance[i].value);
	}
}

ShopperStatus
shopper_model_encode(ShopperEnv *env, const ShopperModel *m, unsigned char **bytes, int64_t *length)
{
	ShopperWriter w;
	int64_t		at;

	shopper_writer_init(&w, env);
	shopper_put_bytes(&w, magic, 4);
	shopper_put_u16(&w, FORMAT);
	shopper_put_u16(&w, m->learner->number);
	shopper_put_u32(&w, 0);
	shopper_put_u32(&w, 0);
	shopper_put_u64(&w, 0);
	shopper_put_u64(&w, 0);

	at = shopper_begin_section(&w, SECTION_COMMON);
	shopper_put_u16(&w, (uint16_t) m->task);
	shopper_put_varint(&w, (uint64_t) m->n_rows);
	shopper_put_varint(&w, (uint64_t) m->n_train);
	shopper_end_section(&w, at);

	at = shopper_begin_section(&w, SECTION_OPTIONS);
	shopper_options_encode(&m->options, &w);
	shopper_end_section(&w, at);
	if (shopper_shape_has_spec(m->learner->shape))
	{
		at = shopper_begin_section(&w, SECTION_SPEC);
		shopper_spec_encode(m->spec, &w);
		shopper_end_section(&w, at);
	}
	at = shopper_begin_section(&w, SECTION_METRICS);
	put_metrics(m, &w);
	shopper_end_section(&w, at);
	at = shopper_begin_section(&w, SECTION_HISTORY);
	put_history(m, &w);
	shopper_end_section(&w, at);
	at = shopper_begin_section(&w, SECTION_IMPORTANCE);
	put_importance(m, &w);
	shopper_end_section(&w, at);
	if (m->learner->shape == SHOPPER_ROWS)
	{
		at = shopper_begin_section(&w, SECTION_OUTCOME);
		shopper_calibration_encode(&m->calibration, &w);
		shopper_holdout_encode(&m->holdout, &w);
		shopper_end_section(&w, at);
	}
	at = shopper_begin_section(&w, SECTION_STATE);
	m->learner->encode(m, &w);
	shopper_end_section(&w, at);
	SHOPPER_TRY(w.status);

	shopper_model_seal(w.data, (size_t) w.length);
	*bytes = w.data;
	*length = w.length;
	return SHOPPER_OK;
}

/* ---- decode ---- */

ShopperStatus
shopper_model_header(ShopperEnv *env, const void *bytes, size_t length, size_t total, ShopperModelHeader *header)
{
	const unsigned char *p = bytes;

	if (length < SHOPPER_MODEL_HEADER || memcmp(p, magic, 4) != 0)
	{
		shopper_bad_bytes(env, "the bytes do not start as a model does");
		shopper_hint(env, "Models are made by the train_* aggregates and functions.");
		return env->status;
	}
	header->format = (uint16_t) (p[4] | p[5] << 8);
	header->learner = (uint16_t) (p[6] | p[7] << 8);
	header->flags = (uint32_t) read_u64(p + 8);
	header->payload = read_u64(p + 16);
	header->hash = read_u64(p + 24);
	if (header->format != FORMAT || header->flags != 0 || read_u64(p + 8) != 0)
	{
		shopper_fail(env, SHOPPER_NEWER_FORMAT, "model format version %d is not supported", header->format);
		shopper_hint(env, "Update the extension; it reads version %d without flags.", FORMAT);
		return env->status;
	}
	if (shopper_learner_by_number(header->learner) == NULL)
	{
		shopper_fail(env, SHOPPER_NEWER_FORMAT, "learner number %d is not known", header->learner);
		shopper_hint(env, "Update the extension.");
		return env->status;
	}
	if (header->payload != total - SHOPPER_MODEL_HEADER)
		return shopper_bad_bytes(env, "its length does not match its header");
	return SHOPPER_OK;
}

static ShopperStatus
need_section(ShopperReader *all, uint8_t tag, ShopperReader *section)
{
	if (!shopper_get_section(all, tag, section))
		return shopper_bad_bytes(all->env, "a section is missing");
	return SHOPPER_OK;
}

static ShopperStatus
get_metrics(ShopperEnv *env, ShopperModel *m, ShopperReader *r)
{
	m->n_metrics = m->metric_capacity = shopper_get_count(r, 10);
	SHOPPER_NEW0(env, m->metric, m->n_metrics);
	for (int64_t i = 0; i < m->n_metrics; i++)
	{
		m->metric[i].dataset = shopper_get_text(r, NULL);
		m->metric[i].name = shopper_get_text(r, NULL);
		m->metric[i].value = shopper_get_f64(r);
	}
	return shopper_reader_done(r, "metrics");
}

static ShopperStatus
get_history(ShopperEnv *env, ShopperModel *m, ShopperReader *r)
{
	m->n_steps = m->step_capacity = shopper_get_count(r, 10);
	SHOPPER_NEW0(env, m->history, m->n_steps);
	for (int64_t i = 0; i < m->n_steps; i++)
	{
		m->history[i].step = (int64_t) shopper_get_varint(r);
		m->history[i].metric = shopper_get_text(r, NULL);
		m->history[i].value = shopper_get_f64(r);
	}
	return shopper_reader_done(r, "history");
}

static ShopperStatus
get_importance(ShopperEnv *env, ShopperModel *m, ShopperReader *r)
{
	m->n_importance = m->importance_capacity = shopper_get_count(r, 10);
	SHOPPER_NEW0(env, m->importance, m->n_importance);
	for (int64_t i = 0; i < m->n_importance; i++)
	{
		m->importance[i].feature = shopper_get_text(r, NULL);
		m->importance[i].method = shopper_get_text(r, NULL);
		m->importance[i].value = shopper_get_f64(r);
	}
	return shopper_reader_done(r, "importance");
}

static ShopperStatus
get_common(ShopperEnv *env, ShopperModel *m, ShopperReader *r)
{
	uint16_t	task = shopper_get_u16(r);

	m->n_rows = (int64_t) shopper_get_varint(r);
	m->n_train = (int64_t) shopper_get_varint(r);
	SHOPPER_TRY(shopper_reader_done(r, "common"));
	if (task == 0 || (task & (task - 1)) != 0 || (m->learner->tasks & task) == 0)
		return shopper_bad_bytes(env, "its task is not one of its learner's");
	m->task = (ShopperTask) task;
	return SHOPPER_OK;
}

static ShopperStatus
get_spec(ShopperEnv *env, ShopperModel *m, ShopperReader *r)
{
	SHOPPER_NEW0(env, m->spec, 1);
	SHOPPER_TRY(shopper_spec_decode(env, m->spec, r));
	SHOPPER_TRY(shopper_reader_done(r, "spec"));
	if ((m->task == SHOPPER_CLASSIFY) != (m->spec->target_kind == SHOPPER_TARGET_CLASS) ||
		(m->learner->shape == SHOPPER_POINTS) != (m->spec->target_kind == SHOPPER_TARGET_NONE) ||
		m->spec->prepared != (m->learner->input == SHOPPER_PREPARED))
		return shopper_bad_bytes(env, "its features do not fit its learner");
	return SHOPPER_OK;
}

ShopperStatus
shopper_model_decode(ShopperEnv *env, const void *bytes, size_t length, ShopperModel *m)
{
	ShopperModelHeader header;
	ShopperReader all,
				section;

	memset(m, 0, sizeof(*m));
	SHOPPER_TRY(shopper_model_header(env, bytes, length, length, &header));
	if (content_hash(bytes, length) != header.hash)
		return shopper_bad_bytes(env, "checksum does not match");
	m->learner = shopper_learner_by_number(header.learner);
	shopper_reader_init(&all, env, (const unsigned char *) bytes + SHOPPER_MODEL_HEADER, length - SHOPPER_MODEL_HEADER);

	SHOPPER_TRY(need_section(&all, SECTION_COMMON, &section));
	SHOPPER_TRY(get_common(env, m, &section));
	SHOPPER_TRY(shopper_options_init(env, &m->options, m->learner->options, shopper_shared_options(m->learner)));
	SHOPPER_TRY(need_section(&all, SECTION_OPTIONS, &section));
	SHOPPER_TRY(shopper_options_decode(env, &m->options, &section));
	SHOPPER_TRY(shopper_reader_done(&section, "options"));
	if (shopper_shape_has_spec(m->learner->shape))
	{
		SHOPPER_TRY(need_section(&all, SECTION_SPEC, &section));
		SHOPPER_TRY(get_spec(env, m, &section));
	}
	SHOPPER_TRY(need_section(&all, SECTION_METRICS, &section));
	SHOPPER_TRY(get_metrics(env, m, &section));
	SHOPPER_TRY(need_section(&all, SECTION_HISTORY, &section));
	SHOPPER_TRY(get_history(env, m, &section));
	SHOPPER_TRY(need_section(&all, SECTION_IMPORTANCE, &section));
	SHOPPER_TRY(get_importance(env, m, &section));
	if (m->learner->shape == SHOPPER_ROWS)
	{
		SHOPPER_TRY(need_section(&all, SECTION_OUTCOME, &section));
		SHOPPER_TRY(shopper_calibration_decode(env, &section, m->task == SHOPPER_CLASSIFY ? shopper_model_outputs(m) : 1, &m->calibration));
		SHOPPER_TRY(shopper_holdout_decode(env, &section, &m->holdout));
		SHOPPER_TRY(shopper_reader_done(&section, "outcome"));
	}
	SHOPPER_TRY(need_section(&all, SECTION_STATE, &section));
	SHOPPER_TRY(m->learner->decode(m, &section));
	SHOPPER_TRY(shopper_reader_done(&section, "state"));
	return shopper_reader_done(&all, "last");
}
