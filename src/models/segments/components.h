/* components.h: which points hang together when those within a distance of each other do. */
#ifndef SHOPPER_COMPONENTS_H
#define SHOPPER_COMPONENTS_H

#include "kdtree.h"

/* component (n) of each row of the tree's points, numbered from 0 by their first rows; *k: how many. within: squared distance. */
extern ShopperStatus shopper_components(ShopperEnv *env, const ShopperKdTree *tree, double within, int32_t *component, int *k);

#endif
