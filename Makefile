# shardcopy: make builds, make help lists what else there is.
# CC, CXX, CFLAGS, CXXFLAGS, CPPFLAGS, LDFLAGS, PREFIX, DESTDIR are respected; V=1 shows commands.
# SAN=address or SAN=thread builds with sanitizers under build-address/ or build-thread/; WERROR=1 is what CI uses.

PREFIX ?= /usr/local
BUILD := build$(if $(SAN),-$(SAN))
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-7s %s\n' $(1) $(2))

VERSION := 0.1.0
PKGS := libcurl openssl simdjson libpq
LOCAL_PKGS := openssl simdjson
JEMALLOC := $(if $(SAN),,-ljemalloc)

CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
hardening := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
warnings := -Wall -Wextra -Wshadow -Wpointer-arith -Wvla -Wformat=2 -Wundef $(if $(WERROR),-Werror)
sanitize := $(if $(filter address,$(SAN)),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)$(if $(filter thread,$(SAN)),-fsanitize=thread)
comma := ,
base_cppflags := -I. -D_GNU_SOURCE -DSC_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
base_cflags := -std=c17 -pthread $(warnings) -Wstrict-prototypes -Wmissing-prototypes $(hardening) $(sanitize)
base_cxxflags := -std=c++17 -pthread $(warnings) $(hardening) $(sanitize) -fno-rtti
base_ldflags := -pie -Wl,-z,relro,-z,now -pthread $(sanitize)

ENGINE_SRC := $(filter-out engine/main.c engine/modules.c,$(wildcard engine/*.c engine/base/*.c codec/*.c codec/*.cc net/*.c sink/*.c))
LOCAL_SRC := $(filter-out bench/local/main.c,$(wildcard bench/local/*.c))
UNIT_SRC := $(shell find tests/unit -name 'test_*.c' 2>/dev/null)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
obj = $(patsubst %,$(BUILD)/obj/%.o,$(1))

ENGINE_LIB := $(BUILD)/libshardcopy.a
LOCAL_LIB := $(BUILD)/liblocal.a
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))

libs := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lstdc++ -lm $(JEMALLOC)
local_libs := $(shell pkg-config --libs $(LOCAL_PKGS) 2>/dev/null) -lhttp_parser -lstdc++ -lm $(JEMALLOC)

.PHONY: all
all: $(BUILD)/shardcopy $(BUILD)/shardcopy-local

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
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(LOCAL_LIB): $(call obj,$(LOCAL_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/shardcopy: $(call obj,engine/main.c engine/modules.c) $(ENGINE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(libs)

$(BUILD)/shardcopy-local: $(call obj,bench/local/main.c) $(LOCAL_LIB) $(ENGINE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(local_libs)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.c.o $(LOCAL_LIB) $(ENGINE_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(base_ldflags) $(LDFLAGS) -o $@ $^ $(libs) -lhttp_parser -lcmocka

.PHONY: unit
unit: $(UNIT_BIN)
	$(Q)for t in $(UNIT_BIN); do $$t || exit 1; done

.PHONY: clean
clean:
	rm -rf build build-address build-thread

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
