/* shardcopy streams list, create, delete. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/list.h"
#include "engine/program.h"
#include "engine/stop.h"
#include "net/kinesis/kinesis_stream.h"

#define ACTIVE_WITHIN_MS 120000
#define ACTIVE_LOOK_MS 500

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
  struct session s;
  struct sc_stream_summary *streams = NULL;
  struct sc_list list;
  size_t n = 0;
  int rc = open_session(url, options, false, &s, err);
  if (rc != SC_OK) return rc;
  rc = sc_kinesis_list_streams(s.client, &streams, &n, err);
  sc_list_init(&list, headings, keys, 4, strcmp(sc_options_text(options, SC_OPT_FORMAT), "json") == 0);
  for (size_t i = 0; rc == SC_OK && i < n; i++) add_stream(&list, &streams[i]);
  if (rc == SC_OK) rc = sc_list_write(&list, err);
  sc_list_fini(&list);
  free(streams);
  close_session(&s);
  return rc;
}

static int wait_active(struct session *s, struct sc_error *err) {
  struct sc_stream_identity identity;
  char status[32];
  for (int64_t waited_ms = 0; waited_ms < ACTIVE_WITHIN_MS; waited_ms += ACTIVE_LOOK_MS) {
    int rc = sc_kinesis_describe(s->client, &identity, status, err);
    if (rc != SC_OK || strcmp(status, "ACTIVE") == 0) return rc;
    if (sc_stop_requested())
      return sc_error_set(err, SC_E_STOPPED, "interrupted; %s is being created", s->k->described);
    poll(NULL, 0, ACTIVE_LOOK_MS);
  }
  return sc_error_set(err, SC_E_SERVICE, "%s is still %s after %d s", s->k->described, status, ACTIVE_WITHIN_MS / 1000);
}

int sc_cmd_streams_create(struct sc_options *options, struct sc_error *err) {
  struct session s;
  int rc = open_session(sc_options_argument(options, 0), options, true, &s, err);
  if (rc != SC_OK) return rc;
  rc = sc_kinesis_create_stream(s.client, sc_options_int(options, SC_OPT_SHARDS), err);
  if (rc == SC_OK) rc = wait_active(&s, err);
  if (rc == SC_OK && !sc_options_flag(options, SC_OPT_QUIET)) printf("created %s\n", s.k->described);
  close_session(&s);
  return rc;
}

int sc_cmd_streams_delete(struct sc_options *options, struct sc_error *err) {
  struct session s;
  int rc = open_session(sc_options_argument(options, 0), options, true, &s, err);
  if (rc != SC_OK) return rc;
  rc = sc_kinesis_delete_stream(s.client, err);
  if (rc == SC_OK && !sc_options_flag(options, SC_OPT_QUIET)) printf("deleted %s\n", s.k->described);
  close_session(&s);
  return rc;
}
