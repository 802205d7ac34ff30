#include "codec/json/index.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <type_traits>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

using stages = simdjson::internal::dom_parser_implementation;

static_assert(SC_JSON_INDEX_PADDING >= simdjson::SIMDJSON_PADDING, "simdjson writes and reads whole vectors");
static_assert(std::is_same<decltype(stages::structural_indexes), std::unique_ptr<uint32_t[]>>::value,
              "offsets are of 32 bits");

struct sc_json_index {
  std::unique_ptr<stages> parser;
  bool is_scalar; /* the kernel without vectors: it looks for UTF-8 in strings alone, and tells the last fault only */
};

namespace {

[[noreturn]] void give_up(const char *why) {
  std::fprintf(stderr, "shardcopy: simdjson: %s\n", why);
  std::abort();
}

/* Newer versions take a third parameter: whether a wrong surrogate is replaced instead of refused. */
template <typename Stages>
auto parse_string(const Stages &parser, const uint8_t *src, uint8_t *dst, int)
    -> decltype(parser.parse_string(src, dst)) {
  return parser.parse_string(src, dst);
}

template <typename Stages>
auto parse_string(const Stages &parser, const uint8_t *src, uint8_t *dst, long)
    -> decltype(parser.parse_string(src, dst, false)) {
  return parser.parse_string(src, dst, false);
}

/* What arena.c rests on: every token, the byte that parts two records among them, and all before the broken string. */
void check_known_text(struct sc_json_index *index) {
  static const char good[] = "{\"a\\\"\":[1,\"b\",null] }\n\x01\n-2\n\x01\n";
  static const char bad[] = "{\"a\":1}\n\x01\n{\"b\":[\"c\n\x01\n{}\n\x01\n";
  static const uint32_t tokens[] = {0, 1, 6, 7, 8, 9, 10, 13, 14, 18, 20, 22, 24, 27};
  static const uint32_t before[] = {0, 1, 4, 5, 6, 8, 10, 11, 14, 15, 16};
  const uint32_t *at;
  bool is_right = sc_json_index_build(index, good, sizeof(good) - 1, &at) == SC_JSON_INDEX_OK;
  is_right = is_right && std::memcmp(at, tokens, sizeof(tokens)) == 0;
  is_right = is_right && sc_json_index_build(index, bad, sizeof(bad) - 1, &at) == SC_JSON_INDEX_STRING;
  if (!is_right || std::memcmp(at, before, sizeof(before)) != 0) give_up("this version finds other tokens");
}

}  // namespace

struct sc_json_index *sc_json_index_new(size_t bytes) {
  sc_json_index *index = new (std::nothrow) sc_json_index;
  if (index == nullptr) give_up("no memory");
  const simdjson::implementation *kernel = simdjson::get_active_implementation();
  if (kernel->create_dom_parser_implementation(bytes < 64 ? 64 : bytes, 1, index->parser) != simdjson::SUCCESS)
    give_up("no memory, or no kernel for this machine");
  index->is_scalar = kernel->name() == "fallback";
  check_known_text(index);
  return index;
}

void sc_json_index_free(struct sc_json_index *index) { delete index; }

void sc_json_index_reserve(struct sc_json_index *index, size_t bytes) {
  if (bytes <= index->parser->capacity()) return;
  if (index->parser->set_capacity(bytes) != simdjson::SUCCESS) give_up("no memory");
}

size_t sc_json_index_bytes(size_t bytes) {
  return sizeof(sc_json_index) + sizeof(stages) + (bytes + 64 + 9) * sizeof(uint32_t);
}

enum sc_json_index_result sc_json_index_build(struct sc_json_index *index, const char *text, size_t len,
                                              const uint32_t **at) {
  auto bytes = reinterpret_cast<const uint8_t *>(text);
  simdjson::error_code found = index->parser->stage1(bytes, len, simdjson::stage1_mode::regular);
  *at = index->parser->structural_indexes.get();
  switch (found) {
    case simdjson::SUCCESS:
      return index->is_scalar && !simdjson::validate_utf8(text, len) ? SC_JSON_INDEX_UTF8 : SC_JSON_INDEX_OK;
    case simdjson::UTF8_ERROR:
      return index->is_scalar ? SC_JSON_INDEX_STRING : SC_JSON_INDEX_UTF8;
    case simdjson::UNESCAPED_CHARS:
    case simdjson::UNCLOSED_STRING:
      return SC_JSON_INDEX_STRING;
    default:
      give_up(simdjson::error_message(found));
  }
}

char *sc_json_index_unescape(const struct sc_json_index *index, const char *src, char *dst) {
  auto from = reinterpret_cast<const uint8_t *>(src);
  return reinterpret_cast<char *>(parse_string(*index->parser, from, reinterpret_cast<uint8_t *>(dst), 0));
}

const char *sc_json_index_kernel(void) {
  static char name[64];
  sc_json_index_free(sc_json_index_new(0));
  std::snprintf(name, sizeof(name), "simdjson %d.%d.%d (%s)", simdjson::SIMDJSON_VERSION_MAJOR,
                simdjson::SIMDJSON_VERSION_MINOR, simdjson::SIMDJSON_VERSION_REVISION,
                std::string(simdjson::get_active_implementation()->name()).c_str());
  return name;
}
