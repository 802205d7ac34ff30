#include "engine/base/error.h"
#include "engine/batch.h"
#include "tests/simulation/worker.h"

#define REFRESH_MS 60000

/* ---- batches to blocks ---- */

static void hand_over(struct writer *writer) {
  if (writer->open.n > 0) queue_push(&writer->blocks, &writer->open);
  writer->open.n = 0;
}

static bool extend(struct block *block, const struct span *more) {
  struct span *last = block->n > 0 ? &block->spans[block->n - 1] : NULL;
  if (last == NULL || last->shard != more->shard || last->end != more->first || last->flags) return false;
  last->end = more->end;
  last->flags = more->flags;
  if (more->read_until_ms > last->read_until_ms) last->read_until_ms = more->read_until_ms;
  return true;
}

void parse_step(struct world *w, struct worker *k, struct writer *writer) {
  struct batch b;
  (void)k;
  if (!queue_pop(&writer->batches, &b)) {
    hand_over(writer);
    return;
  }
  if (b.term != writer->term && chance(w, 5000)) return; /* seen here or, at the latest, by the writer */
  if (writer->open.n > 0 && writer->open.term != b.term) hand_over(writer);
  writer->open.term = b.term;
  if (!extend(&writer->open, &b.span)) writer->open.spans[writer->open.n++] = b.span;
  if (writer->open.n == SPANS_MAX || chance(w, 1000)) hand_over(writer);
}

/* ---- rewind and take ---- */

bool worker_is_connected(const struct world *w, const struct writer *writer) {
  return writer->state != WRITER_DOWN && writer->connection == w->target->generation;
}

static void tell(struct worker *k, enum note_kind kind, int shard) {
  struct note note = {.kind = kind, .shard = shard};
  queue_push(&k->notes, &note);
}

/* Nothing is resumed from memory: all shards of the writer are taken again. */
void writer_lose(struct world *w, struct worker *k, unsigned writer, const char *why) {
  struct writer *t = &k->writers[writer];
  TELL(w, "worker %d writer %u: rewinds: %s", k->index, writer, why);
  for (int i = 0; i < SHARDS_MAX; i++)
    if (writer_of(w, i) == writer) sc_checkpoint_lost(&k->locals[i].checkpoint);
  t->state = WRITER_DOWN;
  t->term++;
  t->retry_ms = w->now_ms + between(w, 0, 5000);
  t->replaying = false;
  queue_clear(&t->spans);
  request_free(t->request);
  t->request = NULL;
}

static void got_row(struct world *w, struct worker *k, struct writer *t, int shard, const struct row *row) {
  struct local *l = &k->locals[shard];
  sc_checkpoint_taken(&l->checkpoint, t->term, row->epoch, &row->sequence, row->read_until_ms, row->ended);
  l->taken = true;
  if (row->ended) {
    l->done = true;
    tell(k, NOTE_ENDED, shard);
    return;
  }
  tell(k, NOTE_STARTED, shard);
  struct start s = {.shard = shard, .term = t->term, .position = row->start, .read_until_ms = row->read_until_ms};
  if (row->sequence.len > 0) s.position = (struct sc_position){.start = SC_START_AFTER, .sequence = row->sequence};
  queue_push(&t->starts, &s);
  TELL(w, "worker %d: shard %d is taken with epoch %lld at %u", k->index, shard, (long long)row->epoch, row->next);
}

/* A row that is gone, or an end that is: the target went back. */
static bool went_back(const struct local *l, const struct row *row) { return !row->exists || (l->done && !row->ended); }

static void take(struct world *w, struct worker *k, struct writer *t, const int *shards, size_t n) {
  struct row rows[SHARDS_MAX];
  bool breaks = mishap(w, w->nature.connection_breaks);
  if (!breaks || chance(w, 5000)) target_take(w, shards, n, rows);
  if (breaks) {
    writer_lose(w, k, (unsigned)(t - k->writers), "a take has no answer");
    return;
  }
  for (size_t i = 0; i < n; i++) {
    if (!went_back(&k->locals[shards[i]], &rows[i])) continue;
    tell(k, NOTE_WENT_BACK, shards[i]);
    return;
  }
  for (size_t i = 0; i < n; i++) got_row(w, k, t, shards[i], &rows[i]);
}

static size_t shards_of(const struct world *w, const struct worker *k, unsigned writer, bool all, int out[SHARDS_MAX]) {
  size_t n = 0;
  for (int i = 0; i < SHARDS_MAX; i++) {
    const struct local *l = &k->locals[i];
    if (writer_of(w, i) == writer && l->assigned && (all || !l->taken)) out[n++] = i;
  }
  return n;
}

static void come_back(struct world *w, struct worker *k, unsigned writer) {
  struct writer *t = &k->writers[writer];
  int shards[SHARDS_MAX];
  if (w->now_ms < t->retry_ms) return;
  if (mishap(w, w->nature.connection_breaks)) {
    t->retry_ms = w->now_ms + between(w, 100, 5000);
    return;
  }
  t->connection = w->target->generation;
  t->state = WRITER_UP;
  take(w, k, t, shards, shards_of(w, k, writer, true, shards));
}

/* ---- blocks to the open transaction ---- */

static const struct sc_sequence *sequence_of(const struct world *w, const struct span *s, uint32_t record) {
  static const struct sc_sequence none;
  return s->first == s->end ? &none : &w->kinesis->shards[s->shard].records[record].sequence;
}

static void accept_span(struct world *w, struct worker *k, struct writer *t, uint32_t term, const struct span *s) {
  struct local *l = &k->locals[s->shard];
  int rc = sc_checkpoint_accept(&l->checkpoint, term, sequence_of(w, s, s->first), sequence_of(w, s, s->end - 1),
                                s->flags & SC_BATCH_END, s->read_until_ms);
  if (rc == SC_E_FENCED) {
    TELL(w, "worker %d: shard %d term %u: %u..%u are dropped", k->index, s->shard, term, s->first, s->end);
    return;
  }
  if (rc != SC_OK) sim_broken(w, "shard %d: records %u..%u do not continue its position", s->shard, s->first, s->end);
  queue_push(&t->spans, s);
}

static bool accept_block(struct world *w, struct worker *k, struct writer *t) {
  struct block block;
  if (!queue_pop(&t->blocks, &block)) return false;
  for (unsigned i = 0; i < block.n; i++) accept_span(w, k, t, block.term, &block.spans[i]);
  return true;
}

/* ---- commit ---- */

static void add_landings(struct world *w, const struct writer *t, const struct span *s, struct request *r) {
  for (uint32_t i = s->first; i < s->end; i++) {
    const struct record *record = &w->kinesis->shards[s->shard].records[i];
    bool dead = record->poison || (t->replaying && record->refused);
    struct landing landing = {.shard = s->shard, .record = i, .dead = dead};
    queue_push(&r->landings, &landing);
  }
}

static void add_updates(const struct world *w, struct worker *k, unsigned writer, struct request *r) {
  for (int i = 0; i < SHARDS_MAX; i++) {
    struct sc_checkpoint *c = &k->locals[i].checkpoint;
    if (writer_of(w, i) != writer || !sc_checkpoint_is_dirty(c, REFRESH_MS)) continue;
    struct update u = {.shard = i,
                       .epoch = c->epoch,
                       .previous = c->committed,
                       .sequence = c->pending,
                       .ended = c->pending_end,
                       .read_until_ms = c->read_until_ms};
    queue_push(&r->updates, &u);
    sc_checkpoint_sent(c);
  }
}

static bool is_dirty(const struct world *w, const struct worker *k, unsigned writer) {
  for (int i = 0; i < SHARDS_MAX; i++)
    if (writer_of(w, i) == writer && sc_checkpoint_is_dirty(&k->locals[i].checkpoint, REFRESH_MS)) return true;
  return false;
}

static void execute(struct world *w, struct writer *t) {
  t->answer = worker_is_connected(w, t) ? target_commit(w, t->request) : SC_E_DB_LOST;
  t->executed = true;
}

/* The connection breaks with the commit on its way: it was executed, never will be, or will be while the shards are
 * taken again. */
static void break_commit(struct world *w, struct writer *t) {
  uint64_t fate = below(w, TEN_THOUSAND);
  t->answer_is_lost = true;
  if (fate < w->nature.commit_late && worker_is_connected(w, t)) {
    target_commit_late(w, t->request);
    t->request = NULL;
  } else if (chance(w, 5000)) {
    execute(w, t);
  }
  t->executed = true;
}

static void send_commit(struct world *w, struct worker *k, unsigned writer) {
  struct writer *t = &k->writers[writer];
  struct request *r = t->request = request_new();
  r->durable = chance(w, 1000);
  r->lineage_generation = k->generation;
  for (size_t i = 0; i < queue_count(&t->spans); i++) add_landings(w, t, queue_at(&t->spans, i), r);
  add_updates(w, k, writer, r);
  TELL(w, "worker %d writer %u: commits %zu records of %zu shards", k->index, writer, queue_count(&r->landings),
       queue_count(&r->updates));
  t->state = WRITER_SENT;
  t->executed = t->answer_is_lost = false;
  if (mishap(w, w->nature.answer_lost)) break_commit(w, t);
  else if (chance(w, 5000)) execute(w, t);
}

/* ---- its answer ---- */

static void count(struct worker *k, const struct request *r) {
  for (size_t i = 0; i < queue_count(&r->landings); i++) {
    const struct landing *l = queue_at(&r->landings, i);
    k->records++;
    *(l->dead ? &k->dead : &k->rows) += 1;
  }
}

static void tell_flags(struct worker *k, struct writer *t) {
  struct span s;
  while (queue_pop(&t->spans, &s)) {
    if (s.flags & SC_BATCH_END) tell(k, NOTE_ENDED, s.shard);
    if (s.flags & SC_BATCH_TIP) tell(k, NOTE_TIP, s.shard);
  }
}

static void committed(struct world *w, struct worker *k, struct writer *t) {
  count(k, t->request);
  for (size_t i = 0; i < queue_count(&t->request->updates); i++) {
    const struct update *u = queue_at(&t->request->updates, i);
    sc_checkpoint_committed(&k->locals[u->shard].checkpoint);
    if (u->ended) k->locals[u->shard].done = true;
    if (u->ended) TELL(w, "worker %d: the end of shard %d is committed", k->index, u->shard);
  }
  tell_flags(k, t);
  t->replaying = false;
}

static void refused(struct worker *k, struct writer *t) {
  for (size_t i = 0; i < queue_count(&t->request->updates); i++) {
    const struct update *u = queue_at(&t->request->updates, i);
    sc_checkpoint_refused(&k->locals[u->shard].checkpoint);
  }
  t->replaying = true;
}

static void get_answer(struct world *w, struct worker *k, unsigned writer) {
  struct writer *t = &k->writers[writer];
  if (!t->executed) execute(w, t);
  if (t->answer_is_lost) {
    writer_lose(w, k, writer, "a commit has no answer");
    return;
  }
  t->state = WRITER_UP;
  if (t->answer == SC_OK) {
    committed(w, k, t);
  } else if (t->answer == SC_E_ROW) {
    refused(k, t);
  } else {
    writer_lose(w, k, writer, t->answer == SC_E_FENCED ? "fenced" : "the connection is lost");
    return;
  }
  request_free(t->request);
  t->request = NULL;
}

static void work(struct world *w, struct worker *k, unsigned writer) {
  struct writer *t = &k->writers[writer];
  int shards[SHARDS_MAX];
  if (!worker_is_connected(w, t) && chance(w, 500)) {
    writer_lose(w, k, writer, "its connection is seen to be lost");
    return;
  }
  if (t->replaying) {
    send_commit(w, k, writer);
    return;
  }
  size_t n = queue_count(&t->spans) == 0 ? shards_of(w, k, writer, false, shards) : 0;
  if (n > 0 && worker_is_connected(w, t)) {
    take(w, k, t, shards, n);
    return;
  }
  if (chance(w, 7000) && accept_block(w, k, t)) return;
  if (is_dirty(w, k, writer)) send_commit(w, k, writer);
  else tell_flags(k, t); /* of spans that hold nothing to store */
}

void write_step(struct world *w, struct worker *k, unsigned writer) {
  switch (k->writers[writer].state) {
    case WRITER_DOWN:
      come_back(w, k, writer);
      return;
    case WRITER_UP:
      work(w, k, writer);
      return;
    case WRITER_SENT:
      if (chance(w, 5000)) get_answer(w, k, writer);
      return;
  }
}
