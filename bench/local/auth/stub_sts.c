#include "bench/local/auth/stub_sts.h"

#include <stdio.h>

#include "bench/local/auth/form.h"
#include "bench/local/auth/signature.h"
#include "engine/base/clock.h"

#define NAMESPACE "https://sts.amazonaws.com/doc/2011-06-15/"
#define MIN_DURATION_S 900
#define MAX_DURATION_S 43200
#define MAX_NAME 64

struct sts {
  struct scl_stub_credentials *stub;
  const struct scl_request *request;
  struct scl_reply *reply;
  struct scl_key caller; /* when signatures are checked */
  struct sc_buf value;   /* the parameter read last */
};

/* ---- XML ---- */

static void add_text(struct sc_buf *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '<') sc_buf_add_str(out, "&lt;");
    else if (*text == '>') sc_buf_add_str(out, "&gt;");
    else if (*text == '&') sc_buf_add_str(out, "&amp;");
    else if (*text == '"') sc_buf_add_str(out, "&quot;");
    else if (*text < ' ' && *text > 0 && strchr("\t\n\r", *text) == NULL) sc_buf_add_char(out, '?');
    else sc_buf_add_char(out, *text);
  }
}

static void add_element(struct sc_buf *out, const char *name, const char *text) {
  sc_buf_printf(out, "<%s>", name);
  add_text(out, text);
  sc_buf_printf(out, "</%s>\n", name);
}

static struct sc_buf *begin(struct sts *sts, int status) {
  sts->reply->status = status;
  sts->reply->content_type = "text/xml";
  sc_buf_clear(&sts->reply->content.head);
  return &sts->reply->content.head;
}

static void fail(struct sts *sts, int status, const char *code, const char *text) {
  struct sc_buf *out = begin(sts, status);
  sc_buf_add_str(out, "<ErrorResponse xmlns=\"" NAMESPACE "\">\n<Error>\n<Type>Sender</Type>\n");
  add_element(out, "Code", code);
  add_element(out, "Message", text);
  sc_buf_add_str(out, "</Error>\n");
  add_element(out, "RequestId", sts->reply->request_id);
  sc_buf_add_str(out, "</ErrorResponse>\n");
}

static struct sc_buf *begin_result(struct sts *sts, const char *action) {
  struct sc_buf *out = begin(sts, 200);
  sc_buf_printf(out, "<%sResponse xmlns=\"" NAMESPACE "\">\n<%sResult>\n", action, action);
  return out;
}

static void end_result(struct sts *sts, const char *action) {
  struct sc_buf *out = &sts->reply->content.head;
  sc_buf_printf(out, "</%sResult>\n<ResponseMetadata>\n", action);
  add_element(out, "RequestId", sts->reply->request_id);
  sc_buf_printf(out, "</ResponseMetadata>\n</%sResponse>\n", action);
}

/* ---- parameters ---- */

static bool invalid(struct sts *sts, const char *name, const char *value, const char *constraint) {
  struct sc_buf text = SC_BUF_INIT;
  sc_buf_printf(&text, "1 validation error detected: Value %s%s%s at '%s' failed to satisfy constraint: %s",
                value == NULL ? "" : "'", value == NULL ? "null" : value, value == NULL ? "" : "'", name, constraint);
  fail(sts, 400, "ValidationError", sc_buf_str(&text));
  sc_buf_fini(&text);
  return false;
}

/* Reads a parameter of min to max bytes into sts->value; false after failing. as: the parameter's name in messages. */
static bool need(struct sts *sts, const char *name, const char *as, size_t min, size_t max) {
  char constraint[80];
  if (!scl_form_get(sts->request->body, name, &sts->value)) return invalid(sts, as, NULL, "Member must not be null");
  bool is_short = sts->value.len < min;
  if (!is_short && sts->value.len <= max) return true;
  snprintf(constraint, sizeof(constraint), "Member must have length %s than or equal to %zu",
           is_short ? "greater" : "less", is_short ? min : max);
  return invalid(sts, as, sc_buf_str(&sts->value), constraint);
}

static bool check_session_name(struct sts *sts) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
  const char *name = sc_buf_str(&sts->value);
  if (name[strspn(name, allowed)] == '\0') return true;
  return invalid(sts, "roleSessionName", name, "Member must satisfy regular expression pattern: [\\w+=,.@-]*");
}

/* arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME: account and name, views of the text. */
static bool read_role(const char *arn, struct sc_slice *account, struct sc_slice *name) {
  const char *iam = strstr(arn, ":iam::"), *slash = strrchr(arn, '/');
  if (strncmp(arn, "arn:aws", 7) != 0 || iam == NULL || strspn(iam + 6, "0123456789") != 12) return false;
  if (strncmp(iam + 18, ":role/", 6) != 0) return false;
  *account = sc_slice_of(iam + 6, 12);
  *name = sc_slice_str(slash + 1);
  return name->len > 0 && name->len <= MAX_NAME;
}

/* The duration asked for, but at most that of the stub's keys. */
static bool read_duration(struct sts *sts, int64_t *duration_s) {
  *duration_s = sts->stub->settings.expiry_s;
  if (!scl_form_get(sts->request->body, "DurationSeconds", &sts->value)) return true;
  int64_t asked;
  if (!sc_slice_to_i64(sc_buf_view(&sts->value), &asked) || asked < MIN_DURATION_S)
    return invalid(sts, "durationSeconds", sc_buf_str(&sts->value),
                   "Member must have value greater than or equal to 900");
  if (asked > MAX_DURATION_S)
    return invalid(sts, "durationSeconds", sc_buf_str(&sts->value),
                   "Member must have value less than or equal to 43200");
  if (asked < *duration_s) *duration_s = asked;
  return true;
}

/* ---- actions ---- */

/* Who assumes which role, and for how long. */
struct session {
  struct sc_buf role_arn;
  struct sc_slice account, role; /* in role_arn */
  char name[MAX_NAME + 1];
  int64_t duration_s;
};

static bool read_session(struct sts *sts, struct session *session) {
  if (!need(sts, "RoleArn", "roleArn", 20, 2048)) return false;
  sc_buf_add_slice(&session->role_arn, sc_buf_view(&sts->value));
  if (!read_role(sc_buf_str(&session->role_arn), &session->account, &session->role)) {
    fail(sts, 400, "ValidationError", "Request ARN is invalid");
    return false;
  }
  if (!need(sts, "RoleSessionName", "roleSessionName", 2, MAX_NAME) || !check_session_name(sts)) return false;
  memcpy(session->name, sts->value.ptr, sts->value.len);
  session->name[sts->value.len] = '\0';
  return read_duration(sts, &session->duration_s);
}

static void add_credentials(struct sc_buf *out, const struct scl_key *key) {
  char end[25];
  sc_clock_format_ms(key->expires_ms, end);
  memcpy(end + 19, "Z", 2);
  sc_buf_add_str(out, "<Credentials>\n");
  add_element(out, "AccessKeyId", key->id);
  add_element(out, "SecretAccessKey", key->secret);
  add_element(out, "SessionToken", key->token);
  add_element(out, "Expiration", end);
  sc_buf_add_str(out, "</Credentials>\n");
}

static void add_user(struct sc_buf *out, const struct session *session, const struct scl_key *key) {
  sc_buf_add_str(out, "<AssumedRoleUser>\n<AssumedRoleId>AROASHARDCOPYLOCAL000:");
  add_text(out, session->name);
  sc_buf_add_str(out, "</AssumedRoleId>\n");
  add_element(out, "Arn", key->owner);
  sc_buf_add_str(out, "</AssumedRoleUser>\n");
}

static void assume(struct sts *sts, const char *action, bool is_web) {
  struct session session = {.role_arn = SC_BUF_INIT};
  struct scl_key key;
  char owner[SCL_KEYRING_MAX_OWNER + 1];
  bool is_good =
      read_session(sts, &session) && (!is_web || need(sts, "WebIdentityToken", "webIdentityToken", 4, 20000));
  if (is_good) {
    snprintf(owner, sizeof(owner), "arn:aws:sts::%.*s:assumed-role/%.*s/%s", SC_SLICE_ARGS(session.account),
             SC_SLICE_ARGS(session.role), session.name);
    scl_stub_issue(sts->stub, owner, session.duration_s, sts->reply->date_ms, &key);
    struct sc_buf *out = begin_result(sts, action);
    add_user(out, &session, &key);
    add_credentials(out, &key);
    if (is_web) sc_buf_add_str(out, "<SubjectFromWebIdentityToken>subject</SubjectFromWebIdentityToken>\n");
    if (is_web) sc_buf_add_str(out, "<Audience>sts.amazonaws.com</Audience>\n<Provider>shardcopy-local</Provider>\n");
    end_result(sts, action);
    scl_key_wipe(&key);
  }
  sc_buf_fini(&session.role_arn);
}

static void get_caller_identity(struct sts *sts) {
  char user[SCL_KEYRING_MAX_OWNER + 1];
  snprintf(user, sizeof(user), "arn:aws:iam::%s:user/shardcopy-local", sts->stub->settings.account);
  struct sc_buf *out = begin_result(sts, "GetCallerIdentity");
  add_element(out, "Arn", sts->caller.owner[0] != '\0' ? sts->caller.owner : user);
  add_element(out, "UserId", sts->caller.owner[0] != '\0' ? "AROASHARDCOPYLOCAL000" : "AIDASHARDCOPYLOCAL000");
  add_element(out, "Account", sts->stub->settings.account);
  end_result(sts, "GetCallerIdentity");
}

/* ---- the caller ---- */

/* Answers a refusal of signature.h with the code that STS has for it. */
static void refuse(struct sts *sts, const struct scl_refusal *refusal) {
  static const struct {
    const char *type, *code;
    int status;
  } names[] = {{"MissingAuthenticationTokenException", "MissingAuthenticationToken", 403},
               {"IncompleteSignatureException", "IncompleteSignature", 400},
               {"InvalidSignatureException", "SignatureDoesNotMatch", 403},
               {"UnrecognizedClientException", "InvalidClientTokenId", 403},
               {"ExpiredTokenException", "ExpiredToken", 403}};
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
    if (strcmp(refusal->type, names[i].type) == 0) {
      fail(sts, names[i].status, names[i].code, sc_buf_str(&refusal->text));
      return;
    }
  fail(sts, 500, "InternalFailure", sc_buf_str(&refusal->text));
}

static bool check_caller(struct sts *sts) {
  struct scl_signatures *signatures = sts->stub->settings.signatures;
  struct scl_refusal refusal = {0};
  if (signatures == NULL) {
    struct sc_slice key_id = scl_signature_key_id(sts->request);
    if (key_id.len > 0) scl_keyring_find(sts->stub->settings.keys, key_id, &sts->caller);
    return true;
  }
  bool is_good = scl_signatures_check(signatures, "sts", sts->request, sts->reply->date_ms, &sts->caller, &refusal);
  if (!is_good) refuse(sts, &refusal);
  sc_buf_fini(&refusal.text);
  return is_good;
}

static void call(struct sts *sts) {
  struct sc_buf action = SC_BUF_INIT;
  scl_form_get(sts->request->body, "Action", &action);
  bool is_version =
      scl_form_get(sts->request->body, "Version", &sts->value) && strcmp(sts->value.ptr, "2011-06-15") == 0;
  const char *name = sc_buf_str(&action);
  if (is_version && strcmp(name, "AssumeRoleWithWebIdentity") == 0) assume(sts, name, true);
  else if (is_version && strcmp(name, "AssumeRole") == 0) {
    if (check_caller(sts)) assume(sts, name, false);
  } else if (is_version && strcmp(name, "GetCallerIdentity") == 0) {
    if (check_caller(sts)) get_caller_identity(sts);
  } else {
    struct sc_buf text = SC_BUF_INIT;
    sc_buf_printf(&text, "Could not find operation %s for version %s", name, sc_buf_str(&sts->value));
    fail(sts, 400, "InvalidAction", sc_buf_str(&text));
    sc_buf_fini(&text);
  }
  sc_buf_fini(&action);
}

void scl_stub_sts(struct scl_stub_credentials *stub, const struct scl_request *request, struct scl_reply *reply) {
  struct sts sts = {.stub = stub, .request = request, .reply = reply};
  call(&sts);
  scl_key_wipe(&sts.caller);
  sc_buf_fini(&sts.value);
}
