/* A stream and a database in memory, with faults by seed: what the thread pools are tested against without a server, under TSAN too.
 *
 * A mock, and named so: the real parts are met in tests/integration. The stream has shards of numbered records, one of which may split; the
 * database keeps rows, dead letters and positions behind one mutex, and commits all or nothing.
 */
#ifndef SC_TEST_MODEL_STREAM_H
#define SC_TEST_MODEL_STREAM_H

#include <pthread.h>

#include "engine/base/random.h"
#include "engine/run.h"

#define MODEL_SHARDS_MAX 64
#define MODEL_ROWS_MAX 400000

struct model {
  /* the stream */
  uint32_t n_shards, records_a_shard;
  bool first_splits;      /* shard 0 is closed; the last two shards are its children */
  uint32_t bad_every;     /* every so many records one does not decode; 0 none */
  uint32_t refused_every; /* every so many records one is refused by the database; 0 none */
  bool name_refused;      /* the database names the row it refuses */
  /* faults, in per mille of the calls */
  unsigned read_faults, push_faults, commit_lost, commit_lost_done;
  struct sc_random random;
  pthread_mutex_t lock; /* guards all below, and random */
  /* the database */
  uint32_t *rows; /* shard * 1,000,000 + record */
  size_t n_rows;
  uint32_t *dead;
  size_t n_dead;
  struct {
    bool stored, ended;
    int64_t epoch;
    uint32_t position; /* records committed */
    struct sc_position start;
  } shards[MODEL_SHARDS_MAX];
  unsigned rewinds, refusals;
};

void model_init(struct model *m, uint64_t seed);
void model_fini(struct model *m);

extern const struct sc_source_ops model_source;
extern const struct sc_decoder_ops model_decoder;
extern const struct sc_sink_ops model_sink;
/* The one model source and sink talk to. */
extern struct model *the_model;

#endif
