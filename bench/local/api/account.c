/* DescribeLimits, DescribeAccountSettings, UpdateAccountSettings. */
#include "bench/local/api/operation.h"

#define ON_DEMAND_LIMIT 50
/* How long a commitment lasts at least. */
#define COMMITMENT_MS INT64_C(86400000)

/* ---- DescribeLimits ---- */

/* ShardLimit is here the most that one stream may have. The service's own is the account's, and lower. */
static void describe_limits(struct scl_call *call) {
  int64_t n_open = 0, n_on_demand = 0;
  for (uint32_t i = 0; i < scl_store_n_streams(call->store); i++) {
    const struct scl_store_stream *stream = scl_store_at(call->store, i);
    n_on_demand += stream->is_on_demand;
    n_open += stream->n_open;
  }
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_int(w, "ShardLimit", SCL_STORE_MAX_SHARDS);
  scl_writer_int(w, "OpenShardCount", n_open);
  scl_writer_int(w, "OnDemandStreamCount", n_on_demand);
  scl_writer_int(w, "OnDemandStreamCountLimit", ON_DEMAND_LIMIT);
  scl_writer_close_map(w);
}

/* ---- MinimumThroughputBillingCommitment ---- */

enum { COMMITMENT_STATUS, COMMITMENT_MEMBERS };

static const struct scl_member commitment_members[COMMITMENT_MEMBERS] = {
    {"Status", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_NONE, "ENABLED, DISABLED", NULL, 0}};

static const struct scl_member update_members[] = {{"MinimumThroughputBillingCommitment", SCL_MEMBER_STRUCTURE, true, 0,
                                                    0, SCL_PATTERN_NONE, NULL, commitment_members, COMMITMENT_MEMBERS}};

bool scl_account_is_committed(const struct scl_store_account *account, int64_t now_ms) {
  if (account->commitment_started_ms == 0) return false;
  return account->commitment_end_ms == 0 || now_ms < account->commitment_end_ms;
}

static const char *status_text(const struct scl_store_account *account, int64_t now_ms) {
  if (!scl_account_is_committed(account, now_ms)) return "DISABLED";
  return account->commitment_end_ms == 0 ? "ENABLED" : "ENABLED_UNTIL_EARLIEST_ALLOWED_END";
}

static void add_settings(struct scl_call *call) {
  const struct scl_store_account *account = scl_store_account(call->store);
  bool is_on = scl_account_is_committed(account, call->now_ms);
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_open_map(w, "MinimumThroughputBillingCommitment");
  scl_writer_str(w, "Status", status_text(account, call->now_ms));
  if (account->commitment_started_ms != 0) scl_writer_time(w, "StartedAt", account->commitment_started_ms);
  if (account->commitment_started_ms != 0 && !is_on) scl_writer_time(w, "EndedAt", account->commitment_end_ms);
  if (is_on) scl_writer_time(w, "EarliestAllowedEndAt", account->commitment_started_ms + COMMITMENT_MS);
  scl_writer_close_map(w);
  scl_writer_close_map(w);
}

static void start_commitment(struct scl_store_account *account, int64_t now_ms) {
  if (!scl_account_is_committed(account, now_ms)) account->commitment_started_ms = now_ms;
  account->commitment_end_ms = 0;
}

static void end_commitment(struct scl_store_account *account, int64_t now_ms) {
  if (!scl_account_is_committed(account, now_ms) || account->commitment_end_ms != 0) return;
  int64_t earliest_ms = account->commitment_started_ms + COMMITMENT_MS;
  account->commitment_end_ms = now_ms > earliest_ms ? now_ms : earliest_ms;
}

static void update_account_settings(struct scl_call *call) {
  struct scl_store_account *account = scl_store_account(call->store);
  if (sc_slice_is(call->values[0].items[COMMITMENT_STATUS].text, "ENABLED")) start_commitment(account, call->now_ms);
  else end_commitment(account, call->now_ms);
  scl_store_note_account(call->store);
  add_settings(call);
}

const struct scl_operation scl_account_operations[] = {
    {"DescribeLimits", NULL, 0, false, describe_limits},
    {"DescribeAccountSettings", NULL, 0, false, add_settings},
    {"UpdateAccountSettings", update_members, 1, true, update_account_settings},
};
const int scl_account_operations_n = sizeof(scl_account_operations) / sizeof(*scl_account_operations);
