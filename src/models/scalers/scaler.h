/*
 * scaler.h: rows as numbers of like size, and back: for use outside the models here.
 *
 * Both learners share one state. A scaled row is its numbers, each on its own scale (a missing one is NaN unless
 * impute says otherwise), then what the coding makes of each category.
 */
#ifndef SHOPPER_SCALER_H
#define SHOPPER_SCALER_H

#include "../../features/points.h"
#include "../learner.h"

typedef enum ShopperCoding
{
	SHOPPER_CODING_NONE,		/* categories are no numbers */
	SHOPPER_CODING_ONE_HOT,		/* a 0 or 1 for each level; a level that training did not keep: all 0 */
	SHOPPER_CODING_ORDINAL,		/* 0, 1, 2 ...; missing or unknown: NaN */
	SHOPPER_CODING_FREQUENCY	/* share of the training rows; unknown: 0 */
} ShopperCoding;

typedef struct ShopperScaler
{
	ShopperCoding coding;
	double	   *centre;			/* (n_numbers) z = (x - centre) / scale */
	double	   *scale;			/* (n_numbers) above 0 */
	double	   *fill;			/* (n_numbers) what a missing number becomes, in units of the column; NaN: stays missing */
	bool		normal;			/* of quantiles: to the normal distribution, else to 0..1 */
	int			n_quantiles;	/* 0: no quantiles */
	double	   *quantile;		/* (n_numbers, n_quantiles) rising, of equal steps of probability from 0 to 1 */
	int			neighbours;		/* 0: fill; else a missing number is the mean of that many donors, or fill when none can be compared */
	int64_t		n_donors;
	double	   *donor;			/* (n_donors, n_numbers) training rows, scaled; NaN: missing */
	int32_t   **rank;			/* (n_categories)(n_levels) ordinal: which number a level is */
} ShopperScaler;

static inline const ShopperScaler *
shopper_scaler_of(const ShopperModel *model)
{
	return (const ShopperScaler *) model->state;
}

extern double shopper_scale_number(const ShopperModel *model, int j, double x);
extern double shopper_unscale_number(const ShopperModel *model, int j, double z);
/* What a level becomes by ordinal or frequency; code -1: unknown. */
extern double shopper_scale_level(const ShopperModel *model, int category, int32_t code);
/* The code of the level that an ordinal number is nearest to, or -1. */
extern int32_t shopper_unscale_level(const ShopperModel *model, int category, double z);
/*
 * Missing ones (NaN) of scaled numbers from the nearest donors that have them (nearest.c). The squared distance is the mean
 * over the numbers that both have.
 */
extern void shopper_impute_nearest(const ShopperModel *model, double *z);
#define SHOPPER_MAX_NEIGHBOURS 100
/* Numbers and coded categories of a row: shopper_model_outputs() of them. */
extern void shopper_scale_row(const ShopperModel *model, const double *dense, const int32_t *lookup, double *out);

#endif
