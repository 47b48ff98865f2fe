# build.mk: the extension itself, by PGXS. Included by the Makefile.

EXTENSION  = pg_shopper
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" pg_shopper.control)
MODULE_big = pg_shopper

PURE_SRCS  = $(sort $(wildcard src/core/*.c src/features/*.c src/prepare/*.c src/models/*.c src/models/*/*.c src/pictures/*.c))
PG_SRCS    = $(sort $(wildcard src/pg/*.c))
INCLUDED = $(sort $(wildcard src/*/*.h src/*/*/*.h src/models/models.def))
OBJS       = $(PURE_SRCS:.c=.o) $(PG_SRCS:.c=.o)
MODEL_SQL  = $(filter-out src/pg/00_head.sql,$(sort $(wildcard src/pg/*.sql))) $(sort $(wildcard src/prepare/*.sql src/models/*/*.sql src/pictures/*.sql))
SQL_PARTS  = src/pg/00_head.sql build/builders.sql $(MODEL_SQL) $(sort $(wildcard src/registry/*.sql)) build/names.sql $(sort $(wildcard src/demo/*.sql))
DATA_built = build/pg_shopper--$(EXTVERSION).sql
DATA       = $(wildcard src/upgrade/pg_shopper--*--*.sql)
EXTRA_CLEAN = build

WARNINGS   = -Wall -Wextra $(STRICT) -Wno-unused-parameter -Wno-sign-compare -Wno-declaration-after-statement
OPT       ?= -O3
ifdef ASSERT
PG_CPPFLAGS += -DSHOPPER_ASSERT
endif

PG_CPPFLAGS += -I$(CURDIR)/src
SHLIB_LINK = -lm -lpthread -ldl
override with_llvm = no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(PURE_SRCS:.c=.o): override CFLAGS := $(filter-out -O2,$(CFLAGS)) $(OPT) -std=gnu11 -fno-math-errno -ffp-contract=off -fvisibility=hidden $(WARNINGS) $(SANITIZE)
$(PG_SRCS:.c=.o): override CFLAGS := $(CFLAGS) -std=gnu11 $(WARNINGS) $(SANITIZE)
$(OBJS): $(INCLUDED)

build/builders.sql: src/tools/builders.c $(PURE_SRCS) $(INCLUDED)
	@mkdir -p build
	$(CC) -std=gnu11 -O1 -DSHOPPER_NO_CLONES -o build/builders $< $(PURE_SRCS) -lm -lpthread
	build/builders > $@.tmp && mv $@.tmp $@

build/names.sql: src/tools/names.awk $(MODEL_SQL)
	@mkdir -p build
	awk -f src/tools/names.awk $(MODEL_SQL) > $@.tmp && mv $@.tmp $@

build/pg_shopper--$(EXTVERSION).sql: $(SQL_PARTS)
	cat $(SQL_PARTS) > $@
