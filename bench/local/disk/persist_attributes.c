#include "bench/local/disk/persist_attributes.h"

#include <stdlib.h>

#include "bench/local/base/writer.h"
#include "bench/local/disk/persist.h"

#define MAX_CONSUMERS 100000
#define MAX_TEXT (1u << 20) /* bytes: of a policy */
#define MAX_TAG 1024        /* bytes of a key or value */
#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

/* ---- items ---- */

bool scl_persist_take_int(struct sc_cbor *in, int64_t least, int64_t most, int64_t *out) {
  struct sc_cbor_head head;
  if (!sc_cbor_take(in, &head)) return false;
  if (!sc_cbor_to_int(&head, out)) return sc_cbor_fail(in, "no integer where one belongs");
  return (*out >= least && *out <= most) || sc_cbor_fail(in, "a number out of bounds");
}

bool scl_persist_take_bytes(struct sc_cbor *in, size_t most, struct sc_slice *out) {
  struct sc_cbor_head head;
  if (!sc_cbor_take(in, &head) || !sc_cbor_string(in, &head, NULL, 0, out)) return false;
  return out->len <= most || sc_cbor_fail(in, "a string that is too long");
}

static bool is_name_char(char c) {
  bool is_letter = (c | 32) >= 'a' && (c | 32) <= 'z', is_digit = c >= '0' && c <= '9';
  return is_letter || is_digit || c == '_' || c == '.' || c == '-';
}

bool scl_persist_take_name(struct sc_cbor *in, char out[SCL_STORE_MAX_NAME + 1]) {
  struct sc_slice name;
  if (!scl_persist_take_bytes(in, SCL_STORE_MAX_NAME, &name)) return false;
  if (name.len == 0) return sc_cbor_fail(in, "an empty name");
  for (size_t i = 0; i < name.len; i++)
    if (!is_name_char(name.ptr[i])) return sc_cbor_fail(in, "a name that is none");
  memcpy(out, name.ptr, name.len);
  out[name.len] = '\0';
  return true;
}

/* ---- maps ---- */

/* Reads the value of one name into `into`; passes over what it does not know. */
typedef bool take_member(struct sc_cbor *in, struct sc_slice name, void *into);

static bool take_map(struct sc_cbor *in, take_member *take, void *into) {
  struct sc_cbor_head head;
  struct sc_cbor_list list;
  struct sc_slice name;
  if (!sc_cbor_take(in, &head) || !sc_cbor_enter(in, &head, SC_CBOR_MAP, &list)) return false;
  while (sc_cbor_more(in, &list))
    if (!scl_persist_take_bytes(in, MAX_TAG, &name) || !take(in, name, into)) return false;
  return in->fault == NULL;
}

/* One member of a map: a number or a flag in a struct. */
struct number {
  const char *name;
  int64_t least, most; /* not below zero */
  size_t offset;
  enum { IN_32_BITS, IN_64_BITS, IN_BOOL } kind; /* signed or not: the bounds see to it */
};

static int64_t number_in(const struct number *number, const void *from) {
  const char *at = (const char *)from + number->offset;
  uint32_t narrow = 0;
  int64_t wide = 0;
  bool flag = false;
  if (number->kind == IN_BOOL) memcpy(&flag, at, sizeof(flag));
  else if (number->kind == IN_32_BITS) memcpy(&narrow, at, sizeof(narrow));
  else memcpy(&wide, at, sizeof(wide));
  return wide + narrow + (flag ? 1 : 0);
}

static void set_number(const struct number *number, void *into, int64_t value) {
  char *at = (char *)into + number->offset;
  uint32_t narrow = (uint32_t)value;
  bool flag = value != 0;
  if (number->kind == IN_BOOL) memcpy(at, &flag, sizeof(flag));
  else if (number->kind == IN_32_BITS) memcpy(at, &narrow, sizeof(narrow));
  else memcpy(at, &value, sizeof(value));
}

static void add_numbers(struct scl_writer *w, const struct number *numbers, int n, const void *from) {
  for (int i = 0; i < n; i++) scl_writer_int(w, numbers[i].name, number_in(&numbers[i], from));
}

/* Reads the value when the name is one of them; *is_one says whether. */
static bool take_number(struct sc_cbor *in, struct sc_slice name, const struct number *numbers, int n, void *into,
                        bool *is_one) {
  int64_t value;
  *is_one = false;
  for (int i = 0; i < n && !*is_one; i++) {
    if (!sc_slice_is(name, numbers[i].name)) continue;
    *is_one = true;
    if (!scl_persist_take_int(in, numbers[i].least, numbers[i].most, &value)) return false;
    set_number(&numbers[i], into, value);
  }
  return true;
}

/* ---- texts and tags ---- */

static void add_text(struct scl_writer *w, const char *name, const char *text) {
  if (text != NULL) scl_writer_str(w, name, text);
}

static bool take_text(struct sc_cbor *in, char **out) {
  struct sc_slice text;
  if (!scl_persist_take_bytes(in, MAX_TEXT, &text)) return false;
  if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL) return sc_cbor_fail(in, "a text with a NUL in it");
  free(*out);
  *out = sc_strndup(text);
  return true;
}

static void add_tags(struct scl_writer *w, const struct scl_tagset *tags) {
  scl_writer_open_map(w, "tags");
  for (uint32_t i = 0; i < tags->n; i++) scl_writer_str(w, tags->tags[i].key, tags->tags[i].value);
  scl_writer_close_map(w);
}

static bool take_tag(struct sc_cbor *in, struct sc_slice name, void *into) {
  struct scl_tagset *tags = into;
  struct sc_slice value;
  if (!scl_persist_take_bytes(in, MAX_TAG, &value)) return false;
  if (name.len == 0 || !scl_tagset_is_text(name) || !scl_tagset_is_text(value))
    return sc_cbor_fail(in, "a tag that is none");
  if (tags->n == SCL_TAGSET_MAX) return sc_cbor_fail(in, "too many tags");
  scl_tagset_set(tags, name, value);
  return true;
}

static bool take_tags(struct sc_cbor *in, struct scl_tagset *tags) {
  scl_tagset_fini(tags);
  *tags = (struct scl_tagset){0};
  return take_map(in, take_tag, tags);
}

/* ---- consumers ---- */

#define CONSUMER(member) offsetof(struct scl_store_consumer, member)

static const struct number CONSUMER_NUMBERS[] = {
    {"id", 1, SCL_PERSIST_MAX_NUMBER, CONSUMER(id), IN_64_BITS},
    {"created", 0, SCL_PERSIST_MAX_MS, CONSUMER(created_ms), IN_64_BITS},
    {"ready", 0, SCL_PERSIST_MAX_MS, CONSUMER(ready_ms), IN_64_BITS},
    {"gone", 0, SCL_PERSIST_MAX_MS, CONSUMER(gone_ms), IN_64_BITS},
};

static void add_consumer(struct scl_writer *w, const struct scl_store_consumer *consumer) {
  scl_writer_open_map(w, NULL);
  scl_writer_str(w, "name", consumer->name);
  add_numbers(w, CONSUMER_NUMBERS, LENGTH(CONSUMER_NUMBERS), consumer);
  add_text(w, "policy", consumer->policy);
  add_tags(w, &consumer->tags);
  scl_writer_close_map(w);
}

static bool take_of_consumer(struct sc_cbor *in, struct sc_slice name, void *into) {
  struct scl_store_consumer *consumer = into;
  bool is_number;
  if (!take_number(in, name, CONSUMER_NUMBERS, LENGTH(CONSUMER_NUMBERS), consumer, &is_number)) return false;
  if (is_number) return true;
  if (sc_slice_is(name, "name")) return scl_persist_take_name(in, consumer->name);
  if (sc_slice_is(name, "policy")) return take_text(in, &consumer->policy);
  if (sc_slice_is(name, "tags")) return take_tags(in, &consumer->tags);
  return sc_cbor_skip(in);
}

/* Ids ascend, so none is there twice. */
static bool check_consumer(struct sc_cbor *in, const struct scl_store_stream *stream) {
  uint32_t n = stream->n_consumers;
  const struct scl_store_consumer *last = stream->consumers[n - 1];
  if (last->id == 0 || last->name[0] == '\0') return sc_cbor_fail(in, "a consumer without id or name");
  if (n > 1 && last->id <= stream->consumers[n - 2]->id) return sc_cbor_fail(in, "consumers out of order");
  return true;
}

static bool take_consumers(struct sc_cbor *in, struct scl_store_stream *stream) {
  struct sc_cbor_head head;
  struct sc_cbor_list list;
  scl_stream_drop_consumers(stream);
  if (!sc_cbor_take(in, &head) || !sc_cbor_enter(in, &head, SC_CBOR_ARRAY, &list)) return false;
  while (sc_cbor_more(in, &list)) {
    uint32_t n = stream->n_consumers;
    if (n == MAX_CONSUMERS) return sc_cbor_fail(in, "too many consumers");
    stream->consumers = sc_realloc(stream->consumers, (n + 1) * sizeof(struct scl_store_consumer *));
    struct scl_store_consumer *consumer = sc_alloc_zero(1, sizeof(*consumer));
    stream->consumers[stream->n_consumers++] = consumer;
    if (!take_map(in, take_of_consumer, consumer) || !check_consumer(in, stream)) return false;
  }
  return in->fault == NULL;
}

/* ---- streams ---- */

#define STREAM(member) offsetof(struct scl_store_stream, member)

_Static_assert(sizeof(enum scl_stream_status) == sizeof(uint32_t), "kept as a number");

#define RESCALED(i) \
  { "rescaled_" #i, 0, SCL_PERSIST_MAX_MS, STREAM(rescaled_ms[i]), IN_64_BITS }
_Static_assert(SCL_STORE_MAX_RESCALES == 10, "each is in the table");

static const struct number STREAM_NUMBERS[] = {
    {"busy", SCL_STREAM_CREATING, SCL_STREAM_DELETING, STREAM(busy_status), IN_32_BITS},
    {"busy_until", 0, SCL_PERSIST_MAX_MS, STREAM(busy_until_ms), IN_64_BITS},
    {"max_record_bytes", 1, 10 << 20, STREAM(max_record_bytes), IN_64_BITS},
    {"retention_hours", 1, 8760, STREAM(retention_hours), IN_32_BITS},
    {"on_demand", 0, 1, STREAM(is_on_demand), IN_BOOL},
    {"warm_mibps", 0, SCL_PERSIST_MAX_NUMBER, STREAM(warm_mibps), IN_64_BITS},
    {"metrics", 0, UINT32_MAX, STREAM(metrics), IN_32_BITS},
    {"floor", 0, SCL_PERSIST_MAX_MS, STREAM(floor_ms), IN_64_BITS},
    {"gone", 0, SCL_PERSIST_MAX_MS, STREAM(gone_ms), IN_64_BITS},
    {"rescales", 0, UINT32_MAX, STREAM(n_rescales), IN_32_BITS},
    RESCALED(0),
    RESCALED(1),
    RESCALED(2),
    RESCALED(3),
    RESCALED(4),
    RESCALED(5),
    RESCALED(6),
    RESCALED(7),
    RESCALED(8),
    RESCALED(9),
};

/* What is not there is what is not set: key and policy are then none. */
void scl_persist_add_attributes(struct sc_buf *out, const struct scl_store_stream *stream) {
  struct scl_writer w = scl_writer_of(out, SCL_FORMAT_CBOR);
  scl_writer_open_map(&w, NULL);
  add_numbers(&w, STREAM_NUMBERS, LENGTH(STREAM_NUMBERS), stream);
  add_text(&w, "key_id", stream->key_id);
  add_text(&w, "policy", stream->policy);
  add_tags(&w, &stream->tags);
  scl_writer_open_list(&w, "consumers");
  for (uint32_t i = 0; i < stream->n_consumers; i++) add_consumer(&w, stream->consumers[i]);
  scl_writer_close_list(&w);
  scl_writer_close_map(&w);
}

static bool take_of_stream(struct sc_cbor *in, struct sc_slice name, void *into) {
  struct scl_store_stream *stream = into;
  bool is_number;
  if (!take_number(in, name, STREAM_NUMBERS, LENGTH(STREAM_NUMBERS), stream, &is_number)) return false;
  if (is_number) return true;
  if (sc_slice_is(name, "key_id")) return take_text(in, &stream->key_id);
  if (sc_slice_is(name, "policy")) return take_text(in, &stream->policy);
  if (sc_slice_is(name, "tags")) return take_tags(in, &stream->tags);
  if (sc_slice_is(name, "consumers")) return take_consumers(in, stream);
  return sc_cbor_skip(in);
}

static void forget_text(char **text) {
  free(*text);
  *text = NULL;
}

bool scl_persist_read_attributes(struct sc_cbor *in, struct scl_store *store, struct scl_store_stream *stream) {
  forget_text(&stream->key_id);
  forget_text(&stream->policy);
  if (!take_map(in, take_of_stream, stream)) return false;
  scl_store_restore_gone(store, stream);
  if (stream->n_consumers > 0) scl_store_raise_next_id(store, stream->consumers[stream->n_consumers - 1]->id + 1);
  return true;
}

/* ---- the account ---- */

/* As it is kept. */
struct kept_account {
  struct scl_store_account account;
  uint64_t next_id;
};

#define ACCOUNT(member) offsetof(struct kept_account, member)

static const struct number ACCOUNT_NUMBERS[] = {
    {"next_id", 1, SCL_PERSIST_MAX_NUMBER, ACCOUNT(next_id), IN_64_BITS},
    {"commitment_started", 0, SCL_PERSIST_MAX_MS, ACCOUNT(account.commitment_started_ms), IN_64_BITS},
    {"commitment_end", 0, SCL_PERSIST_MAX_MS, ACCOUNT(account.commitment_end_ms), IN_64_BITS},
};

void scl_persist_add_account(struct sc_buf *out, struct scl_store *store) {
  struct kept_account kept = {*scl_store_account(store), scl_store_next_id(store)};
  struct scl_writer w = scl_writer_of(out, SCL_FORMAT_CBOR);
  scl_writer_open_map(&w, NULL);
  add_numbers(&w, ACCOUNT_NUMBERS, LENGTH(ACCOUNT_NUMBERS), &kept);
  scl_writer_close_map(&w);
}

static bool take_of_account(struct sc_cbor *in, struct sc_slice name, void *into) {
  bool is_number;
  if (!take_number(in, name, ACCOUNT_NUMBERS, LENGTH(ACCOUNT_NUMBERS), into, &is_number)) return false;
  return is_number || sc_cbor_skip(in);
}

bool scl_persist_read_account(struct sc_cbor *in, struct scl_store *store) {
  struct kept_account kept = {*scl_store_account(store), scl_store_next_id(store)};
  if (!take_map(in, take_of_account, &kept)) return false;
  *scl_store_account(store) = kept.account;
  scl_store_raise_next_id(store, kept.next_id);
  return true;
}
