#include "net/kinesis/kinesis_error.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"

#define SKEW_LEAST_MS (INT64_C(4) * 60 * 1000)

enum hint { NO_HINT, HINT_KEYS, HINT_EXPIRED, HINT_PERMISSION, HINT_STREAM, HINT_KMS, HINT_CLOCK };

/* Several rows of one name: the first whose operation fits. */
struct rule {
  const char *name;      /* without "Exception" at its end */
  const char *operation; /* NULL: any */
  int code;
  enum hint hint;
};

static const struct rule rules[] = {
    {"ExpiredIterator", NULL, SC_E_EXPIRED_ITERATOR, NO_HINT},
    {"InvalidArgument", "GetRecords", SC_E_EXPIRED_ITERATOR, NO_HINT},
    {"ResourceNotFound", NULL, SC_E_NO_SOURCE, HINT_STREAM},
    {"ProvisionedThroughputExceeded", NULL, SC_E_THROTTLED, NO_HINT},
    {"LimitExceeded", NULL, SC_E_THROTTLED, NO_HINT},
    {"KMSThrottling", NULL, SC_E_THROTTLED, NO_HINT},
    {"Throttling", NULL, SC_E_THROTTLED, NO_HINT},
    {"Throttled", NULL, SC_E_THROTTLED, NO_HINT},
    {"RequestThrottled", NULL, SC_E_THROTTLED, NO_HINT},
    {"TooManyRequests", NULL, SC_E_THROTTLED, NO_HINT},
    {"TransactionInProgress", NULL, SC_E_THROTTLED, NO_HINT},
    {"RequestLimitExceeded", NULL, SC_E_THROTTLED, NO_HINT},
    {"BandwidthLimitExceeded", NULL, SC_E_THROTTLED, NO_HINT},
    {"SlowDown", NULL, SC_E_THROTTLED, NO_HINT},
    {"PriorRequestNotComplete", NULL, SC_E_THROTTLED, NO_HINT},
    {"EC2Throttled", NULL, SC_E_THROTTLED, NO_HINT},
    {"InternalFailure", NULL, SC_E_SERVICE, NO_HINT},
    {"InternalServerError", NULL, SC_E_SERVICE, NO_HINT},
    {"ServiceUnavailable", NULL, SC_E_SERVICE, NO_HINT},
    {"RequestTimeout", NULL, SC_E_SERVICE, NO_HINT},
    {"ExpiredToken", NULL, SC_E_AUTH, HINT_EXPIRED},
    {"AccessDenied", NULL, SC_E_AUTH, HINT_PERMISSION},
    {"UnrecognizedClient", NULL, SC_E_AUTH, HINT_KEYS},
    {"InvalidClientTokenId", NULL, SC_E_AUTH, HINT_KEYS},
    {"MissingAuthenticationToken", NULL, SC_E_AUTH, HINT_KEYS},
    {"IncompleteSignature", NULL, SC_E_AUTH, HINT_KEYS},
    {"InvalidSignature", NULL, SC_E_AUTH, HINT_KEYS},
    {"SignatureDoesNotMatch", NULL, SC_E_AUTH, HINT_KEYS},
    {"AuthFailure", NULL, SC_E_AUTH, HINT_KEYS},
    {"OptInRequired", NULL, SC_E_AUTH, HINT_KEYS},
    {"RequestTimeTooSkewed", NULL, SC_E_SKEW, HINT_CLOCK},
    {"RequestExpired", NULL, SC_E_SKEW, HINT_CLOCK},
    {"RequestInTheFuture", NULL, SC_E_SKEW, HINT_CLOCK},
    {"KMSAccessDenied", NULL, SC_E_AUTH, HINT_KMS},
    {"KMSDisabled", NULL, SC_E_REFUSED, HINT_KMS},
    {"KMSInvalidState", NULL, SC_E_REFUSED, HINT_KMS},
    {"KMSNotFound", NULL, SC_E_REFUSED, HINT_KMS},
    {"KMSOptInRequired", NULL, SC_E_REFUSED, HINT_KMS},
};

struct sc_slice sc_kinesis_error_name(struct sc_slice type) {
  struct sc_slice behind = sc_text_cut(&type, '#');
  if (behind.ptr != NULL) type = behind;
  sc_text_cut(&type, ':');
  return type;
}

static struct sc_slice without_suffix(struct sc_slice name) {
  static const char suffix[] = "Exception";
  size_t n = sizeof(suffix) - 1;
  if (name.len > n && memcmp(name.ptr + name.len - n, suffix, n) == 0) name.len -= n;
  return name;
}

static struct rule by_status(int status) {
  if (status == 429) return (struct rule){.code = SC_E_THROTTLED};
  if (status >= 500 || status == 408) return (struct rule){.code = SC_E_SERVICE};
  if (status == 401 || status == 403) return (struct rule){.code = SC_E_AUTH, .hint = HINT_PERMISSION};
  if (status == 404) return (struct rule){.code = SC_E_NO_SOURCE, .hint = HINT_STREAM};
  return (struct rule){.code = SC_E_REFUSED};
}

static struct rule find_rule(struct sc_slice name, const char *operation, int status) {
  name = without_suffix(name);
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
    if (sc_slice_is(name, rules[i].name) && (rules[i].operation == NULL || strcmp(rules[i].operation, operation) == 0))
      return rules[i];
  return by_status(status);
}

static bool is_signature_error(struct sc_slice name) {
  name = without_suffix(name);
  return sc_slice_is(name, "InvalidSignature") || sc_slice_is(name, "SignatureDoesNotMatch") ||
         sc_slice_is(name, "AuthFailure");
}

static bool is_about_shard(const struct sc_kinesis_fault *f) {
  return f->shard_id != NULL && !sc_slice_starts(f->message, "Stream ");
}

static int code_of(const struct sc_kinesis_fault *f, struct sc_slice name, const struct rule *rule) {
  bool skewed = llabs((long long)f->skew_ms) >= SKEW_LEAST_MS;
  if (is_signature_error(name) && skewed) return SC_E_SKEW;
  if (rule->code == SC_E_NO_SOURCE && name.len && is_about_shard(f)) return SC_E_NO_SHARD;
  return rule->code;
}

static void add_hint(struct sc_error *err, enum hint hint, const struct sc_kinesis_fault *f) {
  switch (hint) {
    case HINT_KEYS:
      sc_error_hint(err,
                    "check the access key, its secret and the session token, and that they belong to this partition");
      break;
    case HINT_EXPIRED:
      sc_error_hint(err,
                    "the temporary credentials have expired; get new ones and run again, it goes on where it stopped");
      break;
    case HINT_PERMISSION:
      sc_error_hint(err, "allow kinesis:%s on the stream in the IAM policy of these credentials", f->operation);
      break;
    case HINT_STREAM:
      sc_error_hint(err, "check the stream's name, the region and the endpoint: %s", f->where);
      break;
    case HINT_KMS:
      sc_error_hint(err, "the stream is encrypted: check the state of its KMS key and that kms:Decrypt is allowed");
      break;
    case HINT_CLOCK:
      sc_error_hint(err, "set this machine's clock right (NTP)");
      break;
    case NO_HINT:
      break;
  }
}

int sc_kinesis_error_set(struct sc_error *err, const struct sc_kinesis_fault *fault) {
  struct sc_slice name = sc_kinesis_error_name(fault->type);
  struct rule rule = find_rule(name, fault->operation, fault->status);
  int code = code_of(fault, name, &rule);
  if (fault->message.len)
    sc_error_set(err, code, "%s: %.*s (%.*s)", fault->operation,
                 (int)(fault->message.len < 400 ? fault->message.len : 400), fault->message.ptr,
                 (int)(name.len < 63 ? name.len : 63), name.len ? name.ptr : "");
  else if (name.len)
    sc_error_set(err, code, "%s: %.*s", fault->operation, (int)(name.len < 63 ? name.len : 63), name.ptr);
  else
    sc_error_set(err, code, "%s: HTTP status %d without an error the Kinesis API knows", fault->operation,
                 fault->status);
  err->http_status = fault->status;
  if (name.len) memcpy(err->service, name.ptr, name.len < sizeof(err->service) ? name.len : sizeof(err->service) - 1);
  if (fault->shard_id != NULL) memcpy(err->shard, fault->shard_id, strnlen(fault->shard_id, sizeof(err->shard) - 1));
  if (code != SC_E_NO_SHARD) add_hint(err, code == SC_E_SKEW ? HINT_CLOCK : rule.hint, fault);
  return code;
}
