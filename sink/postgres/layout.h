/* What the target table looks like by the options: --columns, --metadata, --like. Pure; made once, read-only
 * afterwards.
 *
 * --metadata is a list of ROLE[:TYPE][:NAME]: shard, sequence (text or numeric), arrival, partition-key, stream,
 * message-id, envelope, sub-sequence. Names default to kinesis_shard_id, kinesis_sequence_number, kinesis_arrival_time,
 * kinesis_partition_key, kinesis_stream_name, kinesis_message_id, kinesis, kinesis_sub_sequence_number. A role may come
 * more than once, under several names. --like stands for a list, which --metadata replaces:
 *   exasol  kinesis_shard_id, shard_sequence_number; by_position
 *   dlt     _kinesis__shard_id, _kinesis__seq_no, _kinesis__ts, _kinesis__partition, _kinesis__stream_name,
 *           _kinesis_msg_id
 *   flink   timestamp, shard-id, sequence-number (the keys of its METADATA columns)
 *   ctk     kinesis (the envelope as an object), kinesis_msg_id
 */
#ifndef SC_SINK_POSTGRES_LAYOUT_H
#define SC_SINK_POSTGRES_LAYOUT_H

#include "engine/plan.h"

struct sc_error;

#define SC_PG_METADATA_MAX 16

struct sc_pg_metadata {
  enum sc_role role;
  char name[64];
  const char *type; /* SQL, of a table we make */
};

struct sc_pg_layout {
  enum sc_columns_mode columns;
  bool by_position; /* the keys, in the order first seen, go into the table's own columns one by one */
  size_t n;
  struct sc_pg_metadata metadata[SC_PG_METADATA_MAX];
};

/* like may be NULL; metadata_given: by the user, else the default list. SC_E_USAGE says what is wrong with the list. */
int sc_pg_layout_parse(enum sc_columns_mode columns, const char *metadata, bool metadata_given, const char *like,
                       struct sc_pg_layout *out, struct sc_error *err);

/* What a column of that name is filled with: the listed metadata, else shard, sequence, arrival and partition key by
 * their default names, else the payload. With by_position upper case is taken for lower case. */
enum sc_role sc_pg_layout_role(const struct sc_pg_layout *layout, const char *name);

/* "shard" ...; NULL of the payload. */
const char *sc_pg_layout_word(enum sc_role role);

/* Names that no key of the payload gets: those of all metadata columns. used has room for SC_PG_LAYOUT_NAMES; returns
 * how many. */
#define SC_PG_LAYOUT_NAMES (SC_PG_METADATA_MAX + 4)
size_t sc_pg_layout_names(const struct sc_pg_layout *layout, char (*used)[64]);

/* Is the table's one payload column "data"? */
static inline bool sc_pg_layout_is_one_column(const struct sc_pg_layout *layout) {
  return layout->columns == SC_COLUMNS_JSON || layout->columns == SC_COLUMNS_RAW;
}

#endif
