/* test_special.c: distribution functions against tabulated values. */
#include "check.h"

#include "../../src/core/special.h"

#define CHECK_CLOSE(got, wanted) CHECK_NEAR((got) / (wanted), 1.0, 1e-12)

/* From test/oracle/rules_oracle.py fisher: sums in 40 digits. */
static void
hypergeometric(void)
{
	static const struct {int64_t k, drawn, marked, whole; double p;} known[] = {
		{3, 5, 4, 10, 0.2619047619047619},
		{1, 8, 2, 20, 0.6526315789473684},
		{12, 40, 50, 1000, 1.24911641333231e-7},
		{102, 1066, 1903, 9835, 1.0},
		{20, 30, 1000, 9835, 1.300076120997207e-13},
		{60, 1000, 900, 10000, 0.9999040183556186},
		{90, 1000, 900, 10000, 0.5181493645465232},
		{250, 1000, 900, 10000, 4.636618288084824e-58},
		{14000, 40000, 35000, 100000, 0.5026454910275965},
		{50200, 300000, 500000, 3000000, 0.1514613988470589},
		{700, 2000, 90000, 100000, 1.0},
		{5, 5, 100000, 400000, 0.0009764892591857933},
		{99999, 100000, 99999, 100001, 1.999980000199998e-5},
		{0, 5, 4, 10, 1}, {5, 5, 4, 10, 0}, {1, 0, 4, 10, 0}, {2, 9, 3, 10, 1}, {10, 10, 10, 10, 1}, {1, 1, 1, 1, 1},
	};

	for (int i = 0; i < (int) (sizeof(known) / sizeof(known[0])); i++)
	{
		double		p = shopper_hypergeometric_tail(known[i].k, known[i].drawn, known[i].marked, known[i].whole);

		CHECK(fabs(p - known[i].p) <= 1e-12 * known[i].p);
		CHECK(p == shopper_hypergeometric_tail(known[i].k, known[i].marked, known[i].drawn, known[i].whole));
	}
}

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
	hypergeometric();
}
