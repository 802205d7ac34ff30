#include "sink/postgres/layout.h"

#include <stdio.h>

#include "engine/base/text.h"

#include "engine/base/error.h"

static const struct role {
  const char *word;
  enum sc_role role;
  const char *name, *type;
  bool reserved; /* filled by its default name though not listed */
} roles[] = {
    {"shard", SC_ROLE_SHARD, "kinesis_shard_id", "text", true},
    {"sequence", SC_ROLE_SEQUENCE, "kinesis_sequence_number", "text", true},
    {"arrival", SC_ROLE_ARRIVAL, "kinesis_arrival_time", "timestamp with time zone", true},
    {"partition-key", SC_ROLE_PARTITION_KEY, "kinesis_partition_key", "text", true},
    {"stream", SC_ROLE_STREAM, "kinesis_stream_name", "text", false},
    {"message-id", SC_ROLE_MESSAGE_ID, "kinesis_message_id", "text", false},
    {"envelope", SC_ROLE_ENVELOPE, "kinesis", "jsonb", false},
    {"sub-sequence", SC_ROLE_SUB_SEQUENCE, "kinesis_sub_sequence_number", "bigint", false},
};
#define N_ROLES (sizeof(roles) / sizeof(roles[0]))

static const struct {
  const char *tool, *metadata;
} tools[] = {
    {"exasol", "shard:kinesis_shard_id,sequence:shard_sequence_number"},
    {"dlt",
     "shard:_kinesis__shard_id,sequence:_kinesis__seq_no,arrival:_kinesis__ts,partition-key:_kinesis__partition,"
     "stream:_kinesis__stream_name,message-id:_kinesis_msg_id"},
    {"flink", "arrival:timestamp,shard:shard-id,sequence:sequence-number"},
    {"ctk", "envelope:kinesis,message-id:kinesis_msg_id"},
};

/* ---- --metadata ---- */

static const struct role *find_role(struct sc_slice word) {
  for (size_t i = 0; i < N_ROLES; i++) {
    if (sc_slice_is(word, roles[i].word)) return &roles[i];
  }
  return NULL;
}

static bool has_name(const struct sc_pg_layout *layout, struct sc_slice name) {
  for (size_t i = 0; i < layout->n; i++) {
    if (sc_slice_is(name, layout->metadata[i].name)) return true;
  }
  return false;
}

/* NULL, or what is wrong with the item. */
static const char *add_item(struct sc_pg_layout *layout, struct sc_slice item) {
  struct sc_slice word = item, rest = sc_text_cut(&word, ':');
  const struct role *role = find_role(word);
  if (role == NULL) return "is no metadata column";
  const char *type = role->type;
  struct sc_slice first = rest, behind = sc_text_cut(&first, ':');
  bool numeric = sc_slice_is(first, "numeric"), typed = numeric || (sc_slice_is(first, "text") && behind.ptr != NULL);
  if (role->role == SC_ROLE_SEQUENCE && typed) {
    type = numeric ? "numeric" : "text";
    rest = behind;
  }
  struct sc_slice name = rest.ptr != NULL ? rest : sc_slice_str(role->name);
  if (name.len == 0 || name.len > SC_COLUMN_NAME_MAX) return "names a column of no or more than 63 bytes";
  if (has_name(layout, name)) return "names a column that another one has";
  if (sc_pg_layout_is_one_column(layout) && sc_slice_is(name, SC_COLUMNS_DATA)) return "is the column of the payload";
  if (layout->n == SC_PG_METADATA_MAX) return "is one too many";
  struct sc_pg_metadata *m = &layout->metadata[layout->n++];
  *m = (struct sc_pg_metadata){.role = role->role, .type = type};
  memcpy(m->name, name.ptr, name.len);
  return NULL;
}

static int parse_list(const char *text, struct sc_pg_layout *out, struct sc_error *err) {
  if (!strcmp(text, "none")) return SC_OK;
  struct sc_slice rest = sc_slice_str(text), item;
  while (sc_text_next(&rest, ',', &item)) {
    const char *wrong = add_item(out, item);
    if (wrong != NULL)
      return sc_error_fail(err, SC_E_USAGE,
                           "shard, sequence (or sequence:numeric), arrival, partition-key, stream, message-id, "
                           "envelope, sub-sequence, separated by commas, each with a name as in shard:NAME, or none",
                           "--metadata: \"%.*s\" %s", SC_SLICE_ARGS(item), wrong);
  }
  return SC_OK;
}

/* ---- The layout ---- */

int sc_pg_layout_parse(enum sc_columns_mode columns, const char *metadata, bool metadata_given, const char *like,
                       struct sc_pg_layout *out, struct sc_error *err) {
  *out = (struct sc_pg_layout){.columns = columns};
  out->by_position = like != NULL && !strcmp(like, "exasol");
  if (out->by_position && sc_pg_layout_is_one_column(out)) {
    return sc_error_set(err, SC_E_USAGE, "--like=exasol fills columns by position: --columns is auto or table with it");
  }
  for (size_t i = 0; like != NULL && !metadata_given && i < sizeof(tools) / sizeof(tools[0]); i++) {
    if (!strcmp(tools[i].tool, like)) metadata = tools[i].metadata;
  }
  return parse_list(metadata, out, err);
}

enum sc_role sc_pg_layout_role(const struct sc_pg_layout *layout, const char *name) {
  for (size_t i = 0; i < layout->n; i++) {
    const struct sc_pg_metadata *m = &layout->metadata[i];
    struct sc_slice own = sc_slice_str(m->name), its = sc_slice_str(name);
    if (layout->by_position ? sc_text_equals_nocase(own, its) : sc_slice_equals(own, its)) return m->role;
  }
  for (size_t i = 0; i < N_ROLES; i++) {
    if (roles[i].reserved && !strcmp(roles[i].name, name)) return roles[i].role;
  }
  return SC_ROLE_PAYLOAD;
}

const char *sc_pg_layout_word(enum sc_role role) {
  for (size_t i = 0; i < N_ROLES; i++) {
    if (roles[i].role == role) return roles[i].word;
  }
  return NULL;
}

size_t sc_pg_layout_names(const struct sc_pg_layout *layout, char (*used)[64]) {
  size_t n = 0;
  for (size_t i = 0; i < N_ROLES; i++) {
    if (roles[i].reserved) snprintf(used[n++], 64, "%s", roles[i].name);
  }
  for (size_t i = 0; i < layout->n; i++) snprintf(used[n++], 64, "%s", layout->metadata[i].name);
  return n;
}
