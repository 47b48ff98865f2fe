/*
 * test_mlp.c: nets against a naive one in double: gradients by finite differences,
 * ten steps of Adam, the same bits for any threads and kernels, stored form.
 */
#include "check.h"

#include "../../src/core/hash.h"
#include "../../src/core/threads.h"
#include "../../src/models/supervised/net.h"

#define DENSE 5
#define LOOKUPS 2
static const int sizes[LOOKUPS] = {3, 6};

static void
set(ShopperEnv *env, ShopperModel *model, const char *name, const char *text)
{
	ShopperOptionValue *value = (ShopperOptionValue *) shopper_option(&model->options, name);
	ShopperRaw	raw = {.text = text};

	raw.kind = value->option->type == SHOPPER_BOOLEAN ? SHOPPER_RAW_BOOLEAN :
		value->option->type == SHOPPER_CHOICE ? SHOPPER_RAW_STRING : SHOPPER_RAW_NUMBER;
	CHECK_OK(env, shopper_options_set(env, &model->options, "mlp", name, &raw));
}

static void
set_hidden(ShopperModel *model, int n, int64_t *hidden)
{
	ShopperOptionValue *value = (ShopperOptionValue *) shopper_option(&model->options, "hidden");

	value->n = n;
	value->integers = hidden;
}

static ShopperModel
make_model(ShopperEnv *env, ShopperTask task)
{
	ShopperModel model = {.learner = &shopper_learner_mlp, .task = task};

	CHECK_OK(env, shopper_options_init(env, &model.options, model.learner->options, NULL));
	return model;
}

/* n random rows; y depends on a product of numbers and on a level. classes 0: a number target. */
static ShopperTable
make_table(ShopperEnv *env, int64_t n, int classes, bool weighted)
{
	ShopperTable t;

	CHECK_OK(env, shopper_table_make(env, &t, false, n, DENSE, LOOKUPS, classes));
	for (int k = 0; k < LOOKUPS; k++)
		t.size[k] = sizes[k];
	if (weighted)
		t.weight = shopper_alloc(env, (size_t) n, sizeof(double));
	for (int64_t i = 0; i < n; i++)
	{
		double		z;

		for (int j = 0; j < DENSE; j++)
			t.dense32[j][i] = (float) shopper_normal(1, (uint64_t) j, (uint64_t) i);
		for (int k = 0; k < LOOKUPS; k++)	/* one position more: all zeros */
			t.lookup[k][i] = (int32_t) shopper_below(shopper_random(2, (uint64_t) k, (uint64_t) i), (uint64_t) sizes[k] + 1);
		z = 2.0 * t.dense32[0][i] * t.dense32[1][i] + (t.lookup[1][i] < 3 ? 1 : -1);
		if (classes > 0)
			t.y_class[i] = classes == 2 ? z > 0 : (int32_t) ((int64_t) fabs(z * 1.3) % classes);
		else
			t.y[i] = z;
		if (weighted)
			t.weight[i] = 0.5 + shopper_uniform(3, 0, (uint64_t) i);
	}
	return t;
}

/* ---- a naive net in double ---- */

typedef struct Naive
{
	const ShopperNet *net;
	const ShopperTable *table;
	double		l2;
} Naive;

static double
naive_activation(ShopperActivation f, double x)
{
	return f == SHOPPER_RELU ? fmax(x, 0) : f == SHOPPER_TANH ? tanh(x) : 1 / (1 + exp(-x));
}

static double
naive_weight(const ShopperNetLayer *l, const double *param, int64_t i, int64_t j)
{
	return param[l->weight + (l->vector ? i : i * l->stride + j)];
}

static double
naive_row(const Naive *v, const double *param, int64_t row)
{
	const ShopperTable *t = v->table;
	double		in[64],
				out[64],
				total = 0;

	for (int l = 0; l < v->net->n_layers; l++)
	{
		const ShopperNetLayer *layer = &v->net->layer[l];

		for (int j = 0; j < layer->out; j++)
		{
			out[j] = param[layer->bias + j];
			for (int64_t i = 0; i < (l == 0 ? DENSE : layer->in); i++)
				out[j] += naive_weight(layer, param, i, j) * (l == 0 ? (double) t->dense32[i][row] : in[i]);
			for (int k = 0; l == 0 && k < LOOKUPS; k++)
				if (t->lookup[k][row] < t->size[k])
					out[j] += naive_weight(layer, param, v->net->block[k] + t->lookup[k][row], j);
		}
		for (int j = 0; j < layer->out; j++)
			in[j] = l < v->net->n_layers - 1 ? naive_activation(v->net->activation, out[j]) : out[j];
	}
	if (v->net->head == SHOPPER_HEAD_NUMBER)
		return 0.5 * pow(in[0] - (t->y[row] - v->net->target_mean) / v->net->target_scale, 2);
	if (v->net->head == SHOPPER_HEAD_BINARY)
		return log1p(exp(t->y_class[row] ? -in[0] : in[0]));
	for (int j = 0; j < v->net->outputs; j++)
		total += exp(in[j]);
	return log(total) - in[t->y_class[row]];
}

static double
naive_loss(const Naive *v, const double *param)
{
	double		loss = 0;
	double		squares = 0;
	int64_t		n = v->table->n_train;

	for (int64_t i = 0; i < n; i++)
		loss += (v->table->weight ? v->table->weight[i] : 1) * naive_row(v, param, i);
	for (int l = 0; l < v->net->n_layers; l++)
		for (int64_t i = 0; i < v->net->layer[l].n_weights; i++)
			squares += pow(param[v->net->layer[l].weight + i], 2);
	return (loss + 0.5 * v->l2 * squares) / (double) n;
}

static bool
is_padding(const ShopperNet *net, int64_t p)
{
	for (int l = 0; l < net->n_layers; l++)
	{
		const ShopperNetLayer *layer = &net->layer[l];

		if (p >= layer->weight && p < layer->bias)
			return layer->vector ? p - layer->weight >= layer->in : (p - layer->weight) % layer->stride >= layer->out;
		if (p >= layer->bias && p < layer->bias + layer->stride)
			return p - layer->bias >= layer->out;
	}
	return true;
}

static double
naive_gradient(const Naive *v, double *param, int64_t p)
{
	double		before = param[p],
				up;

	param[p] = before + 1e-5;
	up = naive_loss(v, param);
	param[p] = before - 1e-5;
	up -= naive_loss(v, param);
	param[p] = before;
	return up / 2e-5;
}

/* ---- gradients: one step of plain descent at rate 1 is minus the gradient ---- */

static void
gradients_of(ShopperEnv *env, const char *activation, int classes, int n_hidden, int64_t *hidden, bool weighted, const char *l2)
{
	ShopperModel model = make_model(env, classes > 0 ? SHOPPER_CLASSIFY : SHOPPER_REGRESS);
	ShopperTable table = make_table(env, 75, classes, weighted);
	ShopperSpec spec = {.target_mean = 0.3, .target_scale = 1.7};
	ShopperNet *net,
				first;
	Naive		naive;
	double	   *param;
	double		worst = 0;

	model.spec = &spec;
	set(env, &model, "activation", activation);
	set(env, &model, "optimizer", "sgd");
	set(env, &model, "learning_rate", "1");
	set(env, &model, "batch_size", "1000000000");
	set(env, &model, "epochs", "1");
	set(env, &model, "l2", l2);
	set_hidden(&model, n_hidden, hidden);
	CHECK_OK(env, model.learner->train_rows(env, &model, &table, NULL));
	net = model.state;
	first = *net;
	first.param = shopper_alloc0(env, (size_t) net->n_params, sizeof(float));
	shopper_net_init(&first, env->seed, false);
	param = shopper_alloc(env, (size_t) net->n_params, sizeof(double));
	for (int64_t p = 0; p < net->n_params; p++)
		param[p] = first.param[p];
	naive = (Naive) {net, &table, atof(l2)};
	for (int64_t p = 0; p < net->n_params; p++)
		if (is_padding(net, p))
			CHECK(net->param[p] == 0);
		else
			worst = fmax(worst, fabs(first.param[p] - net->param[p] - naive_gradient(&naive, param, p)));
	CHECK_NEAR(worst, 0, 2e-6);
}

static void
gradients(void)
{
	static const char *const activations[] = {"relu", "tanh", "sigmoid"};
	static int64_t hidden[] = {7, 18};
	static int64_t narrow[] = {4, 1, 5};

	for (int a = 0; a < 3; a++)
		for (int classes = 0; classes <= 4; classes += 2)
			for (int form = 0; form < 4; form++)
			{
				ShopperEnv *env = check_env(-1);

				gradients_of(env, activations[a], classes, form == 1 ? 0 : form == 2 ? 3 : 2, form == 2 ? narrow : hidden,
							 form > 0, form < 3 ? "0" : "20");
				check_env_end(env);
			}
}

/* ---- exact Adam: ten full-batch steps against the same in double ---- */

static void
ten_steps(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model = make_model(env, SHOPPER_CLASSIFY);
	ShopperTable table = make_table(env, 40, 2, true);
	int64_t		hidden[] = {6};
	ShopperNet *net,
				first;
	double	   *param,
			   *m,
			   *v,
			   *g;
	double		worst = 0;

	set(env, &model, "activation", "tanh");
	set(env, &model, "learning_rate", "0.05");
	set(env, &model, "epochs", "10");
	set(env, &model, "l2", "0.1");
	set_hidden(&model, 1, hidden);
	CHECK_OK(env, model.learner->train_rows(env, &model, &table, NULL));
	net = model.state;
	first = *net;
	first.param = shopper_alloc0(env, (size_t) net->n_params, sizeof(float));
	shopper_net_init(&first, env->seed, false);
	param = shopper_alloc0(env, 4 * (size_t) net->n_params, sizeof(double));
	m = param + net->n_params;
	v = m + net->n_params;
	g = v + net->n_params;
	for (int64_t p = 0; p < net->n_params; p++)
		param[p] = first.param[p];
	for (int t = 1; t <= 10; t++)
	{
		Naive		naive = {net, &table, 0.1};

		for (int64_t p = 0; p < net->n_params; p++)
			g[p] = is_padding(net, p) ? 0 : naive_gradient(&naive, param, p);
		for (int64_t p = 0; p < net->n_params; p++)
		{
			m[p] = 0.9 * m[p] + 0.1 * g[p];
			v[p] = 0.999 * v[p] + 0.001 * g[p] * g[p];
			param[p] -= 0.05 * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t)) * m[p] / (sqrt(v[p]) + 1e-8);
		}
	}
	for (int64_t p = 0; p < net->n_params; p++)
		worst = fmax(worst, fabs(net->param[p] - param[p]));
	CHECK_NEAR(worst, 0, 2e-5);
	CHECK(model.n_steps == 10 && strcmp(model.history[9].metric, "train_loss") == 0);
	check_env_end(env);
}

/* ---- the same bits whatever runs them ---- */

static void
train_some(ShopperEnv *env, ShopperModel *model, ShopperTable *table)
{
	static int64_t hidden[] = {200, 70};

	*model = make_model(env, SHOPPER_CLASSIFY);
	set(env, model, "epochs", "2");
	set(env, model, "batch_size", "1000");
	set(env, model, "activation", "tanh");
	set(env, model, "dropout", "0.2");
	set_hidden(model, 2, hidden);
	table->n_train = table->n - 300;
	CHECK_OK(env, model->learner->train_rows(env, model, table, NULL));
}

static void
threads(void)
{
	ShopperEnv *one = check_env(-1),
			   *two = check_env(-1);
	ShopperTable a = make_table(one, 2500, 3, false),
				b = make_table(two, 2500, 3, false);
	ShopperModel first,
				second;

	two->threads = 3;
	two->pool = shopper_pool_create(two, 3);
	train_some(one, &first, &a);
	train_some(two, &second, &b);
	CHECK(memcmp(((ShopperNet *) first.state)->param, ((ShopperNet *) second.state)->param,
				 (size_t) ((ShopperNet *) first.state)->n_params * sizeof(float)) == 0);
	CHECK(first.n_steps == 6 && memcmp(&first.history[5].value, &second.history[5].value, sizeof(double)) == 0);
	check_env_end(two);
	check_env_end(one);
}

static void
levels(void)
{
	static const char *const names[] = {"portable", "v3", "v4"};
	ShopperEnv *env = check_env(-1);
	ShopperTable table = make_table(env, 700, 2, true);
	ShopperModel model = make_model(env, SHOPPER_CLASSIFY);
	int64_t		hidden[] = {33, 12};
	ShopperNetShape shape = {DENSE, LOOKUPS, sizes, 2, hidden, 1, SHOPPER_SIGMOID, SHOPPER_HEAD_BINARY};
	ShopperNetFit fit = {.adam = true, .learning_rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .l2 = 1e-4,
	.batch_size = 64, .epochs = 3, .shuffle = true};
	ShopperNet *nets[3] = {NULL};

	for (int i = 0; i < 3; i++)
	{
		if (shopper_kernels_named(names[i]) == NULL)
			continue;
		CHECK_OK(env, shopper_net_make(env, &shape, &nets[i]));
		nets[i]->kernels = shopper_kernels_named(names[i]);
		shopper_net_init(nets[i], 9, false);
		CHECK_OK(env, shopper_net_fit(env, &model, nets[i], &table, &fit));
		CHECK(memcmp(nets[i]->param, nets[0]->param, (size_t) nets[0]->n_params * sizeof(float)) == 0);
	}
	check_env_end(env);
}

/* ---- learning ---- */

static double
accuracy(const ShopperModel *model, const ShopperTable *t)
{
	double	   *out = malloc((size_t) t->n * 2 * sizeof(double));
	int64_t		right = 0;

	model->learner->predict_block(model, t, 0, t->n, out);
	for (int64_t i = 0; i < t->n; i++)
		right += (out[2 * i + 1] > 0.5) == t->y_class[i];
	free(out);
	return (double) right / (double) t->n;
}

static void
learns(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model = make_model(env, SHOPPER_CLASSIFY),
				again = make_model(env, SHOPPER_CLASSIFY),
				other = make_model(env, SHOPPER_CLASSIFY);
	ShopperTable table = make_table(env, 1500, 2, false);
	int64_t		hidden[] = {16};

	set(env, &model, "learning_rate", "0.01");
	set(env, &model, "epochs", "60");
	CHECK_OK(env, model.learner->train_rows(env, &model, &table, NULL));
	CHECK(accuracy(&model, &table) > 0.95);
	/* going on from there starts where it stopped */
	set(env, &again, "epochs", "1");
	CHECK_OK(env, model.learner->train_rows(env, &again, &table, &model));
	CHECK(again.history[0].value < 2 * model.history[59].value + 0.01);
	set_hidden(&other, 1, hidden);
	CHECK(model.learner->train_rows(env, &other, &table, &model) == SHOPPER_BAD_OPTION);
	/* best weights of a run that overfits are kept */
	other = make_model(env, SHOPPER_CLASSIFY);
	set(env, &other, "early_stopping", "true");
	CHECK(model.learner->train_rows(env, &other, &table, NULL) == SHOPPER_BAD_OPTION);
	table.n_train = 1000;
	set(env, &other, "learning_rate", "0.01");
	set(env, &other, "epochs", "300");
	CHECK_OK(env, model.learner->train_rows(env, &other, &table, NULL));
	CHECK(((ShopperNet *) other.state)->epochs < 300);
	check_env_end(env);
}

/* The classic small regression: 3-10-1, plain descent, squared error, 1000 epochs. */
static void
regression(void)
{
	ShopperEnv *env = check_env(-1);
	ShopperModel model = make_model(env, SHOPPER_REGRESS);
	ShopperSpec spec = {.target_mean = 40, .target_scale = 20};
	ShopperTable t;
	int64_t		hidden[] = {10};
	double		errors = 0;

	CHECK_OK(env, shopper_table_make(env, &t, false, 300, 3, 0, 0));
	for (int64_t i = 0; i < 300; i++)
	{
		for (int j = 0; j < 3; j++)
			t.dense32[j][i] = (float) shopper_normal(4, (uint64_t) j, (uint64_t) i);
		t.y[i] = 40 + 20 * sin(t.dense32[0][i]) + 5 * t.dense32[1][i];
	}
	model.spec = &spec;
	set_hidden(&model, 1, hidden);
	set(env, &model, "optimizer", "sgd");
	set(env, &model, "learning_rate", "0.1");
	set(env, &model, "batch_size", "32");
	set(env, &model, "epochs", "1000");
	CHECK_OK(env, model.learner->train_rows(env, &model, &t, NULL));
	for (int64_t i = 0; i < 300; i++)
	{
		double		x[3] = {t.dense32[0][i], t.dense32[1][i], t.dense32[2][i]};
		double		y,
					block;

		model.learner->predict(&model, x, NULL, &y);
		model.learner->predict_block(&model, &t, i, i + 1, &block);
		CHECK(y == block);
		errors += (y - t.y[i]) * (y - t.y[i]);
	}
	CHECK(sqrt(errors / 300) < 2);
	check_env_end(env);
}

/* ---- going on with other means, scales, levels and flags: the same function at first ---- */

static ShopperSpec
make_spec(ShopperEnv *env, double mean, double scale, bool flag, int n_levels, const char *const *levels, bool other)
{
	ShopperSpec spec = {.n_columns = 2, .n_numbers = 1, .n_categories = 1, .prepared = true, .n_dense = 1 + flag};
	ShopperCategory *category;

	spec.column = shopper_alloc0(env, 2, sizeof(ShopperColumn));
	spec.number = shopper_alloc0(env, 1, sizeof(ShopperNumber));
	spec.category = category = shopper_alloc0(env, 1, sizeof(ShopperCategory));
	spec.column[0] = (ShopperColumn) {.name = "age", .kind = SHOPPER_KIND_NUMBER, .n = 1};
	spec.column[1] = (ShopperColumn) {.name = "device", .kind = SHOPPER_KIND_CATEGORY, .n = 1};
	spec.number[0] = (ShopperNumber) {.mean = mean, .scale = scale, .flag = flag ? 1 : -1};
	spec.target_mean = mean;
	spec.target_scale = scale;
	CHECK_OK(env, shopper_dictionary_init(&category->levels, env, SHOPPER_ID_TEXT));
	for (int i = 0; i < n_levels; i++)
	{
		uint32_t	code;

		CHECK_OK(env, shopper_dictionary_add_text(&category->levels, levels[i], strlen(levels[i]), &code));
	}
	category->null_code = -1;
	category->other_code = other ? n_levels : -1;
	category->n_levels = category->size = n_levels + other;
	category->base = -1;
	category->offset = spec.n_dense;
	return spec;
}

static double
ask(const ShopperNet *net, const ShopperSpec *spec, double age, const char *device)
{
	double		dense[2] = {(age - spec->number[0].mean) / spec->number[0].scale, 0};
	int32_t		lookup = shopper_category_position(&spec->category[0], shopper_category_code(&spec->category[0], device, strlen(device)));
	double		out;

	shopper_net_predict(net, dense, &lookup, &out);
	return out;
}

static void
goes_on(void)
{
	static const char *const before[] = {"phone", "desktop"};
	static const char *const after[] = {"desktop", "tablet", "phone"};
	ShopperEnv *env = check_env(-1);
	ShopperSpec old_spec = make_spec(env, 40, 10, false, 2, before, true);
	ShopperSpec spec = make_spec(env, 45, 12, true, 3, after, false);
	int64_t		hidden[] = {9, 4};
	ShopperNetShape shape = {1, 1, &old_spec.category[0].size, 2, hidden, 1, SHOPPER_TANH, SHOPPER_HEAD_NUMBER};
	ShopperNet *old,
			   *net;
	ShopperModel previous = {.spec = &old_spec};

	CHECK_OK(env, shopper_net_make(env, &shape, &old));
	shopper_net_init(old, 3, false);
	old->target_mean = 40;
	old->target_scale = 10;
	previous.state = old;
	shape.n_dense = 2;
	shape.size = &spec.category[0].size;
	CHECK_OK(env, shopper_net_make(env, &shape, &net));
	shopper_net_init(net, 4, false);
	net->target_mean = 45;
	net->target_scale = 12;
	CHECK_OK(env, shopper_net_continue(env, net, &spec, &previous));
	for (double age = 20; age < 70; age += 10)
		for (int i = 0; i < 3; i++)	/* tablet was among the others */
			CHECK_NEAR(ask(net, &spec, age, after[i]), ask(old, &old_spec, age, after[i]), 1e-4);
	spec.column[0].name = "income";
	CHECK(shopper_net_continue(env, net, &spec, &previous) == SHOPPER_BAD_OPTION);
	CHECK(strstr(env->message, "income") != NULL);
	check_env_end(env);
}

/* ---- one row and blocks, stored form, failures ---- */

static void
predicting(ShopperEnv *env, const ShopperModel *model, const ShopperTable *t, int classes)
{
	double	   *block = shopper_alloc(env, (size_t) (t->n * classes), sizeof(double));

	model->learner->predict_block(model, t, 0, t->n, block);
	for (int64_t i = 0; i < t->n; i++)
	{
		double		dense[DENSE],
					out[8],
					sum = 0;
		int32_t		lookup[LOOKUPS];

		for (int j = 0; j < DENSE; j++)
			dense[j] = t->dense32[j][i];
		for (int k = 0; k < LOOKUPS; k++)
			lookup[k] = t->lookup[k][i];
		model->learner->predict(model, dense, lookup, out);
		for (int c = 0; c < classes; c++)
			sum += out[c];
		CHECK_NEAR(sum, 1, 1e-12);
		CHECK(memcmp(out, block + i * classes, (size_t) classes * sizeof(double)) == 0);
	}
}

static void
stored(void)
{
	ShopperEnv *env = check_env(-1);

	for (int classes = 2; classes <= 4; classes += 2)
		for (int n_hidden = 0; n_hidden <= 2; n_hidden += 2)
		{
			ShopperModel model = make_model(env, SHOPPER_CLASSIFY),
						copy = make_model(env, SHOPPER_CLASSIFY);
			ShopperTable table = make_table(env, 130, classes, false);
			int64_t		hidden[] = {5, 20};
			ShopperWriter w;
			ShopperReader r;

			set(env, &model, "epochs", "2");
			set_hidden(&model, n_hidden, hidden);
			CHECK_OK(env, model.learner->train_rows(env, &model, &table, NULL));
			predicting(env, &model, &table, classes);
			shopper_writer_init(&w, env);
			model.learner->encode(&model, &w);
			CHECK_OK(env, w.status);
			shopper_reader_init(&r, env, w.data, (size_t) w.length);
			CHECK_OK(env, model.learner->decode(&copy, &r));
			CHECK_OK(env, shopper_reader_done(&r, "net"));
			CHECK(memcmp(((ShopperNet *) copy.state)->param, ((ShopperNet *) model.state)->param,
						 (size_t) ((ShopperNet *) copy.state)->n_params * sizeof(float)) == 0);
			predicting(env, &copy, &table, classes);

			/* cut short anywhere, or with some bytes changed: a status, never a crash */
			for (int64_t length = 0; length < w.length; length += 1 + length / 40)
			{
				ShopperEnv *small = check_env(-1);

				shopper_reader_init(&r, small, w.data, (size_t) length);
				CHECK(model.learner->decode(&copy, &r) == SHOPPER_BAD_BYTES);
				check_env_end(small);
			}
			for (uint64_t i = 0; i < 3000; i++)
			{
				ShopperEnv *small = check_env(-1);
				unsigned char *bytes = malloc((size_t) w.length);
				uint64_t	reach = i % 2 ? (uint64_t) w.length : 24;

				memcpy(bytes, w.data, (size_t) w.length);
				for (uint64_t j = 0; j <= i % 3; j++)
					bytes[shopper_below(shopper_random(6, i, 2 * j), reach)] = (unsigned char) shopper_random(6, i, 2 * j + 1);
				shopper_reader_init(&r, small, bytes, (size_t) w.length);
				if (model.learner->decode(&copy, &r) == SHOPPER_OK && ((ShopperNet *) copy.state)->n_dense == DENSE &&
					((ShopperNet *) copy.state)->n_lookup == LOOKUPS && ((ShopperNet *) copy.state)->outputs <= 4)
				{
					double		out[8];

					model.learner->predict(&copy, (double[DENSE]) {0}, (int32_t[LOOKUPS]) {0}, out);
				}
				free(bytes);
				check_env_end(small);
			}
		}
	check_env_end(env);
}

static void
failures(void)
{
	ShopperStatus status = SHOPPER_OUT_OF_MEMORY;

	/* whichever allocation fails, the learner says so */
	for (long allocations = 0; status != SHOPPER_OK && allocations < 500; allocations++)
	{
		ShopperEnv *env = check_env(-1),
				   *poor = check_env(allocations);
		ShopperModel model = make_model(env, SHOPPER_CLASSIFY);
		ShopperTable table = make_table(env, 60, 2, false);

		set(env, &model, "epochs", "1");
		status = model.learner->train_rows(poor, &model, &table, NULL);
		CHECK(status == SHOPPER_OK || status == SHOPPER_OUT_OF_MEMORY);
		check_env_end(poor);
		check_env_end(env);
	}
	CHECK(status == SHOPPER_OK);
	for (int form = 0; form < 3; form++)
	{
		ShopperEnv *env = check_env(-1);
		ShopperModel model = make_model(env, SHOPPER_CLASSIFY);
		ShopperTable table = make_table(env, 600, 2, false);

		if (form == 0)
			check_cancel_after(env, 7);
		if (form == 1)
			table.n_classes = 1;
		if (form == 2)
			set(env, &model, "learning_rate", "1000");
		if (form == 2)
			set(env, &model, "optimizer", "sgd");
		status = model.learner->train_rows(env, &model, &table, NULL);
		CHECK(status == (form == 0 ? SHOPPER_CANCELLED : SHOPPER_BAD_DATA));
		check_env_end(env);
	}
}

void
test_mlp(void)
{
	gradients();
	ten_steps();
	threads();
	levels();
	learns();
	goes_on();
	regression();
	stored();
	failures();
}
