/* The model's stream and its decoder. Compiled into the tests that use it. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/assert.h"
#include "engine/base/budget.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/park.h"
#include "engine/batch.h"
#include "engine/decoder.h"
#include "engine/lineage.h"
#include "engine/plan.h"
#include "engine/position.h"
#include "engine/sample.h"
#include "engine/shard.h"
#include "engine/source.h"
#include "engine/timings.h"
#include "tests/unit/engine/load/model.h"

struct model *the_model;

void model_init(struct model *m, uint64_t seed, uint32_t n_shards, uint32_t records) {
  memset(m, 0, sizeof(*m));
  sc_random_init(&m->random, seed);
  pthread_mutex_init(&m->lock, NULL);
  pthread_cond_init(&m->changed, NULL);
  m->record_bytes = MODEL_RECORD_LEAST;
  m->page = 700;
  m->due_rows = 500;
  m->due_ms = 20;
  m->rows = sc_alloc(MODEL_ROWS_MAX * sizeof(*m->rows));
  m->dead = sc_alloc(MODEL_ROWS_MAX * sizeof(*m->dead));
  m->held = MODEL_NONE;
  m->n_shards = n_shards;
  for (uint32_t i = 0; i < n_shards; i++) m->shards[i] = (struct model_shard){.records = records, .parent = MODEL_NONE};
  the_model = m;
}

void model_fini(struct model *m) {
  free(m->rows);
  free(m->dead);
  pthread_mutex_destroy(&m->lock);
  pthread_cond_destroy(&m->changed);
}

void model_split(struct model *m, uint32_t shard, uint32_t records) {
  pthread_mutex_lock(&m->lock);
  m->shards[shard].closed = true;
  for (int i = 0; i < 2; i++) m->shards[m->n_shards++] = (struct model_shard){.records = records, .parent = shard};
  pthread_mutex_unlock(&m->lock);
}

void model_wait_for_calls(struct model *m, unsigned n) {
  pthread_mutex_lock(&m->lock);
  while (m->calls < n) pthread_cond_wait(&m->changed, &m->lock);
  pthread_mutex_unlock(&m->lock);
}

void model_wait_for_pushed(struct model *m, size_t n) {
  pthread_mutex_lock(&m->lock);
  while (m->pushed < n) pthread_cond_wait(&m->changed, &m->lock);
  pthread_mutex_unlock(&m->lock);
}

static void wake_readers(struct model *m) {
  for (uint32_t i = 0; i < m->n_readers; i++) sc_park_wake(m->parks[i]);
}

void model_hold(struct model *m, bool all, uint32_t shard) {
  pthread_mutex_lock(&m->lock);
  m->answers_held = all;
  m->held = shard;
  wake_readers(m);
  pthread_mutex_unlock(&m->lock);
}

void model_settle(struct model *m) {
  pthread_mutex_lock(&m->lock);
  for (int i = 0; i < 2; i++) { /* the first sleep may have begun before */
    unsigned sleeps = m->sleeps;
    wake_readers(m);
    while (m->sleeps == sleeps) pthread_cond_wait(&m->changed, &m->lock);
  }
  pthread_mutex_unlock(&m->lock);
}

/* In per mille of so many. */
static bool fault_in(unsigned per_mille, uint32_t n, uint32_t of) {
  pthread_mutex_lock(&the_model->lock);
  bool now = sc_random_below(&the_model->random, 1000 * (uint64_t)of) < (uint64_t)per_mille * n;
  pthread_mutex_unlock(&the_model->lock);
  return now;
}

static bool fault(unsigned per_mille) { return fault_in(per_mille, 1, 1); }

/* What comes before the first take would end the load: no faults there. */
static bool is_started(void) {
  pthread_mutex_lock(&the_model->lock);
  bool started = the_model->takes > 0;
  pthread_mutex_unlock(&the_model->lock);
  return started;
}

static uint32_t shard_number(const char *id) { return (uint32_t)strtoul(id + strlen("shard-"), NULL, 10); }

static uint32_t place_of(const struct sc_sequence *s) {
  uint64_t place = 0;
  sc_slice_to_u64(sc_sequence_view(s), &place);
  return (uint32_t)place;
}

/* ---- the stream; a record's sequence number is its place from 1 ---- */

/* It has no iterators: a request says where it begins, and that is where it is answered from. */
struct sc_reader {
  struct sc_reader_config config;
  struct sc_requests waiting, done;
  unsigned window, under_way;
  bool no_credit; /* for one of those waiting */
};

static struct sc_request *get_request(struct sc_requests *list) {
  struct sc_request *request = STAILQ_FIRST(list);
  if (request != NULL) STAILQ_REMOVE_HEAD(list, entry);
  return request;
}

static const char *source_text(const struct sc_source *source) {
  (void)source;
  return "model";
}

static int64_t source_idle_interval_ms(const struct sc_source *source) {
  (void)source;
  return 5;
}

static uint32_t source_connections(const struct sc_source *source) {
  (void)source;
  return MODEL_WINDOW_MOST;
}

static int source_identity(struct sc_source *source, struct sc_stream_identity *out, struct sc_error *err) {
  (void)source, (void)err;
  memset(out, 0, sizeof(*out));
  snprintf(out->name, sizeof(out->name), "model");
  out->service_ms = sc_clock_wall_ms();
  return SC_OK;
}

static int source_list(struct sc_source *source, struct sc_listed **shards, size_t *n, struct sc_error *err) {
  (void)source;
  if (is_started() && fault(the_model->read_faults)) return sc_error_set(err, SC_E_NET, "a fault");
  pthread_mutex_lock(&the_model->lock);
  *n = the_model->n_shards;
  *shards = sc_alloc_zero(*n, sizeof(**shards));
  for (uint32_t i = 0; i < *n; i++) {
    struct sc_listed *s = &(*shards)[i];
    const struct model_shard *is = &the_model->shards[i];
    snprintf(s->id, sizeof(s->id), "shard-%u", i);
    s->closed = is->closed;
    if (is->parent != MODEL_NONE) snprintf(s->parents[0], sizeof(s->parents[0]), "shard-%u", is->parent);
  }
  pthread_mutex_unlock(&the_model->lock);
  return SC_OK;
}

static int source_reread(struct sc_source *source, const char *shard_id, const struct sc_sequence *sequence,
                         struct sc_buf *data, struct sc_error *err) {
  (void)source, (void)err;
  uint32_t value = shard_number(shard_id) * MODEL_STEP + place_of(sequence);
  sc_buf_add(data, &value, sizeof(value));
  for (uint32_t i = sizeof(value); i < the_model->record_bytes; i++) sc_buf_add_char(data, 'r');
  return SC_OK;
}

static int reader_new(struct sc_source *source, const struct sc_reader_config *config, struct sc_reader **out,
                      struct sc_error *err) {
  (void)source, (void)err;
  struct sc_reader *r = *out = sc_alloc_zero(1, sizeof(*r));
  r->config = *config;
  r->window = MODEL_WINDOW;
  STAILQ_INIT(&r->waiting);
  STAILQ_INIT(&r->done);
  pthread_mutex_lock(&the_model->lock);
  SC_ASSERT(the_model->n_readers < MODEL_READERS_MAX);
  the_model->parks[the_model->n_readers++] = config->park;
  pthread_mutex_unlock(&the_model->lock);
  return SC_OK;
}

/* All are freed before the next is made. */
static void reader_free(struct sc_reader *reader) {
  pthread_mutex_lock(&the_model->lock);
  the_model->n_readers--;
  the_model->calls = 0;
  pthread_mutex_unlock(&the_model->lock);
  free(reader);
}

static uint32_t reader_places(const struct sc_reader *reader) { return reader->window - reader->under_way; }

static void reader_widen(struct sc_reader *reader) {
  reader->window += reader->window / 2;
  if (reader->window > MODEL_WINDOW_MOST) reader->window = MODEL_WINDOW_MOST;
}

static void reader_start(struct sc_reader *reader, struct sc_request *request) {
  struct model *m = the_model;
  SC_ASSERT(reader_places(reader) > 0);
  reader->under_way++;
  sc_error_clear(&request->error);
  STAILQ_INSERT_TAIL(&reader->waiting, request, entry);
  pthread_mutex_lock(&m->lock);
  m->started++;
  if (++m->calls > m->calls_most) m->calls_most = m->calls;
  m->limit = request->limit == 0 || request->limit > m->page ? m->page : request->limit;
  pthread_cond_broadcast(&m->changed);
  pthread_mutex_unlock(&m->lock);
}

static void give_request(struct sc_reader *reader, struct sc_request *request) {
  pthread_mutex_lock(&the_model->lock);
  the_model->calls--;
  pthread_mutex_unlock(&the_model->lock);
  reader->under_way--;
  STAILQ_INSERT_TAIL(&reader->done, request, entry);
}

/* The body of records from..from+n, paid for; NULL: no credit now. */
static struct sc_batch *make_body(struct sc_reader *reader, uint32_t shard, uint32_t from, uint32_t n) {
  size_t width = the_model->record_bytes, bytes = n * width, cost = sc_batch_cost(bytes);
  bool reserve = false;
  if (!sc_budget_take(reader->config.budget, SC_POOL_BODIES, cost)) {
    if (!sc_budget_take_reserve(reader->config.budget, cost)) return NULL;
    reserve = true;
  }
  struct sc_batch *batch = sc_batch_new(reader->config.budget, bytes, cost, reserve);
  batch->envelope = SC_ENVELOPE_JSON;
  batch->body_len = bytes;
  memset(batch->body, 'x', bytes);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t value = shard * MODEL_STEP + from + i + 1;
    memcpy(batch->body + i * width, &value, sizeof(value));
    snprintf(batch->body + i * width + sizeof(value), MODEL_RECORD_LEAST - sizeof(value), "%u", from + i + 1);
  }
  return batch;
}

/* False: no credit. */
static bool fill_page(struct sc_reader *reader, struct sc_request *request, uint32_t from) {
  uint32_t number = shard_number(request->shard->id);
  uint32_t page = request->limit == 0 || request->limit > the_model->page ? the_model->page : request->limit;
  pthread_mutex_lock(&the_model->lock);
  struct model_shard shard = the_model->shards[number];
  pthread_mutex_unlock(&the_model->lock);
  uint32_t left = shard.records - from, n = left < page ? left : page;
  if (n > 0 && (request->batch = make_body(reader, number, from, n)) == NULL) {
    reader->no_credit = true;
    return false;
  }
  bool last = n == left && (n == 0 || !the_model->end_is_alone);
  bool ended = shard.closed && last;
  request->reply = (struct sc_reply){.n_records = n,
                                     .full = !last,
                                     .behind_ms = last ? 0 : 1000,
                                     .has_next = !ended,
                                     .has_children = ended && !the_model->end_is_null};
  if (n > 0) request->reply.last.len = (uint8_t)snprintf(request->reply.last.digits, 12, "%u", from + n);
  return true;
}

static bool is_held(const struct sc_request *request) {
  pthread_mutex_lock(&the_model->lock);
  bool held = the_model->held == shard_number(request->shard->id) || the_model->answers_held;
  pthread_mutex_unlock(&the_model->lock);
  return held;
}

/* False: not now. */
static bool answer(struct sc_reader *reader, struct sc_request *request) {
  request->service_ms = sc_clock_wall_ms();
  request->due_ms = 0;
  if (request->error.code != SC_OK) return true;
  if (is_held(request)) return false;
  if (fault(the_model->read_faults)) {
    sc_error_set(&request->error, fault(500) ? SC_E_EXPIRED_ITERATOR : SC_E_NET, "a fault");
    request->due_ms = sc_clock_mono_ms() + 1;
    return true;
  }
  bool begins_later = request->position.start == SC_START_AFTER;
  return fill_page(reader, request, begins_later ? place_of(&request->position.sequence) : 0);
}

/* Before it sleeps. */
static void note_sleep(void) {
  pthread_mutex_lock(&the_model->lock);
  the_model->sleeps++;
  pthread_cond_broadcast(&the_model->changed);
  pthread_mutex_unlock(&the_model->lock);
}

/* Those without an answer stay and are tried again when the budget or the test wakes the thread. */
static void reader_poll(struct sc_reader *reader, int timeout_ms) {
  struct sc_requests before = STAILQ_HEAD_INITIALIZER(before);
  STAILQ_CONCAT(&before, &reader->waiting);
  reader->no_credit = false;
  for (struct sc_request *request; (request = get_request(&before)) != NULL;) {
    if (answer(reader, request)) give_request(reader, request);
    else STAILQ_INSERT_TAIL(&reader->waiting, request, entry);
  }
  struct pollfd p = {.fd = sc_park_fd(reader->config.park), .events = POLLIN};
  sc_timings_sleep(reader->config.timings);
  if (STAILQ_EMPTY(&reader->done)) note_sleep();
  poll(&p, 1, STAILQ_EMPTY(&reader->done) ? timeout_ms : 0);
  sc_timings_wake(reader->config.timings, reader->no_credit ? SC_TIME_BLOCKED : reader->config.timings->in_poll);
}

static struct sc_request *reader_next(struct sc_reader *reader) { return get_request(&reader->done); }

static void reader_cancel(struct sc_reader *reader, struct sc_request *request) {
  (void)reader;
  sc_error_set(&request->error, SC_E_STOPPED, "cancelled");
}

static int open_envelope(struct sc_batch *batch, struct sc_records *out, struct sc_error *err) {
  if (fault(the_model->spoilt)) return sc_error_set(err, SC_E_PROTOCOL, "a fault");
  uint32_t width = the_model->record_bytes;
  out->n = 0;
  for (; out->n < batch->body_len / width; out->n++) {
    const char *data = batch->body + (size_t)out->n * width;
    *sc_records_next(out) =
        (struct sc_record){.data = {data, width}, .sequence = sc_slice_str(data + sizeof(uint32_t))};
  }
  return SC_OK;
}

const struct sc_source_ops model_source = {.name = "model",
                                           .describe = source_text,
                                           .stream_name = source_text,
                                           .idle_interval_ms = source_idle_interval_ms,
                                           .connections = source_connections,
                                           .identity = source_identity,
                                           .list_shards = source_list,
                                           .reread = source_reread,
                                           .reader_new = reader_new,
                                           .reader_free = reader_free,
                                           .reader_places = reader_places,
                                           .reader_widen = reader_widen,
                                           .reader_start = reader_start,
                                           .reader_poll = reader_poll,
                                           .reader_next = reader_next,
                                           .reader_cancel = reader_cancel,
                                           .open_envelope = open_envelope};

/* ---- the decoder: a record is a number of four bytes, its place in digits, and filling; it has one key without a
 * column ---- */

struct sc_decoder {
  int unused;
};

static struct sc_decoder *decoder_new(const struct sc_decoder_config *config) {
  (void)config;
  return sc_alloc_zero(1, sizeof(struct sc_decoder));
}
static void decoder_free(struct sc_decoder *decoder) { free(decoder); }
static size_t decoder_scratch(size_t largest) {
  (void)largest;
  return sizeof(struct sc_decoder);
}

static uint32_t value_of(const struct sc_record *record) {
  uint32_t value;
  memcpy(&value, record->data.ptr, sizeof(value));
  return value;
}

/* The number of the newest key in the record; 0: none that is new in the stream. */
static uint32_t key_of(uint32_t value) {
  return the_model->new_key_every == 0 ? 0 : value % MODEL_STEP / the_model->new_key_every;
}

static struct sc_slice key_name(uint32_t key, char out[16]) {
  return sc_slice_of(out, (size_t)snprintf(out, 16, "key%u", key));
}

static void decoder_sample(struct sc_decoder *decoder, const struct sc_record *records, uint32_t n,
                           struct sc_sample *into) {
  (void)decoder;
  for (uint32_t i = 0; i < n; i++) {
    char name[16];
    uint32_t key = key_of(value_of(&records[i]));
    sc_sample_add(into, SC_SLICE_LITERAL("value"), SC_KIND_INTEGER);
    if (key > 0) sc_sample_add(into, key_name(key, name), SC_KIND_INTEGER);
    sc_sample_add_record(into);
  }
}

static uint32_t decoder_decode(struct sc_decoder *decoder, const struct sc_plan *plan, const struct sc_record *records,
                               uint32_t n, struct sc_cells *out, struct sc_rejects *rejects, uint64_t *unknown) {
  (void)decoder;
  uint32_t i = 0;
  for (; i < n && i < out->cap_rows; i++) {
    uint32_t value = value_of(&records[i]);
    ++*unknown;
    if (the_model->bad_every != 0 && value % the_model->bad_every == 0) {
      rejects->items[rejects->n++] = (struct sc_reject){.record = i, .column = SC_NO_COLUMN, .text = "bad"};
      continue;
    }
    char name[16];
    uint32_t key = key_of(value);
    if (plan->unknown == SC_UNKNOWN_ADD && key > 0 && sc_plan_find(plan, key_name(key, name), -1) < 0) {
      rejects->items[rejects->n++] = (struct sc_reject){.record = i, .request = SC_REQUEST_COLUMN};
      return i + 1;
    }
    out->record[out->n_rows] = i;
    out->cells[(size_t)out->n_rows++ * out->n_columns] = (struct sc_cell){.type = SC_CELL_INT, .i = value};
  }
  return i;
}

const struct sc_decoder_ops model_decoder = {.name = "model",
                                             .new = decoder_new,
                                             .free = decoder_free,
                                             .scratch_bytes = decoder_scratch,
                                             .sample = decoder_sample,
                                             .decode = decoder_decode};
