/*
 * test_clusters.c: k-means against plain Lloyd and against all partitions, components and
 * distances of the tree against comparing all pairs, joins against the definition, the
 * mixture against its density, partitions against their definitions, models as bytes.
 */
#include "points_data.h"

#include "../../src/models/segments/components.h"
#include "../../src/models/segments/k_distance.h"
#include "../../src/models/segments/linkage.h"
#include "../../src/models/segments/lloyd.h"
#include "../../src/models/segments/match.h"
#include "../../src/models/segments/mixture.h"
#include "../../src/models/segments/nearest.h"
#include "../../src/models/segments/partition.h"
#include "../../src/models/segments/segments.h"

enum {N = 403, D = 3};

/* The least inertia of all ways to cut sorted points of a line into k stretches, which is the optimum in one dimension. */
static double
best_cut(const double *x, int n, int k)
{
	double		least[64],
				next[64];

	for (int i = 0; i <= n; i++)
		least[i] = i == 0 ? 0 : INFINITY;
	for (int c = 0; c < k; c++)
	{
		for (int end = 0; end <= n; end++)
		{
			next[end] = c == 0 && end == 0 ? 0 : INFINITY;
			for (int start = 0; start < end; start++)
			{
				double		sum = 0,
							squares = 0;

				for (int i = start; i < end; i++)
					sum += x[i];
				for (int i = start; i < end; i++)
					squares += (x[i] - sum / (end - start)) * (x[i] - sum / (end - start));
				next[end] = fmin(next[end], least[start] + squares);
			}
		}
		memcpy(least, next, sizeof(least));
	}
	return least[n];
}

static int
by_value(const void *a, const void *b)
{
	return (*(const double *) a > *(const double *) b) - (*(const double *) a < *(const double *) b);
}

static void
kmeans_finds_the_optimum(void)
{
	ShopperEnv *env = check_env(-1);
	double		x[40];
	ShopperPointSet p;

	for (int i = 0; i < 40; i++)
		x[i] = shopper_normal(5, 1, (uint64_t) i) + 4 * (i % 3);
	qsort(x, 40, sizeof(double), by_value);
	CHECK_OK(env, make_tiles(env, x, 40, 1, &p));
	for (int k = 1; k <= 6; k++)
	{
		ShopperKmeansPlan plan = {.k = k,.starts = 30,.max_iterations = 100,.seed = 1};
		ShopperKmeans r;

		CHECK_OK(env, shopper_kmeans(env, &p, &plan, &r));
		CHECK(r.k == k && r.converged);
		CHECK_NEAR(r.inertia, best_cut(x, 40, k), 1e-9);
	}
	check_env_end(env);
}

/* Lloyd's iterations as they are written in books. */
static void
plain_lloyd(const double *x, int n, int d, int k, double *centre, int iterations)
{
	for (int it = 0; it < iterations; it++)
	{
		double		sum[64 * 8] = {0};
		int			count[64] = {0};

		for (int i = 0; i < n; i++)
		{
			int			best = 0;
			double		least = INFINITY;

			for (int c = 0; c < k; c++)
			{
				double		gap = 0;

				for (int j = 0; j < d; j++)
					gap += (x[i * d + j] - centre[c * d + j]) * (x[i * d + j] - centre[c * d + j]);
				if (gap < least)
				{
					least = gap;
					best = c;
				}
			}
			count[best]++;
			for (int j = 0; j < d; j++)
				sum[best * d + j] += x[i * d + j];
		}
		for (int c = 0; c < k; c++)
			for (int j = 0; j < d && count[c] > 0; j++)
				centre[c * d + j] = sum[c * d + j] / count[c];
	}
}

/* With few centres (all are compared) and with many (Hamerly's bounds): the same centres after each iteration. */
static void
iterations_are_exact(int k, int d)
{
	ShopperEnv *env = check_env(-1);
	double	   *x = shopper_alloc0(env, N * 8, sizeof(double)),
				centre[64 * 8],
				start[64 * 8];
	ShopperPointSet p;

	make_groups(x, N, d, 7, 3);
	CHECK_OK(env, make_tiles(env, x, N, d, &p));
	for (int c = 0; c < k; c++)
		memcpy(start + c * d, x + c * 5 * d, (size_t) d * sizeof(double));
	for (int iterations = 1; iterations <= 12; iterations += 1)
	{
		ShopperKmeansPlan plan = {.k = k,.starts = 1,.max_iterations = iterations,.centres = start};
		ShopperKmeans r;
		double		worst = 0;

		memcpy(centre, start, sizeof(centre));
		plain_lloyd(x, N, d, k, centre, iterations);
		CHECK_OK(env, shopper_kmeans(env, &p, &plan, &r));
		for (int i = 0; i < k * d; i++)
			worst = fmax(worst, fabs(r.centre[i] - centre[i]));
		CHECK(r.k == k);
		CHECK_NEAR(worst, 0, 1e-10);
	}
	check_env_end(env);
}

/* More centres than different points; empty clusters take the farthest points. */
static void
few_different_points(void)
{
	ShopperEnv *env = check_env(-1);
	double		x[60],
				start[8] = {100, 100, 101, 101, 102, 102, 103, 103};
	ShopperPointSet p;
	ShopperKmeansPlan plan = {.k = 5,.starts = 3,.max_iterations = 50,.seed = 2};
	ShopperKmeans r;

	for (int i = 0; i < 60; i++)
		x[i] = i / 2 % 3;
	CHECK_OK(env, make_tiles(env, x, 30, 2, &p));
	CHECK_OK(env, shopper_kmeans(env, &p, &plan, &r));
	CHECK(r.k == 3);
	CHECK_NEAR(r.inertia, 0, 1e-12);
	plan.k = 3;
	plan.centres = start;		/* all rows are nearest to the first one: two clusters are empty at first */
	CHECK_OK(env, shopper_kmeans(env, &p, &plan, &r));
	CHECK(r.k == 3);
	CHECK_NEAR(r.inertia, 0, 1e-12);
	plan.centres = NULL;
	plan.batch = 8;
	CHECK_OK(env, shopper_kmeans(env, &p, &plan, &r));
	CHECK(r.k <= 3 && r.inertia <= 20);
	check_env_end(env);
}

/* ---- the tree ---- */

static void
tree_knows_all_pairs(int d, bool rounded)
{
	ShopperEnv *env = check_env(-1);
	double	   *x = shopper_alloc0(env, N * 8, sizeof(double)),
			   *distance = shopper_alloc0(env, N, sizeof(double)),
				sorted[N],
				within = rounded ? 4 : 2.5;
	ShopperPointSet p;
	ShopperKdTree tree;
	int32_t		component[N],
				wanted[N];
	int			k,
				n = 0;

	make_groups(x, N, d, 9, 11);
	for (int i = 0; rounded && i < N * d; i++)
		x[i] = round(x[i]);		/* many ties and equal points */
	CHECK_OK(env, make_tiles(env, x, N, d, &p));
	CHECK_OK(env, shopper_kdtree_make(env, &p, &tree));
	for (int q = 0; q < N; q += 7)
	{
		double		count = 0,
					least = INFINITY,
					got;
		int			best = -1;

		for (int i = 0; i < N; i++)
		{
			double		gap = gap_between(x, d, q, i);

			count += gap <= within;
			if (gap < least)
			{
				least = gap;
				best = i;
			}
		}
		CHECK(shopper_kdtree_weight_within(&tree, x + q * d, within, INFINITY) == count);
		CHECK((shopper_kdtree_weight_within(&tree, x + q * d, within, 4) >= 4) == (count >= 4));
		CHECK(shopper_kdtree_nearest(&tree, x + q * d, within, &got) == best && got == least);
	}
	CHECK_OK(env, shopper_components(env, &tree, within, component, &k));
	for (int i = 0; i < N; i++)
		wanted[i] = -1;
	for (int i = 0; i < N; i++)
	{
		int			stack[N],
					depth = 0;

		if (wanted[i] >= 0)
			continue;
		wanted[stack[depth++] = i] = n;
		while (depth > 0)
		{
			int			a = stack[--depth];

			for (int b = 0; b < N; b++)
				if (wanted[b] < 0 && gap_between(x, d, a, b) <= within)
					wanted[stack[depth++] = b] = n;
		}
		n++;
	}
	CHECK(k == n && memcmp(component, wanted, sizeof(component)) == 0);
	CHECK_OK(env, shopper_k_distances(env, &p, 4, distance));
	for (int i = 0; i < N; i++)
	{
		double		all[N];

		for (int j = 0; j < N; j++)
			all[j] = sqrt(gap_between(x, d, i, j));
		qsort(all, N, sizeof(double), by_value);
		sorted[i] = all[3];
	}
	qsort(sorted, N, sizeof(double), by_value);
	for (int i = 0; i < N; i++)
		CHECK(distance[i] == sorted[N - 1 - i]);
	check_env_end(env);
}

/* ---- joins ---- */

/* The distance of two groups by its definition. */
static double
group_gap(const double *x, int d, const int32_t *label, int a, int b, ShopperLinkage linkage)
{
	double		sum = 0,
				least = INFINITY,
				most = 0,
				mean[2][8] = {{0}},
				squares = 0;
	int			size[2] = {0};

	for (int i = 0; i < 60; i++)
	{
		int			side = label[i] == b;

		if (label[i] != a && label[i] != b)
			continue;
		size[side]++;
		for (int j = 0; j < d; j++)
			mean[side][j] += x[i * d + j];
		for (int e = 0; e < 60; e++)
			if (label[i] == a && label[e] == b)
			{
				double		gap = sqrt(gap_between(x, d, i, e));

				sum += gap;
				least = fmin(least, gap);
				most = fmax(most, gap);
			}
	}
	for (int j = 0; j < d; j++)
		squares += pow(mean[0][j] / size[0] - mean[1][j] / size[1], 2);
	return linkage == SHOPPER_LINKAGE_SINGLE ? least : linkage == SHOPPER_LINKAGE_COMPLETE ? most
		: linkage == SHOPPER_LINKAGE_AVERAGE ? sum / (size[0] * size[1]) : sqrt(2.0 * size[0] * size[1] / (size[0] + size[1]) * squares);
}

static void
joins_are_the_nearest(ShopperLinkage linkage)
{
	ShopperEnv *env = check_env(-1);
	double		x[60 * D];
	ShopperPointSet p;
	ShopperMerge merge[60];
	int32_t		label[60],
				size[60],
				own[60];

	make_groups(x, 60, D, 5, 21);
	CHECK_OK(env, make_tiles(env, x, 60, D, &p));
	CHECK_OK(env, shopper_linkage(env, &p, linkage, merge));
	for (int i = 0; i < 60; i++)
		label[i] = i;
	for (int step = 0; step < 59; step++)	/* each step joins the nearest two groups that there are */
	{
		double		least = INFINITY;
		int			a = 0,
					b = 0;

		for (int c = 0; c < 60; c++)
			for (int e = 0; e < c; e++)
			{
				double		gap;
				bool		there[2] = {false, false};

				for (int i = 0; i < 60; i++)
				{
					there[0] |= label[i] == c;
					there[1] |= label[i] == e;
				}
				if (!there[0] || !there[1])
					continue;
				gap = group_gap(x, D, label, e, c, linkage);
				if (gap < least)
				{
					least = gap;
					a = e;
					b = c;
				}
			}
		CHECK_NEAR(merge[step].height, least, 1e-9);
		for (int i = 0; i < 60; i++)
			label[i] = label[i] == b ? a : label[i];
		CHECK_OK(env, shopper_linkage_cut(env, merge, 60, step + 1, own, size));
		for (int i = 0; i < 60; i++)
			for (int e = 0; e < i; e++)
				if ((label[i] == label[e]) != (own[i] == own[e]))
					CHECK(!"another partition");
	}
	CHECK(size[58] == 60);
	check_env_end(env);
}

/* ---- mixture ---- */

static void
mixture_climbs(ShopperCovariance covariance)
{
	ShopperEnv *env = check_env(-1);
	double	   *x = shopper_alloc0(env, N * 2, sizeof(double)),
				before = -INFINITY,
				tile[2 * SHOPPER_TILE],
				scratch[2 * SHOPPER_TILE],
				out[3 * SHOPPER_TILE],
				total = 0;
	ShopperPointSet p;

	make_groups(x, N, 2, 3, 31);
	CHECK_OK(env, make_tiles(env, x, N, 2, &p));
	for (int most = 1; most <= 40; most += 13)	/* the likelihood never falls */
	{
		ShopperMixturePlan plan = {.k = 3,.covariance = covariance,.starts = 1,.max_iterations = most,.tolerance = 0,.regularization = 1e-9,.seed = 4};
		ShopperMixture m;
		ShopperMixtureFit fit;
		double		likelihood = 0;

		CHECK_OK(env, shopper_mixture_fit(env, &p, &plan, &m, &fit));
		CHECK(fit.log_likelihood >= before - 1e-12);
		before = fit.log_likelihood;
		for (int64_t t = 0; t < p.n_tiles; t++)
		{
			shopper_mixture_log_densities(&m, p.x + t * 2 * SHOPPER_TILE, scratch, out);
			for (int r = 0; r < SHOPPER_TILE && t * SHOPPER_TILE + r < N; r++)
				likelihood += log(exp(out[r]) + exp(out[SHOPPER_TILE + r]) + exp(out[2 * SHOPPER_TILE + r]));
		}
		CHECK_NEAR(likelihood / N, fit.log_likelihood, 1e-9);
		if (most < 40)
			continue;
		for (int a = 0; a < 400; a++)	/* the densities are ones: their integral over the plane is 1 */
			for (int b = 0; b < 400; b++)
			{
				memset(tile, 0, sizeof(tile));
				tile[0] = -30 + a * 0.15;
				tile[SHOPPER_TILE] = -30 + b * 0.15;
				shopper_mixture_log_densities(&m, tile, scratch, out);
				total += (exp(out[0]) + exp(out[SHOPPER_TILE]) + exp(out[2 * SHOPPER_TILE])) * 0.15 * 0.15;
			}
		CHECK_NEAR(total, 1, 1e-3);
	}
	check_env_end(env);
}

/* ---- partitions ---- */

static void
partitions_by_definition(void)
{
	ShopperEnv *env = check_env(-1);
	double		x[N * D],
				sum = 0,
				value,
				one[5];
	ShopperPointSet p;
	int32_t		label[N];

	make_groups(x, N, D, 4, 41);
	for (int i = 0; i < N; i++)
		label[i] = i == 0 ? 4 : i % 4;	/* one part of a single point */
	CHECK_OK(env, make_tiles(env, x, N, D, &p));
	for (int i = 1; i < N; i++)
	{
		double		mean[5] = {0},
					other = INFINITY;
		int			size[5] = {0};

		for (int e = 0; e < N; e++)
			if (e != i)
			{
				mean[label[e]] += sqrt(gap_between(x, D, i, e));
				size[label[e]]++;
			}
		for (int c = 0; c < 5; c++)
			if (c != label[i])
				other = fmin(other, mean[c] / size[c]);
		mean[label[i]] /= size[label[i]];
		sum += (other - mean[label[i]]) / fmax(other, mean[label[i]]);
	}
	CHECK_OK(env, shopper_silhouette(env, &p, label, 5, &value, one));
	CHECK_NEAR(value, sum / N, 1e-12);
	CHECK(one[4] == 0);
	for (int i = 0; i < N; i++)
		label[i] = 0;
	CHECK_OK(env, shopper_silhouette(env, &p, label, 5, &value, NULL));
	CHECK(isnan(value));		/* one part only */
	check_env_end(env);
}

/* ---- assignment ---- */

static double
best_of_all(const double *cost, int rows, int columns, int row, unsigned used)
{
	double		best = row == rows ? 0 : INFINITY;

	for (int c = 0; row < rows && c < columns; c++)
		if ((used & 1u << c) == 0)
			best = fmin(best, cost[row * columns + c] + best_of_all(cost, rows, columns, row + 1, used | 1u << c));
	return best;
}

static void
assignment_is_optimal(int rows, int columns)
{
	ShopperEnv *env = check_env(-1);

	for (uint64_t seed = 0; seed < 20; seed++)
	{
		double		cost[36],
					turned[36],
					sum = 0;
		int			column[6],
					seen = 0,
					matched = 0;

		for (int i = 0; i < rows * columns; i++)
		{
			cost[i] = floor(10 * shopper_uniform(seed, 3, (uint64_t) i));
			turned[i % columns * rows + i / columns] = cost[i];
		}
		CHECK_OK(env, shopper_assignment(env, cost, rows, columns, column));
		for (int r = 0; r < rows; r++)
			if (column[r] >= 0)
			{
				CHECK((seen & 1 << column[r]) == 0);
				seen |= 1 << column[r];
				sum += cost[r * columns + column[r]];
				matched++;
			}
		CHECK(matched == (rows < columns ? rows : columns));
		CHECK_NEAR(sum, rows <= columns ? best_of_all(cost, rows, columns, 0, 0) : best_of_all(turned, columns, rows, 0, 0), 1e-12);
	}
	check_env_end(env);
}

/* ---- models ---- */

static void
model_works(const char *learner, const char *options)
{
	ShopperEnv *env = check_env(-1);
	double		x[200 * D],
				turned[200 * D],
				point[8];
	ShopperModel model,
				other,
				back,
				next;
	unsigned char *bytes,
			   *others;
	int64_t		length,
				length_of_other;
	const ShopperClusters *c;

	make_groups(x, 200, D, 4, 51);
	x[5] = NAN;
	for (int i = 0; i < 200; i++)	/* another order; levels go by i % 4, which stays */
		memcpy(turned + i * D, x + (196 - i / 4 * 4 + i % 4) * D, D * sizeof(double));
	CHECK_OK(env, train_points(env, &model, learner, options, 200, D, x, 4, NULL));
	CHECK_OK(env, train_points(env, &other, learner, options, 200, D, turned, 4, NULL));
	CHECK_OK(env, shopper_model_encode(env, &model, &bytes, &length));
	CHECK_OK(env, shopper_model_encode(env, &other, &others, &length_of_other));
	CHECK(length == length_of_other && memcmp(bytes, others, (size_t) length) == 0);
	CHECK_OK(env, shopper_model_decode(env, bytes, (size_t) length, &back));
	CHECK_OK(env, shopper_model_encode(env, &back, &others, &length_of_other));
	CHECK(length == length_of_other && memcmp(bytes, others, (size_t) length) == 0);
	c = shopper_clusters_of(&back);
	for (int i = 0; i < 50; i++)
	{
		int			cluster;

		for (int j = 0; j < c->d; j++)
			point[j] = 2 * shopper_normal(61, (uint64_t) j, (uint64_t) i);
		cluster = shopper_cluster_assign(&back, point);
		CHECK(cluster == shopper_cluster_assign(&model, point));
		CHECK(cluster >= -1 && cluster < c->k);
	}
	/* clusters of the same rows keep their ids and names */
	((ShopperClusters *) back.state)->name[c->k - 1] = "last";
	for (int e = 0; e < c->k; e++)
		((ShopperClusters *) back.state)->id[e] += 10;
	CHECK_OK(env, train_points(env, &next, learner, options, 200, D, turned, 4, &back));
	CHECK(shopper_clusters_of(&next)->k == c->k);
	for (int e = 0; e < c->k; e++)
	{
		CHECK(shopper_clusters_of(&next)->id[e] == c->id[e]);
		CHECK_NEAR(shopper_clusters_of(&next)->size[e], c->size[e], 0);
	}
	CHECK(strcmp(shopper_clusters_of(&next)->name[c->k - 1], "last") == 0);
	check_env_end(env);
}

/* Cancelled and out of memory at any point: an error, no more. */
static void
failures_pass(const char *learner, const char *options)
{
	double		x[100 * D];

	make_groups(x, 100, D, 3, 71);
	for (long at = 0; at < 400; at += 23)
	{
		ShopperEnv *env = check_env(at);
		ShopperModel model;
		ShopperStatus status = train_points(env, &model, learner, options, 100, D, x, 2, NULL);

		CHECK(status == SHOPPER_OUT_OF_MEMORY || status == SHOPPER_OK);
		check_env_end(env);
		env = check_env(-1);
		check_cancel_after(env, at);
		status = train_points(env, &model, learner, options, 100, D, x, 2, NULL);
		CHECK(status == SHOPPER_CANCELLED || status == SHOPPER_OK);
		check_env_end(env);
	}
}

extern void test_clusters(void);

void
test_clusters(void)
{
	static const char *const models[][2] = {
		{"kmeans", "k=4"}, {"kmeans", "starts=3"}, {"kmeans", "choose=gap starts=2"}, {"kmeans", "k=4 batch=64"},
		{"dbscan", "eps=1.2 min_points=4"}, {"gaussian_mixture", "k=4 starts=2"}, {"gaussian_mixture", "covariance=tied k_max=5"},
		{"gaussian_mixture", "covariance=spherical k=3"}, {"gaussian_mixture", "covariance=diagonal k=4 scale=robust"},
		{"hierarchical", "k=4"}, {"hierarchical", "linkage=complete"}, {"hierarchical", "height=3 linkage=average scale=min_max"}
	};

	kmeans_finds_the_optimum();
	iterations_are_exact(3, 2);
	iterations_are_exact(7, 3);
	iterations_are_exact(40, 8);
	few_different_points();
	for (int d = 1; d <= 4; d++)
	{
		tree_knows_all_pairs(d, false);
		tree_knows_all_pairs(d, true);
	}
	for (int l = 0; l < 4; l++)
	{
		joins_are_the_nearest((ShopperLinkage) l);
		mixture_climbs((ShopperCovariance) l);
	}
	partitions_by_definition();
	assignment_is_optimal(5, 5);
	assignment_is_optimal(3, 6);
	assignment_is_optimal(6, 4);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
	{
		model_works(models[i][0], models[i][1]);
		failures_pass(models[i][0], models[i][1]);
	}
}
