/* The model target: a table of rows, a checkpoint table, transactions. Statements are atomic; what goes wrong is when
 * they are executed, whether the answer arrives, and how far a failover goes back.
 *
 * The table is a multiset of records, counted in the records themselves (record.in_table); a dead letter counts as
 * well. Each applied transaction can be undone, latest first, down to the last durable one. Applying checks the rules:
 * no record twice, none left out, no child ahead of its parents' ends, no end before the last record.
 */
#ifndef SC_TESTS_SIMULATION_TARGET_H
#define SC_TESTS_SIMULATION_TARGET_H

#include "engine/base/error.h"
#include "tests/simulation/kinesis.h"

/* A row of the checkpoint table. */
struct row {
  bool exists, ended, first_run;
  int64_t epoch;
  struct sc_sequence sequence;
  uint32_t next; /* the truth behind sequence: number of the record after it */
  struct sc_position start;
  int64_t read_until_ms; /* 0: nothing read yet, and nothing known */
};

struct update {
  int shard;
  int64_t epoch;
  struct sc_sequence previous, sequence;
  bool ended;
  int64_t read_until_ms;
};

struct landing {
  int shard;
  uint32_t record;
  bool dead;
};

/* A transaction as a writer sends it. */
struct request {
  struct queue updates, landings;
  bool durable;
  unsigned lineage_generation; /* of the target when the worker made its lineage */
};
struct request *request_new(void);
void request_free(struct request *r);

struct target {
  struct row rows[SHARDS_MAX];
  unsigned generation; /* raised when all connections are cut */
  struct queue log, changes, landings;
  size_t durable;                  /* entries of log that no failover undoes */
  unsigned end_undone[SHARDS_MAX]; /* the generation in which a shard's end was undone; 0 never */
  struct queue late;               /* struct request *: sent, connection lost, not yet executed */
  uint64_t rows_in, dead_in;
};

struct target *target_new(struct world *w);
void target_free(struct target *t);

/* SC_OK; SC_E_POSITIONS when first_run and the table is not empty: nothing was added. Rows that exist stay. Durable. */
enum sc_code target_add(struct world *w, const struct row *rows, const int *shards, size_t n, bool first_run);
/* Raises the epochs and gives the rows; one that does not exist is given as such. */
void target_take(struct world *w, const int *shards, size_t n, struct row *out);
/* SC_OK, SC_E_FENCED, SC_E_ROW. The request stays the caller's. */
enum sc_code target_commit(struct world *w, const struct request *r);
/* It will be executed some time, or never; the request is given away. */
void target_commit_late(struct world *w, struct request *r);
void target_late_step(struct world *w);
void target_drop_late(struct world *w);
/* All that was committed is durable from here on. */
void target_flush(struct world *w);
void target_restart(struct world *w);  /* connections are cut, nothing is lost */
void target_failover(struct world *w); /* connections are cut, the last transactions may be lost */

/* May a child be read, as far as this parent is concerned? Its end is committed; or it is gone, so that nothing can be
 * read of it; or its end was committed when the worker's lineage was made and has been undone since, which the worker
 * notices with its next take. */
bool target_is_done_with(struct world *w, int parent, unsigned lineage_generation);
/* May the record be missing: before the start, or expired and told so? */
bool target_may_miss(struct world *w, int shard, uint32_t record);

#endif
