/* A write thread: one session, one transaction, one commit at a time. Owns its shards' checkpoints (checkpoint.h) and
 * its incarnation (term).
 *
 * In: blocks, SC_WRITE_* messages. Out: spent blocks, SC_FETCH_START to fetch threads, messages to control. A
 * transaction is committed when its oldest row is flush-interval old, at flush-bytes or flush-rows, when block memory
 * is low, at a shard's end or last tip, and when asked to hold or stop; never sooner than 10 times the last commit took
 * unless memory is low. Rewind is the one recovery for everything but a refused row: the session is closed, the term
 * raised, blocks are dropped; after control's RESUME_SESSION a new session takes the shards again, and fetching starts
 * from what the take returned. A refused row is found by a replay from the kept blocks (write_replay.h).
 */
#ifndef SC_LOAD_WRITE_WRITE_POOL_H
#define SC_LOAD_WRITE_WRITE_POOL_H

#include "engine/load/write/writer.h"

/* The thread; ends at SC_STAGE_STOP_WRITE when all is committed, or at SC_STAGE_ABANDON. */
void sc_writer_main(void *writer);

#endif
