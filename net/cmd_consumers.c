/* shardcopy consumers list, register, describe, deregister. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/list.h"
#include "engine/print.h"
#include "engine/program.h"
#include "engine/stop.h"
#include "net/kinesis/consumer.h"
#include "net/kinesis/kinesis_stream.h"

sc_command_fn sc_cmd_consumers_list, sc_cmd_consumers_register, sc_cmd_consumers_describe, sc_cmd_consumers_deregister;

struct session {
  struct sc_kinesis *k;
  struct sc_kinesis_client *client;
  struct sc_stream_identity stream;
  struct sc_consumer_ref ref; /* the second argument: an ARN, or a name */
};

static void close_session(struct session *s) {
  sc_kinesis_client_free(s->client);
  sc_kinesis_close(s->k);
}

static int read_ref(struct session *s, const char *consumer, struct sc_error *err) {
  s->ref = (struct sc_consumer_ref){.stream_arn = s->stream.arn};
  if (strncmp(consumer, "arn:", 4) == 0) s->ref.arn = consumer;
  else s->ref.name = consumer;
  if (s->ref.arn != NULL || sc_consumer_name_is_valid(consumer)) return SC_OK;
  return sc_error_fail(err, SC_E_USAGE, "1 to 128 of a-z, A-Z, 0-9, _, . and -, or an ARN", "no name of a consumer: %s",
                       consumer);
}

static int open_session(struct sc_options *options, struct session *s, struct sc_error *err) {
  char status[32];
  *s = (struct session){0};
  int rc = sc_kinesis_open(sc_options_argument(options, 0), options, &s->k, err);
  if (rc == SC_OK) rc = sc_kinesis_need_stream(s->k, err);
  if (rc == SC_OK) rc = sc_kinesis_client_new(s->k, sc_stop_requested, &s->client, err);
  if (rc == SC_OK) rc = sc_kinesis_describe(s->client, &s->stream, status, err);
  if (rc == SC_OK && sc_options_n_arguments(options) > 1) rc = read_ref(s, sc_options_argument(options, 1), err);
  if (rc != SC_OK) close_session(s);
  return rc;
}

static void add_consumer(struct sc_list *list, const struct sc_consumer *consumer) {
  char created[25];
  sc_clock_format_ms(consumer->created_ms, created);
  const char *cells[] = {consumer->name, consumer->status, consumer->created_ms ? created : NULL, consumer->arn};
  sc_list_add(list, cells);
}

static int write_consumers(const struct sc_options *options, const struct sc_consumer *consumers, size_t n,
                           struct sc_error *err) {
  static const char *const headings[] = {"CONSUMER", "STATUS", "CREATED", "ARN"};
  static const char *const keys[] = {"consumer", "status", "created", "arn"};
  struct sc_list list;
  sc_list_init(&list, headings, keys, 4, strcmp(sc_options_text(options, SC_OPT_LIST_FORMAT), "json") == 0);
  for (size_t i = 0; i < n; i++) add_consumer(&list, &consumers[i]);
  int rc = sc_list_write(&list, err);
  sc_list_fini(&list);
  return rc;
}

int sc_cmd_consumers_list(struct sc_options *options, struct sc_error *err) {
  struct session s;
  struct sc_consumer *consumers;
  size_t n;
  int rc = open_session(options, &s, err);
  if (rc != SC_OK) return rc;
  rc = sc_consumer_list(s.client, s.stream.arn, &consumers, &n, err);
  if (rc == SC_OK) rc = write_consumers(options, consumers, n, err);
  free(consumers);
  close_session(&s);
  return rc;
}

int sc_cmd_consumers_register(struct sc_options *options, struct sc_error *err) {
  struct session s;
  struct sc_consumer consumer;
  bool registered;
  int rc = open_session(options, &s, err);
  if (rc != SC_OK) return rc;
  rc = s.ref.arn != NULL ? sc_error_set(err, SC_E_USAGE, "a consumer is registered by its name, not by an ARN")
                         : sc_consumer_settle(s.client, &s.ref, true, &consumer, &registered, err);
  if (rc == SC_OK) rc = write_consumers(options, &consumer, 1, err);
  close_session(&s);
  return rc;
}

int sc_cmd_consumers_describe(struct sc_options *options, struct sc_error *err) {
  struct session s;
  struct sc_consumer consumer;
  bool found;
  int rc = open_session(options, &s, err);
  if (rc != SC_OK) return rc;
  rc = sc_consumer_describe(s.client, &s.ref, &consumer, &found, err);
  if (rc == SC_OK && !found)
    rc = sc_error_set(err, SC_E_NO_SOURCE, "%s has no consumer %s", s.k->described, sc_options_argument(options, 1));
  if (rc == SC_OK) rc = write_consumers(options, &consumer, 1, err);
  close_session(&s);
  return rc;
}

int sc_cmd_consumers_deregister(struct sc_options *options, struct sc_error *err) {
  struct session s;
  int rc = open_session(options, &s, err);
  if (rc != SC_OK) return rc;
  rc = sc_consumer_deregister(s.client, &s.ref, err);
  struct sc_buf text = SC_BUF_INIT;
  if (rc == SC_OK && !sc_options_flag(options, SC_OPT_QUIET))
    sc_buf_printf(&text, "deregistered %s of %s\n", sc_options_argument(options, 1), s.k->described);
  close_session(&s);
  if (rc == SC_OK) rc = sc_print(&text, err);
  return rc;
}
