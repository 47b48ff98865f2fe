/*
 * search.h: looking for good options: a space of parameters, proposals from it (grid,
 * random, tree-structured Parzen estimators), given what earlier trials reached.
 *
 * The room knows no learners: a proposal is one number for each parameter, which the host
 * turns into options.
 */
#ifndef SHOPPER_SEARCH_H
#define SHOPPER_SEARCH_H

#include "../../core/env.h"

typedef enum ShopperParameterKind
{
	SHOPPER_PARAMETER_CHOICE,	/* value: index of the choice */
	SHOPPER_PARAMETER_INTEGER,
	SHOPPER_PARAMETER_REAL
} ShopperParameterKind;

typedef struct ShopperParameter
{
	ShopperParameterKind kind;
	int			choices;		/* CHOICE */
	double		min;			/* INTEGER, REAL */
	double		max;
	bool		log;			/* even steps in the logarithm */
	int			points;			/* of a grid */
} ShopperParameter;

typedef enum ShopperSearchMethod
{
	SHOPPER_SEARCH_GRID,		/* every combination, in order */
	SHOPPER_SEARCH_RANDOM,
	SHOPPER_SEARCH_TPE			/* Bergstra, Bardenet, Bengio and Kegl 2011 */
} ShopperSearchMethod;

typedef struct ShopperSearch
{
	ShopperEnv *env;
	ShopperSearchMethod method;
	int			n;				/* parameters */
	const ShopperParameter *parameter;
	uint64_t	seed;
	int64_t		n_trials;
	int64_t		capacity;
	double	   *point;			/* (n_trials, n) in [0, 1], where parameters are even */
	double	   *loss;			/* (n_trials) lower is better; NaN: failed */
	int64_t		value_capacity;
} ShopperSearch;

extern void shopper_search_init(ShopperSearch *search, ShopperEnv *env, ShopperSearchMethod method,
								const ShopperParameter *parameter, int n, uint64_t seed);
/* Combinations of a grid; INT64_MAX when they overflow. */
extern int64_t shopper_search_grid_size(const ShopperSearch *search);
/* The next proposal: value (n). Grid: trial number n_trials, which must be below the grid's size. */
extern ShopperStatus shopper_search_propose(ShopperSearch *search, double *value);
/* What the last proposal reached. */
extern ShopperStatus shopper_search_report(ShopperSearch *search, double loss);

#endif
