#include "bench/local/faults/admin.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "bench/local/faults/faultspec.h"

/* Ten years. */
#define MAX_ADVANCE_MS INT64_C(315360000000)

struct scl_admin {
  struct scl_timebase *timebase;
  struct scl_faults *faults;
  _Atomic uint32_t generation;
};

struct scl_admin *scl_admin_new(struct scl_timebase *timebase, struct scl_faults *faults) {
  struct scl_admin *admin = sc_alloc_zero(1, sizeof(*admin));
  admin->timebase = timebase;
  admin->faults = faults;
  return admin;
}

void scl_admin_free(struct scl_admin *admin) { free(admin); }

uint32_t scl_admin_generation(const struct scl_admin *admin) { return atomic_load(&admin->generation); }

static int add_faults(struct scl_admin *admin, struct sc_json body, struct sc_error *err) {
  struct scl_faultlist list = {0};
  int rc = scl_faultspec_read_json(body, &list, err);
  if (rc == SC_OK && !scl_faults_add(admin->faults, list.items, list.n))
    rc = sc_error_set(err, SC_E_USAGE, "more than %d faults are waiting", SCL_FAULTS_MAX);
  scl_faultlist_fini(&list);
  return rc;
}

static int clear_faults(struct scl_admin *admin, struct sc_json body, struct sc_error *err) {
  (void)body, (void)err;
  scl_faults_clear(admin->faults);
  return SC_OK;
}

static int list_faults(struct scl_admin *admin, struct sc_json body, struct sc_error *err) {
  (void)admin, (void)body, (void)err;
  return SC_OK;
}

static int expire_iterators(struct scl_admin *admin, struct sc_json body, struct sc_error *err) {
  (void)body, (void)err;
  atomic_fetch_add(&admin->generation, 1);
  return SC_OK;
}

static int move_clock(struct scl_admin *admin, struct sc_json body, struct sc_error *err) {
  int64_t ms;
  if (!sc_json_i64(sc_json_get(body, "advance_ms"), &ms) || ms < 0 || ms > MAX_ADVANCE_MS)
    return sc_error_set(err, SC_E_USAGE, "the body is {\"advance_ms\": 0 or more}");
  scl_timebase_advance(admin->timebase, ms);
  return SC_OK;
}

static const struct admin_command {
  const char *method, *path;
  bool has_body;
  int (*run)(struct scl_admin *admin, struct sc_json body, struct sc_error *err);
} commands[] = {
    {"POST", SCL_ADMIN_PATH "faults", true, add_faults},
    {"DELETE", SCL_ADMIN_PATH "faults", false, clear_faults},
    {"GET", SCL_ADMIN_PATH "faults", false, list_faults},
    {"POST", SCL_ADMIN_PATH "expire-iterators", false, expire_iterators},
    {"POST", SCL_ADMIN_PATH "clock", true, move_clock},
};
#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static const struct admin_command *find_command(const struct scl_request *request) {
  for (size_t i = 0; i < N_COMMANDS; i++)
    if (sc_slice_is(request->method, commands[i].method) && sc_slice_is(request->path, commands[i].path))
      return &commands[i];
  return NULL;
}

static int refuse_command(struct sc_error *err) {
  struct sc_buf list = SC_BUF_INIT;
  for (size_t i = 0; i < N_COMMANDS; i++)
    sc_buf_printf(&list, "%s%s %s", i == 0 ? "" : ", ", commands[i].method, commands[i].path);
  sc_error_set(err, SC_E_USAGE, "there are %s", sc_buf_str(&list));
  sc_buf_fini(&list);
  return SC_E_USAGE;
}

static int run_command(struct scl_admin *admin, const struct admin_command *command, struct sc_jsondoc *parser,
                       struct sc_slice bytes, struct sc_error *err) {
  struct sc_json body = {0};
  if (command == NULL) return refuse_command(err);
  const char *wrong = command->has_body ? sc_jsondoc_check(parser, bytes, &body) : NULL;
  if (wrong != NULL) return sc_error_set(err, SC_E_USAGE, "the body is not JSON: %s", wrong);
  return command->run(admin, body, err);
}

static void refuse(struct scl_reply *reply, int status, const struct sc_error *err) {
  struct sc_buf text = SC_BUF_INIT;
  reply->status = status;
  sc_buf_printf(&text, "%s%s%s", err->text, err->hint[0] == '\0' ? "" : "; ", err->hint);
  sc_buf_add_str(&reply->content.head, "{\"message\":");
  sc_buf_add_json_string(&reply->content.head, sc_buf_view(&text));
  sc_buf_add_char(&reply->content.head, '}');
  sc_buf_fini(&text);
}

void scl_admin_handle(struct scl_admin *admin, struct sc_jsondoc *parser, const struct scl_request *request,
                      struct scl_reply *reply) {
  struct sc_error err = {0};
  const struct admin_command *command = find_command(request);
  reply->status = 200;
  reply->content_type = "application/json";
  if (!request->from_loopback) {
    sc_error_set(&err, SC_E_USAGE, "only from this machine");
    refuse(reply, 403, &err);
    return;
  }
  if (run_command(admin, command, parser, request->body, &err) != SC_OK) {
    refuse(reply, 400, &err);
    return;
  }
  sc_buf_add_char(&reply->content.head, '{');
  if (command->run == list_faults) scl_faults_list(admin->faults, &reply->content.head);
  else sc_buf_printf(&reply->content.head, "\"waiting\":%zu", scl_faults_waiting(admin->faults));
  sc_buf_add_char(&reply->content.head, '}');
}
