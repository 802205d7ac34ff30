#include "net/kinesis/kinesis_url.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/log.h"
#include "engine/base/text.h"
#include "net/aws/endpoint.h"

/* What is being parsed, its parts still encoded. */
struct parse {
  struct sc_slice url, rest, query;
  struct sc_kinesis_url *out;
  sc_kinesis_url_option_fn *option;
  void *arg;
  struct sc_error *err;
  bool toolkit;         /* kinesis:?table=..., CrateDB Toolkit's names */
  struct sc_slice host; /* HOST or HOST:PORT of another endpoint, encoded; empty: none */
  int tls;              /* -1 not said */
};

static int bad_url(struct parse *p, const char *what) {
  struct sc_buf redacted = SC_BUF_INIT;
  sc_log_redact_url(&redacted, p->url);
  int rc = sc_error_fail(p->err, SC_E_USAGE,
                         "kinesis://STREAM, kinesis://arn:aws:kinesis:..., kinesis://HOST:PORT/STREAM or "
                         "kinesis://KEY:SECRET@aws/STREAM",
                         "%.300s: %s", sc_buf_str(&redacted), what);
  sc_buf_fini(&redacted);
  return rc;
}

/* Hands an option over, decoded; the copy is wiped. */
static int give(struct parse *p, const char *name, struct sc_slice value) {
  char *text = sc_alloc(value.len + 1);
  int rc = sc_text_unpercent(value, false, text, value.len + 1) ? p->option(p->arg, name, text, p->err)
                                                                : bad_url(p, "a malformed percent escape");
  explicit_bzero(text, value.len + 1);
  free(text);
  return rc;
}

/* ---- the stream ---- */

static int set_stream(struct parse *p, struct sc_slice encoded) {
  char text[sizeof(p->out->arn)];
  struct sc_stream_arn arn;
  struct sc_slice name;
  if (!sc_text_unpercent(encoded, false, text, sizeof(text))) return bad_url(p, "a malformed or overlong stream name");
  name = sc_slice_str(text);
  if (sc_slice_starts(name, "arn:")) {
    if (!sc_stream_arn_parse(name, &arn))
      return bad_url(p, "not the ARN of a stream (arn:aws:kinesis:REGION:ACCOUNT:stream/NAME)");
    memcpy(p->out->arn, name.ptr, name.len + 1);
    name = arn.name;
  }
  if (!sc_stream_name_is_valid(name)) return bad_url(p, "a stream's name is 1 to 128 letters, digits, _ . -");
  memcpy(p->out->stream, name.ptr, name.len);
  p->out->stream[name.len] = '\0';
  return SC_OK;
}

/* ---- authority and path ---- */

static int give_user(struct parse *p, struct sc_slice user) {
  struct sc_slice secret = sc_text_cut(&user, ':');
  if (user.len == 0 || secret.len == 0) return bad_url(p, "user info is KEY:SECRET");
  int rc = give(p, "access-key-id", user);
  return rc != SC_OK ? rc : give(p, "secret-access-key", secret);
}

static int split_user(struct parse *p) {
  const char *at = p->rest.len ? memrchr(p->rest.ptr, '@', p->rest.len) : NULL;
  if (at == NULL) return SC_OK;
  struct sc_slice user = {p->rest.ptr, (size_t)(at - p->rest.ptr)};
  p->rest = sc_slice_of(at + 1, p->rest.len - user.len - 1);
  return give_user(p, user);
}

static bool looks_like_host(struct sc_slice authority) {
  return memchr(authority.ptr, ':', authority.len) != NULL || authority.ptr[0] == '[';
}

/* STREAM, arn:..., aws/STREAM, HOST[:PORT]/STREAM, HOST:PORT */
static int parse_place(struct parse *p) {
  struct sc_slice authority = p->rest;
  if (authority.len == 0) return SC_OK;
  if (sc_slice_starts(authority, "arn:") || sc_slice_starts(authority, "arn%3")) return set_stream(p, authority);
  struct sc_slice path = sc_text_cut(&authority, '/');
  if (authority.len == 0) return bad_url(p, "no host before the path");
  if (path.ptr == NULL && !looks_like_host(authority)) return set_stream(p, authority);
  if (!sc_slice_is(authority, "aws")) p->host = authority;
  return path.len ? set_stream(p, path) : SC_OK;
}

static int give_endpoint(struct parse *p) {
  if (p->host.len == 0) return SC_OK;
  bool tls = p->tls >= 0 ? p->tls : !sc_endpoint_is_loopback(sc_endpoint_host(p->host));
  struct sc_buf url = SC_BUF_INIT;
  sc_buf_printf(&url, "%s://%.*s", tls ? "https" : "http", SC_SLICE_ARGS(p->host));
  int rc = give(p, "endpoint", sc_buf_view(&url));
  sc_buf_fini(&url);
  return rc;
}

/* ---- parameters ---- */

/* CrateDB Toolkit's name of an option; NULL: it is none of its own. "": taken and without a meaning here. */
static const char *toolkit_option(struct sc_slice name) {
  static const char *const names[][2] = {{"region_name", "region"},
                                         {"aws_access_key_id", "access-key-id"},
                                         {"aws_secret_access_key", "secret-access-key"},
                                         {"aws_session_token", "session-token"},
                                         {"start_date", "start"},
                                         {"batch_size", ""}};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (sc_slice_is(name, names[i][0])) return names[i][1];
  return NULL;
}

static int set_tls(struct parse *p, struct sc_slice value) {
  if (sc_slice_is(value, "true") || sc_slice_is(value, "1")) p->tls = 1;
  else if (sc_slice_is(value, "false") || sc_slice_is(value, "0")) p->tls = 0;
  else return bad_url(p, "tls is true or false");
  return p->host.len ? SC_OK : bad_url(p, "tls goes with kinesis://HOST:PORT");
}

static int parse_parameter(struct parse *p, struct sc_slice parameter) {
  char text[64];
  struct sc_slice value = sc_text_cut(&parameter, '=');
  if (!sc_text_unpercent(parameter, false, text, sizeof(text)) || text[0] == '\0')
    return bad_url(p, "a malformed parameter");
  struct sc_slice name = sc_slice_str(text);
  if (value.ptr == NULL) value = SC_SLICE_LITERAL("true");
  if (sc_slice_is(name, "tls")) return set_tls(p, value);
  if (!p->toolkit) return give(p, text, value);
  if (sc_slice_is(name, "table")) return set_stream(p, value);
  const char *option = toolkit_option(name);
  if (option != NULL && !*option) return SC_OK;
  return give(p, option != NULL ? option : text, value);
}

static int parse_query(struct parse *p) {
  int rc = SC_OK;
  for (struct sc_slice rest = p->query, parameter; rc == SC_OK && sc_text_next(&rest, '&', &parameter);)
    if (parameter.len > 0) rc = parse_parameter(p, parameter);
  return rc;
}

static bool names_endpoint(struct sc_slice query) {
  for (struct sc_slice parameter; sc_text_next(&query, '&', &parameter);)
    if (sc_slice_starts(parameter, "endpoint=")) return true;
  return false;
}

bool sc_kinesis_url_claims(const char *url) { return strncmp(url, "kinesis:", 8) == 0; }

static int parse_parts(struct parse *p) {
  p->query = sc_text_cut(&p->rest, '?');
  if (sc_slice_starts(p->rest, "//")) p->rest = sc_slice_of(p->rest.ptr + 2, p->rest.len - 2);
  else if (p->rest.len) return bad_url(p, "// is missing behind kinesis:");
  p->toolkit = p->rest.len == 0;
  int rc = split_user(p);
  if (rc == SC_OK) rc = parse_place(p);
  if (rc == SC_OK) rc = parse_query(p);
  if (rc == SC_OK && !names_endpoint(p->query)) rc = give_endpoint(p);
  return rc;
}

int sc_kinesis_url_parse(const char *url, sc_kinesis_url_option_fn *option, void *arg, struct sc_kinesis_url *out,
                         struct sc_error *err) {
  struct parse p = {.url = sc_slice_str(url), .out = out, .option = option, .arg = arg, .err = err, .tls = -1};
  *out = (struct sc_kinesis_url){0};
  if (!sc_kinesis_url_claims(url)) return bad_url(&p, "not a kinesis: URL");
  if (p.url.len > SC_KINESIS_URL_MAX)
    return sc_error_set(err, SC_E_USAGE, "a source URL of more than %d bytes", SC_KINESIS_URL_MAX);
  p.rest = sc_slice_of(url + 8, p.url.len - 8);
  return parse_parts(&p);
}
