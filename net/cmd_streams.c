/* shardcopy streams list, create, delete. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/list.h"
#include "engine/print.h"
#include "engine/program.h"
#include "engine/stop.h"
#include "net/kinesis/kinesis_stream.h"

#define ACTIVE_WITHIN_MS 120000

sc_command_fn sc_cmd_streams_list, sc_cmd_streams_create, sc_cmd_streams_delete;

struct session {
  struct sc_kinesis *k;
  struct sc_kinesis_client *client;
};

static void close_session(struct session *s) {
  sc_kinesis_client_free(s->client);
  sc_kinesis_close(s->k);
}

static int open_session(const char *url, struct sc_options *options, bool need_stream, struct session *s,
                        struct sc_error *err) {
  *s = (struct session){NULL, NULL};
  int rc = sc_kinesis_open(url, options, &s->k, err);
  if (rc == SC_OK && need_stream) rc = sc_kinesis_need_stream(s->k, err);
  if (rc == SC_OK) rc = sc_kinesis_client_new(s->k, sc_stop_requested, &s->client, err);
  if (rc != SC_OK) close_session(s);
  return rc;
}

static void add_stream(struct sc_list *list, const struct sc_stream_summary *stream) {
  char created[25];
  sc_clock_format_ms(stream->created_ms, created);
  const char *cells[] = {stream->name, stream->status[0] ? stream->status : NULL, stream->mode[0] ? stream->mode : NULL,
                         stream->created_ms ? created : NULL};
  sc_list_add(list, cells);
}

int sc_cmd_streams_list(struct sc_options *options, struct sc_error *err) {
  static const char *const headings[] = {"STREAM", "STATUS", "MODE", "CREATED"};
  static const char *const keys[] = {"stream", "status", "mode", "created"};
  const char *url = sc_options_n_arguments(options) > 0 ? sc_options_argument(options, 0) : "kinesis:";
  bool is_endpoint = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
  struct session s;
  struct sc_stream_summary *streams = NULL;
  struct sc_list list;
  size_t n = 0;
  int rc = is_endpoint ? sc_options_set(options, "endpoint", url, SC_FROM_URL, err) : SC_OK;
  if (rc == SC_OK) rc = open_session(is_endpoint ? "kinesis:" : url, options, false, &s, err);
  if (rc != SC_OK) return rc;
  rc = sc_kinesis_list_streams(s.client, &streams, &n, err);
  sc_list_init(&list, headings, keys, 4, strcmp(sc_options_text(options, SC_OPT_LIST_FORMAT), "json") == 0);
  for (size_t i = 0; rc == SC_OK && i < n; i++) add_stream(&list, &streams[i]);
  if (rc == SC_OK) rc = sc_list_write(&list, err);
  sc_list_fini(&list);
  free(streams);
  close_session(&s);
  return rc;
}

static int say(const struct session *s, const struct sc_options *options, const char *done, struct sc_error *err) {
  struct sc_buf text = SC_BUF_INIT;
  if (sc_options_flag(options, SC_OPT_QUIET)) return SC_OK;
  sc_buf_printf(&text, "%s %s\n", done, s->k->described);
  return sc_print(&text, err);
}

int sc_cmd_streams_create(struct sc_options *options, struct sc_error *err) {
  struct session s;
  int rc = open_session(sc_options_argument(options, 0), options, true, &s, err);
  if (rc != SC_OK) return rc;
  rc = sc_kinesis_create_stream(s.client, sc_options_int(options, SC_OPT_SHARDS), err);
  struct sc_stream_identity identity;
  if (rc == SC_OK) rc = sc_kinesis_describe_active(s.client, ACTIVE_WITHIN_MS, &identity, err);
  if (rc == SC_OK) rc = say(&s, options, "created", err);
  close_session(&s);
  return rc;
}

int sc_cmd_streams_delete(struct sc_options *options, struct sc_error *err) {
  struct session s;
  int rc = open_session(sc_options_argument(options, 0), options, true, &s, err);
  if (rc != SC_OK) return rc;
  rc = sc_kinesis_delete_stream(s.client, err);
  if (rc == SC_OK) rc = say(&s, options, "deleted", err);
  close_session(&s);
  return rc;
}
