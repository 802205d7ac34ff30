#include "bench/local/seed/generate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/text.h"

#define MAX_RECORDS UINT64_C(1000000000)
#define SPAN_MS INT64_C(3600000)
/* Partition keys per shard, so that shards get about the same number of records; and their least and greatest number.
 */
#define KEYS_A_SHARD 50
#define KEYS_MIN 10000
#define KEYS_MAX 2000000
#define MAX_LINE (10 << 20)

/* A partition key ready for use. */
struct key {
  uint32_t shard;
  uint8_t len;
  char json[13];
};

static int take_name(struct sc_slice text, char out[SCL_STORE_MAX_NAME + 1], struct sc_error *err) {
  if (!scl_store_is_name(text) || text.len > SCL_STORE_MAX_NAME)
    return sc_error_set(err, SC_E_USAGE, "'%.*s' is not a stream name (1 to 128 of a-z A-Z 0-9 _ . -)",
                        SC_SLICE_ARGS(text));
  memcpy(out, text.ptr, text.len);
  out[text.len] = '\0';
  return SC_OK;
}

static int bad_value(struct sc_slice name, const char *what, struct sc_error *err) {
  return sc_error_set(err, SC_E_USAGE, "%.*s is %s", SC_SLICE_ARGS(name), what);
}

static int set_parameter(struct sc_slice name, struct sc_slice value, struct scl_generate *out, struct sc_error *err) {
  uint64_t number;
  bool is_number = sc_slice_to_u64(value, &number);
  if (sc_slice_is(name, "shards")) {
    if (!is_number || number < 1 || number > SCL_STORE_MAX_SHARDS) return bad_value(name, "not 1 to 1000000", err);
    out->shards = (uint32_t)number;
  } else if (sc_slice_is(name, "records")) {
    if (!is_number || number > MAX_RECORDS) return bad_value(name, "not 0 to 1000000000", err);
    out->records = number;
  } else if (sc_slice_is(name, "seed")) {
    if (!is_number) return bad_value(name, "not a number", err);
    out->seed = number;
  } else if (sc_slice_is(name, "profile")) {
    out->profile = scl_payload_profile_find(value);
    if (out->profile == NULL) {
      struct sc_buf names = SC_BUF_INIT;
      scl_payload_profile_names(&names);
      sc_error_set(err, SC_E_USAGE, "profile is not one of %s", sc_buf_str(&names));
      sc_buf_fini(&names);
      return err->code;
    }
  } else {
    return sc_error_fail(err, SC_E_USAGE, "the parameters are shards, records, seed and profile",
                         "unknown parameter '%.*s'", SC_SLICE_ARGS(name));
  }
  return SC_OK;
}

int scl_generate_parse(struct sc_slice spec, struct scl_generate *out, struct sc_error *err) {
  *out =
      (struct scl_generate){.shards = 1, .seed = 1, .profile = scl_payload_profile_find(SC_SLICE_LITERAL("sensors"))};
  struct sc_slice name, parameters = sc_text_cut(&spec, ':');
  int rc = take_name(spec, out->stream, err);
  while (rc == SC_OK && parameters.len > 0 && sc_text_next(&parameters, ',', &name)) {
    struct sc_slice value = sc_text_cut(&name, '=');
    rc = set_parameter(name, value, out, err);
  }
  return rc;
}

static int create(struct scl_store *store, const char *name, uint32_t shards, int64_t created_ms,
                  struct scl_store_stream **out, struct sc_error *err) {
  if (scl_store_find(store, sc_slice_str(name)) != NULL)
    return sc_error_set(err, SC_E_USAGE, "the stream %s exists already", name);
  *out = scl_store_create(store, sc_slice_str(name), shards, created_ms);
  return SC_OK;
}

static struct key *make_keys(struct scl_store_stream *stream, uint32_t n) {
  struct key *keys = sc_alloc_zero(n, sizeof(*keys));
  for (uint32_t i = 0; i < n; i++) {
    int len = snprintf(keys[i].json, sizeof(keys[i].json), "\"%" PRIu32 "\"", i + 1);
    keys[i].len = (uint8_t)len;
    keys[i].shard = scl_stream_route(stream, scl_hashkey_of(sc_slice_of(keys[i].json + 1, (size_t)len - 2)))->index;
  }
  return keys;
}

static void put(struct scl_store_shard *shard, struct sc_slice payload, struct sc_slice key_json, int64_t arrived_ms) {
  char sequence[SCL_SEQLAYOUT_DIGITS + 1];
  struct scl_store_put what = {key_json, payload, false, payload.len + key_json.len - 2, arrived_ms};
  scl_shard_put(shard, &what, sequence);
}

int scl_generate_run(struct scl_store *store, const struct scl_generate *generate, int64_t now_ms,
                     struct sc_error *err) {
  struct scl_store_stream *stream;
  int rc = create(store, generate->stream, generate->shards, now_ms - SPAN_MS - 1000, &stream, err);
  if (rc != SC_OK) return rc;
  uint64_t n_keys = (uint64_t)generate->shards * KEYS_A_SHARD;
  if (n_keys < KEYS_MIN) n_keys = KEYS_MIN;
  if (n_keys > KEYS_MAX) n_keys = KEYS_MAX;
  struct key *keys = make_keys(stream, (uint32_t)n_keys);
  struct sc_buf payload = SC_BUF_INIT;
  struct sc_random random;
  sc_random_init(&random, generate->seed);
  for (uint64_t i = 0; i < generate->records; i++) {
    uint32_t k = (uint32_t)sc_random_below(&random, n_keys);
    struct scl_payload what = {.number = i, .key = k + 1, .seed = generate->seed};
    int64_t arrived_ms = now_ms - SPAN_MS + (int64_t)(i * (uint64_t)SPAN_MS / generate->records);
    sc_buf_clear(&payload);
    generate->profile->write(&random, &what, &payload);
    put(&stream->shards[keys[k].shard], sc_buf_view(&payload), sc_slice_of(keys[k].json, keys[k].len), arrived_ms);
  }
  sc_buf_fini(&payload);
  free(keys);
  return SC_OK;
}

int scl_load_parse(struct sc_slice spec, struct scl_load *out, struct sc_error *err) {
  *out = (struct scl_load){.shards = 1};
  out->path = sc_text_cut(&spec, '=');
  int rc = take_name(spec, out->stream, err);
  if (rc != SC_OK) return rc;
  const char *colon = out->path.len == 0 ? NULL : memrchr(out->path.ptr, ':', out->path.len);
  if (colon != NULL) {
    struct sc_slice name = sc_slice_of(colon + 1, (size_t)(out->path.ptr + out->path.len - colon - 1));
    struct sc_slice value = sc_text_cut(&name, '=');
    uint64_t number;
    if (sc_slice_is(name, "shards")) {
      if (!sc_slice_to_u64(value, &number) || number < 1 || number > SCL_STORE_MAX_SHARDS)
        return bad_value(name, "not 1 to 1000000", err);
      out->shards = (uint32_t)number;
      out->path.len = (size_t)(colon - out->path.ptr);
    }
  }
  return out->path.len > 0 ? SC_OK : sc_error_set(err, SC_E_USAGE, "it names no file: NAME=FILE[:shards=N]");
}

static void put_line(struct scl_store_stream *stream, struct sc_slice line, uint64_t number, int64_t now_ms) {
  char key_json[24];
  int len = snprintf(key_json, sizeof(key_json), "\"%" PRIu64 "\"", number);
  struct scl_store_shard *shard = scl_stream_route(stream, scl_hashkey_of(sc_slice_of(key_json + 1, (size_t)len - 2)));
  put(shard, line, sc_slice_of(key_json, (size_t)len), now_ms);
}

static int load_lines(FILE *file, const char *path, struct scl_store_stream *stream, int64_t now_ms,
                      struct sc_error *err) {
  char *line = NULL;
  size_t cap = 0;
  uint64_t number = 0;
  int rc = SC_OK;
  for (ssize_t n; rc == SC_OK && (n = getline(&line, &cap, file)) > 0;) {
    number++;
    if (line[n - 1] == '\n') n--;
    if (n > MAX_LINE) rc = sc_error_set(err, SC_E_USAGE, "%s: line %" PRIu64 " is longer than 10 MiB", path, number);
    else if (n > 0) put_line(stream, sc_slice_of(line, (size_t)n), number, now_ms);
  }
  if (rc == SC_OK && ferror(file)) rc = sc_error_errno(err, SC_E_IO, errno, "reading %s", path);
  free(line);
  return rc;
}

int scl_load_run(struct scl_store *store, const struct scl_load *load, int64_t now_ms, struct sc_error *err) {
  struct scl_store_stream *stream;
  char *path = sc_strndup(load->path);
  FILE *file = fopen(path, "re");
  int rc = file == NULL ? sc_error_errno(err, SC_E_IO, errno, "reading %s", path)
                        : create(store, load->stream, load->shards, now_ms, &stream, err);
  if (rc == SC_OK) rc = load_lines(file, path, stream, now_ms, err);
  if (file != NULL) fclose(file);
  free(path);
  return rc;
}
