/* test_special.c: distribution functions against tabulated values. */
#include "check.h"

#include "../../src/core/special.h"

#define CHECK_CLOSE(got, wanted) CHECK_NEAR((got) / (wanted), 1.0, 1e-12)

void
test_special(void)
{
	CHECK_NEAR(shopper_student_t_quantile(0.975, 1), 12.706204736174698, 1e-11);
	CHECK_NEAR(shopper_student_t_quantile(0.975, 10), 2.2281388519862744, 1e-11);
	CHECK_NEAR(shopper_student_t_quantile(0.975, 1e9), 1.959963984540054, 1e-8);
	CHECK_NEAR(shopper_student_t_quantile(0.5, 3), 0, 1e-12);
	CHECK(isnan(shopper_student_t_quantile(0.975, 0)));
	/* tables: percentage points known in closed form or to 17 digits */
	CHECK_CLOSE(shopper_normal_cdf(0), 0.5);
	CHECK_CLOSE(shopper_normal_cdf(1.959963984540054), 0.975);
	CHECK_CLOSE(shopper_normal_cdf(-10), 7.619853024160525e-24);
	CHECK_CLOSE(shopper_chi_square_tail(2 * log(20), 2), 0.05);	/* exp(-x / 2) */
	CHECK_CLOSE(shopper_chi_square_tail(10, 4), 6 * exp(-5));	/* exp(-x / 2) (1 + x / 2) */
	CHECK_CLOSE(shopper_chi_square_tail(3.841458820694124, 1), 0.05);
	CHECK_CLOSE(shopper_chi_square_tail(100, 1), erfc(sqrt(50)));
	CHECK_CLOSE(shopper_chi_square_tail(18.307038053275146, 10), 0.05);
	CHECK_CLOSE(shopper_chi_square_tail(124.34211340400407, 100), 0.05);
	CHECK_CLOSE(shopper_gamma_upper(1, 700), exp(-700));
	CHECK(shopper_chi_square_tail(0, 3) == 1 && shopper_chi_square_tail(-1, 3) == 1);
	CHECK(shopper_chi_square_tail(INFINITY, 3) == 0);
	CHECK_CLOSE(shopper_student_t_tail(1, 1), 0.25);
	CHECK_CLOSE(shopper_student_t_tail(sqrt(3), 1), 1.0 / 6);
	CHECK_CLOSE(shopper_student_t_tail(2, 2), 0.5 - 1 / sqrt(6));	/* (1 - t / sqrt(2 + t^2)) / 2 */
	CHECK_CLOSE(shopper_student_t_tail(2.2281388519862747, 10), 0.025);
	CHECK_CLOSE(shopper_student_t_tail(-2.2281388519862747, 10), 0.975);
	CHECK_CLOSE(shopper_student_t_tail(1e8, 1), 1e-8 / M_PI);
	CHECK_CLOSE(shopper_student_t_tail(1.9623390808264085, 1000), 0.025);
	CHECK(shopper_student_t_tail(0, 7) == 0.5 && shopper_student_t_tail(INFINITY, 7) == 0);
	CHECK_CLOSE(shopper_student_t_tail(1.959963984540054, INFINITY), 0.025);
	CHECK_CLOSE(shopper_beta_lower(2, 3, 0.25), 0.26171875);
	CHECK(shopper_beta_lower(2, 3, 0) == 0 && shopper_beta_lower(2, 3, 1) == 1);
	CHECK(isnan(shopper_chi_square_tail(NAN, 1)) && isnan(shopper_chi_square_tail(1, 0)));
	CHECK(isnan(shopper_student_t_tail(NAN, 1)) && isnan(shopper_student_t_tail(1, -1)));
}
