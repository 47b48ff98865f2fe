/* words.c: figures that are text; see pictures.h */
#include "pictures.h"

#include <math.h>
#include <string.h>

/* A block element: U+2581 .. U+2588 rise from the bottom, U+258F .. U+2588 grow from the left. */
static void
put_block(ShopperWriter *w, int last)
{
	shopper_put_bytes(w, (const unsigned char[]) {0xe2, 0x96, (unsigned char) last}, 3);
}

void
shopper_sparkline(ShopperWriter *w, const double *x, int64_t n)
{
	double		low = INFINITY,
				high = -INFINITY;

	for (int64_t i = 0; i < n; i++)
		if (x[i] - x[i] == 0)
		{
			low = fmin(low, x[i]);
			high = fmax(high, x[i]);
		}
	for (int64_t i = 0; i < n; i++)
	{
		double		share = x[i] >= INFINITY ? 1 : x[i] <= -INFINITY ? 0 : high > low ? (x[i] / 2 - low / 2) / (high / 2 - low / 2) : 0.45;

		if (isnan(x[i]))
			shopper_put_bytes(w, " ", 1);
		else
			put_block(w, 0x81 + (int) fmin(floor(share * 8), 7));
	}
}

void
shopper_text_bar(ShopperWriter *w, double value, double low, double high, int width)
{
	double		share = (value / 2 - low / 2) / (high / 2 - low / 2);
	int			eighths;

	if (isnan(value) || isnan(low) || isnan(high))
		return;
	if (!(high > low))
		share = value > low ? 1 : 0;
	else if (value - value != 0)
		share = value > 0 ? 1 : 0;
	eighths = isnan(share) ? 0 : (int) lround(fmin(fmax(share, 0), 1) * 8 * width);
	for (int i = 0; i < eighths / 8; i++)
		put_block(w, 0x88);
	if (eighths % 8 != 0)
		put_block(w, 0x90 - eighths % 8);
}
