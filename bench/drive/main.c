/* bench-drive: load on a Kinesis service, and one line of JSON that says what it took. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "bench/drive/control.h"
#include "bench/drive/usage.h"
#include "engine/base/clock.h"
#include "engine/base/descriptors.h"
#include "engine/base/log.h"

static const struct sc_command_spec COMMANDS[SC_DRIVE_COMMANDS] = {
    [SC_DRIVE_GET] = {"get", "STREAM", 1, 1, "Read every shard from TRIM_HORIZON to its tip; bodies are thrown away.",
                      "  bench-drive get demo --pid $(pidof shardcopy-local)\n"
                      "      MB/s and records/s of GetRecords\n"},
    [SC_DRIVE_POLL] = {"poll", "STREAM", 1, 1, "Take one page of every shard: an iterator, a GetRecords.",
                       "  bench-drive poll wide --connections 16\n"
                       "      a stream of many shards, listed and polled\n"},
    [SC_DRIVE_PUT] = {"put", "STREAM", 1, 1, "Put records, 500 a call.",
                      "  bench-drive put demo --records 1000000 --record-bytes 124\n"
                      "      a million records over eight connections\n"},
    [SC_DRIVE_SUBSCRIBE] = {"subscribe", "STREAM", 1, 1,
                            "Listen to as many shards as there are connections, from TRIM_HORIZON.",
                            "  bench-drive subscribe wide --connections 1000\n"
                            "      a thousand subscriptions of a new consumer, for ten seconds\n"},
    [SC_DRIVE_CREATE] = {"create", "STREAM", 1, 1, "Make a stream.",
                         "  bench-drive create wide --shards 10000\n"
                         "      and wait until it is there\n"},
};

static const struct sc_option_spec OPTIONS[] = {
#define SC_OPTION(id, ...) {__VA_ARGS__},
#include "bench/drive/options.def"
#undef SC_OPTION
};

static const struct sc_program_spec PROGRAM = {
    .name = "bench-drive",
    .env_prefix = "BENCH_DRIVE",
    .text =
        "Puts load on a Kinesis service and prints what it took as one line of JSON. A tool of this project's "
        "benchmarks.",
    .version = SC_VERSION,
    .commands = COMMANDS,
    .n_commands = SC_DRIVE_COMMANDS,
    .options = OPTIONS,
    .n_options = SC_DRIVE_OPTIONS,
};

/* What was used until a moment. */
struct reading {
  double wall_s;
  struct sc_usage own, service;
};

/* What ListShards took. */
struct listing {
  uint64_t calls;
  double wall_s;
};

static int take_reading(const struct sc_options *options, struct reading *out, struct sc_error *err) {
  int64_t pid = sc_options_int(options, SC_DRIVE_OPT_PID);
  out->own = sc_usage_own();
  out->service = (struct sc_usage){0, 0};
  out->wall_s = (double)sc_clock_mono_us() / 1e6;
  return pid == 0 ? SC_OK : sc_usage_of(pid, &out->service, err);
}

static void add_rate(struct sc_buf *out, const char *name, double amount, double seconds) {
  if (seconds > 0) sc_buf_printf(out, ",\"%s\":%.3f", name, amount / seconds);
}

static void print_result(const struct sc_drive *drive, const struct listing *listing,
                         const struct sc_drive_counts *counts, const struct reading *before,
                         const struct reading *after) {
  struct sc_buf out = SC_BUF_INIT;
  int command = sc_options_command(drive->options);
  double wall_s = after->wall_s - before->wall_s, mb = (double)counts->bytes / 1e6;
  sc_buf_printf(&out, "{\"command\":\"%s\",\"stream\":", COMMANDS[command].name);
  sc_buf_add_json_string(&out, sc_slice_str(drive->stream));
  sc_buf_printf(&out, ",\"calls\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"records\":%" PRIu64, counts->calls, counts->bytes,
                counts->records);
  if (drive->n_shards > 0)
    sc_buf_printf(&out, ",\"shards\":%" PRIu32 ",\"list_calls\":%" PRIu64 ",\"list_s\":%.6f", drive->n_shards,
                  listing->calls, listing->wall_s);
  if (command == SC_DRIVE_SUBSCRIBE) sc_buf_printf(&out, ",\"events\":%" PRIu64, counts->events);
  sc_buf_printf(&out, ",\"wall_s\":%.6f,\"client_cpu_s\":%.6f", wall_s, after->own.cpu_s - before->own.cpu_s);
  add_rate(&out, "calls_per_s", (double)counts->calls, wall_s);
  add_rate(&out, "mb_per_s", mb, wall_s);
  add_rate(&out, "records_per_s", (double)counts->records, wall_s);
  if (sc_options_int(drive->options, SC_DRIVE_OPT_PID) != 0) {
    double cpu_s = after->service.cpu_s - before->service.cpu_s;
    sc_buf_printf(&out, ",\"service_cpu_s\":%.2f,\"service_rss_before\":%" PRId64 ",\"service_rss\":%" PRId64, cpu_s,
                  before->service.rss_bytes, after->service.rss_bytes);
    add_rate(&out, "calls_per_service_cpu_s", (double)counts->calls, cpu_s);
    add_rate(&out, "mb_per_service_cpu_s", mb, cpu_s);
    add_rate(&out, "records_per_service_cpu_s", (double)counts->records, cpu_s);
  }
  sc_buf_add_str(&out, "}\n");
  fputs(sc_buf_str(&out), stdout);
  sc_buf_fini(&out);
}

static int prepare_subscribe(struct sc_drive *drive, uint64_t *calls, struct sc_error *err) {
  uint64_t wanted = (uint64_t)sc_options_int(drive->options, SC_DRIVE_OPT_UNTIL);
  drive->workload = &sc_drive_subscribe;
  drive->seconds = sc_options_int(drive->options, SC_DRIVE_OPT_SECONDS);
  atomic_init(&drive->wanted, wanted > 0 ? wanted : UINT64_MAX);
  int rc = sc_drive_list(drive, calls, err);
  if (rc != SC_OK) return rc;
  drive->n_items = (uint64_t)sc_options_int(drive->options, SC_DRIVE_OPT_CONNECTIONS);
  if (drive->n_items > drive->n_shards) drive->n_items = drive->n_shards;
  return sc_drive_register(drive, err);
}

/* Readies the drive for its command, before the clock starts. */
static int prepare(struct sc_drive *drive, struct listing *listing, struct sc_error *err) {
  double start_s = (double)sc_clock_mono_us() / 1e6;
  int rc = SC_OK;
  switch ((enum sc_drive_command)sc_options_command(drive->options)) {
    case SC_DRIVE_GET:
    case SC_DRIVE_POLL:
      drive->workload = &sc_drive_get;
      if ((rc = sc_drive_list(drive, &listing->calls, err)) != SC_OK) return rc;
      listing->wall_s = (double)sc_clock_mono_us() / 1e6 - start_s;
      drive->n_items = drive->n_shards * (uint64_t)sc_options_int(drive->options, SC_DRIVE_OPT_ROUNDS);
      break;
    case SC_DRIVE_PUT:
      drive->workload = &sc_drive_put;
      drive->n_items = ((uint64_t)sc_options_int(drive->options, SC_DRIVE_OPT_RECORDS) + 499) / 500;
      drive->shared = sc_drive_put_prepare(drive);
      break;
    case SC_DRIVE_SUBSCRIBE:
      rc = prepare_subscribe(drive, &listing->calls, err);
      break;
    default:
      break;
  }
  return rc;
}

static int work(struct sc_drive *drive, struct sc_drive_counts *counts, struct sc_error *err) {
  if (sc_options_command(drive->options) == SC_DRIVE_CREATE) return sc_drive_create(drive, &counts->calls, err);
  return sc_drive_run(drive, counts, err);
}

static int run(const struct sc_options *options, struct sc_error *err) {
  struct sc_drive drive = {.options = options, .stream = sc_options_argument(options, 0)};
  struct sc_drive_counts counts = {0};
  struct listing listing = {0};
  struct reading before, after;
  int rc = prepare(&drive, &listing, err);
  if (rc == SC_OK) rc = take_reading(options, &before, err);
  if (rc == SC_OK) rc = work(&drive, &counts, err);
  if (rc == SC_OK) rc = take_reading(options, &after, err);
  if (rc == SC_OK) print_result(&drive, &listing, &counts, &before, &after);
  sc_drive_forget_shards(&drive);
  sc_buf_fini(&drive.consumer);
  if (drive.shared != NULL) sc_drive_put_forget(drive.shared);
  return rc;
}

int main(int argc, char **argv) {
  struct sc_error err;
  struct sc_options *options = NULL;
  sc_error_clear(&err);
  sc_log_init(SC_WARN, false);
  signal(SIGPIPE, SIG_IGN);
  sc_descriptors_raise_limit();
  int rc = sc_options_parse(&PROGRAM, argc, argv, &options, &err);
  if (rc == SC_OK && sc_options_wants_help(options)) {
    struct sc_buf text = SC_BUF_INIT;
    sc_options_print_help(&PROGRAM, sc_options_command(options), &text);
    fputs(sc_buf_str(&text), stdout);
    sc_buf_fini(&text);
  } else if (rc == SC_OK && sc_options_wants_version(options)) {
    printf("%s %s\n", PROGRAM.name, PROGRAM.version);
  } else if (rc == SC_OK) {
    rc = run(options, &err);
  }
  if (rc != SC_OK) sc_log_error(SC_ERROR_LEVEL, "bench-drive failed", &err);
  sc_options_free(options);
  return rc == SC_OK ? 0 : sc_error_exit_status(rc);
}
