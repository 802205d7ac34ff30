#include <stdlib.h>

#include "engine/base/budget.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/park.h"
#include "engine/base/random.h"
#include "engine/decoder.h"
#include "engine/load/dry_run.h"
#include "engine/load/run.h"
#include "engine/plan.h"
#include "engine/shard.h"
#include "engine/source.h"
#include "engine/stop.h"

enum {
  REPLIES_A_SHARD = 20, /* empty pages are passed over */
  FAILURES_MOST = 5,
  POLL_MS = 200,
  MEMORY_REPLIES = 4
};

/* A shard being read; its machine decides. */
struct reading {
  struct sc_dry_shard *shard;
  struct sc_shard machine;
  enum sc_shard_do todo;
  struct sc_request request;
  unsigned replies, failures;
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
};

static int open_sampler(struct sampler *s, struct sc_error *err) {
  const struct sc_settings *set = &s->run->settings;
  size_t reply = sc_batch_cost(set->largest_reply_bytes);
  struct sc_decoder_config config = {.options = s->run->options,
                                     .largest_record_bytes = set->largest_record_bytes,
                                     .stream = s->run->source_ops->stream_name(s->run->source)};
  s->decoder = s->run->decoder_ops->new (&config);
  s->budget = sc_budget_new(MEMORY_REPLIES * reply, 1, reply);
  s->park = sc_park_new(err);
  if (s->park == NULL) return err->code;
  sc_budget_add_waiter(s->budget, SC_POOL_BODIES, s->park);
  struct sc_reader_config reader = {
      .budget = s->budget, .park = s->park, .largest_reply_bytes = set->largest_reply_bytes};
  return s->run->source_ops->reader_new(s->run->source, &reader, &s->reader, err);
}

static void close_sampler(struct sampler *s) {
  if (s->reader != NULL) s->run->source_ops->reader_free(s->reader);
  for (size_t i = 0; i < s->n; i++) sc_batch_free(s->readings[i].request.batch);
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

static void start_request(struct sampler *s, struct reading *r, int64_t now_ms) {
  r->request = (struct sc_request){.shard = &r->shard->info, .term = r->machine.term, .position = r->machine.position};
  r->busy = true;
  sc_shard_asked(&r->machine, now_ms);
  s->run->source_ops->reader_start(s->reader, &r->request);
}

static void start_due(struct sampler *s, int64_t now_ms) {
  for (size_t i = 0; i < s->n && s->run->source_ops->reader_places(s->reader) > 0; i++) {
    struct reading *r = &s->readings[i];
    if (!r->done && !r->busy && r->machine.due_ms <= now_ms) start_request(s, r, now_ms);
  }
}

static int add_batch(struct sampler *s, struct reading *r, struct sc_batch *batch, struct sc_error *err) {
  int rc = s->run->source_ops->open_envelope(batch, &s->records, err);
  if (rc != SC_OK) return rc;
  r->shard->records += s->records.n;
  s->run->decoder_ops->sample(s->decoder, s->records.items, s->records.n, s->sample);
  return SC_OK;
}

static int replied(struct sampler *s, struct reading *r, struct sc_error *err) {
  uint32_t flags = 0;
  struct sc_request *request = &r->request;
  struct sc_batch *batch = request->batch;
  request->batch = NULL;
  r->shard->behind_ms = request->reply.behind_ms;
  r->todo = sc_shard_replied(&r->machine, &request->reply, &s->run->settings.tip, request->due_ms, &flags);
  int rc = batch == NULL ? SC_OK : add_batch(s, r, batch, err);
  sc_batch_free(batch);
  if (flags != 0 || r->shard->records > 0 || ++r->replies >= REPLIES_A_SHARD) finish(s, r);
  return rc;
}

static int failed(struct reading *r, struct sc_error *err) {
  r->todo = sc_shard_failed(&r->machine, &r->request.error, r->request.due_ms);
  if (r->request.error.code != SC_AGAIN) r->failures++;
  if (r->todo != SC_DO_FAIL && r->failures <= FAILURES_MOST) return SC_OK;
  *err = r->request.error;
  return err->code;
}

static int finished(struct sampler *s, struct reading *r, struct sc_error *err) {
  r->busy = false;
  int rc = r->request.error.code != SC_OK ? failed(r, err) : replied(s, r, err);
  if (r->todo != SC_DO_REQUEST) finish(s, r);
  return rc;
}

static struct reading *reading_of(struct sc_request *request) {
  return (struct reading *)(void *)((char *)request - offsetof(struct reading, request));
}

static int read_all(struct sampler *s, struct sc_error *err) {
  int rc = SC_OK;
  while (rc == SC_OK && s->left > 0) {
    if (sc_stop_requested()) return sc_error_set(err, SC_E_STOPPED, "interrupted");
    sc_park_prepare(s->park);
    start_due(s, sc_clock_mono_ms());
    s->run->source_ops->reader_poll(s->reader, POLL_MS);
    sc_park_finish(s->park);
    for (struct sc_request *r; rc == SC_OK && (r = s->run->source_ops->reader_next(s->reader)) != NULL;)
      rc = finished(s, reading_of(r), err);
  }
  return rc;
}

int sc_dry_sample(struct sc_run *run, struct sc_dry_shard *shards, size_t n, struct sc_sample *sample,
                  struct sc_error *err) {
  struct sampler s = {.run = run, .sample = sample, .n = n, .left = n};
  s.readings = sc_alloc_zero(n + 1, sizeof(*s.readings));
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
