/* The limit on dead letters: a stream that does not fit its table stops the load instead of filling the dead-letter
 * table.
 *
 * With --max-dead-letters N: more than N in this run. Without: 1,000 in a row, or more than 1 % once 100,000 records
 * were seen. Records count when they are in a block, and are taken back when the block is dropped: they come again. All
 * atomics; parse and write threads count; each parse thread counts "in a row" on its own.
 */
#ifndef SC_LOAD_DEAD_LETTER_LIMIT_H
#define SC_LOAD_DEAD_LETTER_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct sc_error;

#define SC_DEAD_LETTERS_IN_A_ROW 1000
#define SC_DEAD_LETTER_SHARE_FROM 100000 /* records */

struct sc_dead_letter_limit {
  bool has_limit;
  uint64_t limit;
  _Atomic uint64_t records, dead;
};

void sc_dead_letter_limit_init(struct sc_dead_letter_limit *b, bool has_limit, uint64_t limit);
/* dead of records are dead letters. */
void sc_dead_letter_limit_count(struct sc_dead_letter_limit *b, uint64_t records, uint64_t dead);
void sc_dead_letter_limit_take_back(struct sc_dead_letter_limit *b, uint64_t records, uint64_t dead);
/* in_a_row: the caller's longest run of dead letters of late, 0 when it knows none. SC_OK, or SC_E_DEAD_LETTERS with
 * err filled. */
int sc_dead_letter_limit_check(const struct sc_dead_letter_limit *b, uint64_t in_a_row, struct sc_error *err);

#endif
