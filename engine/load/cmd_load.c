/* shardcopy load SOURCE TARGET: from options to a run. */
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/decoder.h"
#include "engine/find.h"
#include "engine/load/control/control.h"
#include "engine/load/dry_run.h"
#include "engine/load/load_options.h"
#include "engine/load/memory.h"
#include "engine/load/run.h"
#include "engine/program.h"
#include "engine/source.h"

int sc_cmd_load(struct sc_options *options, struct sc_error *err);

enum {
  MOST_WRITE_THREADS = 8,
  BLOCK_BYTES = 256 << 10,
  LARGEST_REPLY_BYTES = 17 << 20, /* 10 MiB of records in base64, with their envelope */
  RETRY_MS = 100,
  SAMPLE_MS = 2000,
  LARGEST_RECORD_BYTES = 1 << 20, /* the default of a stream; scratch grows when larger ones come */
  BEGIN_AGAIN_MOST = 100
};

/* --columns=raw is another word for --format=raw. */
static int find_decoder(const struct sc_options *o, struct sc_run *run, struct sc_error *err) {
  const char *columns = sc_options_text(o, SC_OPT_COLUMNS), *format = sc_options_text(o, SC_OPT_FORMAT);
  bool is_raw = sc_columns_settings(o).mode == SC_COLUMNS_RAW;
  bool both = sc_options_is_set(o, SC_OPT_COLUMNS) && sc_options_is_set(o, SC_OPT_FORMAT);
  if (is_raw && both && strcmp(columns, format) != 0)
    return sc_error_set(err, SC_E_USAGE, "--format=%s and --columns=%s exclude each other", format, columns);
  if (is_raw) format = "raw";
  size_t i = 0;
  while (strcmp(sc_decoders[i]->name, format) != 0) i++; /* options.def names those of modules.c */
  run->decoder_ops = sc_decoders[i];
  return SC_OK;
}

static uint32_t threads_or(const struct sc_options *o, int id, uint32_t fallback) {
  return sc_options_is_set(o, id) ? (uint32_t)sc_options_int(o, id) : fallback;
}

static void read_settings(const struct sc_options *o, struct sc_run *run) {
  struct sc_settings *s = &run->settings;
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  uint32_t half = processors < 2 ? 1 : (uint32_t)processors / 2;
  s->fetch_threads = threads_or(o, SC_OPT_FETCH_THREADS, half);
  s->parse_threads = threads_or(o, SC_OPT_PARSE_THREADS, half);
  s->write_threads = threads_or(o, SC_OPT_WRITE_THREADS, half < MOST_WRITE_THREADS ? half : MOST_WRITE_THREADS);
  s->tip = (struct sc_tip){.behind_latest_ms = sc_options_int(o, SC_OPT_BEHIND_LATEST),
                           .idle_interval_ms = run->source_ops->idle_interval_ms(run->source),
                           .follow = sc_options_flag(o, SC_OPT_FOLLOW)};
  s->flush_interval_ms = sc_options_is_set(o, SC_OPT_FLUSH_INTERVAL) ? sc_options_int(o, SC_OPT_FLUSH_INTERVAL)
                                                                     : (s->tip.follow ? 250 : 1000);
  s->flush_rows = (uint64_t)sc_options_int(o, SC_OPT_FLUSH_ROWS);
  s->fail_on_error = strcmp(sc_options_text(o, SC_OPT_ON_ERROR), "fail") == 0;
  s->max_records =
      sc_options_is_set(o, SC_OPT_MAX_RECORDS) ? (uint64_t)sc_options_int(o, SC_OPT_MAX_RECORDS) : UINT64_MAX;
  s->stop_timeout_ms = sc_options_int(o, SC_OPT_STOP_TIMEOUT);
  s->discovery_ms = sc_options_int(o, SC_OPT_DISCOVERY_INTERVAL);
  s->sample_ms = SAMPLE_MS;
  s->retry_ms = RETRY_MS;
  s->block_bytes = BLOCK_BYTES;
  s->largest_reply_bytes = LARGEST_REPLY_BYTES;
  s->largest_record_bytes = LARGEST_RECORD_BYTES;
  s->max_columns = sc_columns_settings(o).max;
}

static int read_request(const struct sc_options *o, struct sc_load_options *options, struct sc_error *err) {
  const char *start = sc_options_text(o, SC_OPT_START);
  if (sc_clock_is_compact_date(sc_slice_str(start)))
    return sc_error_fail(err, SC_E_USAGE,
                         "write a date as 2023-01-31 or 2023-01-31T15:00:00, in UTC unless it has an offset",
                         "--start: %s would be epoch seconds, and looks like a date", start);
  if (!sc_position_parse(start, &options->start))
    return sc_error_fail(err, SC_E_USAGE,
                         "2023-01-31, 2023-01-31T15:00:00, 2023-01-31T15:00:00.123+00:00 or epoch seconds",
                         "--start: %s is neither trim-horizon, latest nor a time", start);
  options->start_given = sc_options_is_set(o, SC_OPT_START);
  options->dry_run = sc_options_flag(o, SC_OPT_DRY_RUN);
  options->restart = sc_options_flag(o, SC_OPT_RESTART);
  options->take_over = sc_options_flag(o, SC_OPT_TAKE_OVER);
  options->memory_bytes =
      sc_options_is_set(o, SC_OPT_MEMORY) ? (uint64_t)sc_options_int(o, SC_OPT_MEMORY) : sc_memory_default();
  options->flush_bytes = sc_options_is_set(o, SC_OPT_FLUSH_BYTES) ? (size_t)sc_options_int(o, SC_OPT_FLUSH_BYTES) : 0;
  options->fetch_given = sc_options_is_set(o, SC_OPT_FETCH_THREADS);
  options->parse_given = sc_options_is_set(o, SC_OPT_PARSE_THREADS);
  options->write_given = sc_options_is_set(o, SC_OPT_WRITE_THREADS);
  options->quiet = sc_options_flag(o, SC_OPT_QUIET);
  options->timings = sc_options_flag(o, SC_OPT_TIMINGS);
  return SC_OK;
}

static int open_both(struct sc_options *o, struct sc_run *run, struct sc_error *err) {
  const char *source_url = sc_options_argument(o, 0), *target_url = sc_options_argument(o, 1);
  run->source_ops = sc_find_source(source_url, err);
  if (run->source_ops == NULL) return err->code;
  run->sink_ops = sc_find_sink(target_url, err);
  if (run->sink_ops == NULL) return err->code;
  int rc = find_decoder(o, run, err);
  if (rc == SC_OK) rc = run->source_ops->open(source_url, o, &run->source, err);
  if (rc == SC_OK) rc = run->sink_ops->open(target_url, o, run->source_ops->stream_name(run->source), &run->sink, err);
  run->store_ops = run->sink_ops->positions != NULL ? run->sink_ops : NULL;
  run->store = run->sink;
  return rc;
}

int sc_cmd_load(struct sc_options *o, struct sc_error *err) {
  struct sc_run *run = sc_alloc_zero(1, sizeof(*run));
  struct sc_load_options options = {0};
  run->options = o;
  int rc = open_both(o, run, err);
  if (rc == SC_OK) rc = read_request(o, &options, err);
  if (rc != SC_OK) goto out;
  if (options.dry_run) {
    read_settings(o, run);
    rc = sc_dry_run(run, &options, strcmp(sc_options_text(o, SC_OPT_OUTPUT), "json") == 0, err);
    goto out;
  }
  for (int i = 0; i < BEGIN_AGAIN_MOST; i++) {
    read_settings(o, run);
    bool limited = sc_options_is_set(o, SC_OPT_MAX_DEAD_LETTERS);
    uint64_t limit = limited ? (uint64_t)sc_options_int(o, SC_OPT_MAX_DEAD_LETTERS) : 0;
    sc_dead_letter_limit_init(&run->dead_letter_limit, limited, limit);
    rc = sc_control_load(run, &options, err);
    if (rc != SC_E_WENT_BACK || run->settings.max_records != UINT64_MAX) break;
    sc_log_error(SC_WARN, "beginning again from the stored positions", err);
    options.restart = false;
  }
  bool is_over = rc == SC_OK || rc == SC_E_STOPPED;
  if (is_over && run->source_ops->finish != NULL) run->source_ops->finish(run->source);
out:
  if (run->sink != NULL) run->sink_ops->close(run->sink);
  if (run->source != NULL) run->source_ops->close(run->source);
  free(run);
  return rc;
}
