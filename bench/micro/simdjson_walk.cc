/* Built for AVX2 on x86-64 (Makefile): on-demand takes its instructions when it is compiled, not when it runs. */
#include "bench/micro/simdjson_walk.h"

#include <cstdlib>
#include <new>

#define NDEBUG /* its own checks of how it is used are for development */
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

namespace ondemand = simdjson::ondemand;

static_assert(SC_SIMDJSON_WALK_PADDING >= simdjson::SIMDJSON_PADDING, "simdjson reads behind the end");

struct sc_simdjson_walk {
  ondemand::parser parser;
};

namespace {

template <typename Value>
bool walk(Value &value, uint64_t *count);

/* Results are looked at where they are: to copy them costs as much as the walk (the copy waits for the stores of its
 * halves). */
bool walk_object(ondemand::object &object, uint64_t *count) {
  for (auto field : object) {
    if (field.error() || !walk(field.value_unsafe().value(), count)) return false;
  }
  return true;
}

bool walk_array(ondemand::array &array, uint64_t *count) {
  for (auto element : array) {
    if (element.error() || !walk(element.value_unsafe(), count)) return false;
  }
  return true;
}

template <typename Value>
bool walk_scalar(Value &value, ondemand::json_type type) {
  std::string_view text;
  double number;
  bool flag;
  if (type == ondemand::json_type::string) return !value.get_string().get(text);
  if (type == ondemand::json_type::number) return !value.get_double().get(number);
  if (type == ondemand::json_type::boolean) return !value.get_bool().get(flag);
  return value.is_null().value_unsafe();
}

template <typename Value>
bool walk(Value &value, uint64_t *count) {
  ondemand::json_type type;
  if (value.type().get(type)) return false;
  ++*count;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    return !value.get_object().get(object) && walk_object(object, count);
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    return !value.get_array().get(array) && walk_array(array, count);
  }
  return walk_scalar(value, type);
}

}  // namespace

struct sc_simdjson_walk *sc_simdjson_walk_new(void) {
  sc_simdjson_walk *walk = new (std::nothrow) sc_simdjson_walk;
  if (walk == nullptr) std::abort();
  return walk;
}

void sc_simdjson_walk_free(struct sc_simdjson_walk *walk) { delete walk; }

bool sc_simdjson_walk_record(struct sc_simdjson_walk *w, struct sc_slice record, uint64_t *count) {
  ondemand::document document;
  simdjson::padded_string_view text(record.ptr, record.len, record.len + SC_SIMDJSON_WALK_PADDING);
  return !w->parser.iterate(text).get(document) && walk(document, count);
}
