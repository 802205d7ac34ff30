/* DescribeLimits, DescribeAccountSettings, UpdateAccountSettings. */
#include "bench/local/api/operation.h"

#define ON_DEMAND_LIMIT 50
/* A commitment lasts this long at least. */
#define COMMITMENT_MS INT64_C(86400000)

/* --- DescribeLimits ------------------------------------------------------------------------------------------------ */

/* ShardLimit is what a stream may have here; the service's own is an account's, and lower. */
static void describe_limits(struct sc_call *call) {
  int64_t n_open = 0, n_on_demand = 0;
  for (uint32_t i = 0; i < sc_store_n_streams(call->store); i++) {
    const struct sc_store_stream *stream = sc_store_at(call->store, i);
    n_on_demand += stream->is_on_demand;
    n_open += stream->n_open;
  }
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_int(w, "ShardLimit", SC_STORE_MAX_SHARDS);
  sc_writer_int(w, "OpenShardCount", n_open);
  sc_writer_int(w, "OnDemandStreamCount", n_on_demand);
  sc_writer_int(w, "OnDemandStreamCountLimit", ON_DEMAND_LIMIT);
  sc_writer_close_map(w);
}

/* --- MinimumThroughputBillingCommitment ------------------------------------------------------------------------------ */

enum { COMMITMENT_STATUS, COMMITMENT_MEMBERS };

static const struct sc_member COMMITMENT[COMMITMENT_MEMBERS] = {
    {"Status", SC_MEMBER_TEXT, true, 0, 0, SC_PATTERN_NONE, "ENABLED, DISABLED", NULL, 0}};

static const struct sc_member UPDATE[] = {{"MinimumThroughputBillingCommitment", SC_MEMBER_STRUCTURE, true, 0, 0,
                                           SC_PATTERN_NONE, NULL, COMMITMENT, COMMITMENT_MEMBERS}};

bool sc_account_is_committed(const struct sc_store_account *account, int64_t now_ms) {
  if (account->commitment_started_ms == 0) return false;
  return account->commitment_end_ms == 0 || now_ms < account->commitment_end_ms;
}

static const char *status_text(const struct sc_store_account *account, int64_t now_ms) {
  if (!sc_account_is_committed(account, now_ms)) return "DISABLED";
  return account->commitment_end_ms == 0 ? "ENABLED" : "ENABLED_UNTIL_EARLIEST_ALLOWED_END";
}

static void add_settings(struct sc_call *call) {
  const struct sc_store_account *account = sc_store_account(call->store);
  bool is_on = sc_account_is_committed(account, call->now_ms);
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_open_map(w, "MinimumThroughputBillingCommitment");
  sc_writer_str(w, "Status", status_text(account, call->now_ms));
  if (account->commitment_started_ms != 0) sc_writer_time(w, "StartedAt", account->commitment_started_ms);
  if (account->commitment_started_ms != 0 && !is_on) sc_writer_time(w, "EndedAt", account->commitment_end_ms);
  if (is_on) sc_writer_time(w, "EarliestAllowedEndAt", account->commitment_started_ms + COMMITMENT_MS);
  sc_writer_close_map(w);
  sc_writer_close_map(w);
}

static void start_commitment(struct sc_store_account *account, int64_t now_ms) {
  if (!sc_account_is_committed(account, now_ms)) account->commitment_started_ms = now_ms;
  account->commitment_end_ms = 0;
}

static void end_commitment(struct sc_store_account *account, int64_t now_ms) {
  if (!sc_account_is_committed(account, now_ms) || account->commitment_end_ms != 0) return;
  int64_t earliest_ms = account->commitment_started_ms + COMMITMENT_MS;
  account->commitment_end_ms = now_ms > earliest_ms ? now_ms : earliest_ms;
}

static void update_account_settings(struct sc_call *call) {
  struct sc_store_account *account = sc_store_account(call->store);
  if (sc_slice_is(call->values[0].items[COMMITMENT_STATUS].text, "ENABLED")) start_commitment(account, call->now_ms);
  else end_commitment(account, call->now_ms);
  sc_store_note_account(call->store);
  add_settings(call);
}

const struct sc_operation sc_account_operations[] = {
    {"DescribeLimits", NULL, 0, false, describe_limits},
    {"DescribeAccountSettings", NULL, 0, false, add_settings},
    {"UpdateAccountSettings", UPDATE, 1, true, update_account_settings},
};
const int sc_account_operations_n = sizeof sc_account_operations / sizeof *sc_account_operations;
