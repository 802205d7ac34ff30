/* The brake on dead letters: a stream that does not fit its table stops the load instead of filling the dead-letter table.
 *
 * With --max-dead-letters N: more than N in this run. Without: 1,000 in a row, or more than 1 % once 100,000 records were seen.
 * Written by parse and write threads, all atomics; "in a row" is counted by each parse thread on its own shards.
 */
#ifndef SC_BRAKE_H
#define SC_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

#define SC_BRAKE_IN_A_ROW 1000
#define SC_BRAKE_SHARE_FROM 100000 /* records */

struct sc_brake {
  bool has_limit;
  uint64_t limit;
  _Atomic uint64_t records, dead;
};

void sc_brake_init(struct sc_brake *b, bool has_limit, uint64_t limit);
/* After a chunk: records of which dead became dead letters; *in_a_row is the caller's count, updated with good_after, the good records
 * behind the last dead one. SC_OK, or SC_E_DEAD_LETTERS with err filled. */
int sc_brake_add(struct sc_brake *b, uint32_t records, uint32_t dead, uint64_t *in_a_row, uint32_t good_after,
                 struct sc_error *err);

#endif
