/* What the store remembers as entries of a journal: written here, read back by replay.h. An entry is a frame (frames.h)
 * whose payload is a sequence of CBOR items.
 *
 *   STREAM      id, name, created ms, attributes, [shards]: a stream as it is, without its records; made at create and
 *   at compaction
 *               shard: [parent, adjacent parent, children (2), hash start and end (16 bytes, big endian), created ms,
 *               created s,
 *               closed ms, number of the first record, arrival of the one before]; -1 stands for no shard
 *   ATTRIBUTES  id, attributes (persist_attributes.h)
 *   DELETE      id
 *   PUT         id, shard, number, arrived ms, is base64, key in JSON, data
 *   SPLIT       id, shard, hash where the second child starts, now ms, busy until ms
 *   MERGE       id, shard, adjacent, now ms, busy until ms
 *   ACCOUNT     attributes of the account: a map
 */
#ifndef SCL_DISK_PERSIST_H
#define SCL_DISK_PERSIST_H

#include "bench/local/store/store.h"

enum scl_persist_kind {
  SCL_PERSIST_STREAM = 1,
  SCL_PERSIST_ATTRIBUTES,
  SCL_PERSIST_DELETE,
  SCL_PERSIST_PUT,
  SCL_PERSIST_SPLIT,
  SCL_PERSIST_MERGE,
  SCL_PERSIST_ACCOUNT
};

#define SCL_PERSIST_HASH_BYTES 16
/* Bounds that replay holds every entry to, and all that is written keeps. */
#define SCL_PERSIST_MAX_MS (INT64_C(1) << 45)
#define SCL_PERSIST_MAX_NUMBER (INT64_C(1) << 60)
#define SCL_PERSIST_MAX_DATA (16u << 20) /* bytes of a record's data as they stand: base64 or not */

/* Where entries go: parts as scl_frame_start takes them. Any thread that changes the store. */
struct scl_persist_sink {
  void *context;
  void (*add)(void *context, uint8_t kind, const struct sc_slice *parts, int n_parts);
  struct scl_ticket (*ticket)(void *context); /* of scl_store_recorder; may be NULL when nobody asks for it */
};

/* The recorder of a store whose changes go to the sink, which must outlive it. */
struct scl_store_recorder scl_persist_recorder(const struct scl_persist_sink *sink);

/* Entries that make all of the store anew, to the sink. Nobody else uses the store. */
void scl_persist_all(struct scl_store *store, const struct scl_persist_sink *sink);

#endif
