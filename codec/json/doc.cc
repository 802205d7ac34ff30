#include "codec/json/doc.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

namespace dom = simdjson::dom;

struct sc_jsondoc {
  dom::parser parser{SC_JSONDOC_BYTES_MAX};
};

namespace {

/* A handle is a simdjson value bit by bit: a pointer to the document and a place in its tape. */
static_assert(sizeof(dom::element) == sizeof(struct sc_json), "a handle holds an element");
static_assert(sizeof(dom::array::iterator) == sizeof(struct sc_json), "a handle holds an iterator");
static_assert(sizeof(dom::object::iterator) == sizeof(struct sc_json), "a handle holds an iterator");
static_assert(std::is_trivially_copyable<dom::element>::value, "an element may be copied as bytes");
static_assert(std::is_trivially_copyable<dom::object::iterator>::value, "an iterator may be copied as bytes");

template <typename T>
struct sc_json pack(const T &value) {
  struct sc_json out;
  std::memcpy(&out, static_cast<const void *>(&value), sizeof(out));
  return out;
}

template <typename T>
T unpack(const void *doc, uint64_t at) {
  struct sc_json in = {doc, at};
  T out;
  std::memcpy(static_cast<void *>(&out), &in, sizeof(in));
  return out;
}

dom::element element_of(struct sc_json value) { return unpack<dom::element>(value.doc, value.at); }

struct sc_slice slice_of(std::string_view text) {
  return sc_slice_of(text.data(), text.size());
}

template <typename Iterator>
struct sc_json_iter iter_over(const Iterator &begin, const Iterator &end, bool object) {
  struct sc_json first = pack(begin);
  return {first.doc, first.at, pack(end).at, object};
}

template <typename T>
bool take(simdjson::simdjson_result<T> found, T *out) {
  return std::move(found).get(*out) == simdjson::SUCCESS;
}

}  // namespace

struct sc_jsondoc *sc_jsondoc_new(void) {
  sc_jsondoc *doc = new (std::nothrow) sc_jsondoc;
  if (doc == nullptr || doc->parser.allocate(4096, SC_JSONDOC_DEPTH_MAX) != simdjson::SUCCESS) std::abort();
  return doc;
}

void sc_jsondoc_free(struct sc_jsondoc *doc) { delete doc; }

const char *sc_jsondoc_check(struct sc_jsondoc *doc, struct sc_slice bytes, struct sc_json *root) {
  *root = {nullptr, 0};
  if (bytes.len == 0) return "empty";
  dom::element element;
  simdjson::error_code wrong = doc->parser.parse(bytes.ptr, bytes.len, true).get(element);
  if (wrong == simdjson::MEMALLOC) std::abort();
  if (wrong != simdjson::SUCCESS) return simdjson::error_message(wrong);
  *root = pack(element);
  return nullptr;
}

enum sc_json_kind sc_json_kind(struct sc_json value) {
  if (value.doc == nullptr) return SC_JSON_NONE;
  switch (element_of(value).type()) {
    case dom::element_type::ARRAY:
      return SC_JSON_ARRAY;
    case dom::element_type::OBJECT:
      return SC_JSON_OBJECT;
    case dom::element_type::INT64:
      return SC_JSON_INT64;
    case dom::element_type::UINT64:
      return SC_JSON_UINT64;
    case dom::element_type::DOUBLE:
      return SC_JSON_DOUBLE;
    case dom::element_type::STRING:
      return SC_JSON_STRING;
    case dom::element_type::BOOL:
      return SC_JSON_BOOL;
    case dom::element_type::NULL_VALUE:
      return SC_JSON_NULL;
  }
  return SC_JSON_NONE;
}

bool sc_json_absent(struct sc_json value) { return value.doc == nullptr || element_of(value).is_null(); }

struct sc_json sc_json_get(struct sc_json object, const char *name) {
  dom::object members;
  dom::element member;
  if (object.doc == nullptr || !take(element_of(object).get_object(), &members)) return {nullptr, 0};
  if (!take(members.at_key(name), &member)) return {nullptr, 0};
  return pack(member);
}

bool sc_json_str(struct sc_json value, struct sc_slice *out) {
  std::string_view text;
  if (value.doc == nullptr || !take(element_of(value).get_string(), &text)) return false;
  *out = slice_of(text);
  return true;
}

bool sc_json_i64(struct sc_json value, int64_t *out) {
  return value.doc != nullptr && take(element_of(value).get_int64(), out);
}

bool sc_json_u64(struct sc_json value, uint64_t *out) {
  return value.doc != nullptr && take(element_of(value).get_uint64(), out);
}

bool sc_json_double(struct sc_json value, double *out) {
  return value.doc != nullptr && take(element_of(value).get_double(), out);
}

bool sc_json_bool(struct sc_json value, bool *out) {
  return value.doc != nullptr && take(element_of(value).get_bool(), out);
}

struct sc_json_iter sc_json_walk(struct sc_json container) {
  dom::object members;
  dom::array elements;
  if (container.doc != nullptr && take(element_of(container).get_object(), &members))
    return iter_over(members.begin(), members.end(), true);
  if (container.doc != nullptr && take(element_of(container).get_array(), &elements))
    return iter_over(elements.begin(), elements.end(), false);
  return {nullptr, 0, 0, false};
}

bool sc_json_next(struct sc_json_iter *it, struct sc_slice *key, struct sc_json *value) {
  if (it->doc == nullptr || it->at == it->end) return false;
  if (key != nullptr) *key = sc_slice_of("", 0);
  if (it->object) {
    auto member = unpack<dom::object::iterator>(it->doc, it->at);
    if (key != nullptr) *key = slice_of(member.key());
    *value = pack(member.value());
    it->at = pack(++member).at;
  } else {
    auto element = unpack<dom::array::iterator>(it->doc, it->at);
    *value = pack(*element);
    it->at = pack(++element).at;
  }
  return true;
}

size_t sc_json_count(struct sc_json container) {
  struct sc_json_iter it = sc_json_walk(container);
  struct sc_json value;
  size_t n = 0;
  while (sc_json_next(&it, nullptr, &value)) n++;
  return n;
}

bool sc_jsondoc_is_utf8(struct sc_slice bytes) { return simdjson::validate_utf8(bytes.ptr, bytes.len); }
