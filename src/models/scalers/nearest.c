/*
 * nearest.c: missing numbers from the rows that are nearest in what is known (Troyanskaya and others, "Missing value
 * estimation methods for DNA microarrays", 2001).
 */
#include "scaler.h"

#include <math.h>

/* Mean square of the differences in numbers that both have; NaN: there are none. */
static double
distance(const double *a, const double *b, int d)
{
	double		sum = 0;
	int			common = 0;

	for (int j = 0; j < d; j++)
	{
		double		gap = a[j] - b[j];

		if (gap != gap)
			continue;
		sum += gap * gap;
		common++;
	}
	return common > 0 ? sum / common : NAN;
}

/* The mean of number j over the donors that have it and are nearest; of two as near the first one. */
static double
mean_of_nearest(const ShopperScaler *s, const double *z, int j, int d)
{
	double		near[SHOPPER_MAX_NEIGHBOURS],
				value[SHOPPER_MAX_NEIGHBOURS],
				sum = 0;
	int			n = 0;

	for (int64_t i = 0; i < s->n_donors; i++)
	{
		const double *donor = s->donor + i * d;
		double		gap = donor[j] == donor[j] ? distance(z, donor, d) : NAN;
		int			at;

		if (!(n < s->neighbours ? gap == gap : gap < near[n - 1]))
			continue;
		n += n < s->neighbours;
		for (at = n - 1; at > 0 && near[at - 1] > gap; at--)
		{
			near[at] = near[at - 1];
			value[at] = value[at - 1];
		}
		near[at] = gap;
		value[at] = donor[j];
	}
	for (int i = 0; i < n; i++)
		sum += value[i];
	return n > 0 ? sum / n : NAN;
}

void
shopper_impute_nearest(const ShopperModel *model, double *z)
{
	const ShopperScaler *s = shopper_scaler_of(model);
	int			d = model->spec->n_numbers;
	bool		missing[SHOPPER_MAX_WIDTH];
	double		found[SHOPPER_MAX_WIDTH];

	for (int j = 0; j < d; j++)
	{
		missing[j] = z[j] != z[j];
		if (missing[j])
			found[j] = mean_of_nearest(s, z, j, d);
	}
	for (int j = 0; j < d; j++)
		if (missing[j])
			z[j] = found[j] == found[j] ? found[j] : shopper_scale_number(model, j, s->fill[j]);
}
