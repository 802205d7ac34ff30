/* A write thread: one session, one COPY, one commit at a time. Owns its shards' checkpoints (checkpoint.h) and its
 * incarnation (term).
 *
 * In: blocks, SC_WRITE_* messages. Out: spent blocks, SC_FETCH_START to fetch threads, messages to control. A
 * transaction is committed when its oldest row is flush-interval old, at flush-bytes or flush-rows, when block memory
 * is low, at a shard's end or tip, and when asked to hold or stop; never sooner than 10 times the last commit took
 * unless memory is low. Rewind is the one recovery for everything but a refused row: session closed, term raised,
 * blocks dropped, and after control's GO a new session takes the shards again and fetching starts from what the take
 * returned. A refused row is found by a replay from the kept blocks (write_replay.c).
 */
#ifndef SC_LOAD_WRITE_WRITE_POOL_H
#define SC_LOAD_WRITE_WRITE_POOL_H

#include "engine/load/run.h"

struct sc_writer;
struct sc_writer *sc_writer_new(struct sc_run *run, uint32_t index);
/* Control's thread, before the start: opens the session, so that a wrong password is told at once. */
int sc_writer_connect(struct sc_writer *writer, struct sc_error *err);
void sc_writer_main(void *writer);
void sc_writer_free(struct sc_writer *writer); /* after the join */

/* After the join: the shards still held, for their release. Rows view into the writer; returns their number. */
size_t sc_writer_held(struct sc_writer *writer, struct sc_commit_row *rows, size_t cap);

#endif
