# shardcopy: `make` builds, `make help` lists what else there is.
# CC, CXX, CFLAGS, CXXFLAGS, CPPFLAGS, LDFLAGS, PREFIX, DESTDIR are respected; V=1 shows commands; WERROR=1 makes
# warnings errors, as CI does.
# SAN=address or SAN=thread builds with sanitizers under build-address/ or build-thread/.
# EMULATOR runs programs built for another machine, such as EMULATOR=qemu-aarch64 with CC=aarch64-linux-gnu-gcc.

PREFIX ?= /usr/local
PYTHON ?= /usr/bin/python3
PKG_CONFIG ?= pkg-config
SEEDS ?= 500
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 600
BUILD := build$(if $(SAN),-$(SAN))
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-7s %s\n' $(1) $(2))
comma := ,

# Seconds each suite of `make test` may take on 2 cores, printed beside what it took; together 8 minutes.
BUDGET_build := 130
BUDGET_unit := 25
BUDGET_simulation := 10
BUDGET_corpus := 5
BUDGET_docs := 5
BUDGET_integration := 300
# Seconds of the longer checks, outside `make test`.
BUDGET_peers := 120
BUDGET_conformance := 180
BUDGET_portable := 900

VERSION := 0.1.0
PKGS := libcurl openssl simdjson libpq libdeflate libnghttp2
LOCAL_PKGS := openssl simdjson libdeflate
JEMALLOC := $(if $(SAN),,-ljemalloc)

CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
san_address := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
san_thread := -fsanitize=thread
san_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
sanitize := $(if $(SAN),$(or $(san_$(SAN)),$(error SAN is address, thread or empty)))
hardening := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
warnings := -Wall -Wextra -Wshadow -Wpointer-arith -Wvla -Wformat=2 -Wundef $(if $(WERROR),-Werror)
base_cppflags := -I. -D_GNU_SOURCE -DSC_VERSION='"$(VERSION)"' $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
base_cflags := -std=c17 -pthread $(warnings) -Wstrict-prototypes -Wmissing-prototypes $(hardening) $(sanitize)
base_cxxflags := -std=c++17 -pthread $(warnings) $(hardening) $(sanitize) -fno-rtti
base_ldflags := -pie -Wl,-z,relro,-z,now -pthread $(sanitize)

sources = $(sort $(shell find $(1) -name '*.c' -o -name '*.cc'))
ENGINE_SRC := $(filter-out engine/main.c engine/modules.c,$(call sources,engine codec net sink))
LOCAL_SRC := $(filter-out bench/local/main.c,$(call sources,bench/local))
MICRO_SRC := $(wildcard bench/micro/*.c bench/micro/*.cc)
DRIVE_SRC := $(filter-out bench/drive/main.c,$(wildcard bench/drive/*.c))
UNIT_SRC := $(shell find tests/unit -name 'test_*.c')
SIMULATION_SRC := $(wildcard tests/simulation/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
obj = $(patsubst %,$(BUILD)/obj/%.o,$(1))

ENGINE_LIB := $(BUILD)/libshardcopy.a
LOCAL_LIB := $(BUILD)/liblocal.a
DRIVE_LIB := $(BUILD)/libdrive.a
PROGRAMS := $(BUILD)/shardcopy $(BUILD)/shardcopy-local
BENCH_PROGRAMS := $(BUILD)/bench-drive $(BUILD)/bench-micro
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))

libs := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lstdc++ -lm $(JEMALLOC)
local_only := -lhttp_parser $(shell $(PKG_CONFIG) --libs libnghttp2 sqlite3 2>/dev/null)
local_libs := $(shell $(PKG_CONFIG) --libs $(LOCAL_PKGS) 2>/dev/null) $(local_only) -lstdc++ -lm $(JEMALLOC)

# A make inside a recipe: in parallel also when the caller gave no -j.
MAKE_ALL = $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
pytest = -m pytest -q --tb=short -p no:cacheprovider $(if $(T),-k '$(T)')
SUITE := $(PYTHON) tests/tools/suite.py --results $(BUILD)/suites
SANITIZER_ENV := ASAN_OPTIONS=abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 \
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

.PHONY: all
all: $(PROGRAMS) ## build/shardcopy and build/shardcopy-local (the default)

$(BUILD)/obj/%.c.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(base_cppflags) $(CPPFLAGS) $(base_cflags) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.cc.o: %.cc
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(base_cppflags) $(CPPFLAGS) $(base_cxxflags) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(ENGINE_LIB): $(call obj,$(ENGINE_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(LOCAL_LIB): $(call obj,$(LOCAL_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(DRIVE_LIB): $(call obj,$(DRIVE_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(BUILD)/bench-drive: $(call obj,bench/drive/main.c) $(DRIVE_LIB) $(ENGINE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(libs)

# The reference that is simdjson takes its instructions when it is compiled; the engine asks the machine when it runs.
simdjson_machine := $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),-march=haswell)
$(BUILD)/obj/bench/micro/simdjson_walk.cc.o: CXXFLAGS += -O3 $(simdjson_machine)
$(BUILD)/bench-micro: $(call obj,$(MICRO_SRC)) $(DRIVE_LIB) $(LOCAL_LIB) $(ENGINE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(libs) $(local_only)

# Once linked it says its version, for which it indexes a known text: a simdjson of other inner workings fails the
# build. What is built for another machine says it when there is an emulator.
can_run := $(EMULATOR)$(filter $(shell uname -m)-%,$(shell $(CC) -dumpmachine))
$(BUILD)/shardcopy: $(call obj,engine/main.c engine/modules.c) $(ENGINE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(libs)
	$(if $(can_run),$(Q)$(EMULATOR) $@ --version >/dev/null)

$(BUILD)/shardcopy-local: $(call obj,bench/local/main.c) $(LOCAL_LIB) $(ENGINE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(local_libs)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.c.o $(LOCAL_LIB) $(DRIVE_LIB) $(ENGINE_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(libs) $(local_only) -lcmocka

$(BUILD)/simulate: $(call obj,$(SIMULATION_SRC)) $(ENGINE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(libs)

# The fuzz targets twice: here with a driver that replays files, under build-fuzz/ (SAN=fuzz) with clang's libFuzzer.
fuzz_driver := $(if $(filter fuzz,$(SAN)),,$(BUILD)/obj/tests/fuzz/replay.c.o)
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.c.o $(fuzz_driver) $(LOCAL_LIB) $(ENGINE_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(base_ldflags) $(if $(filter fuzz,$(SAN)),-fsanitize=fuzzer) $(LDFLAGS) -o $@ $^ $(libs) $(local_only)

.SECONDARY:

.PHONY: deps deps-lint deps-bench deps-peers deps-conformance
deps: ## install what building and testing needs and is missing (Debian packages)
	@tests/tools/deps.sh build test
deps-lint:
	@tests/tools/deps.sh lint
deps-bench:
	@tests/tools/deps.sh bench
deps-peers:
	@tests/tools/deps.sh peers
deps-conformance:
	@tests/tools/deps.sh build test conformance

.PHONY: test suites
test: deps ## everything: unit, simulation, fuzz corpora, docs, integration; at most 8 minutes on 2 cores
	@$(MAKE) --no-print-directory suites

suites:
	@mkdir -p $(BUILD) && rm -f $(BUILD)/suites
	@$(SUITE) --must build $(BUDGET_build) -- $(MAKE_ALL) all test-programs
	@$(SUITE) unit $(BUDGET_unit) -- $(MAKE_ALL) unit
	@$(SUITE) simulation $(BUDGET_simulation) -- $(MAKE_ALL) simulate SEEDS=$(SEEDS)
	@$(SUITE) corpus $(BUDGET_corpus) -- $(MAKE_ALL) corpus
	@$(SUITE) docs $(BUDGET_docs) -- $(MAKE_ALL) docs-check
	@$(SUITE) integration $(BUDGET_integration) -- $(MAKE_ALL) integration
	@$(SUITE) --total

.PHONY: test-programs unit simulate corpus integration
test-programs: $(BENCH_PROGRAMS) $(UNIT_BIN) $(BUILD)/simulate $(FUZZ_BIN) $(BUILD)/reference

unit: $(UNIT_BIN) ## unit tests (with SAN=address or SAN=thread too)
	@$(SANITIZER_ENV) $(PYTHON) tests/tools/unit.py $(UNIT_BIN)

simulate: $(BUILD)/simulate ## seeded simulation of the pure state machines: make simulate SEEDS=10000
	@$(SANITIZER_ENV) $(EMULATOR) $< --seeds=$(SEEDS)

corpus: $(FUZZ_BIN) ## replay the fuzz corpora
	@$(SANITIZER_ENV) $(PYTHON) tests/tools/corpus.py $(FUZZ_BIN)

integration: $(PROGRAMS) $(BENCH_PROGRAMS) $(BUILD)/unit/sink/postgres/test_state ## with a real PostgreSQL; T=name
	@$(SANITIZER_ENV) SHARDCOPY_BUILD=$(BUILD) $(PYTHON) $(pytest) $(if $(T),,-n 3) tests/integration

.PHONY: test-portable
test-portable: ## Debian 13, and arm64 by qemu-user, in systems under build/portable/; needs root, debootstrap
	@mkdir -p build && rm -f build/suites
	@$(SUITE) debian13 $(BUDGET_portable) -- tests/tools/portable.sh debian13
	@$(SUITE) arm64 $(BUDGET_portable) -- tests/tools/portable.sh arm64
	@$(SUITE) --total

.PHONY: soak
soak: deps all ## 1,000 shards by fan-out, with faults, for SOAK_SECONDS=600
	@SOAK_SECONDS=$(SOAK_SECONDS) SHARDCOPY_BUILD=$(BUILD) $(PYTHON) $(pytest) tests/soak

.PHONY: test-peers
test-peers: deps-peers all ## other people's emulators: kinesalite and kinesis-local from npm, in a throw-away folder
	@mkdir -p $(BUILD) && rm -f $(BUILD)/suites
	@$(SUITE) peers $(BUDGET_peers) -- env SHARDCOPY_BUILD=$(BUILD) $(PYTHON) $(pytest) tests/peers
	@$(SUITE) --total

.PHONY: conformance
conformance: deps-conformance all ## today's boto3 and SDK for Java against the local service
	@mkdir -p $(BUILD) && rm -f $(BUILD)/suites
	@[ -x build/conformance/bin/pip ] || $(PYTHON) -m venv --system-site-packages build/conformance
	@build/conformance/bin/pip install -q --upgrade 'boto3>=1.43'
	@$(SUITE) conformance $(BUDGET_conformance) -- \
	  env SHARDCOPY_BUILD=$(BUILD) build/conformance/bin/python $(pytest) tests/conformance
	@$(SUITE) --total

.PHONY: demo
demo: deps ## a million records into a real PostgreSQL, then everything removed
	@$(MAKE_ALL) all
	@bench/demo/demo.sh

# Real records to measure on besides the generated ones: a folder of NDJSON files.
DATA ?=
.PHONY: bench bench-full bench-local bench-programs bench-stages bench-e2e bench-scale bench-allocs bench-plots
PROFILES ?= readings events
bench: ## the short benchmarks, about 6 minutes: readings and events; results in bench/results
	@$(MAKE) --no-print-directory bench-stages bench-e2e PROFILES="readings events" SCALE=0.4
bench-full: ## all profiles at full size, and DATA=folder of NDJSON files; readings alone take 10 minutes
	@$(MAKE) --no-print-directory bench-stages bench-e2e bench-scale PROFILES="readings events wide tiny large"
SCALE ?= 1
bench-stages bench-e2e bench-scale: bench-programs
bench-programs: deps
	@$(MAKE_ALL) all $(BENCH_PROGRAMS)
bench-stages:
	@$(bench_env) bench/micro.py $(PROFILES) $(wildcard $(DATA:=/*.ndjson))
bench-e2e:
	@$(bench_env) bench/e2e.py --scale $(SCALE) $(PROFILES)
bench-scale: ## 1 to 10,000 shards, most of them idle; about 5 minutes
	@$(bench_env) bench/scale.py
bench-allocs: bench-programs $(BUILD)/count-allocs.so ## allocations per reply and thread, ours and the libraries'
	@$(bench_env) bench/allocs.py
$(BUILD)/count-allocs.so: bench/harness/count_allocs.c
	$(call say,LD,$@)
	$(Q)$(CC) $(base_cflags) $(CFLAGS) -fPIC -shared -o $@ $<
bench-plots: deps-bench ## the charts in docs/ from the newest results
	@$(PYTHON) bench/plot.py
bench_env = BUILD=$(BUILD) CFLAGS="$(CFLAGS)" $(PYTHON)
bench-local: deps-peers bench-programs ## speed of the local service beside kinesalite
	@$(bench_env) bench/local_speed.py

.PHONY: fuzz fuzz-run
fuzz: deps deps-lint ## libFuzzer on every target: make fuzz FUZZ_SECONDS=60 [FUZZ=name]
	@$(MAKE_ALL) SAN=fuzz CC=clang-14 CXX=clang++-14 fuzz-run FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ=$(FUZZ)
fuzz-run: $(if $(FUZZ),$(BUILD)/fuzz/fuzz_$(FUZZ),$(FUZZ_BIN))
	@for f in $^; do tests/tools/fuzz.sh $$f $(FUZZ_SECONDS) || exit 1; done

.PHONY: docs docs-check
docs: $(BUILD)/reference ## print the reference pages of docs/ from the programs' own tables
	@tests/tools/docs.sh $< write
docs-check: $(BUILD)/reference
	@tests/tools/docs.sh $< check
$(BUILD)/reference: $(call obj,tests/tools/reference.c engine/modules.c) $(ENGINE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(libs)

C_FILES := $(shell git ls-files '*.c' '*.h' '*.cc' 2>/dev/null)
TIDY_SRC := $(ENGINE_SRC) $(LOCAL_SRC) $(DRIVE_SRC) $(MICRO_SRC) $(SIMULATION_SRC) \
  engine/main.c engine/modules.c bench/local/main.c bench/drive/main.c
.PHONY: style lint tidy fmt
style: ## formatting, includes between folders, banned functions, widths and lengths; seconds
	@tests/tools/deps.sh style
	@clang-format-14 --dry-run -Werror $(C_FILES) || { echo "not formatted (above); run: make fmt" >&2; exit 1; }
	@$(PYTHON) tests/tools/lint.py
lint: deps deps-lint style ## what `make style` checks, and clang-tidy
	@$(MAKE_ALL) tidy
tidy: $(patsubst %,build/tidy/%.ok,$(TIDY_SRC))

# An object is rebuilt when any header it includes changes: a tidy verdict is as old as its object.
build/tidy/%.ok: build/obj/%.o .clang-tidy
	$(call say,TIDY,$*)
	@mkdir -p $(@D)
	$(Q)clang-tidy-14 --quiet --warnings-as-errors='*' $* -- $(base_cppflags) \
	  $(if $(filter %.cc,$*),-std=c++17,-std=c17) 2>$@.log || { cat $@.log; exit 1; }
	@mv $@.log $@

fmt: ## clang-format-14 in place
	@tests/tools/deps.sh style
	@clang-format-14 -i $(C_FILES)

.PHONY: install
install: all ## to PREFIX (/usr/local), below DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/shardcopy
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 README.md CHANGELOG.md LICENSE $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/shardcopy

.PHONY: clean help
clean: ## remove what was built
	rm -rf build build-*
help: ## this list
	@sed -nE 's/^([a-z-]+):.* ## (.*)/  make \1\t\2/p' Makefile | expand -t 24

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
