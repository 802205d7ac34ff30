#include "tests/unit/engine/model_stream.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"

struct model *the_model;

enum { SHARD_STEP = 1000000, ROW_BYTES = 4 };

void model_init(struct model *m, uint64_t seed) {
  memset(m, 0, sizeof(*m));
  sc_random_init(&m->random, seed);
  pthread_mutex_init(&m->lock, NULL);
  m->rows = sc_alloc(MODEL_ROWS_MAX * sizeof(*m->rows));
  m->dead = sc_alloc(MODEL_ROWS_MAX * sizeof(*m->dead));
  the_model = m;
}

void model_fini(struct model *m) {
  free(m->rows);
  free(m->dead);
  pthread_mutex_destroy(&m->lock);
}

static bool fault(unsigned per_mille) {
  pthread_mutex_lock(&the_model->lock);
  bool now = sc_random_below(&the_model->random, 1000) < per_mille;
  pthread_mutex_unlock(&the_model->lock);
  return now;
}

static uint32_t shard_number(const char *id) { return (uint32_t)strtoul(id + strlen("shard-"), NULL, 10); }

static uint32_t place_of(const struct sc_sequence *s) {
  uint64_t place = 0;
  sc_slice_to_u64(sc_sequence_view(s), &place);
  return (uint32_t)place;
}

static bool is_closed(uint32_t shard) { return the_model->first_splits && shard == 0; }
static bool is_child(uint32_t shard) { return the_model->first_splits && shard + 2 >= the_model->n_shards; }

/* ---- the stream; a record's sequence number is its place from 1 ---- */

struct sc_reader {
  struct sc_reader_config config;
  struct sc_call *first, **last;
};

static const char *source_text(const struct sc_source *source) {
  (void)source;
  return "model";
}

static void source_pace(const struct sc_source *source, struct sc_pace *out) {
  (void)source;
  *out = (struct sc_pace){.idle_interval_ms = 20, .behind_latest_ms = 0};
}

static int source_identity(struct sc_source *source, struct sc_stream_identity *out, struct sc_error *err) {
  (void)source, (void)err;
  memset(out, 0, sizeof(*out));
  snprintf(out->name, sizeof(out->name), "model");
  out->service_ms = sc_clock_wall_ms();
  return SC_OK;
}

static int source_list(struct sc_source *source, struct sc_listed **shards, size_t *n, struct sc_error *err) {
  (void)source, (void)err;
  *n = the_model->n_shards;
  *shards = sc_alloc_zero(*n, sizeof(**shards));
  for (uint32_t i = 0; i < *n; i++) {
    struct sc_listed *s = &(*shards)[i];
    snprintf(s->id, sizeof(s->id), "shard-%u", i);
    s->closed = is_closed(i);
    if (is_child(i)) snprintf(s->parents[0], sizeof(s->parents[0]), "shard-0");
  }
  return SC_OK;
}

static int source_reread(struct sc_source *source, const char *shard_id, const struct sc_sequence *sequence,
                         struct sc_buf *data, struct sc_error *err) {
  (void)source, (void)err;
  uint32_t value = shard_number(shard_id) * SHARD_STEP + place_of(sequence);
  sc_buf_add(data, &value, sizeof(value));
  return SC_OK;
}

static int reader_new(struct sc_source *source, const struct sc_reader_config *config, struct sc_reader **out,
                      struct sc_error *err) {
  (void)source, (void)err;
  *out = sc_alloc_zero(1, sizeof(**out));
  (*out)->config = *config;
  (*out)->last = &(*out)->first;
  return SC_OK;
}

static void reader_free(struct sc_reader *reader) { free(reader); }

static void reader_start(struct sc_reader *reader, struct sc_call *call) {
  call->next = NULL;
  *reader->last = call;
  reader->last = &call->next;
}

static void reader_poll(struct sc_reader *reader, int timeout_ms) {
  struct pollfd p = {.fd = sc_park_fd(reader->config.park), .events = POLLIN};
  poll(&p, 1, reader->first != NULL ? 0 : timeout_ms);
}

static void fill_page(struct sc_reader *reader, struct sc_call *call, uint32_t from) {
  uint32_t shard = shard_number(call->shard->id), all = the_model->records_a_shard;
  uint32_t n = all - from < reader->config.limit ? all - from : reader->config.limit;
  size_t bytes = n * sizeof(uint32_t), cost = sc_batch_cost(bytes);
  free(call->iterator);
  call->iterator = NULL;
  call->reply = (struct sc_reply){
      .n_records = n, .body_bytes = bytes, .full = from + n < all, .behind_ms = from + n < all ? 1000 : 0};
  if (is_closed(shard) && from + n == all) {
    call->reply.has_children = true;
  } else {
    call->reply.has_next = true;
    char text[32];
    snprintf(text, sizeof(text), "%u", from + n);
    call->iterator = sc_strdup(text);
  }
  if (n == 0) return;
  bool reserve = false;
  while (!sc_budget_take(reader->config.budget, SC_POOL_BODIES, cost) &&
         !(reserve = sc_budget_take_reserve(reader->config.budget, cost)))
    poll(NULL, 0, 1);
  call->batch = sc_batch_new(reader->config.budget, bytes, cost, reserve);
  call->batch->envelope = SC_ENVELOPE_JSON;
  call->batch->body_len = bytes;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t value = shard * SHARD_STEP + from + i + 1;
    memcpy(call->batch->body + i * sizeof(value), &value, sizeof(value));
  }
  call->reply.last.len = (uint8_t)snprintf(call->reply.last.digits, 12, "%u", from + n);
}

static struct sc_call *reader_next(struct sc_reader *reader) {
  struct sc_call *call = reader->first;
  if (call == NULL) return NULL;
  reader->first = call->next;
  if (reader->first == NULL) reader->last = &reader->first;
  call->service_ms = sc_clock_wall_ms();
  if (call->error.code != SC_OK) return call;
  if (fault(the_model->read_faults)) {
    bool expired = call->kind == SC_CALL_RECORDS && fault(500);
    sc_error_set(&call->error, expired ? SC_E_EXPIRED_ITERATOR : SC_E_NET, "a fault");
  } else if (call->kind == SC_CALL_ITERATOR) {
    char text[32] = "0";
    if (call->position.start == SC_START_AFTER)
      snprintf(text, sizeof(text), "%.*s", call->position.sequence.len, call->position.sequence.digits);
    call->iterator = sc_strdup(text);
  } else {
    fill_page(reader, call, (uint32_t)strtoul(call->iterator, NULL, 10));
  }
  return call;
}

static void reader_cancel(struct sc_reader *reader, struct sc_call *call) {
  (void)reader;
  sc_error_set(&call->error, SC_E_STOPPED, "cancelled");
}

const struct sc_source_ops model_source = {.name = "model",
                                           .describe = source_text,
                                           .stream_name = source_text,
                                           .pace = source_pace,
                                           .identity = source_identity,
                                           .list_shards = source_list,
                                           .reread = source_reread,
                                           .reader_new = reader_new,
                                           .reader_free = reader_free,
                                           .reader_start = reader_start,
                                           .reader_poll = reader_poll,
                                           .reader_next = reader_next,
                                           .reader_cancel = reader_cancel};

/* ---- the decoder: a record is a number of four bytes ---- */

struct sc_decoder {
  char digits[SC_RECORDS_MAX][8];
};

static struct sc_decoder *decoder_new(size_t largest) {
  (void)largest;
  return sc_alloc(sizeof(struct sc_decoder));
}
static void decoder_free(struct sc_decoder *decoder) { free(decoder); }
static size_t decoder_scratch(size_t largest) {
  (void)largest;
  return sizeof(struct sc_decoder);
}

static int decoder_open(struct sc_decoder *decoder, struct sc_batch *batch, struct sc_records *out,
                        struct sc_error *err) {
  (void)err;
  out->n = (uint32_t)(batch->body_len / sizeof(uint32_t));
  for (uint32_t i = 0; i < out->n; i++) {
    uint32_t value;
    memcpy(&value, batch->body + i * sizeof(value), sizeof(value));
    int len = snprintf(decoder->digits[i], sizeof(decoder->digits[i]), "%u", value % SHARD_STEP);
    out->items[i] = (struct sc_record){.data = {batch->body + i * sizeof(value), sizeof(value)},
                                       .sequence = {decoder->digits[i], (size_t)len}};
  }
  return SC_OK;
}

static const char *decoder_sniff(const struct sc_record *records, uint32_t n, uint32_t *which) {
  (void)records, (void)n, (void)which;
  return NULL;
}

static void decoder_sample(struct sc_decoder *decoder, const struct sc_record *records, uint32_t n,
                           struct sc_sample *into) {
  (void)decoder, (void)records;
  for (uint32_t i = 0; i < n; i++) {
    sc_sample_add(into, SC_SLICE_LITERAL("value"), SC_KIND_INTEGER);
    sc_sample_add_record(into);
  }
}

static uint32_t value_of(const struct sc_record *record) {
  uint32_t value;
  memcpy(&value, record->data.ptr, sizeof(value));
  return value;
}

static uint32_t decoder_decode(struct sc_decoder *decoder, const struct sc_plan *plan, const struct sc_record *records,
                               uint32_t n, struct sc_cells *out, struct sc_rejects *rejects, uint64_t *unknown) {
  (void)decoder, (void)plan, (void)unknown;
  uint32_t i = 0;
  for (; i < n && i < out->cap_rows; i++) {
    uint32_t value = value_of(&records[i]);
    if (the_model->bad_every != 0 && value % the_model->bad_every == 0) {
      rejects->items[rejects->n++] = (struct sc_reject){.record = i, .sqlstate = "22P02", .reason = "bad"};
      continue;
    }
    out->record[out->n_rows] = i;
    out->cells[out->n_rows++] = (struct sc_cell){.type = SC_CELL_INT, .i = value};
  }
  return i;
}

const struct sc_decoder_ops model_decoder = {.name = "model",
                                             .new = decoder_new,
                                             .free = decoder_free,
                                             .scratch_bytes = decoder_scratch,
                                             .open = decoder_open,
                                             .sniff = decoder_sniff,
                                             .sample = decoder_sample,
                                             .decode = decoder_decode};

/* ---- the database ---- */

struct sc_session {
  uint32_t *rows, *dead;
  size_t n_rows, n_dead, copy_from, savepoint;
  bool in_copy;
  struct sc_refusal refusal;
};

static const char *sink_describe(const struct sc_sink *sink) {
  (void)sink;
  return "model database";
}

static int session_open(struct sc_sink *sink, const char *role, const struct sc_wait *wait, struct sc_session **out,
                        struct sc_error *err) {
  (void)sink, (void)role, (void)wait, (void)err;
  struct sc_session *s = sc_alloc_zero(1, sizeof(*s));
  s->rows = sc_alloc(MODEL_ROWS_MAX * sizeof(uint32_t));
  s->dead = sc_alloc(MODEL_ROWS_MAX * sizeof(uint32_t));
  *out = s;
  return SC_OK;
}

static void session_close(struct sc_session *s) {
  free(s->rows);
  free(s->dead);
  free(s);
}

static int sink_ok(struct sc_session *s, struct sc_error *err) {
  (void)s, (void)err;
  return SC_OK;
}

static int sink_lock(struct sc_session *s, bool take_over, struct sc_error *err) {
  (void)s, (void)take_over, (void)err;
  return SC_OK;
}

static int sink_survey(struct sc_session *s, struct sc_survey *out, struct sc_error *err) {
  (void)s, (void)err;
  memset(out, 0, sizeof(*out));
  out->shards = sc_alloc_zero(MODEL_SHARDS_MAX, sizeof(*out->shards));
  out->table_exists = true;
  for (uint32_t i = 0; i < the_model->n_shards; i++) {
    if (!the_model->shards[i].stored) continue;
    snprintf(out->shards[out->n].id, sizeof(out->shards[0].id), "shard-%u", i);
    if (is_child(i)) snprintf(out->shards[out->n].parents[0], sizeof(out->shards[0].parents[0]), "shard-0");
    out->shards[out->n++].ended = the_model->shards[i].ended;
  }
  return SC_OK;
}

static int sink_add(struct sc_session *s, const struct sc_stream_identity *identity, const struct sc_position_row *rows,
                    size_t n, struct sc_error *err) {
  (void)s, (void)identity, (void)err;
  for (size_t i = 0; i < n; i++) {
    the_model->shards[shard_number(rows[i].shard_id)].stored = true;
    the_model->shards[shard_number(rows[i].shard_id)].start = rows[i].start;
  }
  return SC_OK;
}

static int sink_release(struct sc_session *s, const struct sc_commit_row *rows, size_t n, struct sc_error *err) {
  (void)s, (void)rows, (void)n, (void)err;
  return SC_OK;
}

static int sink_take(struct sc_session *s, const char *const *ids, size_t n, struct sc_taken *out,
                     struct sc_error *err) {
  (void)s, (void)err;
  pthread_mutex_lock(&the_model->lock);
  for (size_t i = 0; i < n; i++) {
    uint32_t k = shard_number(ids[i]);
    memset(&out[i], 0, sizeof(out[i]));
    snprintf(out[i].shard_id, sizeof(out[i].shard_id), "%s", ids[i]);
    out[i].epoch = ++the_model->shards[k].epoch;
    out[i].ended = the_model->shards[k].ended;
    out[i].start = the_model->shards[k].start;
    if (the_model->shards[k].position == 0) continue;
    out[i].sequence.len = (uint8_t)snprintf(out[i].sequence.digits, 12, "%u", the_model->shards[k].position);
    out[i].start = (struct sc_position){.start = SC_START_AFTER, .sequence = out[i].sequence};
  }
  pthread_mutex_unlock(&the_model->lock);
  return SC_OK;
}

static int sink_plan(struct sc_session *s, const struct sc_sample *sample, uint32_t generation, struct sc_plan **out,
                     struct sc_error *err) {
  (void)s, (void)err;
  *out = NULL;
  if (sample == NULL) return SC_OK;
  *out = sc_plan_new(generation, 1);
  sc_plan_add(*out, SC_SLICE_LITERAL("value"), SC_ROLE_PAYLOAD, SC_SLICE_LITERAL("value"));
  sc_plan_seal(*out);
  return SC_OK;
}

static uint32_t sink_encode(const struct sc_plan *plan, const struct sc_cells *cells, uint32_t first,
                            const struct sc_record *records, uint32_t span, struct sc_block *block,
                            struct sc_rejects *rejects, size_t *needed) {
  (void)plan, (void)rejects;
  uint32_t row = first;
  for (; row < cells->n_rows && block->n_rows < block->cap_rows; row++) {
    struct sc_slice digits = records[cells->record[row]].sequence;
    if (block->cap - block->len < ROW_BYTES || block->sequences_cap - block->sequences_len < digits.len) break;
    uint32_t value = (uint32_t)cells->cells[row].i;
    block->rows[block->n_rows++] = (struct sc_row_ref){.offset = (uint32_t)block->len,
                                                       .span = span,
                                                       .sequence_offset = (uint32_t)block->sequences_len,
                                                       .sequence_len = (uint32_t)digits.len};
    memcpy(block->sequences + block->sequences_len, digits.ptr, digits.len);
    block->sequences_len += digits.len;
    memcpy(block->data + block->len, &value, ROW_BYTES);
    block->len += ROW_BYTES;
  }
  *needed = row < cells->n_rows ? ROW_BYTES : 0;
  return row - first;
}

static bool sink_encode_dead(const struct sc_sink *sink, const struct sc_dead_letter *letter, struct sc_block *block) {
  (void)sink;
  if (!sc_block_reserve_dead(block, letter->data.len)) return false;
  memcpy(block->dead + block->dead_len, letter->data.ptr, letter->data.len);
  block->dead_len += letter->data.len;
  return true;
}

static int sink_begin(struct sc_session *s, struct sc_error *err) {
  (void)err;
  s->n_rows = s->n_dead = s->copy_from = s->savepoint = 0;
  s->in_copy = false;
  return SC_OK;
}

static int sink_push(struct sc_session *s, const struct sc_block *block, uint32_t first, uint32_t end,
                     struct sc_error *err) {
  if (fault(the_model->push_faults)) return sc_error_set(err, SC_E_DB_LOST, "a fault");
  if (!s->in_copy) s->copy_from = s->n_rows;
  s->in_copy = true;
  memcpy(s->rows + s->n_rows, block->data + (size_t)first * ROW_BYTES, (size_t)(end - first) * ROW_BYTES);
  s->n_rows += end - first;
  return SC_OK;
}

static int sink_end_copy(struct sc_session *s, struct sc_error *err) {
  bool was = s->in_copy;
  s->in_copy = false;
  for (size_t i = s->copy_from; was && the_model->refused_every != 0 && i < s->n_rows; i++) {
    if (s->rows[i] % the_model->refused_every != 0) continue;
    s->refusal = (struct sc_refusal){
        .row_known = the_model->name_refused, .row = (uint32_t)(i - s->copy_from), .sqlstate = "23514"};
    snprintf(s->refusal.reason, sizeof(s->refusal.reason), "refused");
    pthread_mutex_lock(&the_model->lock);
    the_model->refusals++;
    pthread_mutex_unlock(&the_model->lock);
    sc_error_set(err, SC_E_ROW, "refused");
    return err->code;
  }
  return SC_OK;
}

static int sink_push_dead(struct sc_session *s, const char *dead, size_t len, struct sc_error *err) {
  (void)err;
  memcpy(s->dead + s->n_dead, dead, len);
  s->n_dead += len / sizeof(uint32_t);
  return SC_OK;
}

static bool positions_match(const struct sc_commit_row *rows, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint32_t k = shard_number(rows[i].shard_id);
    uint32_t previous = place_of(rows[i].previous);
    if (the_model->shards[k].epoch != rows[i].epoch || the_model->shards[k].position != previous) return false;
  }
  return true;
}

static void apply(struct sc_session *s, const struct sc_commit_row *rows, size_t n) {
  memcpy(the_model->rows + the_model->n_rows, s->rows, s->n_rows * sizeof(uint32_t));
  the_model->n_rows += s->n_rows;
  memcpy(the_model->dead + the_model->n_dead, s->dead, s->n_dead * sizeof(uint32_t));
  the_model->n_dead += s->n_dead;
  for (size_t i = 0; i < n; i++) {
    uint32_t k = shard_number(rows[i].shard_id);
    if (rows[i].sequence->len > 0)
      the_model->shards[k].position = place_of(rows[i].sequence);
    the_model->shards[k].ended = rows[i].ended;
  }
}

static int sink_commit(struct sc_session *s, const struct sc_commit_row *rows, size_t n, bool is_last,
                       struct sc_error *err) {
  (void)is_last;
  bool lost = fault(the_model->commit_lost), done_but_lost = fault(the_model->commit_lost_done);
  pthread_mutex_lock(&the_model->lock);
  bool match = positions_match(rows, n);
  if (match && !lost) apply(s, rows, n);
  pthread_mutex_unlock(&the_model->lock);
  if (!match) return sc_error_set(err, SC_E_FENCED, "fenced");
  if (lost || done_but_lost) return sc_error_set(err, SC_E_DB_LOST, "the answer is lost");
  return SC_OK;
}

static int sink_savepoint(struct sc_session *s, struct sc_error *err) {
  (void)err;
  s->savepoint = s->n_rows;
  return SC_OK;
}

static int sink_back(struct sc_session *s, struct sc_error *err) {
  (void)err;
  s->n_rows = s->savepoint;
  return SC_OK;
}

static void sink_refusal(const struct sc_session *s, struct sc_refusal *out) { *out = s->refusal; }

const struct sc_sink_ops model_sink = {.name = "model",
                                       .keeps_positions = true,
                                       .describe = sink_describe,
                                       .session_open = session_open,
                                       .session_close = session_close,
                                       .prepare = sink_ok,
                                       .lock = sink_lock,
                                       .check_lock = sink_ok,
                                       .survey = sink_survey,
                                       .forget = sink_ok,
                                       .add_shards = sink_add,
                                       .release = sink_release,
                                       .take = sink_take,
                                       .make_plan = sink_plan,
                                       .encode = sink_encode,
                                       .encode_dead = sink_encode_dead,
                                       .begin = sink_begin,
                                       .push = sink_push,
                                       .end_copy = sink_end_copy,
                                       .push_dead = sink_push_dead,
                                       .commit = sink_commit,
                                       .rollback = sink_begin,
                                       .savepoint = sink_savepoint,
                                       .back_to_savepoint = sink_back,
                                       .refusal = sink_refusal};
