#include "bench/local/faults/fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/local/base/apierror.h"
#include "codec/text/utf8.h"
#include "engine/base/text.h"

#define MANY INT64_C(1000000000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define MAX_SHOWN 40

/* ---- the names ---- */

enum {
  OPERATION,
  KIND,
  P,
  COUNT,
  AFTER,
  CODE,
  STATUS,
  MESSAGE,
  RETRY_AFTER_MS,
  BYTES,
  EVERY,
  CHILDREN,
  DELAY_MS,
  PIECE_BYTES,
  DATE_SKEW_MS,
  N_NAMES
};

enum type { TEXT, INTEGER, FLAG, PROBABILITY, KIND_NAME };

#define BIT(name) (UINT32_C(1) << (name))

static const struct name {
  const char *name;
  enum type type;
  size_t offset;
  int64_t min, max; /* TEXT: max is the size of the array */
} names[N_NAMES] = {
    [OPERATION] = {"operation", TEXT, offsetof(struct scl_fault, operation), 1,
                   sizeof((struct scl_fault *)0)->operation},
    [KIND] = {"kind", KIND_NAME, 0, 0, 0},
    [P] = {"p", PROBABILITY, offsetof(struct scl_fault, p), 0, 1},
    [COUNT] = {"count", INTEGER, offsetof(struct scl_fault, count), 1, MANY},
    [AFTER] = {"after", INTEGER, offsetof(struct scl_fault, after), 0, MANY},
    [CODE] = {"code", TEXT, offsetof(struct scl_fault, code), 1, sizeof((struct scl_fault *)0)->code},
    [STATUS] = {"status", INTEGER, offsetof(struct scl_fault, status), 400, 599},
    [MESSAGE] = {"message", TEXT, offsetof(struct scl_fault, message), 0, sizeof((struct scl_fault *)0)->message},
    [RETRY_AFTER_MS] = {"retry_after_ms", INTEGER, offsetof(struct scl_fault, retry_after_ms), 0, HOUR_MS},
    [BYTES] = {"bytes", INTEGER, offsetof(struct scl_fault, bytes), -1, INT32_MAX},
    [EVERY] = {"every", INTEGER, offsetof(struct scl_fault, every), 1, MANY},
    [CHILDREN] = {"children", FLAG, offsetof(struct scl_fault, children), 0, 1},
    [DELAY_MS] = {"delay_ms", INTEGER, offsetof(struct scl_fault, delay_ms), 0, HOUR_MS},
    [PIECE_BYTES] = {"piece_bytes", INTEGER, offsetof(struct scl_fault, piece_bytes), 1, INT32_MAX},
    [DATE_SKEW_MS] = {"date_skew_ms", INTEGER, offsetof(struct scl_fault, date_skew_ms), -DAY_MS, DAY_MS},
};

/* Names that every kind has. */
#define ALWAYS \
  (BIT(OPERATION) | BIT(KIND) | BIT(P) | BIT(COUNT) | BIT(AFTER) | BIT(DELAY_MS) | BIT(PIECE_BYTES) | BIT(DATE_SKEW_MS))
#define OF_ERRORS (BIT(CODE) | BIT(STATUS) | BIT(MESSAGE) | BIT(RETRY_AFTER_MS))

/* ---- the kinds ---- */

enum { CALLS = 1, EVENTS = 2, GETS = 4, PUTS = 8 };

static const struct kind {
  const char *name;
  enum scl_fault_kind kind;
  unsigned of; /* what it applies to */
  unsigned at;
  uint32_t names; /* besides ALWAYS */
  const char *code;
} kinds[] = {
    {"error", SCL_FAULT_ERROR, CALLS | EVENTS, SCL_FAULT_AT_CALL, OF_ERRORS, "InternalFailure"},
    {"throttle", SCL_FAULT_ERROR, CALLS, SCL_FAULT_AT_CALL, OF_ERRORS, "ProvisionedThroughputExceededException"},
    {"expired-token", SCL_FAULT_ERROR, CALLS, SCL_FAULT_AT_CALL, OF_ERRORS, "ExpiredTokenException"},
    {"slow", SCL_FAULT_DELIVERY, CALLS | EVENTS, SCL_FAULT_AT_CALL, 0, NULL},
    {"split", SCL_FAULT_DELIVERY, CALLS | EVENTS, SCL_FAULT_AT_CALL, 0, NULL},
    {"skewed-date", SCL_FAULT_DELIVERY, CALLS, SCL_FAULT_AT_CALL, 0, NULL},
    {"reset", SCL_FAULT_RESET, CALLS | EVENTS, SCL_FAULT_AT_CALL, BIT(BYTES), NULL},
    {"truncate", SCL_FAULT_TRUNCATE, CALLS | EVENTS, SCL_FAULT_AT_CALL, BIT(BYTES), NULL},
    {"half-open", SCL_FAULT_HALF_OPEN, CALLS | EVENTS, SCL_FAULT_AT_CALL, BIT(BYTES), NULL},
    {"rst-stream", SCL_FAULT_RST_STREAM, CALLS | EVENTS, SCL_FAULT_AT_CALL, BIT(BYTES), NULL},
    {"refused-stream", SCL_FAULT_REFUSED, CALLS, SCL_FAULT_AT_CALL, 0, NULL},
    {"goaway", SCL_FAULT_GOAWAY, CALLS | EVENTS, SCL_FAULT_AT_CALL, BIT(BYTES), NULL},
    {"entries", SCL_FAULT_ENTRIES, PUTS, SCL_FAULT_AT_CALL, BIT(CODE) | BIT(MESSAGE) | BIT(EVERY),
     "ProvisionedThroughputExceededException"},
    {"expire-iterator", SCL_FAULT_EXPIRE_ITERATOR, GETS, SCL_FAULT_AT_CALL, 0, NULL},
    {"duplicate", SCL_FAULT_DUPLICATE, GETS, SCL_FAULT_AT_RECORDS, 0, NULL},
    {"behind-zero", SCL_FAULT_BEHIND_ZERO, GETS, SCL_FAULT_AT_BEHIND, 0, NULL},
    {"end-late", SCL_FAULT_END_LATE, GETS, SCL_FAULT_AT_END, 0, NULL},
    {"end-falsely", SCL_FAULT_END_FALSELY, GETS, SCL_FAULT_AT_OPEN, BIT(CHILDREN), NULL},
    {"corrupt", SCL_FAULT_CORRUPT, EVENTS, SCL_FAULT_AT_CALL, 0, NULL},
    {"end", SCL_FAULT_END, EVENTS, SCL_FAULT_AT_CALL, 0, NULL},
};
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

static const struct kind *find_kind(struct sc_slice name) {
  for (size_t i = 0; i < N_KINDS; i++)
    if (sc_slice_is(name, kinds[i].name)) return &kinds[i];
  return NULL;
}

/* The operations of the API, including those that this service does not have. */
static const char *const operations[] = {"AddTagsToStream",
                                         "CreateStream",
                                         "DecreaseStreamRetentionPeriod",
                                         "DeleteResourcePolicy",
                                         "DeleteStream",
                                         "DeregisterStreamConsumer",
                                         "DescribeAccountSettings",
                                         "DescribeLimits",
                                         "DescribeStream",
                                         "DescribeStreamConsumer",
                                         "DescribeStreamSummary",
                                         "DisableEnhancedMonitoring",
                                         "EnableEnhancedMonitoring",
                                         "GetRecords",
                                         "GetResourcePolicy",
                                         "GetShardIterator",
                                         "IncreaseStreamRetentionPeriod",
                                         "ListShards",
                                         "ListStreamConsumers",
                                         "ListStreams",
                                         "ListTagsForResource",
                                         "ListTagsForStream",
                                         "MergeShards",
                                         "PutRecord",
                                         "PutRecords",
                                         "PutResourcePolicy",
                                         "RegisterStreamConsumer",
                                         "RemoveTagsFromStream",
                                         "SplitShard",
                                         "StartStreamEncryption",
                                         "StopStreamEncryption",
                                         "SubscribeToShard",
                                         "TagResource",
                                         "UntagResource",
                                         "UpdateAccountSettings",
                                         "UpdateMaxRecordSize",
                                         "UpdateShardCount",
                                         "UpdateStreamMode",
                                         "UpdateStreamWarmThroughput"};

/* What the operation is; 0: there is no such operation. */
static unsigned kinds_of(const char *operation) {
  if (strcmp(operation, "*") == 0) return CALLS | EVENTS | GETS | PUTS;
  if (strcmp(operation, SCL_FAULT_EVENTS) == 0) return EVENTS;
  if (strcmp(operation, "SubscribeToShard") == 0) return CALLS | EVENTS;
  if (strcmp(operation, "GetRecords") == 0) return CALLS | GETS;
  if (strcmp(operation, "PutRecords") == 0) return CALLS | PUTS;
  for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
    if (strcmp(operation, operations[i]) == 0) return CALLS;
  return 0;
}

/* Appends the kinds that apply to one of these, separated by ", ". */
static void add_kinds(struct sc_buf *out, unsigned of) {
  const char *comma = "";
  for (size_t i = 0; i < N_KINDS; i++) {
    if ((kinds[i].of & of) == 0) continue;
    sc_buf_printf(out, "%s%s", comma, kinds[i].name);
    comma = ", ";
  }
}

static void add_names(struct sc_buf *out, uint32_t which) {
  const char *comma = "";
  for (int i = 0; i < N_NAMES; i++) {
    if ((which & BIT(i)) == 0) continue;
    sc_buf_printf(out, "%s%s", comma, names[i].name);
    comma = ", ";
  }
}

/* ---- reading ---- */

void scl_fault_begin(struct scl_fault *fault) {
  memset(fault, 0, sizeof(*fault));
  fault->operation[0] = '*';
  fault->name = kinds[0].name;
  fault->count = fault->every = 1;
  fault->p = 1;
}

/* The beginning of the text, for an error; nothing of what is not UTF-8. */
static struct sc_slice shown(struct sc_slice text) {
  size_t len = sc_text_utf8_cut(text, MAX_SHOWN);
  return sc_slice_of(text.ptr, sc_utf8_valid(text.ptr, len) ? len : 0);
}

static int refuse_value(const struct name *name, struct sc_slice value, struct sc_error *err) {
  sc_error_set(err, SC_E_USAGE, "%s cannot be \"%.*s\"", name->name, SC_SLICE_ARGS(shown(value)));
  if (name->type == INTEGER) sc_error_hint(err, "a number from %" PRId64 " to %" PRId64, name->min, name->max);
  if (name->type == TEXT) sc_error_hint(err, "a text of less than %" PRId64 " bytes", name->max);
  if (name->type == FLAG) sc_error_hint(err, "true or false");
  if (name->type == PROBABILITY) sc_error_hint(err, "a number above 0, at most 1");
  return SC_E_USAGE;
}

static bool read_text(const struct name *name, struct sc_slice value, char *out) {
  if (value.len < (size_t)name->min || value.len >= (size_t)name->max) return false;
  if (value.len > 0 && (memchr(value.ptr, '\0', value.len) != NULL || !sc_utf8_valid(value.ptr, value.len)))
    return false;
  if (value.len > 0) memcpy(out, value.ptr, value.len);
  out[value.len] = '\0';
  return true;
}

static bool read_integer(const struct name *name, struct sc_slice value, int64_t *out) {
  int64_t number;
  if (!sc_slice_to_i64(value, &number) || number < name->min || number > name->max) return false;
  *out = number;
  return true;
}

static bool read_flag(struct sc_slice value, int64_t *out) {
  *out = sc_slice_is(value, "true");
  return *out != 0 || sc_slice_is(value, "false");
}

static bool read_probability(struct sc_slice value, double *out) {
  char text[40], *end;
  if (value.len == 0 || value.len >= sizeof(text)) return false;
  memcpy(text, value.ptr, value.len);
  text[value.len] = '\0';
  if (strspn(text, "0123456789.eE+-") != value.len) return false;
  double p = strtod(text, &end);
  if (*end != '\0' || !(p > 0) || p > 1) return false;
  *out = p;
  return true;
}

static bool read_kind(struct scl_fault *fault, struct sc_slice value) {
  const struct kind *kind = find_kind(value);
  if (kind != NULL) fault->name = kind->name;
  return kind != NULL;
}

static bool fits_form(enum type type, enum scl_fault_form form) {
  if (form == SCL_FAULT_FORM_ANY) return true;
  if (type == FLAG) return form == SCL_FAULT_FORM_FLAG;
  return form == (type == INTEGER || type == PROBABILITY ? SCL_FAULT_FORM_NUMBER : SCL_FAULT_FORM_TEXT);
}

static bool read_value(struct scl_fault *fault, const struct name *name, struct sc_slice value) {
  void *at = (char *)fault + name->offset;
  switch (name->type) {
    case TEXT:
      return read_text(name, value, at);
    case INTEGER:
      return read_integer(name, value, at);
    case FLAG:
      return read_flag(value, at);
    case PROBABILITY:
      return read_probability(value, at);
    default:
      return read_kind(fault, value);
  }
}

static int refuse_kind_name(struct sc_slice value, struct sc_error *err) {
  struct sc_buf list = SC_BUF_INIT;
  add_kinds(&list, CALLS | EVENTS | GETS | PUTS);
  sc_error_set(err, SC_E_USAGE, "unknown kind \"%.*s\"", SC_SLICE_ARGS(shown(value)));
  sc_error_hint(err, "kinds: %s", sc_buf_str(&list));
  sc_buf_fini(&list);
  return SC_E_USAGE;
}

static int set(struct scl_fault *fault, int i, struct sc_slice value, enum scl_fault_form form, struct sc_error *err) {
  const struct name *name = &names[i];
  if ((fault->given & BIT(i)) != 0) return sc_error_set(err, SC_E_USAGE, "%s is given twice", name->name);
  fault->given |= BIT(i);
  if (fits_form(name->type, form) && read_value(fault, name, value)) return SC_OK;
  return i == KIND ? refuse_kind_name(value, err) : refuse_value(name, value, err);
}

int scl_fault_set(struct scl_fault *fault, struct sc_slice name, struct sc_slice value, enum scl_fault_form form,
                  struct sc_error *err) {
  if (sc_slice_is(name, "error")) {
    int rc = set(fault, KIND, SC_SLICE_LITERAL("error"), SCL_FAULT_FORM_TEXT, err);
    return rc == SC_OK ? set(fault, CODE, value, form, err) : rc;
  }
  for (int i = 0; i < N_NAMES; i++)
    if (sc_slice_is(name, names[i].name)) return set(fault, i, value, form, err);
  struct sc_buf list = SC_BUF_INIT;
  add_names(&list, BIT(N_NAMES) - 1);
  sc_error_set(err, SC_E_USAGE, "a fault has no \"%.*s\"", SC_SLICE_ARGS(shown(name)));
  sc_error_hint(err, "it has %s, error", sc_buf_str(&list));
  sc_buf_fini(&list);
  return SC_E_USAGE;
}

/* ---- checking ---- */

static void name_operation(struct scl_fault *fault, const char *operation) {
  memcpy(fault->operation, operation, strlen(operation) + 1);
}

/* A kind of one operation alone narrows "*" to it. A kind of events alone narrows SubscribeToShard to them. */
static void narrow_operation(struct scl_fault *fault, const struct kind *kind) {
  bool is_any = strcmp(fault->operation, "*") == 0;
  if (kind->of == GETS && is_any) name_operation(fault, "GetRecords");
  if (kind->of == PUTS && is_any) name_operation(fault, "PutRecords");
  if (kind->of == EVENTS && (is_any || strcmp(fault->operation, "SubscribeToShard") == 0))
    name_operation(fault, SCL_FAULT_EVENTS);
}

static int check_operation(const struct scl_fault *fault, const struct kind *kind, struct sc_error *err) {
  unsigned of = kinds_of(fault->operation);
  if (of == 0)
    return sc_error_fail(err, SC_E_USAGE, "an operation of the API, as GetRecords, or \"*\", or " SCL_FAULT_EVENTS,
                         "unknown operation \"%s\"", fault->operation);
  if ((kind->of & of) != 0) return SC_OK;
  struct sc_buf list = SC_BUF_INIT;
  add_kinds(&list, of);
  sc_error_set(err, SC_E_USAGE, "kind %s does not apply to %s", kind->name, fault->operation);
  sc_error_hint(err, "kinds that do: %s", sc_buf_str(&list));
  sc_buf_fini(&list);
  return SC_E_USAGE;
}

static int check_names(const struct scl_fault *fault, const struct kind *kind, struct sc_error *err) {
  struct sc_buf list = SC_BUF_INIT;
  uint32_t useless = fault->given & ~(ALWAYS | kind->names);
  if (useless == 0) return SC_OK;
  add_names(&list, useless);
  sc_error_set(err, SC_E_USAGE, "kind %s does not have %s", kind->name, sc_buf_str(&list));
  sc_buf_clear(&list);
  add_names(&list, ALWAYS | kind->names);
  sc_error_hint(err, "it has %s", sc_buf_str(&list));
  sc_buf_fini(&list);
  return SC_E_USAGE;
}

static void fill_error(struct scl_fault *fault, const struct kind *kind) {
  const char *code = kind->code;
  if (fault->kind == SCL_FAULT_ERROR && strcmp(fault->operation, SCL_FAULT_EVENTS) == 0)
    code = "InternalFailureException";
  if (code != NULL && (fault->given & BIT(CODE)) == 0) memcpy(fault->code, code, strlen(code) + 1);
  const struct scl_apierror *error = scl_apierror_find(sc_slice_str(fault->code));
  if ((fault->given & BIT(STATUS)) == 0) fault->status = error == NULL ? 400 : error->status;
  if ((fault->given & BIT(MESSAGE)) == 0 && error != NULL)
    memcpy(fault->message, error->message, strlen(error->message) + 1);
}

int scl_fault_finish(struct scl_fault *fault, struct sc_error *err) {
  const struct kind *kind = find_kind(sc_slice_str(fault->name));
  fault->kind = kind->kind;
  fault->at = kind->at;
  narrow_operation(fault, kind);
  int rc = check_operation(fault, kind, err);
  if (rc == SC_OK) rc = check_names(fault, kind, err);
  if (rc != SC_OK) return rc;
  fill_error(fault, kind);
  fault->is_random = (fault->given & BIT(P)) != 0;
  if (fault->is_random && (fault->given & BIT(COUNT)) == 0) fault->count = INT64_MAX;
  if (strcmp(fault->name, "slow") == 0 && (fault->given & BIT(DELAY_MS)) == 0) fault->delay_ms = 1000;
  if (strcmp(fault->name, "split") == 0 && (fault->given & BIT(PIECE_BYTES)) == 0) fault->piece_bytes = 1;
  if (strcmp(fault->name, "skewed-date") == 0 && (fault->given & BIT(DATE_SKEW_MS)) == 0) fault->date_skew_ms = HOUR_MS;
  return SC_OK;
}

/* ---- writing ---- */

/* With the fewest digits that read back as the same number. */
static void write_double(struct sc_buf *out, double value) {
  char text[40];
  int digits = 1;
  do snprintf(text, sizeof(text), "%.*g", digits, value);
  while (strtod(text, NULL) != value && ++digits <= 17);
  sc_buf_add_str(out, text);
}

static void write_value(const struct scl_fault *fault, const struct name *name, struct sc_buf *out) {
  const void *at = (const char *)fault + name->offset;
  switch (name->type) {
    case TEXT:
      sc_buf_add_json_string(out, sc_slice_str(at));
      break;
    case INTEGER:
      sc_buf_printf(out, "%" PRId64, *(const int64_t *)at);
      break;
    case FLAG:
      sc_buf_add_str(out, *(const int64_t *)at != 0 ? "true" : "false");
      break;
    case PROBABILITY:
      write_double(out, *(const double *)at);
      break;
    default:
      sc_buf_add_json_string(out, sc_slice_str(fault->name));
  }
}

void scl_fault_write(const struct scl_fault *fault, struct sc_buf *out) {
  const char *comma = "";
  for (int i = 0; i < N_NAMES; i++) {
    if (i != OPERATION && i != KIND && (fault->given & BIT(i)) == 0) continue;
    sc_buf_printf(out, "%s\"%s\":", comma, names[i].name);
    write_value(fault, &names[i], out);
    comma = ",";
  }
}

/* ---- what it does ---- */

void scl_fault_answer(const struct scl_fault *fault, struct scl_reply *reply) {
  const char *member = fault->message[0] == '\0' ? NULL : scl_apierror_member(fault->code);
  scl_reply_fail(reply, (int)fault->status, fault->code, member, sc_slice_str(fault->message));
}

static enum scl_ending ending_of(enum scl_fault_kind kind) {
  switch (kind) {
    case SCL_FAULT_RESET:
      return SCL_ENDING_RESET;
    case SCL_FAULT_TRUNCATE:
      return SCL_ENDING_CLOSE;
    case SCL_FAULT_HALF_OPEN:
      return SCL_ENDING_HANG;
    case SCL_FAULT_RST_STREAM:
      return SCL_ENDING_STREAM;
    case SCL_FAULT_REFUSED:
      return SCL_ENDING_REFUSE;
    case SCL_FAULT_GOAWAY:
      return SCL_ENDING_GOAWAY;
    default:
      return SCL_ENDING_KEEP;
  }
}

void scl_fault_apply_delivery(const struct scl_fault *fault, struct scl_delivery *delivery) {
  enum scl_ending ending = ending_of(fault->kind);
  delivery->delay_ms += fault->delay_ms;
  if (fault->piece_bytes > 0) delivery->piece_bytes = (size_t)fault->piece_bytes;
  if (ending == SCL_ENDING_KEEP) return;
  delivery->ending = ending;
  if (ending == SCL_ENDING_GOAWAY && (fault->given & BIT(BYTES)) == 0) return;
  delivery->is_silent = fault->bytes < 0 || ending == SCL_ENDING_REFUSE;
  delivery->is_cut = true;
  delivery->cut_bytes = fault->bytes < 0 ? 0 : (size_t)fault->bytes;
}

void scl_fault_apply(const struct scl_fault *fault, struct scl_reply *reply) {
  scl_fault_apply_delivery(fault, &reply->delivery);
  if (fault->retry_after_ms > 0) reply->retry_after_ms = fault->retry_after_ms;
  reply->date_ms += fault->date_skew_ms;
}
