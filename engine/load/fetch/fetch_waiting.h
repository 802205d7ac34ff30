/* Handing batches over, and the shards that wait for a parse thread. */
#ifndef SC_LOAD_FETCH_FETCH_WAITING_H
#define SC_LOAD_FETCH_FETCH_WAITING_H

#include "engine/load/fetch/fetcher.h"

/* Whether parse thread `parse` has room for another call's reply: no batch waits for its ring, and little is
 * unparsed. */
bool sc_fetcher_has_room(const struct sc_fetcher *f, uint32_t parse);
/* The batch goes to the shard's parse thread, or waits with its shard for the ring to have room. */
void sc_fetcher_hand_over(struct sc_fetcher *f, struct sc_fetch_shard *s, struct sc_batch *batch, uint32_t flags,
                          int64_t now_ms);
/* The shard is due, but its parse thread has no room for another reply: it waits, without a batch. */
void sc_fetcher_wait(struct sc_fetcher *f, struct sc_fetch_shard *s);
/* The shard waits no longer. The batch it waited with, or NULL, is the caller's again. */
struct sc_batch *sc_fetcher_take_waiting(struct sc_fetcher *f, struct sc_fetch_shard *s);
/* Pushes what fits now; shards for which there is room again become due. */
void sc_fetcher_retry_waiting(struct sc_fetcher *f);
bool sc_fetcher_any_waits(const struct sc_fetcher *f);

#endif
