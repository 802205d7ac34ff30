/* shardcopy put STREAM FILE|-: the lines of an input into a stream, one record per line. One thread reads the input,
 * sends, and takes the replies. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/park.h"
#include "engine/program.h"
#include "engine/stop.h"
#include "net/kinesis/kinesis_stream.h"
#include "net/put/input.h"
#include "net/put/progress.h"

#define BESIDES_BYTES ((size_t)4 << 20) /* replies, connections, tables */
#define POLL_MOST_MS 1000

sc_command_fn sc_cmd_put;

struct put {
  struct sc_kinesis *k;
  struct sc_park *park;
  struct sc_put_queue *queue;
  struct sc_put_key *key;
  struct sc_put_sender *sender;
  struct sc_put_input input;
  struct sc_put_progress progress;
  uint64_t all_bytes;
  int64_t stop_timeout_ms, deadline_ms; /* deadline: of the stop, INT64_MAX before it */
  bool stopping, abandoned;
};

/* ---- settings ---- */

static uint64_t random_seed(void) {
  uint64_t seed;
  if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) seed = (uint64_t)sc_clock_wall_ms() ^ (uint64_t)getpid();
  return seed;
}

static int fields_misused(const struct sc_options *o, struct sc_error *err) {
  return sc_error_fail(err, SC_E_USAGE, "leave --partitioner away, or make it fields",
                       "--partitioner=%s makes no use of --partition-key-fields",
                       sc_options_text(o, SC_OPT_PARTITIONER));
}

static int read_partitioner(const struct sc_options *o, enum sc_put_partitioner *out, struct sc_error *err) {
  static const char *const names[] = {[SC_PUT_RANDOM] = "random", [SC_PUT_FIXED] = "fixed", [SC_PUT_FIELDS] = "fields"};
  bool has_fields = sc_options_text(o, SC_OPT_PARTITION_KEY_FIELDS) != NULL;
  const char *name = sc_options_text(o, SC_OPT_PARTITIONER);
  *out = has_fields ? SC_PUT_FIELDS : SC_PUT_RANDOM;
  if (!sc_options_is_set(o, SC_OPT_PARTITIONER)) return SC_OK;
  for (int i = SC_PUT_RANDOM; i <= SC_PUT_FIELDS; i++)
    if (strcmp(name, names[i]) == 0) *out = (enum sc_put_partitioner)i;
  if (has_fields && *out != SC_PUT_FIELDS) return fields_misused(o, err);
  if (has_fields || *out != SC_PUT_FIELDS) return SC_OK;
  return sc_error_fail(err, SC_E_USAGE, "--partition-key-fields=NAME,NAME makes the key of these members of each line",
                       "--partitioner=fields does not say which");
}

static int make_key(struct put *p, const struct sc_options *o, struct sc_error *err) {
  struct sc_put_key_rules rules = {.fields = sc_options_text(o, SC_OPT_PARTITION_KEY_FIELDS),
                                   .delimiter = sc_options_text(o, SC_OPT_PARTITION_KEY_DELIMITER),
                                   .seed = random_seed()};
  int rc = read_partitioner(o, &rules.partitioner, err);
  if (rc != SC_OK) return rc;
  if (sc_options_flag(o, SC_OPT_ORDERED) && rules.partitioner == SC_PUT_RANDOM)
    return sc_error_fail(err, SC_E_USAGE, "--partition-key-fields=NAME,NAME gives lines that belong together one key",
                         "--ordered keeps the order of lines with one key; a random key is each line's own");
  return sc_put_key_new(&rules, &p->key, err);
}

/* Entries, the bodies of the calls they are in, and the line being read. */
static int deal_memory(const struct sc_options *o, size_t most_record_bytes, size_t *entries, struct sc_error *err) {
  size_t asked = (size_t)sc_options_int(o, SC_OPT_PUT_MEMORY);
  size_t besides = BESIDES_BYTES + most_record_bytes + 2 * SC_PUT_READ_BYTES;
  size_t least = besides + 2 * sc_put_entry_cost(most_record_bytes, SC_PUT_KEY_BYTES);
  if (asked < least) {
    sc_error_set(err, SC_E_MEMORY, "--memory is too small for records of %zu bytes", most_record_bytes);
    sc_error_hint(err, "the least that works is %zuMiB", (least >> 20) + 1);
    return err->code;
  }
  *entries = (asked - besides) / 2;
  return SC_OK;
}

static int make_queue(struct put *p, const struct sc_options *o, struct sc_error *err) {
  uint64_t in_flight = (uint64_t)sc_options_int(o, SC_OPT_MAX_IN_FLIGHT);
  struct sc_put_rules rules = {.ordered = sc_options_flag(o, SC_OPT_ORDERED),
                               .call_records = (uint32_t)sc_options_int(o, SC_OPT_CALL_RECORDS),
                               .call_bytes = (size_t)sc_options_int(o, SC_OPT_CALL_BYTES),
                               .most_sent = in_flight * SC_PUT_CALL_RECORDS_MAX,
                               .linger_ms = sc_options_int(o, SC_OPT_LINGER),
                               .seed = random_seed()};
  int rc = deal_memory(o, p->input.most_record_bytes, &rules.most_bytes, err);
  if (rc != SC_OK) return rc;
  p->queue = sc_put_queue_new(&rules);
  return sc_put_sender_new(p->k, p->queue, p->park, (uint32_t)in_flight, random_seed(), &p->sender, err);
}

/* ---- the stream and the input ---- */

/* Whoever may put need not be allowed to describe; emulators may not know the call. */
static bool is_tolerable(const struct sc_error *err) {
  return strncmp(err->service, "AccessDenied", strlen("AccessDenied")) == 0 || err->code == SC_E_REFUSED;
}

static int look_at_stream(struct put *p, const struct sc_options *o, struct sc_error *err) {
  struct sc_kinesis_client *client;
  struct sc_stream_identity identity = {.max_record_bytes = 0};
  int rc = sc_kinesis_client_new(p->k, sc_stop_requested, &client, err);
  if (rc != SC_OK) return rc;
  rc = sc_kinesis_describe_active(client, sc_options_int(o, SC_OPT_WAIT), &identity, err);
  sc_kinesis_client_free(client);
  if (rc != SC_OK && !is_tolerable(err)) return rc;
  if (rc != SC_OK)
    sc_log(SC_INFO, "the stream's limit of a record is not known; 10 MiB is taken for it", "why=%s", err->service);
  bool known = identity.max_record_bytes > 0 && (size_t)identity.max_record_bytes < SC_PUT_RECORD_BYTES_MAX;
  p->input.most_record_bytes = known ? (size_t)identity.max_record_bytes : SC_PUT_RECORD_BYTES_MAX;
  return SC_OK;
}

static int open_input(struct put *p, const char *path, struct sc_error *err) {
  struct stat about;
  bool is_standard = strcmp(path, "-") == 0;
  p->input.name = is_standard ? "standard input" : path;
  p->input.fd = is_standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (p->input.fd < 0 || fstat(p->input.fd, &about) != 0)
    return sc_error_errno(err, SC_E_IO, errno, "cannot open %s", p->input.name);
  if (S_ISDIR(about.st_mode)) return sc_error_errno(err, SC_E_IO, EISDIR, "cannot read %s", p->input.name);
  if (S_ISREG(about.st_mode) && about.st_size > 0) p->all_bytes = (uint64_t)about.st_size;
  return SC_OK;
}

static int prepare(struct put *p, struct sc_options *o, struct sc_error *err) {
  int rc = sc_kinesis_open(sc_options_argument(o, 0), o, &p->k, err);
  if (rc == SC_OK) rc = sc_kinesis_need_stream(p->k, err);
  if (rc == SC_OK) rc = make_key(p, o, err);
  if (rc == SC_OK) rc = open_input(p, sc_options_argument(o, 1), err);
  if (rc == SC_OK && (p->park = sc_park_new(err)) == NULL) rc = err->code;
  if (rc == SC_OK) rc = look_at_stream(p, o, err);
  if (rc == SC_OK) rc = make_queue(p, o, err);
  if (rc != SC_OK) return rc;
  p->stop_timeout_ms = sc_options_int(o, SC_OPT_STOP_TIMEOUT);
  p->deadline_ms = INT64_MAX;
  p->input.skip_refused = strcmp(sc_options_text(o, SC_OPT_PUT_ON_ERROR), "skip") == 0;
  p->input.key = p->key;
  p->input.queue = p->queue;
  sc_put_input_init(&p->input);
  sc_put_progress_init(&p->progress, p->k->stream, sc_options_flag(o, SC_OPT_QUIET), sc_clock_mono_ms());
  return SC_OK;
}

static void fini(struct put *p) {
  sc_put_sender_free(p->sender);
  sc_put_queue_free(p->queue);
  sc_put_input_fini(&p->input);
  sc_put_key_free(p->key);
  sc_park_free(p->park);
  sc_kinesis_close(p->k);
  if (p->input.fd > STDIN_FILENO) close(p->input.fd);
}

/* ---- the loop ---- */

static struct sc_put_figures figures(const struct put *p) {
  return (struct sc_put_figures){.sent = *sc_put_sender_counts(p->sender),
                                 .lines = p->input.lines.number,
                                 .empty = p->input.empty,
                                 .refused = p->input.refused,
                                 .not_put = sc_put_queue_held(p->queue),
                                 .read_bytes = p->input.read_bytes,
                                 .all_bytes = p->all_bytes};
}

/* The first signal, or a failure: nothing new is begun. */
static void look_for_the_end(struct put *p, int64_t now_ms) {
  bool failed = sc_put_sender_failure(p->sender) != NULL;
  if (p->stopping || !(sc_stop_requested() || failed)) return;
  p->stopping = true;
  p->deadline_ms = now_ms + p->stop_timeout_ms;
  sc_put_input_stop(&p->input);
  sc_put_queue_cut(p->queue);
}

static bool is_over(struct put *p, int64_t now_ms) {
  p->abandoned = sc_stop_now() || now_ms >= p->deadline_ms;
  if (p->abandoned) return true;
  if (sc_put_sender_calls(p->sender) > 0) return false;
  return sc_put_sender_failure(p->sender) != NULL || (p->input.ended && sc_put_queue_is_done(p->queue));
}

static int until_next(const struct put *p, int64_t now_ms) {
  int64_t next_ms = now_ms + POLL_MOST_MS, due_ms = sc_put_sender_due_ms(p->sender, p->input.ended);
  if (due_ms < next_ms) next_ms = due_ms;
  if (!p->progress.quiet && p->progress.next_ms < next_ms) next_ms = p->progress.next_ms;
  if (p->deadline_ms < next_ms) next_ms = p->deadline_ms;
  return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

/* The park is prepared before anything is looked at, so that a stop or a wake-up that comes meanwhile ends the wait in
 * sc_put_sender_poll. Input is read before calls are started: what was read can go at once. */
static void run(struct put *p) {
  for (;;) {
    sc_park_prepare(p->park);
    int64_t now_ms = sc_clock_mono_ms();
    look_for_the_end(p, now_ms);
    sc_put_input_read(&p->input, now_ms);
    sc_put_sender_start(p->sender, p->input.ended);
    if (is_over(p, now_ms)) break;
    sc_put_sender_poll(p->sender, sc_put_input_wants(&p->input), until_next(p, now_ms));
    if (!sc_put_progress_is_due(&p->progress, sc_clock_mono_ms())) continue;
    struct sc_put_figures f = figures(p);
    sc_put_progress_show(&p->progress, &f, sc_clock_mono_ms());
  }
  sc_park_cancel(p->park);
}

/* ---- the outcome ---- */

static int why_it_ended(const struct put *p, struct sc_error *err) {
  const struct sc_error *failure = sc_put_sender_failure(p->sender);
  if (failure != NULL || p->input.error.code != SC_OK) {
    *err = failure != NULL ? *failure : p->input.error;
    return err->code;
  }
  if (p->input.is_whole && sc_put_queue_held(p->queue) == 0) return SC_OK;
  if (p->abandoned && !sc_stop_now())
    return sc_error_set(err, SC_E_DEADLINE, "what was sent is not confirmed within --stop-timeout");
  return sc_error_set(err, SC_E_STOPPED, "interrupted");
}

/* Says from which line on the input is not in the stream, so that a person can go on from there. */
static void tell_first_line(const struct put *p) {
  uint64_t first = sc_put_queue_oldest(p->queue);
  bool is_clean = !p->abandoned && sc_put_sender_failure(p->sender) == NULL;
  if (first == 0 && p->input.is_whole) return;
  if (first == 0) first = p->input.lines.number + (p->input.error.code == SC_E_ROW ? 0 : 1);
  sc_log(SC_WARN,
         is_clean ? "all lines before this one are in the stream, none from it on"
                  : "all lines before this one are in the stream, some behind it may be",
         "line=%llu hint=\"tail -n +%llu FILE | shardcopy put STREAM -\"", (unsigned long long)first,
         (unsigned long long)first);
}

static int finish(struct put *p, struct sc_error *err) {
  struct sc_put_figures f = figures(p);
  struct sc_error odd;
  int added_up = sc_put_progress_finish(&p->progress, &f, sc_clock_mono_ms(), &odd);
  int rc = why_it_ended(p, err);
  if (rc != SC_OK) tell_first_line(p);
  if (rc == SC_OK && added_up != SC_OK) *err = odd;
  return rc != SC_OK ? rc : added_up;
}

int sc_cmd_put(struct sc_options *o, struct sc_error *err) {
  struct put *p = sc_alloc_zero(1, sizeof(*p));
  p->input.fd = -1;
  int rc = prepare(p, o, err);
  if (rc == SC_OK) {
    sc_stop_wakes(p->park);
    sc_stop_in_order(true);
    run(p);
    sc_stop_wakes(NULL);
    rc = finish(p, err);
  }
  fini(p);
  free(p);
  return rc;
}
