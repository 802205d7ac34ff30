#include "bench/local/admin.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/error.h"

#define MAX_COUNT 1000000000
#define MAX_DELAY_MS 3600000
/* Ten years. */
#define MAX_ADVANCE_MS INT64_C(315360000000)

struct sc_admin {
  struct sc_timebase *timebase;
  struct sc_faults *faults;
  _Atomic uint32_t generation;
};

/* The kinds as a test writes them. throttle is an error with the service's own text. */
static const struct kind {
  const char *name;
  enum sc_fault_kind kind;
  int status;
  const char *code, *message;
} KINDS[] = {
    {"error", SC_FAULT_ERROR, 500, "InternalFailure", "Internal Service Failure"},
    {"throttle", SC_FAULT_ERROR, 400, "ProvisionedThroughputExceededException", "Rate exceeded for shard."},
    {"slow", SC_FAULT_SLOW, 0, "", ""},
    {"reset", SC_FAULT_RESET, 0, "", ""},
    {"truncate", SC_FAULT_TRUNCATE, 0, "", ""},
    {"half-open", SC_FAULT_HALF_OPEN, 0, "", ""},
    {"entries", SC_FAULT_ENTRIES, 0, "ProvisionedThroughputExceededException", "Rate exceeded for shard."},
};

struct sc_admin *sc_admin_new(struct sc_timebase *timebase) {
  struct sc_admin *admin = sc_alloc_zero(1, sizeof *admin);
  admin->timebase = timebase;
  admin->faults = sc_faults_new();
  return admin;
}

void sc_admin_free(struct sc_admin *admin) {
  if (admin == NULL) return;
  sc_faults_free(admin->faults);
  free(admin);
}

uint32_t sc_admin_generation(const struct sc_admin *admin) { return atomic_load(&admin->generation); }

bool sc_admin_fault(struct sc_admin *admin, struct sc_slice operation, struct sc_fault *fault) {
  return sc_faults_take(admin->faults, operation, fault);
}

static int find_kind(struct sc_slice name) {
  for (int i = 0; i < (int)(sizeof KINDS / sizeof *KINDS); i++)
    if (sc_slice_is(name, KINDS[i].name)) return i;
  return -1;
}

/* Absent: leaves *out. False when it is no text or too long for out. */
static bool get_text(struct sc_json object, const char *name, char *out, size_t size) {
  struct sc_slice text;
  struct sc_json value = sc_json_get(object, name);
  if (sc_json_absent(value)) return true;
  if (!sc_json_str(value, &text) || text.len >= size || memchr(text.ptr, '\0', text.len) != NULL) return false;
  memcpy(out, text.ptr, text.len);
  out[text.len] = '\0';
  return true;
}

/* Absent: leaves *out. False when it is no integer or out of bounds. */
static bool get_int(struct sc_json object, const char *name, int64_t min, int64_t max, int64_t *out) {
  struct sc_json value = sc_json_get(object, name);
  if (sc_json_absent(value)) return true;
  return sc_json_i64(value, out) && *out >= min && *out <= max;
}

/* No other operation has entries, so "*" means PutRecords. */
static bool set_for_entries(struct sc_fault *fault) {
  static const char name[] = "PutRecords";
  if (strcmp(fault->operation, "*") != 0) return strcmp(fault->operation, name) == 0;
  memcpy(fault->operation, name, sizeof name);
  return true;
}

/* NULL when the fault was read, else what is wrong with it. */
static const char *read_fault(struct sc_json json, struct sc_fault *fault) {
  char name[16] = "error";
  int64_t count = 1, after = 0, every = 1, status;
  *fault = (struct sc_fault){.operation = "*"};
  if (!get_text(json, "kind", name, sizeof name)) return "kind is no text";
  int kind = find_kind(sc_slice_str(name));
  if (kind < 0) return "kind is none of error, throttle, slow, reset, truncate, half-open, entries";
  fault->kind = KINDS[kind].kind;
  status = KINDS[kind].status;
  memcpy(fault->code, KINDS[kind].code, strlen(KINDS[kind].code) + 1);
  memcpy(fault->message, KINDS[kind].message, strlen(KINDS[kind].message) + 1);
  if (!get_text(json, "operation", fault->operation, sizeof fault->operation)) return "operation is no short text";
  if (fault->kind == SC_FAULT_ENTRIES && !set_for_entries(fault)) return "kind entries is for PutRecords alone";
  if (!get_text(json, "code", fault->code, sizeof fault->code)) return "code is no short text";
  if (!get_text(json, "message", fault->message, sizeof fault->message)) return "message is no short text";
  if (!get_int(json, "count", 1, MAX_COUNT, &count)) return "count is not 1 or more";
  if (!get_int(json, "after", 0, MAX_COUNT, &after)) return "after is not 0 or more";
  if (fault->kind == SC_FAULT_ERROR && !get_int(json, "status", 400, 599, &status)) return "status is not 400 to 599";
  if (!get_int(json, "delay_ms", 0, MAX_DELAY_MS, &fault->delay_ms)) return "delay_ms is not 0 to 3600000";
  if (!get_int(json, "bytes", -1, INT32_MAX, &fault->bytes)) return "bytes is not -1 or more";
  if (!get_int(json, "every", 1, MAX_COUNT, &every)) return "every is not 1 or more";
  fault->every = (uint64_t)every;
  fault->count = (uint64_t)count;
  fault->after = (uint64_t)after;
  fault->status = (int)status;
  return NULL;
}

static const char *add_fault(struct sc_admin *admin, struct sc_json json) {
  struct sc_fault fault;
  if (sc_json_kind(json) != SC_JSON_OBJECT) return "a fault is an object, the body one fault or a list of faults";
  const char *wrong = read_fault(json, &fault);
  if (wrong != NULL) return wrong;
  return sc_faults_add(admin->faults, &fault) ? NULL : "the script is full";
}

static const char *add_faults(struct sc_admin *admin, struct sc_json body) {
  if (sc_json_kind(body) != SC_JSON_ARRAY) return add_fault(admin, body);
  struct sc_json_iter it = sc_json_walk(body);
  struct sc_json element;
  const char *wrong = NULL;
  while (wrong == NULL && sc_json_next(&it, NULL, &element)) wrong = add_fault(admin, element);
  return wrong;
}

static const char *move_clock(struct sc_admin *admin, struct sc_json body) {
  int64_t ms = -1;
  bool is_number = sc_json_kind(body) == SC_JSON_OBJECT && get_int(body, "advance_ms", 0, MAX_ADVANCE_MS, &ms);
  if (!is_number || ms < 0) return "the body is {\"advance_ms\": 0 or more}";
  sc_timebase_advance(admin->timebase, ms);
  return NULL;
}

/* NULL when done, else what is wrong with the request. */
static const char *obey(struct sc_admin *admin, struct sc_jsondoc *parser, const struct sc_request *request) {
  struct sc_error err;
  struct sc_json body;
  bool is_post = sc_slice_is(request->method, "POST");
  if (is_post && sc_slice_is(request->path, SC_ADMIN_PATH "expire-iterators")) {
    atomic_fetch_add(&admin->generation, 1);
    return NULL;
  }
  bool is_clock = sc_slice_is(request->path, SC_ADMIN_PATH "clock");
  if (!is_clock && !sc_slice_is(request->path, SC_ADMIN_PATH "faults"))
    return "there are POST and DELETE " SC_ADMIN_PATH "faults, POST " SC_ADMIN_PATH
           "expire-iterators and " SC_ADMIN_PATH "clock";
  if (!is_clock && sc_slice_is(request->method, "DELETE")) {
    sc_faults_clear(admin->faults);
    return NULL;
  }
  if (!is_post) return is_clock ? "the clock is moved by POST" : "faults are made by POST and removed by DELETE";
  if (sc_jsondoc_parse(parser, request->body, &body, &err) != SC_OK) return "the body is no JSON";
  return is_clock ? move_clock(admin, body) : add_faults(admin, body);
}

void sc_admin_handle(struct sc_admin *admin, struct sc_jsondoc *parser, const struct sc_request *request,
                     struct sc_reply *reply) {
  reply->content_type = "application/json";
  const char *wrong = request->from_loopback ? obey(admin, parser, request) : "only from this machine";
  reply->status = wrong == NULL ? 200 : request->from_loopback ? 400 : 403;
  if (wrong == NULL) {
    sc_buf_printf(&reply->content.head, "{\"waiting\":%zu}", sc_faults_waiting(admin->faults));
    return;
  }
  sc_buf_add_str(&reply->content.head, "{\"message\":");
  sc_buf_add_json_string(&reply->content.head, sc_slice_str(wrong));
  sc_buf_add_char(&reply->content.head, '}');
}

void sc_admin_answer_error(const struct sc_fault *fault, struct sc_reply *reply) {
  sc_reply_fail(reply, fault->status, fault->code, "message", sc_slice_str(fault->message));
}

void sc_admin_deliver(const struct sc_fault *fault, struct sc_reply *reply) {
  struct sc_delivery *delivery = &reply->delivery;
  delivery->delay_ms = fault->delay_ms;
  bool is_whole = fault->kind == SC_FAULT_ERROR || fault->kind == SC_FAULT_SLOW || fault->kind == SC_FAULT_ENTRIES;
  if (is_whole) return;
  delivery->is_silent = fault->bytes < 0;
  delivery->is_cut = true;
  delivery->cut_bytes = fault->bytes < 0 ? 0 : (size_t)fault->bytes;
  delivery->ending = fault->kind == SC_FAULT_RESET      ? SC_ENDING_RESET
                     : fault->kind == SC_FAULT_TRUNCATE ? SC_ENDING_CLOSE
                                                        : SC_ENDING_HANG;
}
