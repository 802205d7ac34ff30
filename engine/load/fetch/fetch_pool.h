/* A fetch thread: network only, never blocks. Owns its shards' reading machines (shard.h) and one reader of the source.
 *
 * In: SC_FETCH_* messages (from write threads and control). Out: batches to the shard's parse thread, messages to
 * control. Memory: a shard here costs about 700 bytes, a request that stands about 2 KiB; the reader's own comes on
 * top.
 */
#ifndef SC_LOAD_FETCH_FETCH_POOL_H
#define SC_LOAD_FETCH_FETCH_POOL_H

#include "engine/load/fetch/fetcher.h"

void sc_fetcher_main(void *fetcher); /* the thread; ends at SC_STAGE_STOP_FETCH or SC_STAGE_ABANDON */

#endif
