#include "bench/local/api/service.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/local/api/limits.h"
#include "bench/local/api/operation.h"
#include "bench/local/api/subscription.h"
#include "bench/local/auth/signature.h"
#include "bench/local/auth/stub_credentials.h"
#include "bench/local/faults/admin.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/base/text.h"

#define TARGET_PREFIX "Kinesis_20131202."
/* Parsers kept for later calls: one for each thread that calls at one time. */
#define MAX_PARSERS 64

struct scl_service {
  struct scl_service_settings settings;
  struct scl_store *store;
  struct scl_timebase *timebase;
  struct scl_faults *faults;
  struct scl_admin *admin;
  struct scl_limits *limits; /* NULL: none */
  struct scl_subscriptions *subscriptions;
  _Atomic uint64_t next_request;
  pthread_mutex_t lock; /* of the parsers */
  int n_parsers;
  struct sc_jsondoc *parsers[MAX_PARSERS];
};

struct scl_service *scl_service_new(const struct scl_service_settings *settings, struct scl_store *store,
                                    struct scl_timebase *timebase) {
  SC_ASSERT(settings->page_bytes > 0 && settings->page_bytes <= SCL_SERVICE_PAGE_BYTES);
  struct scl_service *service = sc_alloc_zero(1, sizeof(*service));
  service->settings = *settings;
  service->store = store;
  service->timebase = timebase;
  service->faults = scl_faults_new(settings->faults_seed);
  service->admin = scl_admin_new(timebase, service->faults);
  if (settings->is_limited) service->limits = scl_limits_new();
  int64_t life_ms = settings->subscription_ms == 0 ? SCL_SUBSCRIPTION_LIFE_MS : settings->subscription_ms;
  service->subscriptions = scl_subscriptions_new(store, timebase, service->faults, life_ms, settings->is_limited);
  atomic_init(&service->next_request, (uint64_t)sc_clock_wall_ms() << 20);
  pthread_mutex_init(&service->lock, NULL);
  return service;
}

void scl_service_free(struct scl_service *service) {
  if (service == NULL) return;
  for (int i = 0; i < service->n_parsers; i++) sc_jsondoc_free(service->parsers[i]);
  pthread_mutex_destroy(&service->lock);
  scl_admin_free(service->admin);
  scl_faults_free(service->faults);
  scl_limits_free(service->limits);
  scl_subscriptions_free(service->subscriptions);
  free(service);
}

struct scl_faults *scl_service_faults(struct scl_service *service) {
  return service->faults;
}

static struct sc_jsondoc *take_parser(struct scl_service *service) {
  struct sc_jsondoc *parser = NULL;
  pthread_mutex_lock(&service->lock);
  if (service->n_parsers > 0) parser = service->parsers[--service->n_parsers];
  pthread_mutex_unlock(&service->lock);
  return parser != NULL ? parser : sc_jsondoc_new();
}

static void give_parser(struct scl_service *service, struct sc_jsondoc *parser) {
  pthread_mutex_lock(&service->lock);
  bool is_kept = service->n_parsers < MAX_PARSERS;
  if (is_kept) service->parsers[service->n_parsers++] = parser;
  pthread_mutex_unlock(&service->lock);
  if (!is_kept) sc_jsondoc_free(parser);
}

/* Ids as those of the service look: a version 4 UUID and 72 characters of base64. */
static void set_ids(struct scl_service *service, struct scl_reply *reply) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  struct sc_random random;
  sc_random_init(&random, atomic_fetch_add_explicit(&service->next_request, 1, memory_order_relaxed));
  uint64_t a = sc_random_u64(&random), b = sc_random_u64(&random);
  snprintf(reply->request_id, sizeof(reply->request_id), "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
           (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff, ((unsigned)(b >> 48) & 0x3fff) | 0x8000,
           (unsigned long long)(b & 0xffffffffffff));
  for (int i = 0; i < 72; i++) {
    if (i % 10 == 0) a = sc_random_u64(&random);
    reply->id_2[i] = alphabet[a & 63];
    a >>= 6;
  }
  reply->id_2[72] = '\0';
}

/* The tables of operations; those called most come first. */
static const struct {
  const struct scl_operation *operations;
  const int *n;
} tables[] = {
    {scl_read_operations, &scl_read_operations_n},           {scl_record_operations, &scl_record_operations_n},
    {scl_shard_operations, &scl_shard_operations_n},         {scl_stream_operations, &scl_stream_operations_n},
    {scl_consumer_operations, &scl_consumer_operations_n},   {scl_tag_operations, &scl_tag_operations_n},
    {scl_subscribe_operations, &scl_subscribe_operations_n}, {scl_attribute_operations, &scl_attribute_operations_n},
    {scl_policy_operations, &scl_policy_operations_n},       {scl_account_operations, &scl_account_operations_n},
};

static const struct scl_operation *find_operation(struct sc_slice name) {
  for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
    for (int j = 0; j < *tables[i].n; j++)
      if (sc_slice_is(name, tables[i].operations[j].name)) return &tables[i].operations[j];
  return NULL;
}

/* An error of the front end, without a message. */
static void fail(struct scl_reply *reply, const char *type) {
  scl_reply_fail(reply, 400, type, NULL, sc_slice_of(NULL, 0));
}

static void answer_xml(struct scl_reply *reply, int status, const char *body) {
  reply->status = status;
  reply->content_type = NULL;
  sc_buf_add_str(&reply->content.head, body);
}

static void purge(struct scl_store *store, int64_t now_ms) {
  if (!scl_store_is_purge_due(store, now_ms)) return;
  scl_store_lock_write(store);
  scl_store_purge(store, now_ms);
  scl_store_unlock(store);
}

static void run(struct scl_service *service, const struct scl_operation *operation, const struct scl_value *values,
                const struct scl_fault *fault, struct scl_reply *reply) {
  struct scl_call call = {.settings = &service->settings,
                          .store = service->store,
                          .subscriptions = service->subscriptions,
                          .generation = scl_admin_generation(service->admin),
                          .now_ms = reply->date_ms,
                          .values = values,
                          .fault = fault,
                          .faults = service->faults,
                          .reply = reply,
                          .out = scl_writer_of(&reply->content.head, reply->format)};
  purge(service->store, call.now_ms);
  if (operation->writes) scl_store_lock_write(service->store);
  else scl_store_lock_read(service->store);
  if (scl_limits_check_control(service->limits, operation, &call)) operation->run(&call);
  scl_store_unlock(service->store);
  reply->ticket = scl_store_ticket(service->store);
}

static void refuse(struct scl_reply *reply, const struct scl_refusal *refusal) {
  bool is_type = strcmp(refusal->type, "SerializationException") == 0;
  scl_reply_fail(reply, 400, refusal->type, is_type ? "Message" : "message", sc_buf_view(&refusal->text));
}

/* The operation in X-Amz-Target; empty when it names another service. */
static struct sc_slice operation_name(struct sc_slice target) {
  size_t prefix = strlen(TARGET_PREFIX);
  if (!sc_slice_starts(target, TARGET_PREFIX)) return (struct sc_slice){NULL, 0};
  return sc_slice_of(target.ptr + prefix, target.len - prefix);
}

/* A request's body. The values are views of the parser's document or of the copy. */
struct body {
  struct sc_jsondoc *parser; /* JSON */
  struct sc_buf copy;        /* CBOR: strings are joined in it */
  struct scl_value *values;  /* NULL: the body is no object */
  struct scl_refusal refusal;
};

static void read_json(const struct scl_operation *operation, struct sc_slice bytes, struct body *body) {
  struct sc_json root;
  if (sc_jsondoc_check(body->parser, bytes, &root) != NULL || sc_json_kind(root) != SC_JSON_OBJECT) return;
  body->values = scl_values_read_json(operation->members, operation->n_members, root, &body->refusal);
}

static void read_cbor(const struct scl_operation *operation, struct sc_slice bytes, struct body *body) {
  if (bytes.len == 0) return;
  sc_buf_add_slice(&body->copy, bytes);
  body->values =
      scl_values_read_cbor(operation->members, operation->n_members, body->copy.ptr, body->copy.len, &body->refusal);
}

static void drop_body(struct scl_service *service, const struct scl_operation *operation, struct body *body) {
  scl_values_free(operation->members, operation->n_members, body->values);
  if (body->parser != NULL) give_parser(service, body->parser);
  sc_buf_fini(&body->copy);
  sc_buf_fini(&body->refusal.text);
}

static void run_or_refuse(struct scl_service *service, const struct scl_operation *operation, const struct body *body,
                          const struct scl_fault *fault, struct scl_reply *reply) {
  if (body->refusal.type != NULL) refuse(reply, &body->refusal);
  else run(service, operation, body->values, fault, reply);
}

static bool check_signature(struct scl_service *service, const struct scl_request *request, struct scl_reply *reply) {
  struct scl_signatures *signatures = service->settings.signatures;
  struct scl_refusal refusal = {0};
  if (signatures == NULL || scl_signatures_check(signatures, "kinesis", request, reply->date_ms, NULL, &refusal))
    return true;
  refuse(reply, &refusal);
  sc_buf_fini(&refusal.text);
  return false;
}

static void call_operation(struct scl_service *service, const struct scl_request *request,
                           const struct scl_fault *fault, struct scl_reply *reply) {
  static const struct scl_operation none = {.name = ""};
  const struct scl_operation *operation = find_operation(operation_name(request->target));
  bool is_known = operation != NULL;
  struct body body = {0};
  if (!is_known) operation = &none;
  if (reply->format == SCL_FORMAT_JSON) {
    body.parser = take_parser(service);
    read_json(operation, request->body, &body);
  } else {
    read_cbor(operation, request->body, &body);
  }
  reply->status = 200;
  if (body.values == NULL && (is_known || request->body.len > 0)) fail(reply, "SerializationException");
  else if (!is_known) fail(reply, "UnknownOperationException");
  else if (check_signature(service, request, reply)) run_or_refuse(service, operation, &body, fault, reply);
  drop_body(service, operation, &body);
}

/* Parameters are ignored, as in "application/x-amz-json-1.1; charset=utf-8". */
static bool is_type(struct sc_slice type, const char *wanted) {
  sc_text_cut(&type, ';');
  return sc_slice_is(sc_text_trim(type), wanted);
}

/* A request that is not in JSON is answered in CBOR, also with errors of the front end. */
static void set_format(const struct scl_request *request, struct scl_reply *reply) {
  bool is_json = is_type(request->content_type, SCL_SERVICE_JSON);
  reply->format = is_json ? SCL_FORMAT_JSON : SCL_FORMAT_CBOR;
  reply->content_type = is_json ? SCL_SERVICE_JSON : SCL_SERVICE_CBOR;
}

static void call_service(struct scl_service *service, const struct scl_request *request, const struct scl_fault *fault,
                         struct scl_reply *reply) {
  static const char denied[] =
      "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"
      "</AccessDeniedException>\n";
  static const char missing[] =
      "<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n"
      "</MissingAuthenticationTokenException>\n";
  bool is_unsigned = service->settings.signatures != NULL && scl_request_header(request, "authorization").ptr == NULL;
  bool has_format = reply->format == SCL_FORMAT_JSON || is_type(request->content_type, SCL_SERVICE_CBOR);
  bool is_post = sc_slice_is(request->method, "POST");
  if (is_post && (has_format || request->body.len == 0)) call_operation(service, request, fault, reply);
  else if (is_unsigned) answer_xml(reply, 403, missing);
  else if (!is_post || operation_name(request->target).len == 0) answer_xml(reply, 403, denied);
  else answer_xml(reply, 404, "<UnknownOperationException/>\n");
}

static void call_with_fault(struct scl_service *service, const struct scl_request *request,
                            const struct scl_fault *fault, struct scl_reply *reply) {
  bool is_own = fault->kind == SCL_FAULT_ENTRIES || fault->kind == SCL_FAULT_EXPIRE_ITERATOR;
  if (fault->kind == SCL_FAULT_ERROR) scl_fault_answer(fault, reply);
  else if (fault->kind != SCL_FAULT_REFUSED) call_service(service, request, is_own ? fault : NULL, reply);
  scl_fault_apply(fault, reply);
}

/* Requests that are not for Kinesis: the control endpoint, and the stubs of credential services. */
static bool handle_other(struct scl_service *service, const struct scl_request *request, struct scl_reply *reply) {
  bool is_admin = sc_slice_starts(request->path, SCL_ADMIN_PATH), is_done = is_admin;
  if (!is_admin && service->settings.stubs == NULL) return false;
  struct sc_jsondoc *parser = take_parser(service);
  if (is_admin) scl_admin_handle(service->admin, parser, request, reply);
  else is_done = scl_stub_credentials_handle(service->settings.stubs, parser, request, reply);
  give_parser(service, parser);
  return is_done;
}

void scl_service_handle(void *context, const struct scl_request *request, struct scl_reply *reply) {
  struct scl_service *service = context;
  reply->date_ms = scl_timebase_now_ms(service->timebase);
  set_ids(service, reply);
  if (handle_other(service, request, reply)) return;
  set_format(request, reply);
  struct scl_fault fault;
  if (!scl_faults_take(service->faults, operation_name(request->target), &fault))
    call_service(service, request, NULL, reply);
  else call_with_fault(service, request, &fault, reply);
}
