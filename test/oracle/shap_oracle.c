/*
 * shap_oracle.c: Shapley values of trees that another tool grew, and their time.
 *
 * Reads "trees inputs rows", then for each tree the number of nodes and their lines
 * (left right input threshold missing_left cover value), then the rows; writes for each
 * row the base and the contributions, and the seconds of processor time to stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../src/models/trees/ensemble.h"
#include "../bench/bench.h"

static void
need(bool condition)
{
	if (!condition)
		exit(1);
}

int
main(void)
{
	ShopperEnv	env = bench_env(1);
	ShopperEnsemble *e;
	int			trees,
				inputs,
				rows;
	double	   *x,
			   *out;
	clock_t		start;

	need(scanf("%d %d %d", &trees, &inputs, &rows) == 3);
	need(shopper_ensemble_make(&env, inputs, 0, NULL, 1, 1, &e) == SHOPPER_OK);
	for (int t = 0; t < trees; t++)
	{
		int			n;
		ShopperGrownNode *node;
		double	   *value;

		need(scanf("%d", &n) == 1);
		node = calloc((size_t) n, sizeof(*node));
		value = calloc((size_t) n, sizeof(*value));
		for (int i = 0; i < n; i++)
		{
			int			missing;

			need(scanf("%d %d %d %f %d %lf %lf", &node[i].left, &node[i].right, &node[i].input, &node[i].threshold, &missing, &node[i].cover, &value[i]) == 7);
			node[i].missing_left = missing;
			node[i].value = &value[i];
		}
		need(shopper_ensemble_add(&env, e, node, n, 0) == SHOPPER_OK);
		free(node);
		free(value);
	}
	need(shopper_ensemble_finish(&env, e) == SHOPPER_OK);
	x = malloc((size_t) rows * (size_t) inputs * sizeof(double));
	out = malloc((size_t) rows * (size_t) (inputs + 1) * sizeof(double));
	for (int i = 0; i < rows * inputs; i++)
		need(scanf("%lf", &x[i]) == 1);
	start = clock();
	for (int i = 0; i < rows; i++)
		need(shopper_ensemble_shap(&env, e, x + i * inputs, NULL, 0, out + i * (inputs + 1), out + i * (inputs + 1) + 1) == SHOPPER_OK);
	fprintf(stderr, "%.9f\n", (double) (clock() - start) / CLOCKS_PER_SEC);
	for (int i = 0; i < rows * (inputs + 1); i++)
		printf("%.17g%c", out[i], i % (inputs + 1) == inputs ? '\n' : ' ');
	return 0;
}
