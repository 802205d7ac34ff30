#include "bench/drive/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/json/doc.h"
#include "engine/base/array.h"
#include "engine/base/clock.h"

#define CREATE_MS 30000
#define PAGE_SHARDS 10000

/* What one call needs. */
struct caller {
  struct sc_client *client;
  struct sc_jsondoc *parser;
  struct sc_buf request, body;
  struct sc_json root;
  uint64_t calls;
};

static int open_caller(struct caller *c, const struct sc_drive *drive, struct sc_error *err) {
  *c = (struct caller){.parser = sc_jsondoc_new()};
  c->client = sc_client_new(sc_options_text(drive->options, SC_DRIVE_OPT_ENDPOINT),
                            sc_options_text(drive->options, SC_DRIVE_OPT_CA_FILE), 1, err);
  return c->client == NULL ? err->code : SC_OK;
}

static void close_caller(struct caller *c) {
  sc_client_free(c->client);
  sc_jsondoc_free(c->parser);
  sc_buf_fini(&c->request);
  sc_buf_fini(&c->body);
}

/* Sends c->request; the reply is in c->root. */
static int ask(struct caller *c, const char *operation, struct sc_error *err) {
  int rc = sc_client_ask(c->client, operation, sc_buf_view(&c->request), &c->body, err);
  sc_buf_clear(&c->request);
  c->calls++;
  if (rc != SC_OK || c->body.len == 0) return rc;
  return sc_jsondoc_parse(c->parser, sc_buf_view(&c->body), &c->root, err);
}

static void add_stream(struct caller *c, const struct sc_drive *drive) {
  sc_buf_add_str(&c->request, "{\"StreamName\":");
  sc_buf_add_json_string(&c->request, sc_slice_str(drive->stream));
}

static int wait_active(struct caller *c, const struct sc_drive *drive, struct sc_error *err) {
  int64_t deadline_ms = sc_clock_mono_ms() + CREATE_MS;
  struct sc_slice status = {"", 0};
  while (sc_clock_mono_ms() < deadline_ms) {
    add_stream(c, drive);
    sc_buf_add_char(&c->request, '}');
    int rc = ask(c, "DescribeStreamSummary", err);
    if (rc != SC_OK) return rc;
    sc_json_str(sc_json_get(sc_json_get(c->root, "StreamDescriptionSummary"), "StreamStatus"), &status);
    if (sc_slice_is(status, "ACTIVE")) return SC_OK;
    usleep(20000);
  }
  return sc_error_set(err, SC_E_DEADLINE, "the stream is not ACTIVE after %d s", CREATE_MS / 1000);
}

int sc_drive_create(const struct sc_drive *drive, uint64_t *calls, struct sc_error *err) {
  struct caller c;
  int rc = open_caller(&c, drive, err);
  if (rc == SC_OK) {
    add_stream(&c, drive);
    sc_buf_printf(&c.request, ",\"ShardCount\":%" PRId64 "}", sc_options_int(drive->options, SC_DRIVE_OPT_SHARDS));
    rc = ask(&c, "CreateStream", err);
  }
  if (rc == SC_OK) rc = wait_active(&c, drive, err);
  *calls = c.calls;
  close_caller(&c);
  return rc;
}

static int take_shards(struct sc_drive *drive, struct sc_json list, uint32_t *cap, struct sc_error *err) {
  struct sc_json_iter it = sc_json_walk(list);
  struct sc_json shard;
  struct sc_slice id;
  while (sc_json_next(&it, NULL, &shard)) {
    if (!sc_json_str(sc_json_get(shard, "ShardId"), &id))
      return sc_error_set(err, SC_E_PROTOCOL, "ListShards: a shard without an id");
    SC_ARRAY_ROOM(drive->shards, drive->n_shards, *cap, 1);
    drive->shards[drive->n_shards] = (struct sc_buf)SC_BUF_INIT;
    sc_buf_add_slice(&drive->shards[drive->n_shards++], id);
  }
  return SC_OK;
}

int sc_drive_list(struct sc_drive *drive, uint64_t *calls, struct sc_error *err) {
  struct caller c;
  struct sc_slice token = {NULL, 0};
  uint32_t cap = 0;
  int rc = open_caller(&c, drive, err);
  while (rc == SC_OK) {
    if (token.len == 0) {
      add_stream(&c, drive);
    } else {
      sc_buf_add_str(&c.request, "{\"NextToken\":");
      sc_buf_add_json_string(&c.request, token);
    }
    sc_buf_printf(&c.request, ",\"MaxResults\":%d}", PAGE_SHARDS);
    rc = ask(&c, "ListShards", err);
    if (rc == SC_OK) rc = take_shards(drive, sc_json_get(c.root, "Shards"), &cap, err);
    if (rc != SC_OK || !sc_json_str(sc_json_get(c.root, "NextToken"), &token)) break;
  }
  *calls = c.calls;
  close_caller(&c);
  if (rc == SC_OK && drive->n_shards == 0) rc = sc_error_set(err, SC_E_PROTOCOL, "the stream has no shards");
  return rc;
}

static void add_consumer(struct caller *c, const struct sc_buf *stream_arn) {
  sc_buf_add_str(&c->request, "{\"StreamARN\":");
  sc_buf_add_json_string(&c->request, sc_buf_view(stream_arn));
  sc_buf_printf(&c->request, ",\"ConsumerName\":\"bench-drive-%d\"}", (int)getpid());
}

static int find_arn(struct caller *c, const struct sc_drive *drive, struct sc_buf *out, struct sc_error *err) {
  struct sc_slice arn;
  add_stream(c, drive);
  sc_buf_add_char(&c->request, '}');
  int rc = ask(c, "DescribeStreamSummary", err);
  if (rc != SC_OK) return rc;
  if (!sc_json_str(sc_json_get(sc_json_get(c->root, "StreamDescriptionSummary"), "StreamARN"), &arn))
    return sc_error_set(err, SC_E_PROTOCOL, "DescribeStreamSummary: no StreamARN");
  sc_buf_add_slice(out, arn);
  return SC_OK;
}

static int wait_consumer(struct caller *c, const struct sc_buf *stream_arn, struct sc_buf *out, struct sc_error *err) {
  int64_t deadline_ms = sc_clock_mono_ms() + CREATE_MS;
  struct sc_slice status = {"", 0}, arn;
  while (sc_clock_mono_ms() < deadline_ms) {
    add_consumer(c, stream_arn);
    int rc = ask(c, "DescribeStreamConsumer", err);
    if (rc != SC_OK) return rc;
    struct sc_json found = sc_json_get(c->root, "ConsumerDescription");
    sc_json_str(sc_json_get(found, "ConsumerStatus"), &status);
    if (sc_slice_is(status, "ACTIVE") && sc_json_str(sc_json_get(found, "ConsumerARN"), &arn)) {
      sc_buf_add_slice(out, arn);
      return SC_OK;
    }
    usleep(20000);
  }
  return sc_error_set(err, SC_E_DEADLINE, "the consumer is not ACTIVE after %d s", CREATE_MS / 1000);
}

int sc_drive_register(struct sc_drive *drive, struct sc_error *err) {
  struct caller c;
  struct sc_buf stream_arn = SC_BUF_INIT;
  int rc = open_caller(&c, drive, err);
  if (rc == SC_OK) rc = find_arn(&c, drive, &stream_arn, err);
  if (rc == SC_OK) {
    add_consumer(&c, &stream_arn);
    rc = ask(&c, "RegisterStreamConsumer", err);
  }
  if (rc == SC_OK) rc = wait_consumer(&c, &stream_arn, &drive->consumer, err);
  sc_buf_fini(&stream_arn);
  close_caller(&c);
  return rc;
}

void sc_drive_forget_shards(struct sc_drive *drive) {
  for (uint32_t i = 0; i < drive->n_shards; i++) sc_buf_fini(&drive->shards[i]);
  free(drive->shards);
}
