#include "engine/load/write/write_replay.h"

#include "engine/base/metrics.h"
#include "engine/load/write/write_refused.h"
#include "engine/load/write/write_rows.h"

enum {
  GROUP_ROWS = 1024, /* behind one savepoint at first, unless one block's rows are more */
  DOUBTFUL_MAX = 100 /* rows, while none was taken */
};

/* What the replay has met so far. A refusal whose reason may be the row's or not (SC_E_DOUBTFUL) is the row's when the
 * row, alone, fails twice the same way while another row of the transaction is taken. */
struct tally {
  uint64_t taken, doubtful;
  struct sc_error doubt; /* the first */
};

/* Ranges of one relation and plan, whose rows are counted through. */
struct group {
  const struct sc_row_range *ranges;
  size_t n;
  uint64_t n_rows;
  struct tally *tally;
};

static struct group next_group(const struct sc_row_range *ranges, size_t n, struct tally *tally) {
  struct group g = {ranges, 1, ranges->end - ranges->first, tally};
  for (; g.n < n && sc_row_range_follows(&ranges[g.n], ranges); g.n++) {
    uint32_t more = ranges[g.n].end - ranges[g.n].first;
    if (g.n_rows + more > GROUP_ROWS) break;
    g.n_rows += more;
  }
  return g;
}

/* The rows [first, end) of the group that are in its i-th range, whose first row is the group's row `at`. */
static struct sc_row_range part_of(const struct group *g, size_t i, uint64_t at, uint64_t first, uint64_t end) {
  struct sc_row_range r = g->ranges[i];
  uint64_t n = r.end - r.first, from = first > at ? first - at : 0, to = end - at < n ? end - at : n;
  r.end = r.first + (uint32_t)to;
  r.first += (uint32_t)(from < to ? from : to);
  return r;
}

static int push_rows(struct sc_writer *w, const struct group *g, uint64_t first, uint64_t end, struct sc_error *err) {
  int rc = SC_OK;
  uint64_t at = 0;
  for (size_t i = 0; rc == SC_OK && at < end; at += g->ranges[i].end - g->ranges[i].first, i++) {
    struct sc_row_range r = part_of(g, i, at, first, end);
    if (r.first < r.end) rc = sc_writer_push(w, &r, err);
  }
  return rc;
}

static int refused(struct sc_writer *w, const struct group *g, uint64_t row, const struct sc_refusal *refusal,
                   struct sc_error *err) {
  struct sc_row_range r = sc_row_range_of(g->ranges, g->n, row);
  return sc_writer_to_dead_letter(w, r.block, r.first, refusal, err);
}

/* Tries rows [first, end) behind a savepoint. SC_CLASS_ROW: the rows are taken back, and *refusal says what is known of
 * the one refused. */
static int try_rows(struct sc_writer *w, const struct group *g, uint64_t first, uint64_t end,
                    struct sc_refusal *refusal, struct sc_error *err) {
  const struct sc_rows_ops *ops = w->run->sink_ops->rows;
  int rc = ops->savepoint(w->sessions->rows, err);
  if (rc == SC_OK) rc = push_rows(w, g, first, end, err);
  if (rc == SC_OK) rc = sc_writer_finish(w, err);
  if (rc == SC_OK) g->tally->taken += end - first;
  if (rc != SC_OK && err->class == SC_CLASS_ROW) {
    ops->refusal(w->sessions->rows, 0, refusal);
    struct sc_error lost;
    if (ops->back_to_savepoint(w->sessions->rows, &lost) != SC_OK) {
      *err = lost;
      return lost.code;
    }
  }
  return rc;
}

static int none_is_taken(const struct tally *tally, struct sc_error *err) {
  *err = tally->doubt;
  sc_error_prefix(err, "the target takes no row of the transaction");
  return sc_error_as(err, SC_CLASS_FATAL);
}

/* A row that was refused alone, for a reason that may not be its own: tried once more. */
static int refused_doubtfully(struct sc_writer *w, const struct group *g, uint64_t row,
                              const struct sc_refusal *refusal, struct sc_error *err) {
  struct tally *tally = g->tally;
  struct sc_refusal again;
  if (tally->doubtful++ == 0) tally->doubt = *err;
  if (tally->doubtful > DOUBTFUL_MAX && tally->taken == 0) return none_is_taken(tally, err);
  int rc = try_rows(w, g, row, row + 1, &again, err);
  if (rc == SC_OK || err->class != SC_CLASS_ROW) return rc;
  if (strcmp(again.code, refusal->code) == 0) return refused(w, g, row, refusal, err);
  sc_error_prefix(err, "the target refuses a row, each time for another reason");
  return sc_error_as(err, SC_CLASS_FATAL);
}

/* Writes all rows of [first, end) but the refused ones. Where the server names the refused row, the rows before it are
 * written, then the row itself is tried alone: only a row refused alone becomes a dead letter, since the server may
 * have named the wrong one. Where it names none, the range is halved. The recursion is as deep as the range can be
 * halved. */
static int replay_rows(struct sc_writer *w, const struct group *g, uint64_t first, uint64_t end, struct sc_error *err) {
  while (first < end) {
    struct sc_refusal refusal;
    int rc = try_rows(w, g, first, end, &refusal, err);
    if (rc == SC_OK || err->class != SC_CLASS_ROW) return rc;
    if (end - first == 1 && rc == SC_E_DOUBTFUL) return refused_doubtfully(w, g, first, &refusal, err);
    if (end - first == 1) return refused(w, g, first, &refusal, err);
    bool named = refusal.row_known && refusal.row < end - first;
    uint64_t middle = first + (named ? refusal.row : (end - first) / 2);
    if ((rc = replay_rows(w, g, first, middle, err)) != SC_OK) return rc;
    if (named && (rc = replay_rows(w, g, middle, middle + 1, err)) != SC_OK) return rc;
    first = named ? middle + 1 : middle;
  }
  return SC_OK;
}

int sc_writer_replay(struct sc_writer *w, struct sc_error *err) {
  sc_metric_add(sc_metrics_mine(), SC_M_REPLAYS, 1);
  if (w->replay_dead != NULL) w->replay_dead->dead_len = 0;
  int rc = w->run->sink_ops->rows->rollback(w->sessions->rows, err);
  w->in_transaction = false;
  w->n_pushed = 0;
  w->waiting = NULL;
  if (rc == SC_OK) rc = sc_writer_begin(w, err);
  sc_writer_sort(w, TAILQ_FIRST(&w->blocks));
  struct tally tally = {.taken = 0};
  struct group g = {.n = 0};
  for (size_t at = 0; rc == SC_OK && at < w->n_sorted; at += g.n) {
    g = next_group(w->sorted + at, w->n_sorted - at, &tally);
    rc = replay_rows(w, &g, 0, g.n_rows, err);
  }
  if (rc == SC_OK && tally.doubtful > 0 && tally.taken == 0) rc = none_is_taken(&tally, err);
  return rc == SC_OK ? sc_writer_push_dead_letters(w, err) : rc;
}
