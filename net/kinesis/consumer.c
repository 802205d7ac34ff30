#include "net/kinesis/consumer.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/array.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "net/kinesis/kinesis_stream.h"

#define SETTLE_WITHIN_MS 120000
#define LOOK_FIRST_MS 50
#define LOOK_MS 500
#define BUSY_MS 2000 /* between two registrations that were refused */
#define PAGES_MAX 1000
#define STREAM_HOLDS 20           /* consumers of a stream */
#define STREAM_HOLDS_ADVANTAGE 50 /* with On-demand Advantage */
#define NAMES_SHOWN 10

/* ---- names ---- */

static bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

bool sc_consumer_name_is_valid(const char *name) {
  size_t len = 0;
  while (is_name_char(name[len])) len++;
  return len > 0 && len <= SC_CONSUMER_NAME_MAX && name[len] == '\0';
}

void sc_consumer_name_make(const char *prefix, const char *text, char out[SC_CONSUMER_NAME_MAX + 1]) {
  size_t n = 0;
  for (const char *p = prefix; *p && n < SC_CONSUMER_NAME_MAX; p++) out[n++] = is_name_char(*p) ? *p : '_';
  for (const char *p = text; *p && n < SC_CONSUMER_NAME_MAX; p++) out[n++] = is_name_char(*p) ? *p : '_';
  out[n] = '\0';
}

/* ---- calls ---- */

static void add_text(struct sc_buf *body, const char *name, const char *text) {
  sc_buf_printf(body, "%s\"%s\":", body->len > 1 ? "," : "", name);
  sc_buf_add_json_string(body, sc_slice_str(text));
}

static void write_ref(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref) {
  struct sc_buf *body = sc_kinesis_client_body(c);
  sc_buf_clear(body);
  sc_buf_add_char(body, '{');
  if (ref->arn != NULL) {
    add_text(body, "ConsumerARN", ref->arn);
  } else {
    add_text(body, "StreamARN", ref->stream_arn);
    add_text(body, "ConsumerName", ref->name);
  }
  sc_buf_add_char(body, '}');
}

static int read_consumer(struct sc_json value, const char *operation, struct sc_consumer *out, struct sc_error *err) {
  *out = (struct sc_consumer){.created_ms = sc_kinesis_read_time_ms(sc_json_get(value, "ConsumerCreationTimestamp"))};
  if (sc_kinesis_read_text(sc_json_get(value, "ConsumerName"), out->name, sizeof(out->name)) &&
      sc_kinesis_read_text(sc_json_get(value, "ConsumerARN"), out->arn, sizeof(out->arn)) &&
      sc_kinesis_read_text(sc_json_get(value, "ConsumerStatus"), out->status, sizeof(out->status)))
    return SC_OK;
  return sc_error_set(err, SC_E_PROTOCOL, "%s: a consumer without name, ARN or status", operation);
}

static bool is_named(const struct sc_error *err, const char *name) { return strcmp(err->service, name) == 0; }

/* Not the stream: its message begins so. */
static bool is_consumer_missing(const struct sc_error *err) {
  return is_named(err, "ResourceNotFoundException") && strstr(err->text, ": Stream ") == NULL;
}

static const char *shown(const struct sc_consumer_ref *ref) { return ref->arn != NULL ? ref->arn : ref->name; }

static int hint_access(struct sc_error *err) {
  if (err->code == SC_E_AUTH && is_named(err, "AccessDeniedException"))
    sc_error_hint(err,
                  "allow kinesis:DescribeStreamConsumer on the consumer, and kinesis:RegisterStreamConsumer unless "
                  "--registration=none; a stream of another account needs --consumer-arn");
  return err->code;
}

int sc_consumer_describe(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref, struct sc_consumer *out,
                         bool *found, struct sc_error *err) {
  struct sc_json root;
  write_ref(c, ref);
  int rc = sc_kinesis_client_call(c, SC_ENDPOINT_CONTROL, "DescribeStreamConsumer", NULL, &root, err);
  *found = rc == SC_OK;
  if (rc == SC_OK) return read_consumer(sc_json_get(root, "ConsumerDescription"), "DescribeStreamConsumer", out, err);
  return is_consumer_missing(err) ? SC_OK : hint_access(err);
}

int sc_consumer_deregister(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref, struct sc_error *err) {
  struct sc_json root;
  write_ref(c, ref);
  int rc = sc_kinesis_client_call(c, SC_ENDPOINT_CONTROL, "DeregisterStreamConsumer", NULL, &root, err);
  return rc != SC_OK && is_consumer_missing(err) ? SC_OK : rc;
}

/* ---- the list ---- */

struct listing {
  struct sc_consumer *items;
  size_t n, cap;
};

static int add_page(struct listing *l, struct sc_json root, struct sc_error *err) {
  struct sc_json_iter it = sc_json_walk(sc_json_get(root, "Consumers"));
  for (struct sc_json one; sc_json_next(&it, NULL, &one); l->n++) {
    if (l->n == SC_CONSUMERS_MAX)
      return sc_error_set(err, SC_E_PROTOCOL, "ListStreamConsumers: more consumers than a stream can have");
    SC_ARRAY_ROOM(l->items, l->n, l->cap, 1);
    int rc = read_consumer(one, "ListStreamConsumers", &l->items[l->n], err);
    if (rc != SC_OK) return rc;
  }
  return SC_OK;
}

int sc_consumer_list(struct sc_kinesis_client *c, const char *stream_arn, struct sc_consumer **consumers, size_t *n,
                     struct sc_error *err) {
  struct listing l = {0};
  struct sc_buf token = SC_BUF_INIT;
  int rc = SC_OK;
  for (int page = 0; page < PAGES_MAX && rc == SC_OK; page++) {
    struct sc_buf *body = sc_kinesis_client_body(c);
    struct sc_json root;
    struct sc_slice next = {NULL, 0};
    sc_buf_clear(body);
    sc_buf_add_char(body, '{');
    add_text(body, "StreamARN", stream_arn);
    if (page > 0) add_text(body, "NextToken", sc_buf_str(&token));
    sc_buf_add_char(body, '}');
    rc = sc_kinesis_client_call(c, SC_ENDPOINT_CONTROL, "ListStreamConsumers", NULL, &root, err);
    if (rc == SC_OK) rc = add_page(&l, root, err);
    sc_buf_clear(&token);
    if (rc == SC_OK && sc_json_str(sc_json_get(root, "NextToken"), &next)) sc_buf_add_slice(&token, next);
    if (next.len == 0) break;
  }
  sc_buf_fini(&token);
  if (rc != SC_OK) {
    free(l.items);
    l = (struct listing){0};
  }
  *consumers = l.items;
  *n = l.n;
  return rc;
}

/* ---- settling ---- */

static int no_consumer(const struct sc_consumer_ref *ref, struct sc_error *err) {
  return sc_error_fail(err, SC_E_CONFIG,
                       ref->arn != NULL ? "shardcopy consumers list STREAM shows those there are"
                                        : "register it with shardcopy consumers register, or let --registration do so",
                       "there is no consumer %s", shown(ref));
}

/* The service refused one more. When the stream has as many as it may have, err says so and names them. */
static int explain_limit(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref, bool *full,
                         struct sc_error *err) {
  struct sc_consumer *consumers;
  size_t n;
  struct sc_buf names = SC_BUF_INIT;
  int rc = sc_consumer_list(c, ref->stream_arn, &consumers, &n, err);
  *full = false;
  if (rc != SC_OK) return rc;
  *full = n == STREAM_HOLDS || n >= STREAM_HOLDS_ADVANTAGE;
  for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) sc_buf_printf(&names, "%s%s", i ? ", " : "", consumers[i].name);
  if (n > NAMES_SHOWN) sc_buf_printf(&names, " and %zu more", n - NAMES_SHOWN);
  if (*full)
    rc = sc_error_fail(err, SC_E_CONFIG,
                       "shardcopy consumers deregister frees one; --consumer-name can name one that "
                       "no other load uses",
                       "the stream has %zu consumers, as many as it may: %s", n, sc_buf_str(&names));
  sc_buf_fini(&names);
  free(consumers);
  return rc;
}

/* SC_AGAIN: not now; look again. */
static int register_once(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref, struct sc_error *err) {
  struct sc_buf *body = sc_kinesis_client_body(c);
  struct sc_json root;
  bool full = false;
  sc_buf_clear(body);
  sc_buf_add_char(body, '{');
  add_text(body, "StreamARN", ref->stream_arn);
  add_text(body, "ConsumerName", ref->name);
  sc_buf_add_char(body, '}');
  int rc = sc_kinesis_client_try(c, SC_ENDPOINT_CONTROL, "RegisterStreamConsumer", NULL, &root, err);
  if (rc == SC_OK) return SC_OK;
  bool is_limit = is_named(err, "LimitExceededException");
  if (is_named(err, "ResourceInUseException")) return SC_AGAIN; /* somebody was faster, or the stream is UPDATING */
  if (err->class != SC_CLASS_RETRY && err->class != SC_CLASS_THROTTLE) return hint_access(err);
  if (is_limit) rc = explain_limit(c, ref, &full, err);
  if (is_limit && (full || rc != SC_OK)) return rc;
  rc = sc_kinesis_client_pause(c, BUSY_MS, err);
  return rc != SC_OK ? rc : SC_AGAIN;
}

/* One step: SC_OK when the consumer is ACTIVE, SC_AGAIN when to look again. */
static int settle_once(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref, bool may_register,
                       struct sc_consumer *out, bool *registered, struct sc_error *err) {
  bool found;
  int rc = sc_consumer_describe(c, ref, out, &found, err);
  if (rc != SC_OK) return rc;
  if (!found && !may_register) return no_consumer(ref, err);
  if (found && strcmp(out->status, "ACTIVE") == 0) return SC_OK;
  if (found) {
    sc_log_often(SC_INFO, "waiting for the consumer", "consumer=%s status=%s", out->name, out->status);
    return SC_AGAIN;
  }
  rc = register_once(c, ref, err);
  if (rc == SC_OK) *registered = true;
  return rc == SC_OK ? SC_AGAIN : rc;
}

int sc_consumer_settle(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref, bool may_register,
                       struct sc_consumer *out, bool *registered, struct sc_error *err) {
  int64_t give_up_ms = sc_clock_mono_ms() + SETTLE_WITHIN_MS;
  SC_ASSERT(ref->arn == NULL || !may_register);
  *registered = false;
  for (int64_t wait_ms = LOOK_FIRST_MS;; wait_ms = wait_ms < LOOK_MS ? 2 * wait_ms : LOOK_MS) {
    int rc = settle_once(c, ref, may_register, out, registered, err);
    if (rc != SC_AGAIN) return rc;
    if (sc_clock_mono_ms() >= give_up_ms)
      return sc_error_set(err, SC_E_SERVICE, "consumer %s is not ACTIVE after %d s", shown(ref),
                          SETTLE_WITHIN_MS / 1000);
    rc = sc_kinesis_client_pause(c, wait_ms, err);
    if (rc != SC_OK) return rc;
  }
}
