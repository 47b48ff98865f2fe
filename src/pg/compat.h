/*
 * compat.h: every difference between server versions 13 and 18, in one place.
 */
#ifndef SHOPPER_COMPAT_H
#define SHOPPER_COMPAT_H

#if PG_VERSION_NUM < 130000
#error "pg_shopper needs PostgreSQL 13 or later"
#endif

/* 16 moved the varlena macros out of postgres.h */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 15 renamed the function that reserves a prefix of settings */
#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* 14 brought SPI_execute_extended, which hands rows to a receiver of ours */
#if PG_VERSION_NUM >= 140000
#define SHOPPER_SPI_RECEIVER 1
#endif

/* 14 wants to be told that keys are strings, which was the default */
#if PG_VERSION_NUM < 140000
#define HASH_STRINGS 0
#endif

/* 17 brought infinite intervals */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(i) false
#endif

/* 18 gave functions that do not return a word in front */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

#endif
