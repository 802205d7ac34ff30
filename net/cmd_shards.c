/* shardcopy shards list. */
#include <stdlib.h>
#include <string.h>

#include "engine/list.h"
#include "engine/program.h"
#include "engine/stop.h"
#include "net/kinesis/kinesis_stream.h"

#define HASH_DIGITS 40

sc_command_fn sc_cmd_shards_list;

/* Decimal, from the end of text backwards; the first digit. */
static const char *format_hash_key(struct sc_hash_key key, char text[HASH_DIGITS]) {
  unsigned __int128 n = (unsigned __int128)key.high << 64 | key.low;
  char *at = text + HASH_DIGITS - 1;
  *at = '\0';
  do *--at = (char)('0' + (int)(n % 10));
  while ((n /= 10) != 0);
  return at;
}

static const char *or_null(const char *text) { return text[0] ? text : NULL; }

static void add_shard(struct sc_list *list, const struct sc_listed *shard) {
  char first[HASH_DIGITS], last[HASH_DIGITS];
  const char *cells[] = {shard->id,
                         shard->closed ? "closed" : "open",
                         or_null(shard->parents[0]),
                         or_null(shard->parents[1]),
                         format_hash_key(shard->hash_first, first),
                         format_hash_key(shard->hash_last, last)};
  sc_list_add(list, cells);
}

static int list_shards(struct sc_kinesis *k, bool json, struct sc_error *err) {
  static const char *const headings[] = {"SHARD",           "STATE",          "PARENT",
                                         "ADJACENT PARENT", "FIRST HASH KEY", "LAST HASH KEY"};
  static const char *const keys[] = {"shard", "state", "parent", "adjacent_parent", "first_hash_key", "last_hash_key"};
  struct sc_kinesis_client *client;
  struct sc_listed *shards = NULL;
  struct sc_list list;
  size_t n = 0;
  int rc = sc_kinesis_client_new(k, sc_stop_requested, &client, err);
  if (rc != SC_OK) return rc;
  rc = sc_kinesis_list_shards(client, &shards, &n, err);
  sc_list_init(&list, headings, keys, 6, json);
  for (size_t i = 0; rc == SC_OK && i < n; i++) add_shard(&list, &shards[i]);
  if (rc == SC_OK) rc = sc_list_write(&list, err);
  sc_list_fini(&list);
  free(shards);
  sc_kinesis_client_free(client);
  return rc;
}

int sc_cmd_shards_list(struct sc_options *options, struct sc_error *err) {
  struct sc_kinesis *k;
  int rc = sc_kinesis_open(sc_options_argument(options, 0), options, &k, err);
  if (rc != SC_OK) return rc;
  rc = sc_kinesis_need_stream(k, err);
  if (rc == SC_OK) rc = list_shards(k, strcmp(sc_options_text(options, SC_OPT_LIST_FORMAT), "json") == 0, err);
  sc_kinesis_close(k);
  return rc;
}
