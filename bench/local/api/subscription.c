#include "bench/local/api/subscription.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench/local/api/operation.h"
#include "codec/kinesis/event_stream.h"

struct scl_subscriptions {
  struct scl_store *store;
  struct scl_timebase *timebase;
  struct scl_faults *faults;
  int64_t life_ms;
  bool is_limited;
  struct scl_leases *leases;
};

struct subscription;

struct wakeup {
  struct scl_listener listener;
  struct subscription *of;
};

struct subscription {
  struct scl_feed feed;
  struct scl_subscriptions *all;
  struct scl_lease lease;
  char stream[SCL_STORE_MAX_NAME + 1], consumer[SCL_STORE_MAX_NAME + 1];
  uint64_t stream_id;
  uint64_t position;
  int64_t ends_ms;
  int64_t sent_ms; /* the last event */
  bool is_over;
  struct scl_bucket sent; /* bytes */
  struct wakeup records, clock, lost;
  void (*notify)(void *context);
  void *context;
};

/* A look at the shard at one time, and what comes of it. */
struct look {
  int64_t now_ms;
  struct scl_content *content;
  int64_t wait_ms;
};

struct scl_subscriptions *scl_subscriptions_new(struct scl_store *store, struct scl_timebase *timebase,
                                                struct scl_faults *faults, int64_t life_ms, bool is_limited) {
  struct scl_subscriptions *all = sc_alloc_zero(1, sizeof(*all));
  *all = (struct scl_subscriptions){store, timebase, faults, life_ms, is_limited, scl_leases_new(is_limited)};
  return all;
}

void scl_subscriptions_free(struct scl_subscriptions *all) {
  if (all == NULL) return;
  scl_leases_free(all->leases);
  free(all);
}

void scl_subscription_add_initial(struct sc_buf *out) {
  sc_event_stream_add(out, SC_EVENT_STREAM_EVENT, "initial-response", SCL_SERVICE_JSON, SC_SLICE_LITERAL("{}"));
}

void scl_subscription_add_held(struct sc_buf *text, const char *stream, uint32_t shard, const char *consumer) {
  sc_buf_printf(text, "Another active subscription exists for this consumer: %s:%s:shardId-%012" PRIu32 ":%s",
                SCL_SERVICE_ACCOUNT, stream, shard, consumer);
}

/* ---- events ---- */

static void add_continuation(struct scl_writer *w, const struct scl_store_shard *shard, const struct scl_logpage *page,
                             int64_t now_ms) {
  char sequence[SCL_SEQLAYOUT_DIGITS + 1];
  scl_shard_sequence_before(shard, page->first + page->count, page->count > 0 ? 0 : now_ms, sequence);
  scl_writer_str(w, "ContinuationSequenceNumber", sequence);
}

/* Writes the event around the page that was cut. end_event adds the lengths and checksums. */
static void write_event(const struct look *look, const struct scl_store_stream *stream,
                        const struct scl_store_shard *shard, bool is_end) {
  struct scl_content *content = look->content;
  sc_event_stream_begin(&content->head, SC_EVENT_STREAM_EVENT, "SubscribeToShardEvent", SCL_SERVICE_JSON);
  struct scl_writer w = scl_writer_of(&content->head, SCL_FORMAT_JSON);
  scl_writer_open_map(&w, NULL);
  if (!is_end) add_continuation(&w, shard, &content->page, look->now_ms);
  scl_writer_int(&w, "MillisBehindLatest", scl_logpage_behind_ms(&content->page, look->now_ms));
  scl_writer_open_list(&w, "Records");
  struct scl_writer tail = scl_writer_on(&w, &content->tail);
  scl_writer_close_list(&tail);
  if (is_end) scl_add_children(&tail, stream, shard);
  scl_writer_close_map(&tail);
}

static void end_event(struct scl_content *content) {
  struct iovec *pieces = sc_alloc((size_t)scl_content_most_pieces(content) * sizeof(*pieces));
  sc_event_stream_end(pieces, scl_content_pieces(content, pieces), &content->tail);
  free(pieces);
}

static void fail(struct subscription *s, struct scl_content *content, const char *type, struct sc_slice text) {
  struct sc_buf payload = SC_BUF_INIT;
  struct scl_writer w = scl_writer_of(&payload, SCL_FORMAT_JSON);
  scl_writer_open_map(&w, NULL);
  scl_writer_text(&w, "message", text);
  scl_writer_close_map(&w);
  sc_event_stream_add(&content->head, SC_EVENT_STREAM_EXCEPTION, type, SCL_SERVICE_JSON, sc_buf_view(&payload));
  sc_buf_fini(&payload);
  s->is_over = true;
}

static void fail_lost(struct subscription *s, struct scl_content *content) {
  struct sc_buf text = SC_BUF_INIT;
  scl_subscription_add_held(&text, s->stream, s->lease.shard, s->consumer);
  fail(s, content, "ResourceInUseException", sc_buf_view(&text));
  sc_buf_fini(&text);
}

static void fail_gone(struct subscription *s, struct scl_content *content) {
  struct sc_buf text = SC_BUF_INIT;
  sc_buf_printf(&text, "Consumer %s or shard shardId-%012" PRIu32 " of stream %s under account %s not found.",
                s->consumer, s->lease.shard, s->stream, SCL_SERVICE_ACCOUNT);
  fail(s, content, "ResourceNotFoundException", sc_buf_view(&text));
  sc_buf_fini(&text);
}

/* ---- the feed ---- */

static struct scl_store_stream *find_stream(const struct subscription *s) {
  struct scl_store_stream *stream = scl_store_find(s->all->store, sc_slice_str(s->stream));
  return stream != NULL && stream->id == s->stream_id && stream->gone_ms == 0 ? stream : NULL;
}

static bool has_consumer(const struct subscription *s, const struct scl_store_stream *stream) {
  for (uint32_t i = 0; i < stream->n_consumers; i++)
    if (stream->consumers[i]->id == s->lease.consumer) return stream->consumers[i]->gone_ms == 0;
  return false;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static enum scl_feed_state wait_until(const struct subscription *s, struct look *look, int64_t ms) {
  look->wait_ms = least(ms, s->ends_ms) - look->now_ms;
  return SCL_FEED_WAIT;
}

static enum scl_feed_state look_at_shard(struct subscription *s, struct look *look,
                                         const struct scl_store_stream *stream, const struct scl_store_shard *shard) {
  struct scl_logpage *page = &look->content->page;
  bool is_limited = s->all->is_limited;
  int64_t due_ms =
      look->now_ms + (is_limited ? scl_bucket_wait_ms(&s->sent, SCL_RATE_SUBSCRIPTION, 1, look->now_ms) : 0);
  if (due_ms > look->now_ms) return wait_until(s, look, due_ms);
  scl_stream_trim(stream, shard, look->now_ms);
  scl_shardlog_page(shard->log, SCL_FORMAT_JSON, s->position, SCL_SUBSCRIPTION_EVENT_RECORDS,
                    is_limited ? SCL_SUBSCRIPTION_LIMITED_EVENT_BYTES : SCL_SUBSCRIPTION_EVENT_BYTES, page);
  bool is_end = shard->closed_ms != 0 && page->n_following == 0;
  due_ms = s->sent_ms + SCL_SUBSCRIPTION_HEARTBEAT_MS;
  if (page->count == 0 && !is_end && look->now_ms < due_ms) return wait_until(s, look, due_ms);
  write_event(look, stream, shard, is_end);
  if (is_limited) scl_bucket_owe(&s->sent, SCL_RATE_SUBSCRIPTION, (int64_t)page->bytes, look->now_ms);
  s->position = page->first + page->count;
  s->sent_ms = look->now_ms;
  s->is_over = is_end;
  return SCL_FEED_CHUNK;
}

static enum scl_feed_state look_at_store(struct subscription *s, struct look *look) {
  const struct scl_store_stream *stream = find_stream(s);
  const struct scl_store_shard *shard = stream == NULL ? NULL : &stream->shards[s->lease.shard];
  if (stream != NULL && has_consumer(s, stream) && !scl_shard_is_expired(stream, shard, look->now_ms))
    return look_at_shard(s, look, stream, shard);
  fail_gone(s, look->content);
  return SCL_FEED_CHUNK;
}

/* Completes the event, or replaces it when a fault applies. */
static enum scl_feed_state send_event(struct subscription *s, struct scl_chunk *chunk) {
  struct scl_fault fault = {.kind = SCL_FAULT_DELIVERY};
  bool is_hit = scl_faults_take(s->all->faults, SC_SLICE_LITERAL(SCL_FAULT_EVENTS), &fault);
  if (fault.kind == SCL_FAULT_ERROR || fault.kind == SCL_FAULT_END) scl_content_fini(&chunk->content);
  if (fault.kind == SCL_FAULT_ERROR) fail(s, &chunk->content, fault.code, sc_slice_str(fault.message));
  else if (fault.kind != SCL_FAULT_END) end_event(&chunk->content);
  if (fault.kind == SCL_FAULT_CORRUPT) chunk->content.tail.ptr[chunk->content.tail.len - 1] ^= 1;
  if (fault.kind == SCL_FAULT_END) s->is_over = true;
  if (is_hit) scl_fault_apply_delivery(&fault, &chunk->delivery);
  return fault.kind == SCL_FAULT_END ? SCL_FEED_END : SCL_FEED_CHUNK;
}

static enum scl_feed_state next_chunk(struct scl_feed *feed, struct scl_chunk *chunk, int64_t *wait_ms) {
  struct subscription *s = (struct subscription *)feed;
  struct look look = {.now_ms = scl_timebase_now_ms(s->all->timebase), .content = &chunk->content};
  if (s->is_over || look.now_ms >= s->ends_ms) return SCL_FEED_END;
  if (atomic_load(&s->lease.is_lost)) {
    fail_lost(s, &chunk->content);
    return SCL_FEED_CHUNK;
  }
  scl_store_lock_read(s->all->store);
  enum scl_feed_state state = look_at_store(s, &look);
  scl_store_unlock(s->all->store);
  chunk->ticket = scl_store_ticket(s->all->store);
  *wait_ms = look.wait_ms;
  return chunk->content.tail.len > 0 ? send_event(s, chunk) : state;
}

static void on_notified(struct scl_listener *listener) {
  const struct subscription *s = ((struct wakeup *)listener)->of;
  s->notify(s->context);
}

static void listen_to_all(struct scl_feed *feed, void (*notify)(void *context), void *context) {
  struct subscription *s = (struct subscription *)feed;
  s->notify = notify;
  s->context = context;
  scl_store_lock_read(s->all->store);
  const struct scl_store_stream *stream = find_stream(s);
  if (stream != NULL) scl_notifier_add(scl_shardlog_notifier(stream->shards[s->lease.shard].log), &s->records.listener);
  scl_store_unlock(s->all->store);
  scl_notifier_add(&s->all->timebase->moved, &s->clock.listener);
  scl_notifier_add(&s->lease.lost, &s->lost.listener);
}

/* With the store's lock, since deleting the stream (under the lock for writing) removes the listeners of its logs. */
static void close_feed(struct scl_feed *feed) {
  struct subscription *s = (struct subscription *)feed;
  scl_store_lock_read(s->all->store);
  scl_notifier_remove(&s->records.listener);
  scl_store_unlock(s->all->store);
  scl_notifier_remove(&s->clock.listener);
  scl_leases_give(s->all->leases, &s->lease);
  scl_notifier_remove(&s->lost.listener);
  scl_lease_fini(&s->lease);
  free(s);
}

static struct subscription *new_subscription(struct scl_subscriptions *all, const struct scl_subscription_of *of,
                                             int64_t now_ms) {
  struct subscription *s = sc_alloc_zero(1, sizeof(*s));
  s->feed = (struct scl_feed){next_chunk, listen_to_all, close_feed};
  s->all = all;
  memcpy(s->stream, of->stream->name, sizeof(s->stream));
  memcpy(s->consumer, of->consumer->name, sizeof(s->consumer));
  s->stream_id = of->stream->id;
  s->position = of->position;
  s->sent_ms = now_ms;
  s->ends_ms = now_ms + all->life_ms;
  s->records = s->clock = s->lost = (struct wakeup){{.notify = on_notified}, s};
  scl_lease_init(&s->lease, of->consumer->id, of->shard->index);
  return s;
}

enum scl_lease_answer scl_subscription_open(struct scl_subscriptions *all, const struct scl_subscription_of *of,
                                            int64_t now_ms, struct scl_feed **feed) {
  struct subscription *s = new_subscription(all, of, now_ms);
  enum scl_lease_answer answer = scl_leases_take(all->leases, &s->lease, now_ms);
  if (answer == SCL_LEASE_TAKEN) {
    *feed = &s->feed;
    return answer;
  }
  scl_lease_fini(&s->lease);
  free(s);
  return answer;
}
