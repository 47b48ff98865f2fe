# pg_shopper: purchase models inside PostgreSQL.
#
#   make demo    set up a throw-away cluster with the demo shop, train, print a report
#   make check   everything that must hold: layers, unit, fuzz, regress, pgTAP, docs, real data
#   make psql    psql on the demo shop
#   make stop    end the throw-away cluster
#   make dashboard   build the example dashboard and serve it (PORT=3000)
#   make         build; make install
#   make unit    pure C tests (T=name for one)
#   make fuzz    damaged models (N=1000000 of each kind)
#   make regress, pgtap, restart, registry, dashboard-check, schedule, trusted, docs, pictures, real, bench   the other parts
#   make upgrade write the upgrade script from the last release; make upgrade-check tests it
#   make doc     write doc/reference.md anew; make docs runs the examples of all pages
#
# All of them first install what is missing (Debian packages); none touches an
# existing cluster.

PG_MAJOR  ?= 15
PG_CONFIG ?= $(firstword $(wildcard /usr/lib/postgresql/$(PG_MAJOR)/bin/pg_config) pg_config)
PACKAGES   = postgresql-$(PG_MAJOR) postgresql-server-dev-$(PG_MAJOR) gcc make libc6-dev \
             pgtap libtap-parser-sourcehandler-pgtap-perl
JOBS      := $(shell nproc)
BUILD      = @$(MAKE) --no-print-directory -j$(JOBS) PGXS_PART=yes
PURE_SRCS  = $(sort $(wildcard src/core/*.c src/features/*.c src/prepare/*.c src/models/*.c src/models/*/*.c src/pictures/*.c))
export PG_CONFIG

# PGXS takes a makefile over, so it gets a run of its own.
ifdef PGXS_PART
include src/build.mk
else

# Targets follow one another; compiling runs in parallel, in makes of their own.
ifndef PARALLEL_PART
.NOTPARALLEL:
endif

all: setup
	$(BUILD) -s all

install: all
	$(BUILD) install

uninstall:
	$(BUILD) uninstall

clean:
	$(BUILD) clean
	rm -rf build

setup:
	@test/setup $(PACKAGES)

restart: all
	@test/restart.sh

registry: all
	@test/registry.sh

# The upgrade script from the last released version.
upgrade: all
	@test/upgrade.sh write
upgrade-check: all
	@test/upgrade.sh check

trusted: all
	@test/trusted.sh

schedule: all
	@test/setup postgresql-$(PG_MAJOR)-cron
	@test/schedule.sh

demo psql stop regress pgtap real bench: all
	@test/cluster $@

# examples/dashboard over a month of the demo shop
PORT = 3000
dashboard: all
	@test/cluster run test/dashboard.sh serve $(PORT)
dashboard-check: all
	@test/cluster run test/dashboard.sh check

# Every SQL block of README.md and doc/*.md runs and prints what the page shows.
docs: all
	@test/cluster run test/docs $(ACCEPT)

# doc/reference.md from the comments and the option tables.
doc: all
	@test/cluster run doc/reference.sh write
doc-check: all
	@test/cluster run doc/reference.sh check

# All figures, drawn and, when chromium is there, looked at: build/pictures.
pictures: all
	@test/cluster run test/pictures.sh

# Warnings are errors here; who only installs may have another compiler.
check: export STRICT = -Werror
check: check-layers unit fuzz regress pgtap restart registry dashboard-check schedule trusted upgrade-check docs doc-check pictures real
	@echo "check: all parts passed"

UNIT_FLAGS = -std=gnu11 -g -O1 -fno-math-errno -ffp-contract=off -fsanitize=address,undefined -fno-sanitize-recover=undefined \
             -Wall -Wextra -Werror -DSHOPPER_ASSERT
unit: setup
	@$(MAKE) --no-print-directory -s -j$(JOBS) PARALLEL_PART=yes build/unit
	build/unit $(T)

UNIT_SRCS  = $(PURE_SRCS) $(wildcard test/unit/*.c)
UNIT_OBJS  = $(UNIT_SRCS:%.c=build/unit-objects/%.o)
build/unit: $(UNIT_OBJS)
	$(CC) $(UNIT_FLAGS) -o $@ $^ -lm -lpthread
build/unit-objects/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(UNIT_FLAGS) -MMD -c -o $@ $<
-include $(UNIT_OBJS:.o=.d)

# N mutants of each kind of model; more for a long run
N = 20000
fuzz: setup
	@$(MAKE) --no-print-directory -s -j$(JOBS) PARALLEL_PART=yes build/fuzz
	build/fuzz $(N)

FUZZ_SRCS  = $(PURE_SRCS) $(wildcard test/fuzz/*.c)
FUZZ_OBJS  = $(FUZZ_SRCS:%.c=build/unit-objects/%.o)
build/fuzz: $(FUZZ_OBJS)
	$(CC) $(UNIT_FLAGS) -o $@ $^ -lm -lpthread
-include $(wildcard build/unit-objects/test/fuzz/*.d)

# The pure rooms know no PostgreSQL, and lower rooms no higher ones.
check-layers:
	@! grep -nE '#include *[<"](postgres|fmgr|access/|catalog/|executor/|utils/|nodes/|storage/|miscadmin|funcapi)' $$(find src/core src/features src/prepare src/models src/pictures src/tools -name '*.[ch]')
	@! grep -nE '#include *"[^"]*(features|models|pictures|pg)/' $$(find src/core -name '*.[ch]')
	@! grep -nE '#include *"[^"]*(models|pictures|pg)/' $$(find src/features -name '*.[ch]')
	@! grep -nE '#include *"[^"]*(models|pictures|pg)/' $$(find src/prepare -name '*.[ch]')
	@! grep -nE '#include *"[^"]*(pictures|pg)/' $$(find src/models -name '*.[ch]')
	@! grep -nE '#include *"[^"]*(models|prepare|pg)/' $$(find src/pictures -name '*.[ch]')
	@! grep -nE '\b(malloc|calloc|realloc|free|palloc|ereport|elog|rand|srand)\(' $$(find src/core src/features src/prepare src/models src/pictures -name '*.c')
	@echo "layers: ok"

help:
	@sed -n 's/^#  *make/make/p' Makefile

endif

.PHONY: all install uninstall clean setup demo psql stop regress pgtap restart registry dashboard dashboard-check schedule trusted upgrade upgrade-check pictures real bench check doc docs doc-check unit fuzz check-layers help
