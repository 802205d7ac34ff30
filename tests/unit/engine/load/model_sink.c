/* The model's database. Compiled into the tests that use it, behind model_stream.c. */
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/base/assert.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/decoder.h"
#include "engine/lineage.h"
#include "engine/plan.h"
#include "engine/sample.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "engine/wait.h"
#include "sink/rows.h"

struct sc_session {
  uint32_t *rows, *dead;
  size_t n_rows, n_dead, copy_from, savepoint;
  bool in_copy;
  unsigned era;
  struct sc_refusal refusal;
  uint64_t *refused; /* numbers of rows since the last finish (MODEL_ANSWERS) */
  uint32_t n_refused;
  const struct sc_block *half; /* whose push is to come again */
  uint16_t relation;           /* of the rows since the last finish */
  int64_t begun_ms;            /* the transaction */
  int ready;                   /* a descriptor that can always be written */
};

static bool has(unsigned traits) { return (the_model->traits & traits) != 0; }

static const char *sink_describe(const struct sc_sink *sink) {
  (void)sink;
  return "model database";
}

static bool is_refused(void) {
  pthread_mutex_lock(&the_model->lock);
  bool refused = the_model->opens_refused > 0;
  if (refused) the_model->opens_refused--;
  pthread_mutex_unlock(&the_model->lock);
  return refused;
}

static int session_open(struct sc_sink *sink, const char *role, const struct sc_wait *wait, struct sc_session **out,
                        struct sc_error *err) {
  (void)sink, (void)role, (void)wait;
  if (is_started() && (is_refused() || fault(the_model->open_faults)))
    return sc_error_set(err, SC_E_DB_LOST, "cannot connect");
  struct sc_session *s = sc_alloc_zero(1, sizeof(*s));
  s->rows = sc_alloc(MODEL_ROWS_MAX * sizeof(uint32_t));
  s->dead = sc_alloc(MODEL_ROWS_MAX * sizeof(uint32_t));
  s->refused = sc_alloc(MODEL_ROWS_MAX * sizeof(uint64_t));
  s->ready = eventfd(0, EFD_CLOEXEC);
  pthread_mutex_lock(&the_model->lock);
  s->era = the_model->era;
  if (++the_model->sessions > the_model->sessions_most) the_model->sessions_most = the_model->sessions;
  pthread_mutex_unlock(&the_model->lock);
  *out = s;
  return SC_OK;
}

/* Two threads that are in the one session at once would meet here. */
static void enter(void) {
  pthread_mutex_lock(&the_model->lock);
  SC_ASSERT(!has(MODEL_ONE_SESSION) || !the_model->in_call);
  the_model->in_call = true;
  pthread_mutex_unlock(&the_model->lock);
  sched_yield();
  pthread_mutex_lock(&the_model->lock);
  the_model->in_call = false;
  pthread_mutex_unlock(&the_model->lock);
}

/* A call that fails in so many of a thousand cases, and when the session is of before a failover. */
static int call(const struct sc_session *s, unsigned per_mille, struct sc_error *err) {
  enter();
  bool faulty = is_started() && fault(per_mille);
  pthread_mutex_lock(&the_model->lock);
  bool lost = s->era != the_model->era;
  pthread_mutex_unlock(&the_model->lock);
  return lost || faulty ? sc_error_set(err, SC_E_DB_LOST, "the connection is lost") : SC_OK;
}

static void session_close(struct sc_session *s) {
  pthread_mutex_lock(&the_model->lock);
  the_model->sessions--;
  pthread_mutex_unlock(&the_model->lock);
  close(s->ready);
  free(s->rows);
  free(s->dead);
  free(s->refused);
  free(s);
}

static void session_interrupt(struct sc_session *s) {
  (void)s;
  pthread_mutex_lock(&the_model->lock);
  the_model->is_interrupted = true;
  pthread_cond_broadcast(&the_model->changed);
  pthread_mutex_unlock(&the_model->lock);
}

static int block_until_interrupted(struct sc_error *err) {
  pthread_mutex_lock(&the_model->lock);
  the_model->is_blocked = true;
  pthread_cond_broadcast(&the_model->changed);
  while (!the_model->is_interrupted) pthread_cond_wait(&the_model->changed, &the_model->lock);
  pthread_mutex_unlock(&the_model->lock);
  return sc_error_set(err, SC_E_STOPPED, "interrupted");
}

void model_wait_until_blocked(struct model *m) {
  pthread_mutex_lock(&m->lock);
  while (!m->is_blocked) pthread_cond_wait(&m->changed, &m->lock);
  pthread_mutex_unlock(&m->lock);
}

static int sink_ok(struct sc_session *s, struct sc_error *err) {
  (void)s, (void)err;
  return SC_OK;
}

static int sink_lock(struct sc_session *s, bool take_over, struct sc_error *err) {
  (void)s, (void)take_over;
  if (is_started() && the_model->lock_is_held)
    return sc_error_set(err, SC_E_BUSY, "\"model\" is being loaded by another");
  return SC_OK;
}

static int sink_check_lock(struct sc_session *s, struct sc_error *err) { return call(s, the_model->lock_faults, err); }

static int sink_survey(struct sc_session *s, struct sc_survey *out, struct sc_error *err) {
  (void)s, (void)err;
  memset(out, 0, sizeof(*out));
  out->shards = sc_alloc_zero(MODEL_SHARDS_MAX, sizeof(*out->shards));
  out->table_exists = out->has_records = true;
  pthread_mutex_lock(&the_model->lock);
  for (uint32_t i = 0; i < the_model->n_shards; i++) {
    if (!the_model->now.positions[i].stored) continue;
    struct sc_stored *stored = &out->shards[out->n++];
    snprintf(stored->id, sizeof(stored->id), "shard-%u", i);
    if (the_model->shards[i].parent != MODEL_NONE)
      snprintf(stored->parents[0], sizeof(stored->parents[0]), "shard-%u", the_model->shards[i].parent);
    stored->ended = the_model->now.positions[i].ended;
  }
  pthread_mutex_unlock(&the_model->lock);
  return SC_OK;
}

static int sink_add(struct sc_session *s, const struct sc_stream_identity *identity, const struct sc_position_row *rows,
                    size_t n, struct sc_error *err) {
  (void)identity;
  if (call(s, the_model->take_faults, err) != SC_OK) return err->code;
  pthread_mutex_lock(&the_model->lock);
  for (size_t i = 0; i < n; i++) {
    struct model_position *p = &the_model->now.positions[shard_number(rows[i].shard_id)];
    if (!p->stored) *p = (struct model_position){.stored = true, .start = rows[i].start};
  }
  pthread_mutex_unlock(&the_model->lock);
  return SC_OK;
}

static int sink_release(struct sc_session *s, const struct sc_commit_row *rows, size_t n, struct sc_error *err) {
  (void)s, (void)rows, (void)n, (void)err;
  return SC_OK;
}

static void take_one(const char *id, struct sc_taken *out) {
  struct model_position *p = &the_model->now.positions[shard_number(id)];
  memset(out, 0, sizeof(*out));
  snprintf(out->shard_id, sizeof(out->shard_id), "%s", id);
  out->epoch = ++p->epoch;
  out->ended = p->ended;
  out->start = p->start;
  if (p->position == 0) return;
  out->sequence.len = (uint8_t)snprintf(out->sequence.digits, 12, "%u", p->position);
  out->start = (struct sc_position){.start = SC_START_AFTER, .sequence = out->sequence};
}

/* The first take of a load is let pass: it is control's, before anything runs. */
static int sink_take(struct sc_session *s, const char *const *ids, size_t n, struct sc_taken *out,
                     struct sc_error *err) {
  if (call(s, the_model->take_faults, err) != SC_OK) return err->code;
  pthread_mutex_lock(&the_model->lock);
  the_model->takes++;
  int rc = SC_OK;
  for (size_t i = 0; rc == SC_OK && i < n; i++) {
    if (!the_model->now.positions[shard_number(ids[i])].stored)
      rc = sc_error_set(err, SC_E_POSITIONS, "the row of %s is gone", ids[i]);
    else take_one(ids[i], &out[i]);
  }
  pthread_mutex_unlock(&the_model->lock);
  return rc;
}

static int sink_plan(struct sc_session *s, const struct sc_sample *sample, uint32_t generation, struct sc_plan **out,
                     struct sc_error *err) {
  *out = NULL;
  if (sample == NULL && generation == 1 && the_model->needs_sample) return SC_OK;
  if (generation > 1 && call(s, the_model->take_faults, err) != SC_OK) return err->code;
  if (sample != NULL && has(MODEL_BLOCKS_PLAN)) return block_until_interrupted(err);
  *out = sc_plan_new(generation, 1 + the_model->n_keys);
  sc_plan_add(*out, SC_SLICE_LITERAL("value"), SC_ROLE_PAYLOAD, SC_SLICE_LITERAL("value"));
  for (uint32_t key = 1; key <= the_model->n_keys; key++) {
    char name[16];
    struct sc_slice its = key_name(key, name);
    sc_plan_add(*out, its, SC_ROLE_PAYLOAD, its);
  }
  (*out)->unknown = the_model->new_key_every == 0 ? SC_UNKNOWN_IGNORE : SC_UNKNOWN_ADD;
  sc_plan_seal(*out);
  return SC_OK;
}

/* The table has all keys up to the greatest that is requested. */
static int sink_alter(struct sc_session *s, const struct sc_sample *requests, struct sc_error *err) {
  (void)s;
  if (fault(the_model->take_faults)) return sc_error_set(err, SC_E_DB_LOST, "a fault");
  if (fault(the_model->take_faults)) return sc_error_set(err, SC_E_DB_RETRY, "locked");
  for (uint32_t i = 0; i < sc_sample_keys(requests); i++) {
    struct sc_slice key = sc_sample_key(requests, i);
    uint64_t number = 0;
    SC_ASSERT(sc_slice_starts(key, "key") && sc_slice_to_u64(sc_slice_of(key.ptr + 3, key.len - 3), &number));
    if (number > the_model->n_keys) the_model->n_keys = (uint32_t)number;
  }
  the_model->grants++;
  return SC_OK;
}

static uint32_t sink_encode(const struct sc_plan *plan, const struct sc_cells *cells, uint32_t first,
                            const struct sc_record *records, uint32_t span, struct sc_block *block,
                            struct sc_rejects *rejects, size_t *needed) {
  (void)plan, (void)rejects;
  size_t width = the_model->record_bytes;
  uint32_t row = first;
  *needed = 0;
  for (; row < cells->n_rows; row++) {
    struct sc_slice digits = records[cells->record[row]].sequence;
    if (!sc_rows_fit(block, width, digits.len, needed)) break;
    uint32_t value = (uint32_t)cells->cells[(size_t)row * cells->n_columns].i;
    memset(block->data + block->len, 'x', width);
    memcpy(block->data + block->len, &value, sizeof(value));
    sc_rows_add(block, block->len + width, span, digits);
    if (!has(MODEL_RELATIONS)) continue;
    block->rows[block->n_rows - 1].relation = (uint16_t)(value % 3);
    block->mixed = true;
  }
  return row - first;
}

static bool sink_encode_dead(const struct sc_sink *sink, const struct sc_dead_letter *letter, struct sc_block *block) {
  (void)sink;
  SC_ASSERT(letter->data.len == the_model->record_bytes);
  if (!sc_block_reserve_dead(block, letter->data.len)) return false;
  memcpy(block->dead + block->dead_len, letter->data.ptr, letter->data.len);
  block->dead_len += letter->data.len;
  return true;
}

static int sink_begin(struct sc_session *s, struct sc_error *err) {
  (void)err;
  s->n_rows = s->n_dead = s->copy_from = s->savepoint = 0;
  s->in_copy = false;
  s->half = NULL;
  s->relation = 0;
  s->begun_ms = sc_clock_mono_ms();
  return SC_OK;
}

/* Rows of other relations come only behind a finish, in the order of the relations, unless blocks are released. */
static void check_relation(struct sc_session *s, const struct sc_row_range *range) {
  for (uint32_t i = range->first; i < range->end; i++) SC_ASSERT(range->block->rows[i].relation == range->relation);
  SC_ASSERT(has(MODEL_RELEASES) || s->relation == range->relation || (!s->in_copy && s->relation < range->relation));
  s->relation = range->relation;
}

static int sink_push(struct sc_session *s, const struct sc_row_range *range, struct sc_error *err) {
  uint32_t n = range->end - range->first, half = 0;
  if (has(MODEL_BLOCKS_PUSH)) return block_until_interrupted(err);
  if (call(s, 0, err) != SC_OK) return err->code;
  if (s->half == NULL) check_relation(s, range);
  if (has(MODEL_AGAIN)) {
    SC_ASSERT(s->half == NULL || s->half == range->block);
    half = n / 2;
    if (s->half == NULL) n = half, half = 0;
    s->half = s->half == NULL ? range->block : NULL;
  }
  if (fault_in(the_model->push_faults, n - half, 256)) return sc_error_set(err, SC_E_DB_LOST, "a fault");
  pthread_mutex_lock(&the_model->lock);
  bool changed = range->block->plan->generation < the_model->schema;
  the_model->pushed += n - half;
  the_model->again += s->half != NULL;
  pthread_cond_broadcast(&the_model->changed);
  pthread_mutex_unlock(&the_model->lock);
  if (changed) return sc_error_set(err, SC_E_PLAN, "the table changed");
  if (!s->in_copy) s->copy_from = s->n_rows;
  s->in_copy = true;
  SC_ASSERT(s->n_rows + n - half <= MODEL_ROWS_MAX);
  for (uint32_t i = range->first + half; i < range->first + n; i++)
    memcpy(&s->rows[s->n_rows++], range->block->data + range->block->rows[i].offset, sizeof(uint32_t));
  return s->half != NULL ? SC_AGAIN : SC_OK;
}

static int sink_ready(const struct sc_session *s, short *events) {
  *events = POLLOUT;
  return has(MODEL_AGAIN) && s->half != NULL ? s->ready : -1;
}

static void refuse(struct sc_session *s, size_t row) {
  s->refusal = (struct sc_refusal){.row_known = the_model->name_refused, .row = row - s->copy_from, .code = "23514"};
  snprintf(s->refusal.text, sizeof(s->refusal.text), "refused");
  pthread_mutex_lock(&the_model->lock);
  the_model->refusals++;
  pthread_mutex_unlock(&the_model->lock);
}

/* Every request is answered; some only when they are made again. */
static void answer_rows(struct sc_session *s) {
  size_t kept = s->copy_from;
  for (size_t i = s->copy_from; i < s->n_rows; i++) {
    if (the_model->refused_every != 0 && s->rows[i] % the_model->refused_every == 0) {
      s->refused[s->n_refused++] = i - s->copy_from;
      refuse(s, i);
    } else {
      s->rows[kept++] = s->rows[i];
    }
  }
  s->n_rows = kept;
  pthread_mutex_lock(&the_model->lock);
  while (sc_random_below(&the_model->random, 2) == 0) the_model->retried++;
  pthread_mutex_unlock(&the_model->lock);
}

static void make_visible(struct sc_session *s);

static int sink_finish(struct sc_session *s, struct sc_error *err) {
  bool was = s->in_copy;
  s->in_copy = false;
  s->n_refused = 0;
  if (was && has(MODEL_ANSWERS)) answer_rows(s);
  for (size_t i = s->copy_from; was && !has(MODEL_ANSWERS) && the_model->refused_every != 0 && i < s->n_rows; i++) {
    if (s->rows[i] % the_model->refused_every != 0) continue;
    refuse(s, i);
    return sc_error_set(err, SC_E_ROW, "refused");
  }
  if (has(MODEL_AFTER_ROWS)) make_visible(s);
  return SC_OK;
}

static int sink_push_dead(struct sc_session *s, const char *dead, size_t len, struct sc_error *err) {
  SC_ASSERT(len % the_model->record_bytes == 0);
  SC_ASSERT(!s->in_copy || has(MODEL_RELEASES));
  (void)err;
  for (size_t i = 0; i < len; i += the_model->record_bytes) memcpy(&s->dead[s->n_dead++], dead + i, sizeof(uint32_t));
  return SC_OK;
}

static bool positions_match(const struct sc_commit_row *rows, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const struct model_position *p = &the_model->now.positions[shard_number(rows[i].shard_id)];
    if (p->epoch != rows[i].epoch || p->position != place_of(rows[i].previous)) return false;
  }
  return true;
}

static void note_order(uint32_t value) {
  uint32_t parent = the_model->shards[value / MODEL_STEP].parent;
  if (parent != MODEL_NONE && !the_model->now.positions[parent].ended) the_model->order_broken = true;
}

/* The lock is held. */
static void apply_rows(struct sc_session *s) {
  struct model *m = the_model;
  SC_ASSERT(m->now.n_rows + s->n_rows <= MODEL_ROWS_MAX && m->now.n_dead + s->n_dead <= MODEL_ROWS_MAX);
  for (size_t i = 0; i < s->n_rows; i++) note_order(s->rows[i]);
  memcpy(m->rows + m->now.n_rows, s->rows, s->n_rows * sizeof(uint32_t));
  m->now.n_rows += s->n_rows;
  memcpy(m->dead + m->now.n_dead, s->dead, s->n_dead * sizeof(uint32_t));
  m->now.n_dead += s->n_dead;
  if (s->n_rows > m->commit_rows_most) m->commit_rows_most = s->n_rows;
  s->n_rows = s->n_dead = s->copy_from = 0;
}

static void make_visible(struct sc_session *s) {
  pthread_mutex_lock(&the_model->lock);
  apply_rows(s);
  pthread_mutex_unlock(&the_model->lock);
}

/* The lock is held. */
static void move_positions(const struct sc_commit *c) {
  struct model *m = the_model;
  for (size_t i = 0; i < c->n; i++) {
    struct model_position *p = &m->now.positions[shard_number(c->rows[i].shard_id)];
    if (c->rows[i].sequence->len > 0) p->position = place_of(c->rows[i].sequence);
    p->ended = c->rows[i].ended;
  }
  for (size_t i = 0, at = 0; i < c->n_states; i++)
    at += (size_t)snprintf(m->state + at, sizeof(m->state) - at, "%.*s=%.*s;", SC_SLICE_ARGS(c->states[i].key),
                           SC_SLICE_ARGS(c->states[i].value));
  m->commits++;
  m->last_is_durable = c->is_last;
  if (m->replan_every != 0) m->schema = 1 + (uint32_t)(m->now.n_rows / m->replan_every);
  pthread_cond_broadcast(&m->changed);
}

/* Rows and positions go back together, as they do in a database. True: now. */
static bool fail_over(void) {
  struct model *m = the_model;
  if (m->fail_over_at == 0 || m->failed_over) return false;
  if (!m->remembers && m->now.n_rows >= m->fail_over_at / 2) {
    m->before = m->now;
    m->remembers = true;
  }
  if (m->now.n_rows < m->fail_over_at) return false;
  m->failed_over = true;
  m->era++;
  m->now = m->before;
  return true;
}

static int commit(struct sc_session *s, const struct sc_commit *c, bool rows, bool positions, struct sc_error *err) {
  enter();
  bool lost = fault(the_model->commit_lost), done_but_lost = fault(the_model->commit_lost_done);
  pthread_mutex_lock(&the_model->lock);
  if (s->era != the_model->era) lost = true;
  bool match = !positions || positions_match(c->rows, c->n);
  if (match && !lost && rows) apply_rows(s);
  if (match && !lost && positions) move_positions(c);
  if (fail_over()) lost = true;
  pthread_mutex_unlock(&the_model->lock);
  if (!match && !lost) return sc_error_set(err, SC_E_FENCED, "fenced");
  if (lost || done_but_lost) return sc_error_set(err, SC_E_DB_LOST, "the answer is lost");
  return SC_OK;
}

static int sink_commit(struct sc_session *s, const struct sc_commit *c, struct sc_error *err) {
  return commit(s, c, true, !has(MODEL_AFTER_ROWS | MODEL_OWN_STORE), err);
}

static int sink_move(struct sc_session *s, const struct sc_commit *c, struct sc_error *err) {
  return commit(s, c, false, true, err);
}

static int64_t sink_due(const struct sc_session *s) {
  int64_t left_ms = s->begun_ms + the_model->due_ms - sc_clock_mono_ms();
  return s->n_rows >= the_model->due_rows || left_ms < 0 ? 0 : left_ms;
}

static bool sink_released(const struct sc_session *s, const struct sc_block *block) {
  (void)s, (void)block;
  return true;
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

static bool sink_refusal(const struct sc_session *s, uint32_t nth, struct sc_refusal *out) {
  *out = s->refusal;
  if (!has(MODEL_ANSWERS)) return nth == 0;
  if (nth < s->n_refused) out->row = s->refused[nth];
  return nth < s->n_refused;
}

#define WRITING                                                                                                      \
  .encode = sink_encode, .begin = sink_begin, .push = sink_push, .finish = sink_finish, .push_dead = sink_push_dead, \
  .commit = sink_commit, .rollback = sink_begin, .savepoint = sink_savepoint, .back_to_savepoint = sink_back,        \
  .refusal = sink_refusal, .ready = sink_ready
static const struct sc_rows_ops rows_ops = {WRITING, .encode_dead = sink_encode_dead};
static const struct sc_rows_ops rows_without_dead_letters = {WRITING};
static const struct sc_positions_ops positions_ops = {.prepare = sink_ok,
                                                      .lock = sink_lock,
                                                      .check_lock = sink_check_lock,
                                                      .survey = sink_survey,
                                                      .forget = sink_ok,
                                                      .add_shards = sink_add,
                                                      .release = sink_release,
                                                      .take = sink_take,
                                                      .move = sink_move};
static const struct sc_schema_ops schema_ops = {.make_plan = sink_plan, .alter = sink_alter};

#define MODEL                                                                                      \
  .name = "model", .schema = &schema_ops, .describe = sink_describe, .session_open = session_open, \
  .session_close = session_close, .caps.replays = true
#define POSITIONS .positions = &positions_ops, .caps.positions = SC_POSITIONS_WITH_ROWS

const struct sc_sink_ops model_sink = {MODEL, .rows = &rows_ops, POSITIONS};
const struct sc_sink_ops model_sink_without_dead_letters = {MODEL, .rows = &rows_without_dead_letters, POSITIONS};
const struct sc_sink_ops model_sink_without_positions = {MODEL, .rows = &rows_without_dead_letters};
const struct sc_sink_ops model_store = {MODEL, .positions = &positions_ops};

const struct sc_sink_ops *model_sink_with(struct model *m, unsigned traits) {
  static struct sc_rows_ops rows;
  static struct sc_sink_ops sink;
  m->traits = traits;
  rows = rows_ops;
  sink = model_sink;
  sink.rows = &rows;
  sink.session_interrupt = session_interrupt;
  sink.caps.max_sessions = traits & MODEL_ONE_SESSION ? 1 : 0;
  if (traits & MODEL_AFTER_ROWS) sink.caps.positions = SC_POSITIONS_AFTER_ROWS;
  if (traits & MODEL_OWN_STORE) sink.positions = NULL, sink.caps.positions = SC_POSITIONS_NONE;
  if (traits & (MODEL_NO_REPLAY | MODEL_ANSWERS | MODEL_RELEASES | MODEL_AFTER_ROWS)) {
    sink.caps.replays = false;
    rows.rollback = rows.savepoint = rows.back_to_savepoint = NULL;
  }
  sink.caps.answers_rows = (traits & MODEL_ANSWERS) != 0;
  if (traits & MODEL_RELEASES) rows.released = sink_released;
  if (traits & MODEL_DUE) rows.due = sink_due;
  return &sink;
}
