#include "bench/micro/data.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/local/base/writer.h"
#include "bench/local/seed/payload.h"
#include "bench/local/store/seqlayout.h"
#include "bench/local/store/shardlog.h"
#include "codec/kinesis/envelope_json.h"
#include "codec/kinesis/reply_scan.h"

#define ARRIVED_MS INT64_C(1750000000000)

/* What is being made. */
struct making {
  struct sc_micro_data *data;
  struct scl_shardlog *log;
};

static bool has_enough(const struct sc_micro_data *data) {
  return data->n == SC_GET_RECORDS_MAX || (data->n >= 8 && data->payload_bytes >= SC_MICRO_PAYLOAD_BYTES);
}

static void add_record(struct making *making, struct sc_slice payload) {
  struct sc_micro_data *data = making->data;
  char sequence[SCL_SEQLAYOUT_DIGITS + 1], key[24];
  int len = snprintf(key, sizeof(key), "\"%" PRIu32 "\"", data->n % 5000);
  struct scl_seqlayout seq = {
      .created_s = ARRIVED_MS / 1000, .index = data->n, .arrived_s = ARRIVED_MS / 1000, .shard = 7};
  scl_seqlayout_format(&seq, sequence);
  struct scl_logrecord record = {sequence, ARRIVED_MS + data->n,     sc_slice_of(key, (size_t)len), payload,
                                 false,    payload.len + (size_t)len};
  scl_shardlog_append(making->log, &record);
  data->n++;
  data->payload_bytes += payload.len;
  if (payload.len > data->largest_bytes) data->largest_bytes = payload.len;
}

/* As reads.c of the local service writes it. */
static void write_body(struct making *making, enum scl_format format, struct sc_buf *out) {
  struct scl_logpage page;
  struct scl_writer w = scl_writer_of(out, format);
  char iterator[225] = "";
  memset(iterator, 'A', sizeof(iterator) - 1);
  scl_shardlog_page(making->log, format, 0, UINT64_MAX, UINT64_MAX, &page);
  scl_writer_open_map(&w, NULL);
  scl_writer_int(&w, "MillisBehindLatest", 0);
  scl_writer_str(&w, "NextShardIterator", iterator);
  scl_writer_open_list(&w, "Records");
  for (int i = 0; i < page.n_ranges; i++) sc_buf_add(out, page.ranges[i].bytes.iov_base, page.ranges[i].bytes.iov_len);
  scl_writer_close_list(&w);
  scl_writer_close_map(&w);
  sc_buf_reserve(out, SC_BODY_PADDING);
  memset(out->ptr + out->len, 0, SC_BODY_PADDING);
  scl_logpage_fini(&page);
}

static int finish(struct making *making, struct sc_error *err) {
  struct sc_micro_data *data = making->data;
  write_body(making, SCL_FORMAT_JSON, &data->json);
  write_body(making, SCL_FORMAT_CBOR, &data->cbor);
  data->opened = sc_alloc(data->json.len + SC_BODY_PADDING);
  memcpy(data->opened, data->json.ptr, data->json.len + SC_BODY_PADDING);
  struct sc_records records = {0};
  int rc = sc_envelope_json_open(data->opened, data->json.len, &records, err);
  SC_ASSERT(rc != SC_OK || records.n == data->n);
  data->records = records.items;
  return rc;
}

int sc_micro_data_generate(const char *profile, uint64_t seed, struct sc_micro_data *out, struct sc_error *err) {
  const struct scl_payload_profile *found = scl_payload_profile_find(sc_slice_str(profile));
  *out = (struct sc_micro_data){0};
  if (found == NULL) return sc_error_set(err, SC_E_USAGE, "there is no profile %s", profile);
  struct making making = {out, scl_shardlog_new()};
  struct sc_random random;
  struct sc_buf payload = SC_BUF_INIT;
  snprintf(out->name, sizeof(out->name), "%s", profile);
  sc_random_init(&random, seed);
  while (!has_enough(out)) {
    struct scl_payload what = {.number = out->n, .key = out->n % 5000 + 1, .seed = seed};
    sc_buf_clear(&payload);
    found->write(&random, &what, &payload);
    add_record(&making, sc_buf_view(&payload));
  }
  sc_buf_fini(&payload);
  int rc = finish(&making, err);
  scl_shardlog_free(making.log);
  return rc;
}

/* All lines of the file once; false when there are none. */
static bool add_lines(FILE *file, struct making *making) {
  char *line = NULL;
  size_t cap = 0;
  uint32_t before = making->data->n;
  rewind(file);
  for (ssize_t len; !has_enough(making->data) && (len = getline(&line, &cap, file)) > 0;) {
    if (line[len - 1] == '\n') len--;
    if (len > 0) add_record(making, sc_slice_of(line, (size_t)len));
  }
  free(line);
  return making->data->n > before;
}

int sc_micro_data_read(const char *path, struct sc_micro_data *out, struct sc_error *err) {
  *out = (struct sc_micro_data){0};
  FILE *file = fopen(path, "re");
  if (file == NULL) return sc_error_errno(err, SC_E_IO, errno, "reading %s", path);
  const char *slash = strrchr(path, '/');
  snprintf(out->name, sizeof(out->name), "%s", slash == NULL ? path : slash + 1);
  struct making making = {out, scl_shardlog_new()};
  bool has_lines = true;
  while (has_lines && !has_enough(out)) has_lines = add_lines(file, &making);
  fclose(file);
  int rc = has_lines ? finish(&making, err) : sc_error_set(err, SC_E_USAGE, "%s holds no records", path);
  scl_shardlog_free(making.log);
  return rc;
}

void sc_micro_data_fini(struct sc_micro_data *data) {
  sc_buf_fini(&data->json);
  sc_buf_fini(&data->cbor);
  free(data->opened);
  free(data->records);
}
