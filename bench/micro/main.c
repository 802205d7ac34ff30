/* bench-micro: every stage of the data path beside its reference; a line of JSON each, for bench/micro.py.
 *
 *   bench-micro [--pairs N] [--ms N] [--seed N] [--settle S] [--stage NAME] PROFILE|FILE...
 *
 * A pair is one run of the stage and one of the reference, each of so many ms; pairs follow one another, so that
 * whatever else happens on the machine happens to both. With --settle a stage waits so many seconds in all for the
 * machine to be calm. foreign_cores says how much of the machine others took during a pair. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/drive/usage.h"
#include "bench/micro/stage.h"

static const struct sc_micro_stage *const stages[] = {
    &sc_stage_envelope_json, &sc_stage_envelope_cbor, &sc_stage_event,    &sc_stage_base64,   &sc_stage_cells,
    &sc_stage_copy,          &sc_stage_sign,          &sc_stage_ring_one, &sc_stage_ring_two, &sc_stage_fetch,
};
#define N_STAGES (sizeof(stages) / sizeof(*stages))

struct settings {
  int pairs;
  int64_t run_ns, settle_ns;
  uint64_t seed;
  const char *stage; /* NULL: all */
};

/* Nanoseconds of a pass, over as many passes as fill the time. */
static double measure(int64_t (*pass)(void *state), void *state, int64_t run_ns) {
  int64_t counted = 0, start = sc_micro_wall_ns();
  uint64_t passes = 0;
  do {
    counted += pass(state);
    passes++;
  } while (sc_micro_wall_ns() - start < run_ns);
  return (double)counted / (double)passes;
}

static void print_side(const char *prefix, double pass_ns, const struct sc_micro_size *size) {
  printf("\"%sns_per_item\":%.3f", prefix, pass_ns / (double)size->items);
  if (size->bytes > 0) printf(",\"%smb_per_s\":%.1f", prefix, (double)size->bytes * 1e3 / pass_ns);
}

/* Waits until nobody else is at work, as long as there is patience left. */
static void settle(int64_t *patience_ns) {
  const struct timespec nap = {0, 200000000};
  double before, after;
  while (*patience_ns > 0 && sc_usage_machine(&before)) {
    nanosleep(&nap, NULL);
    *patience_ns -= nap.tv_nsec;
    if (sc_usage_machine(&after) && after - before < 0.03) return;
  }
}

static void run_pair(const struct sc_micro_stage *stage, void *state, const struct sc_micro_size *size,
                     const struct settings *settings) {
  double busy_before, busy_after;
  bool is_known = sc_usage_machine(&busy_before);
  double own_before = sc_usage_own().cpu_s;
  int64_t start = sc_micro_wall_ns();
  double pass_ns = measure(stage->pass, state, settings->run_ns);
  double reference_ns = measure(stage->reference_pass, state, settings->run_ns);
  double wall_s = (double)(sc_micro_wall_ns() - start) / 1e9, own_s = sc_usage_own().cpu_s - own_before;
  is_known = is_known && sc_usage_machine(&busy_after);
  putchar('{');
  print_side("", pass_ns, size);
  putchar(',');
  print_side("reference_", reference_ns, size);
  printf(",\"ratio\":%.4f", reference_ns / pass_ns);
  if (is_known) printf(",\"foreign_cores\":%.3f", (busy_after - busy_before - own_s) / wall_s);
  putchar('}');
}

static void run_stage(const struct sc_micro_stage *stage, const struct sc_micro_data *data,
                      const struct settings *settings) {
  struct sc_micro_size size = {0};
  if (settings->stage != NULL && strcmp(settings->stage, stage->name) != 0) return;
  void *state = stage->open(data, &size);
  if (state == NULL) return;
  printf("{\"stage\":\"%s\",\"reference\":\"%s\",\"item\":\"%s\",\"data_set\":\"%s\",\"items\":%" PRIu64
         ",\"bytes\":%" PRIu64 ",\"runs\":[",
         stage->name, stage->reference, stage->item, data == NULL ? "-" : data->name, size.items, size.bytes);
  measure(stage->pass, state, settings->run_ns / 4); /* warm */
  measure(stage->reference_pass, state, settings->run_ns / 4);
  int64_t patience_ns = settings->settle_ns;
  for (int i = 0; i < settings->pairs; i++) {
    if (i > 0) putchar(',');
    settle(&patience_ns);
    run_pair(stage, state, &size, settings);
  }
  printf("]}\n");
  fflush(stdout);
  stage->close(state);
}

static int run_data(const char *name, const struct settings *settings, struct sc_error *err) {
  struct sc_micro_data data;
  bool is_file = strchr(name, '/') != NULL;
  int rc = is_file ? sc_micro_data_read(name, &data, err) : sc_micro_data_generate(name, settings->seed, &data, err);
  for (size_t i = 0; rc == SC_OK && i < N_STAGES; i++)
    if (!stages[i]->is_dataless) run_stage(stages[i], &data, settings);
  sc_micro_data_fini(&data);
  return rc;
}

static int usage(void) {
  fputs("usage: bench-micro [--pairs N] [--ms N] [--seed N] [--settle S] [--stage NAME] PROFILE|FILE...\n", stderr);
  return 2;
}

static bool read_settings(int argc, char **argv, struct settings *out) {
  static const struct option options[] = {
      {"pairs", required_argument, NULL, 'p'}, {"ms", required_argument, NULL, 'm'},
      {"seed", required_argument, NULL, 's'},  {"settle", required_argument, NULL, 'w'},
      {"stage", required_argument, NULL, 'g'}, {NULL, 0, NULL, 0}};
  uint64_t number;
  for (int letter; (letter = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (letter == 'g') {
      out->stage = optarg;
      continue;
    }
    if (letter == '?' || !sc_slice_to_u64(sc_slice_str(optarg), &number) || number > 1000000) return false;
    if (letter == 'p') out->pairs = (int)number;
    if (letter == 'm') out->run_ns = (int64_t)number * 1000000;
    if (letter == 'w') out->settle_ns = (int64_t)number * 1000000000;
    if (letter == 's') out->seed = number;
  }
  return true;
}

int main(int argc, char **argv) {
  struct settings settings = {.pairs = 7, .run_ns = 100000000, .seed = 1};
  struct sc_error err;
  int rc = SC_OK;
  sc_error_clear(&err);
  if (!read_settings(argc, argv, &settings)) return usage();
  for (size_t i = 0; i < N_STAGES; i++)
    if (stages[i]->is_dataless) run_stage(stages[i], NULL, &settings);
  for (int i = optind; i < argc && rc == SC_OK; i++) rc = run_data(argv[i], &settings, &err);
  if (rc != SC_OK) fprintf(stderr, "bench-micro: %s\n", err.text);
  return rc == SC_OK ? 0 : 1;
}
