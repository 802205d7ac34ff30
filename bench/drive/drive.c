#include "bench/drive/drive.h"

#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/thread.h"

/* Lanes of one thread. */
struct team {
  struct sc_drive *drive;
  struct sc_client *client;
  struct sc_thread thread;
  uint32_t n_lanes;
  struct lane *lanes;
  struct sc_drive_counts counts;
  struct sc_error err;
};

struct lane {
  struct team *team;
  uint32_t i;
  void *state;
};

bool sc_drive_take_item(struct sc_drive *drive, uint64_t *item) {
  *item = atomic_fetch_add_explicit(&drive->next_item, 1, memory_order_relaxed);
  return *item < drive->n_items;
}

static int on_data(void *arg, struct sc_slice body, struct sc_error *err) {
  struct lane *lane = arg;
  struct sc_drive *drive = lane->team->drive;
  int rc = drive->workload->data(lane->state, body, err);
  if (atomic_load_explicit(&drive->is_over, memory_order_relaxed)) sc_client_stop(lane->team->client);
  return rc;
}

static void on_done(void *arg, const struct sc_client_reply *reply, struct sc_error *err);

static void start_next(struct lane *lane) {
  const struct sc_workload *workload = lane->team->drive->workload;
  struct sc_client_call call = {.data = workload->data == NULL ? NULL : on_data, .done = on_done, .arg = lane};
  if (workload->next(lane->state, &call)) sc_client_start(lane->team->client, lane->i, &call);
}

static void on_done(void *arg, const struct sc_client_reply *reply, struct sc_error *err) {
  struct lane *lane = arg;
  struct team *team = lane->team;
  if (reply->status != 200 && reply->status != 0)
    sc_error_set(err, SC_E_PROTOCOL, "status %d, %.*s", reply->status, SC_SLICE_ARGS(reply->body));
  else if (err->code == SC_OK) team->drive->workload->done(lane->state, reply->body, err);
  if (err->code == SC_OK) {
    start_next(lane);
    return;
  }
  team->err = *err;
  sc_client_stop(team->client);
}

static void run_team(void *arg) {
  struct team *team = arg;
  int64_t seconds = team->drive->seconds;
  if (seconds > 0) sc_client_stop_at(team->client, team->drive->start_us / 1000 + seconds * 1000);
  for (uint32_t i = 0; i < team->n_lanes; i++) start_next(&team->lanes[i]);
  sc_client_run(team->client);
}

static int init_team(struct team *team, struct sc_drive *drive, uint32_t n_lanes, struct sc_error *err) {
  team->drive = drive;
  team->client = sc_client_new(sc_options_text(drive->options, SC_DRIVE_OPT_ENDPOINT),
                               sc_options_text(drive->options, SC_DRIVE_OPT_CA_FILE), n_lanes, err);
  if (team->client == NULL) return err->code;
  team->n_lanes = n_lanes;
  team->lanes = sc_alloc_zero(n_lanes, sizeof(*team->lanes));
  for (uint32_t i = 0; i < n_lanes; i++) {
    team->lanes[i] = (struct lane){team, i, sc_alloc_zero(1, drive->workload->lane_bytes)};
    drive->workload->init(team->lanes[i].state, drive, &team->counts);
  }
  return SC_OK;
}

static void fini_team(struct team *team) {
  for (uint32_t i = 0; i < team->n_lanes; i++) {
    team->drive->workload->fini(team->lanes[i].state);
    free(team->lanes[i].state);
  }
  free(team->lanes);
  sc_client_free(team->client);
}

static void add_counts(struct sc_drive_counts *to, const struct sc_drive_counts *from) {
  to->calls += from->calls;
  to->bytes += from->bytes;
  to->records += from->records;
  to->events += from->events;
}

static int run_teams(struct team *teams, uint32_t n, struct sc_drive_counts *counts, struct sc_error *err) {
  struct sc_error ignored;
  for (uint32_t i = 0; i < n && err->code == SC_OK; i++)
    sc_thread_start(&teams[i].thread, "drive", run_team, &teams[i], err);
  for (uint32_t i = 0; i < n; i++) {
    sc_thread_join(&teams[i].thread, -1, &ignored);
    if (err->code == SC_OK && teams[i].err.code != SC_OK) *err = teams[i].err;
    add_counts(counts, &teams[i].counts);
  }
  return err->code;
}

int sc_drive_run(struct sc_drive *drive, struct sc_drive_counts *counts, struct sc_error *err) {
  uint64_t lanes = (uint64_t)sc_options_int(drive->options, SC_DRIVE_OPT_CONNECTIONS);
  uint32_t n = (uint32_t)sc_options_int(drive->options, SC_DRIVE_OPT_THREADS);
  if (lanes > drive->n_items) lanes = drive->n_items;
  if (n > lanes) n = (uint32_t)lanes;
  struct team *teams = sc_alloc_zero(n, sizeof(*teams));
  sc_error_clear(err);
  for (uint32_t i = 0; i < n && err->code == SC_OK; i++)
    init_team(&teams[i], drive, (uint32_t)(lanes / n) + (i < lanes % n ? 1 : 0), err);
  drive->start_us = sc_clock_mono_us();
  if (err->code == SC_OK) run_teams(teams, n, counts, err);
  for (uint32_t i = 0; i < n; i++)
    if (teams[i].client != NULL) fini_team(&teams[i]);
  free(teams);
  return err->code;
}
