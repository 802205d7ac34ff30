#include "engine/load/write/write_rows.h"

#include <poll.h>
#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/park.h"
#include "engine/load/write/write_refused.h"

static const struct sc_rows_ops *ops_of(const struct sc_writer *w) { return w->run->sink_ops->rows; }

/* ---- ranges ---- */

static void add_ranges(struct sc_writer *w, const struct sc_block *block) {
  for (uint32_t first = 0, end; first < block->n_rows; first = end) {
    uint16_t relation = block->rows[first].relation;
    for (end = block->mixed ? first + 1 : block->n_rows; end < block->n_rows && block->rows[end].relation == relation;)
      end++;
    SC_ARRAY_ROOM(w->sorted, w->n_sorted, w->cap_sorted, 1);
    w->sorted[w->n_sorted] = (struct sc_row_range){block, first, end, relation, (uint32_t)w->n_sorted};
    w->n_sorted++;
  }
}

static int by_relation(const void *a, const void *b) {
  const struct sc_row_range *x = a, *y = b;
  if (x->relation != y->relation) return x->relation < y->relation ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

void sc_writer_sort(struct sc_writer *w, const struct sc_block *from) {
  w->n_sorted = 0;
  bool mixed = false;
  for (const struct sc_block *b = from; b != NULL; b = TAILQ_NEXT(b, link)) {
    add_ranges(w, b);
    mixed = mixed || b->mixed;
  }
  if (mixed) qsort(w->sorted, w->n_sorted, sizeof(*w->sorted), by_relation);
}

bool sc_row_range_follows(const struct sc_row_range *r, const struct sc_row_range *before) {
  return r->relation == before->relation && r->block->plan == before->block->plan;
}

struct sc_row_range sc_row_range_of(const struct sc_row_range *ranges, size_t n, uint64_t row) {
  for (size_t i = 0; i < n; i++) {
    struct sc_row_range r = ranges[i];
    if (row < r.end - r.first) {
      r.first += (uint32_t)row;
      r.end = r.first + 1;
      return r;
    }
    row -= r.end - r.first;
  }
  SC_ASSERT(!"a row that was pushed");
  return *ranges;
}

/* ---- pushing ---- */

/* Sleeps until the sink can go on, or this thread is woken. The park is left as it was found: prepared. */
static int wait_ready(struct sc_writer *w, struct sc_error *err) {
  struct sc_park *own = w->run->write_parks[w->index];
  struct pollfd fds[2] = {{.fd = sc_park_fd(own), .events = POLLIN}, {.fd = -1}};
  SC_ASSERT(ops_of(w)->ready != NULL);
  fds[1].fd = ops_of(w)->ready(w->sessions->rows, &fds[1].events);
  sc_timings_sleep(sc_writer_timings(w));
  poll(fds, 2, 1000);
  sc_timings_wake(sc_writer_timings(w), SC_TIME_BLOCKED);
  sc_park_finish(own);
  sc_park_prepare(own);
  if (sc_run_stage(w->run) != SC_STAGE_ABANDON) return SC_OK;
  return sc_error_set(err, SC_E_STOPPED, "the load was abandoned while the target took no rows");
}

int sc_writer_push(struct sc_writer *w, const struct sc_row_range *rows, struct sc_error *err) {
  int rc;
  while ((rc = ops_of(w)->push(w->sessions->rows, rows, err)) == SC_AGAIN)
    if ((rc = wait_ready(w, err)) != SC_OK) break;
  return rc;
}

/* Rows are told by number between two finishes, so one lies between two relations or plans. A sink that releases blocks
 * is told no numbers. */
static int push(struct sc_writer *w, const struct sc_row_range *rows, struct sc_error *err) {
  int rc = SC_OK;
  if (ops_of(w)->released == NULL) {
    if (w->n_pushed > 0 && !sc_row_range_follows(rows, &w->pushed[w->n_pushed - 1])) rc = sc_writer_finish(w, err);
    SC_ARRAY_ROOM(w->pushed, w->n_pushed, w->cap_pushed, 1);
    w->pushed[w->n_pushed++] = *rows;
  }
  return rc == SC_OK ? sc_writer_push(w, rows, err) : rc;
}

static int push_from(struct sc_writer *w, const struct sc_block *from, struct sc_error *err) {
  int rc = SC_OK;
  sc_writer_sort(w, from);
  for (size_t i = 0; rc == SC_OK && i < w->n_sorted; i++) rc = push(w, &w->sorted[i], err);
  return rc;
}

static int push_dead(struct sc_writer *w, const struct sc_block *block, struct sc_error *err) {
  return block->dead_len == 0 ? SC_OK : ops_of(w)->push_dead(w->sessions->rows, block->dead, block->dead_len, err);
}

/* ---- blocks that go back early ---- */

void sc_writer_release(struct sc_writer *w, struct sc_block *block) {
  sc_writer_add_totals(&w->released, block);
  w->n_released++;
  if (block->states_len > 0) sc_buf_add(&w->released_states, block->states, block->states_len);
  TAILQ_REMOVE(&w->blocks, block, link);
  sc_writer_give_back(w, block);
}

/* This sink takes rows and dead letters as they come, and keeps what it needs of them. */
static int write_and_release(struct sc_writer *w, struct sc_block *block, struct sc_error *err) {
  int rc = push_from(w, block, err);
  if (rc == SC_OK) rc = push_dead(w, block, err);
  for (struct sc_block *b; rc == SC_OK && (b = TAILQ_FIRST(&w->blocks)) != NULL;) {
    if (!ops_of(w)->released(w->sessions->rows, b)) break;
    sc_writer_release(w, b);
  }
  return rc;
}

/* ---- a transaction's rows ---- */

int sc_writer_write(struct sc_writer *w, struct sc_block *block, struct sc_error *err) {
  if (block->n_rows == 0 && block->dead_len == 0) return SC_OK;
  int rc = sc_writer_begin(w, err);
  if (rc != SC_OK) return rc;
  if (ops_of(w)->released != NULL) return write_and_release(w, block, err);
  if (w->waiting == NULL && block->mixed) w->waiting = block;
  if (w->waiting != NULL || block->n_rows == 0) return SC_OK;
  return push(w, &(struct sc_row_range){.block = block, .end = block->n_rows}, err);
}

int sc_writer_flush(struct sc_writer *w, struct sc_error *err) {
  int rc = w->waiting != NULL ? push_from(w, w->waiting, err) : SC_OK;
  w->waiting = NULL;
  if (rc == SC_OK) rc = sc_writer_finish(w, err);
  const struct sc_block *b;
  if (ops_of(w)->released == NULL) TAILQ_FOREACH(b, &w->blocks, link)
  if (rc == SC_OK) rc = push_dead(w, b, err);
  return rc == SC_OK ? sc_writer_push_dead_letters(w, err) : rc;
}

int sc_writer_begin(struct sc_writer *w, struct sc_error *err) {
  if (!w->in_transaction && ops_of(w)->begin != NULL && ops_of(w)->begin(w->sessions->rows, err) != SC_OK)
    return err->code;
  w->in_transaction = true;
  return SC_OK;
}

/* The answers to single rows are there with the finish. */
static int keep_refused(struct sc_writer *w, struct sc_error *err) {
  struct sc_refusal refusal;
  int rc = SC_OK;
  for (uint32_t i = 0; rc == SC_OK && ops_of(w)->refusal(w->sessions->rows, i, &refusal); i++) {
    struct sc_row_range r = sc_row_range_of(w->pushed, w->n_pushed, refusal.row);
    rc = sc_writer_to_dead_letter(w, r.block, r.first, &refusal, err);
  }
  return rc;
}

int sc_writer_finish(struct sc_writer *w, struct sc_error *err) {
  int rc = ops_of(w)->finish != NULL ? ops_of(w)->finish(w->sessions->rows, err) : SC_OK;
  if (rc == SC_OK && w->run->sink_ops->caps.answers_rows) rc = keep_refused(w, err);
  w->n_pushed = 0;
  return rc;
}
