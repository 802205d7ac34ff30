/* Rows that the target refused become dead letters of the open transaction. */
#ifndef SC_LOAD_WRITE_WRITE_REFUSED_H
#define SC_LOAD_WRITE_WRITE_REFUSED_H

#include "engine/load/write/writer.h"
#include "engine/sink.h"

/* With --on-error=fail, and where the sink keeps no dead letters: an error of class FATAL. */
int sc_writer_to_dead_letter(struct sc_writer *w, const struct sc_block *block, uint32_t row,
                             const struct sc_refusal *refusal, struct sc_error *err);
/* Those that were not pushed yet. */
int sc_writer_push_dead_letters(struct sc_writer *w, struct sc_error *err);

#endif
