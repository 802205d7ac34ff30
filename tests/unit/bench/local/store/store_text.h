/* All that a store holds, as text to compare two of them by; and random changes to one. Knows nothing of how either is
 * kept. */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_STORE_STORE_TEXT_H
#define SC_TESTS_UNIT_BENCH_LOCAL_STORE_STORE_TEXT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/local/store/store.h"
#include "engine/base/buf.h"

/* As they are, or in hexadecimal: a text has no NUL in it. */
static inline void add_bytes(struct sc_buf *out, const struct iovec *bytes, bool is_binary) {
  const unsigned char *p = bytes->iov_base;
  if (!is_binary) sc_buf_add(out, p, bytes->iov_len);
  for (size_t i = 0; is_binary && i < bytes->iov_len; i++) {
    sc_buf_add_char(out, "0123456789abcdef"[p[i] >> 4]);
    sc_buf_add_char(out, "0123456789abcdef"[p[i] & 15]);
  }
}

static inline void text_of_records(const struct scl_store_shard *shard, enum scl_format format, struct sc_buf *out) {
  struct scl_logpage page;
  scl_shardlog_page(shard->log, format, 0, UINT64_MAX, UINT64_MAX, &page);
  sc_buf_printf(out, "  records %" PRIu64 "..%" PRIu64 " of %" PRIu64 " bytes\n", page.first, page.first + page.count,
                page.bytes);
  for (int i = 0; i < page.n_ranges; i++) add_bytes(out, &page.ranges[i].bytes, format == SCL_FORMAT_CBOR);
  scl_logpage_fini(&page);
}

static inline void text_of_shard(const struct scl_store_shard *shard, struct sc_buf *out) {
  char start[SCL_HASHKEY_TEXT], end[SCL_HASHKEY_TEXT];
  scl_hashkey_format(shard->hash_start, start);
  scl_hashkey_format(shard->hash_end, end);
  sc_buf_printf(
      out, " shard %u of %u %u to %u %u keys %s-%s made %" PRId64 " %" PRId64 " closed %" PRId64 " last %" PRId64 "\n",
      shard->index, shard->parent, shard->adjacent_parent, shard->child[0], shard->child[1], start, end,
      shard->created_ms, shard->created_s, shard->closed_ms, scl_shardlog_last_ms(shard->log));
  text_of_records(shard, SCL_FORMAT_JSON, out);
  text_of_records(shard, SCL_FORMAT_CBOR, out);
}

static inline void text_of_extras(const struct scl_tagset *tags, const char *policy, struct sc_buf *out) {
  for (uint32_t i = 0; i < tags->n; i++) sc_buf_printf(out, "  tag %s=%s\n", tags->tags[i].key, tags->tags[i].value);
  sc_buf_printf(out, "  policy %s\n", policy == NULL ? "none" : policy);
}

static inline void text_of_stream(const struct scl_store_stream *stream, struct sc_buf *out) {
  sc_buf_printf(out,
                "stream %s id %" PRIu64 " made %" PRId64 " busy %d until %" PRId64 " record %" PRIu64 " hours %d\n",
                stream->name, stream->id, stream->created_ms, (int)stream->busy_status, stream->busy_until_ms,
                stream->max_record_bytes, (int)stream->retention_hours);
  sc_buf_printf(out, " on demand %d warm %" PRId64 " metrics %u key %s\n", (int)stream->is_on_demand,
                stream->warm_mibps, stream->metrics, stream->key_id == NULL ? "none" : stream->key_id);
  sc_buf_printf(out, " floor %" PRId64 " gone %" PRId64 " rescales %u:", stream->floor_ms, stream->gone_ms,
                stream->n_rescales);
  for (int i = 0; i < SCL_STORE_MAX_RESCALES; i++) sc_buf_printf(out, " %" PRId64, stream->rescaled_ms[i]);
  sc_buf_add_char(out, '\n');
  text_of_extras(&stream->tags, stream->policy, out);
  for (uint32_t i = 0; i < stream->n_consumers; i++) {
    const struct scl_store_consumer *c = stream->consumers[i];
    sc_buf_printf(out, " consumer %s id %" PRIu64 " made %" PRId64 " ready %" PRId64 " gone %" PRId64 "\n", c->name,
                  c->id, c->created_ms, c->ready_ms, c->gone_ms);
    text_of_extras(&c->tags, c->policy, out);
  }
  for (uint32_t i = 0; i < stream->n_open; i++) sc_buf_printf(out, " open %u\n", stream->open[i]);
  for (uint32_t i = 0; i < stream->n_shards; i++) text_of_shard(&stream->shards[i], out);
}

static inline void text_of_store(struct scl_store *store, struct sc_buf *out) {
  const struct scl_store_account *account = scl_store_account(store);
  sc_buf_printf(out, "next id %" PRIu64 " commitment %" PRId64 " %" PRId64 "\n", scl_store_next_id(store),
                account->commitment_started_ms, account->commitment_end_ms);
  for (uint32_t i = 0; i < scl_store_n_streams(store); i++) text_of_stream(scl_store_at(store, i), out);
}

/* ---- changes ---- */

static inline void change_put(struct scl_store_stream *stream, uint64_t number, int64_t now_ms) {
  static const char *const keys[] = {"\"k\"", "\"a\\\"b\\\\\"", "\"\xc3\xa9\"", "\"\\u0001\\n\""};
  static const uint64_t key_bytes[] = {1, 4, 2, 2};
  char sequence[SCL_SEQLAYOUT_DIGITS + 1], data[32];
  bool is_base64 = number % 3 == 0;
  int len = is_base64 ? snprintf(data, sizeof(data), "%s", number % 2 == 0 ? "aGVsbG8=" : "")
                      : snprintf(data, sizeof(data), "%" PRIu64, number);
  uint64_t bytes = is_base64 ? (len == 0 ? 0 : 5) : (uint64_t)len;
  struct scl_store_put put = {sc_slice_str(keys[number % 4]), sc_slice_of(data, (size_t)len), is_base64,
                              bytes + key_bytes[number % 4], now_ms};
  scl_shard_put(&stream->shards[stream->open[number / 4 % stream->n_open]], &put, sequence);
}

static inline void change_shards(struct scl_store *store, struct scl_store_stream *stream, uint64_t number,
                                 int64_t now_ms) {
  uint32_t place = (uint32_t)(number / 2 % stream->n_open), shard = stream->open[place];
  scl_hashkey_int width = stream->shards[shard].hash_end - stream->shards[shard].hash_start;
  if (number % 2 == 0 && width > 4 && stream->n_shards < 100) {
    scl_store_split(store, stream, shard, stream->shards[shard].hash_start + 2 + width / (2 + number % 5), now_ms);
  } else if (number % 2 == 1 && place + 1 < stream->n_open && stream->n_shards < 100) {
    scl_store_merge(store, stream, shard, stream->open[place + 1], now_ms);
  }
}

static inline void change_text(char **text, uint64_t number) {
  free(*text);
  *text = number % 3 == 0 ? NULL : sc_strdup(number % 3 == 1 ? "{}" : "arn:aws:kms:x");
}

static inline void change_tags(struct scl_tagset *tags, uint64_t number) {
  static const char *const keys[] = {"a", "b c", "\xc3\xa9", "aa"};
  struct sc_slice key = sc_slice_str(keys[number % 4]);
  if (number / 4 % 3 == 0) scl_tagset_remove(tags, key);
  else scl_tagset_set(tags, key, sc_slice_str(number / 4 % 3 == 1 ? "" : "v=1"));
}

static inline void change_consumers(struct scl_store *store, struct scl_store_stream *stream, uint64_t number,
                                    int64_t now_ms) {
  char name[8];
  snprintf(name, sizeof(name), "c%" PRIu64, number % 4);
  struct scl_store_consumer *consumer = scl_stream_find_consumer(stream, sc_slice_str(name), now_ms);
  if (consumer == NULL) {
    consumer = scl_store_register(store, stream, sc_slice_str(name), now_ms);
  } else if (number / 4 % 3 == 0) {
    scl_store_deregister(store, stream, consumer, now_ms);
  } else {
    change_tags(&consumer->tags, number / 12);
    change_text(&consumer->policy, number / 4);
  }
  scl_store_note_attributes(store, stream);
}

static inline void change_attributes(struct scl_store *store, struct scl_store_stream *stream, uint64_t number) {
  stream->retention_hours = 24 + (int32_t)(number % 145);
  stream->max_record_bytes = 1000 + number % 1000;
  stream->is_on_demand = number % 2 == 0;
  stream->warm_mibps = (int64_t)(number % 10);
  stream->metrics = (uint32_t)(number % 128);
  stream->floor_ms = (int64_t)(number % 3);
  stream->gone_ms = number % 4 == 0 ? INT64_C(1) << 44 : 0;
  stream->rescaled_ms[stream->n_rescales++ % SCL_STORE_MAX_RESCALES] = (int64_t)(number % 5);
  stream->floor_ms = (int64_t)(number % 1000);
  stream->rescaled_ms[stream->n_rescales++ % SCL_STORE_MAX_RESCALES] = (int64_t)(number % 7777);
  change_text(&stream->key_id, number / 2);
  change_text(&stream->policy, number / 5);
  change_tags(&stream->tags, number / 3);
  scl_store_note_attributes(store, stream);
}

static inline void change_account(struct scl_store *store, uint64_t number, int64_t now_ms) {
  *scl_store_account(store) = (struct scl_store_account){now_ms, number % 3 == 0 ? 0 : now_ms + 5};
  scl_store_note_account(store);
}

static inline void change_create(struct scl_store *store, uint64_t number, int64_t now_ms) {
  char name[8];
  snprintf(name, sizeof(name), "s%" PRIu64, number % 5);
  if (scl_store_find(store, sc_slice_str(name)) == NULL)
    scl_store_create(store, sc_slice_str(name), 1 + (uint32_t)(number / 5 % 7), now_ms);
}

/* One change, which is the number's to choose. */
static inline void change_store(struct scl_store *store, uint64_t number, int64_t now_ms) {
  uint32_t n = scl_store_n_streams(store);
  struct scl_store_stream *stream = n == 0 ? NULL : scl_store_at(store, (uint32_t)(number / 16 % n));
  uint64_t rest = number / 64, kind = number % 16;
  if (stream == NULL || kind == 0) {
    change_create(store, rest, now_ms);
  } else if (kind == 1 && rest % 4 == 0) {
    scl_store_delete(store, stream);
  } else if (kind <= 3) {
    change_shards(store, stream, rest, now_ms);
  } else if (kind == 4) {
    change_consumers(store, stream, rest, now_ms);
  } else if (kind == 5) {
    change_attributes(store, stream, rest);
  } else if (kind == 6) {
    change_account(store, rest, now_ms);
  } else {
    change_put(stream, rest, now_ms);
  }
}

#endif
