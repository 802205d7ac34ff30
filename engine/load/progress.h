/* What a person sees of a load: a progress line on a terminal, a log line every 10 s elsewhere, a summary at the end.
 * Control thread only. Figures come from the counters (metrics.h), of which a load that begins anew counts its own part
 * only, and from what control tells about shards.
 */
#ifndef SC_LOAD_PROGRESS_H
#define SC_LOAD_PROGRESS_H

#include <stdbool.h>

#include "engine/base/metrics.h"

struct sc_error;
struct sc_lineage_counts;

struct sc_progress {
  const char *what; /* the stream's name */
  bool quiet, terminal;
  uint64_t before[SC_METRICS]; /* the counters when this load began: those of an earlier one in this process */
  int64_t begun_ms, next_ms;
  uint64_t last_rows, last_bytes; /* of this load */
  int64_t last_ms;
};

/* Before the load's threads start: what is counted from here on is its own. what is viewed, and may be filled in
 * later. */
void sc_progress_init(struct sc_progress *p, const char *what, bool quiet);
/* Everything is prepared and records come: seconds and rates count from now on. */
void sc_progress_begin(struct sc_progress *p, int64_t now_ms);
bool sc_progress_is_due(const struct sc_progress *p, int64_t now_ms);
/* Committed by this load. */
uint64_t sc_progress_count(const struct sc_progress *p, enum sc_metric id);
/* The line of now. lag_ms: of the shard furthest behind; -1 unknown. */
void sc_progress_show(struct sc_progress *p, const struct sc_lineage_counts *shards, int64_t lag_ms, int64_t now_ms);
/* The summary. zero_rows_why: said when no row was written; may be NULL. SC_E_INTERNAL when the counters do not add
 * up. */
int sc_progress_finish(struct sc_progress *p, const struct sc_lineage_counts *shards, const char *zero_rows_why,
                       int64_t now_ms, struct sc_error *err);

#endif
