#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/load/dry_run.h"
#include "engine/stop.h"

enum {
  IN_FLIGHT = 16,
  CALLS_A_SHARD = 20, /* empty pages are passed over */
  FAILURES_MOST = 5,
  POLL_MS = 200,
  MEMORY_REPLIES = 4
};

/* A shard being read; its machine decides. */
struct reading {
  struct sc_dry_shard *shard;
  struct sc_shard machine;
  enum sc_shard_do todo;
  struct sc_call call;
  char *iterator;
  unsigned calls;
  bool busy, done;
};

struct sampler {
  struct sc_run *run;
  struct sc_reader *reader;
  struct sc_budget *budget;
  struct sc_park *park;
  struct sc_decoder *decoder;
  struct sc_records records;
  struct sc_sample *sample;
  struct reading *readings;
  size_t n, left;
  uint32_t in_flight;
  struct sc_random random;
};

static int open_sampler(struct sampler *s, struct sc_error *err) {
  const struct sc_settings *set = &s->run->settings;
  size_t reply = sc_batch_cost(set->largest_reply_bytes);
  struct sc_decoder_config config = {.largest_record_bytes = set->largest_record_bytes,
                                     .columns = set->columns,
                                     .split = set->split,
                                     .stream = s->run->source_ops->stream_name(s->run->source)};
  s->decoder = s->run->decoder_ops->new (&config);
  s->records.items = sc_alloc(SC_RECORDS_MAX * sizeof(struct sc_record));
  s->budget = sc_budget_new(MEMORY_REPLIES * reply, 1, reply);
  s->park = sc_park_new(err);
  if (s->park == NULL) return err->code;
  sc_budget_add_waiter(s->budget, SC_POOL_BODIES, s->park);
  struct sc_reader_config reader = {.budget = s->budget,
                                    .park = s->park,
                                    .largest_reply_bytes = set->largest_reply_bytes,
                                    .max_in_flight = IN_FLIGHT};
  return s->run->source_ops->reader_new(s->run->source, &reader, &s->reader, err);
}

static void close_sampler(struct sampler *s) {
  if (s->reader != NULL) s->run->source_ops->reader_free(s->reader);
  for (size_t i = 0; i < s->n; i++) {
    free(s->readings[i].iterator);
    free(s->readings[i].call.iterator);
    if (s->readings[i].call.batch != NULL) sc_batch_free(s->readings[i].call.batch);
  }
  if (s->park != NULL) sc_park_free(s->park);
  sc_budget_free(s->budget);
  s->run->decoder_ops->free(s->decoder);
  free(s->records.items);
  free(s->readings);
}

static void finish(struct sampler *s, struct reading *r) {
  if (!r->done) s->left--;
  r->done = true;
}

static void start_call(struct sampler *s, struct reading *r, int64_t now_ms) {
  r->call = (struct sc_call){.kind = r->todo == SC_DO_GET_ITERATOR ? SC_CALL_ITERATOR : SC_CALL_RECORDS,
                             .shard = &r->shard->info,
                             .term = r->machine.term,
                             .position = r->machine.position,
                             .impl = NULL};
  if (r->call.kind == SC_CALL_RECORDS) {
    r->call.iterator = r->iterator;
    r->call.limit = s->run->settings.limit;
    r->iterator = NULL;
    r->calls++;
  }
  r->busy = true;
  s->in_flight++;
  sc_shard_called(&r->machine, now_ms);
  s->run->source_ops->reader_start(s->reader, &r->call);
}

static void start_due(struct sampler *s, int64_t now_ms) {
  for (size_t i = 0; i < s->n && s->in_flight < IN_FLIGHT; i++) {
    struct reading *r = &s->readings[i];
    if (!r->done && !r->busy && r->machine.due_ms <= now_ms) start_call(s, r, now_ms);
  }
}

static int refuse_format(const struct sampler *s, const struct reading *r, struct sc_error *err) {
  uint32_t which = 0;
  const char *format = s->run->decoder_ops->sniff(s->records.items, s->records.n, &which);
  if (format == NULL || s->run->settings.columns == SC_COLUMNS_RAW) return SC_OK;
  sc_error_set(err, SC_E_FORMAT, "shard %s, sequence number %.*s: the record is %s, which this version cannot decode",
               r->shard->info.id, SC_SLICE_ARGS(s->records.items[which].sequence), format);
  sc_error_hint(err, "--columns=raw loads the bytes as they are");
  return err->code;
}

static int add_batch(struct sampler *s, struct reading *r, struct sc_batch *batch, struct sc_error *err) {
  int rc = s->run->decoder_ops->open(s->decoder, batch, &s->records, err);
  if (rc == SC_OK) rc = refuse_format(s, r, err);
  if (rc != SC_OK) return rc;
  r->shard->records += s->records.n;
  s->run->decoder_ops->sample(s->decoder, s->records.items, s->records.n, s->sample);
  return SC_OK;
}

static int got_records(struct sampler *s, struct reading *r, struct sc_error *err) {
  uint32_t flags = 0;
  struct sc_batch *batch = r->call.batch;
  r->call.batch = NULL;
  r->shard->behind_ms = r->call.reply.behind_ms;
  r->todo = sc_shard_got_records(&r->machine, &r->call.reply, &s->run->settings.pace, sc_clock_mono_ms(), &flags);
  int rc = batch == NULL ? SC_OK : add_batch(s, r, batch, err);
  if (batch != NULL) sc_batch_free(batch);
  if (flags != 0 || r->shard->records > 0 || r->calls >= CALLS_A_SHARD) finish(s, r);
  return rc;
}

static int finished(struct sampler *s, struct reading *r, struct sc_error *err) {
  int64_t now_ms = sc_clock_mono_ms();
  int rc = SC_OK;
  r->busy = false;
  s->in_flight--;
  free(r->iterator);
  r->iterator = r->call.iterator;
  r->call.iterator = NULL;
  if (r->call.error.code != SC_OK) {
    r->todo = sc_shard_failed(&r->machine, &r->call.error, &s->random, now_ms);
    if (r->todo == SC_DO_FAIL || r->machine.failures > FAILURES_MOST) rc = r->call.error.code;
    if (rc != SC_OK) *err = r->call.error;
  } else if (r->call.kind == SC_CALL_ITERATOR) {
    r->todo = sc_shard_got_iterator(&r->machine, now_ms);
  } else {
    rc = got_records(s, r, err);
  }
  if (r->todo != SC_DO_GET_ITERATOR && r->todo != SC_DO_GET_RECORDS) finish(s, r);
  return rc;
}

static struct reading *reading_of(struct sc_call *call) {
  return (struct reading *)(void *)((char *)call - offsetof(struct reading, call));
}

static int read_all(struct sampler *s, struct sc_error *err) {
  int rc = SC_OK;
  while (rc == SC_OK && s->left > 0) {
    if (sc_stop_requested()) return sc_error_set(err, SC_E_STOPPED, "interrupted");
    sc_park_prepare(s->park);
    start_due(s, sc_clock_mono_ms());
    s->run->source_ops->reader_poll(s->reader, POLL_MS);
    sc_park_finish(s->park);
    for (struct sc_call *call; rc == SC_OK && (call = s->run->source_ops->reader_next(s->reader)) != NULL;)
      rc = finished(s, reading_of(call), err);
  }
  return rc;
}

int sc_dry_sample(struct sc_run *run, struct sc_dry_shard *shards, size_t n, struct sc_sample *sample,
                  struct sc_error *err) {
  struct sampler s = {.run = run, .sample = sample, .n = n, .left = n};
  s.readings = sc_alloc_zero(n + 1, sizeof(*s.readings));
  sc_random_init(&s.random, (uint64_t)sc_clock_mono_us());
  for (size_t i = 0; i < n; i++) {
    shards[i].behind_ms = -1;
    s.readings[i].shard = &shards[i];
    sc_shard_init(&s.readings[i].machine);
    s.readings[i].todo = sc_shard_start(&s.readings[i].machine, &shards[i].start, 1, sc_clock_mono_ms());
  }
  int rc = open_sampler(&s, err);
  if (rc == SC_OK) rc = read_all(&s, err);
  close_sampler(&s);
  return rc;
}
