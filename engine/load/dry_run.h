/* --dry-run: what a load would do, on standard output: the mapping of keys to columns, the DDL, where each shard starts
 * and how far it is behind. It reads the first records of the shards and the catalog, makes nothing, stores nothing,
 * takes no lock.
 *
 * dry_sample.c reads, dry_run.c asks the target and prints. Main thread; blocks; bounded by a few replies in memory.
 */
#ifndef SC_LOAD_DRY_RUN_H
#define SC_LOAD_DRY_RUN_H

#include "engine/batch.h"
#include "engine/position.h"

struct sc_error;
struct sc_load_options;
struct sc_run;
struct sc_sample;

/* One shard a load would read at once. */
struct sc_dry_shard {
  struct sc_shard_info info;
  struct sc_position start;
  int64_t behind_ms; /* of its last reply; -1: the service did not say */
  uint64_t records;  /* sampled */
};

/* Fills behind_ms and records of the shards and adds their first records to the sample. A shard is asked until it has
 * given records, is at its tip or its end, or was asked often enough. run has its modules and settings. */
int sc_dry_sample(struct sc_run *run, struct sc_dry_shard *shards, size_t n, struct sc_sample *sample,
                  struct sc_error *err);

/* SC_OK, or the error that a load would give. json: one object on one line. */
int sc_dry_run(struct sc_run *run, const struct sc_load_options *options, bool json, struct sc_error *err);

#endif
