/* What the local service makes of a signature. The input is text: method, path, Authorization, header lines up to an
 * empty one, body.
 *
 * The Authorization header and the canonical request are read and made a second time here, by strings that are cut and
 * copied; both must agree. A request that is accepted is refused when a byte of its body is another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/local/auth/signature.h"
#include "tests/fuzz/fuzz.h"

#define MAX_LINES 40
#define MAX_PARTS 200
#define SIGNED_MS INT64_C(1767323045000)
#define FALLBACK "host;x-amz-date;x;host"

/* Lines of the input, NUL-terminated. */
struct input {
  char *text;
  char *method, *path, *authorization;
  int n_headers;
  char *names[MAX_LINES], *values[MAX_LINES];
  char *body;
};

static char *take_line(char **rest) {
  char *line = *rest, *end = strchr(line, '\n');
  *rest = end == NULL ? line + strlen(line) : end + 1;
  if (end != NULL) *end = '\0';
  return line;
}

static void read_input(struct input *in, const uint8_t *data, size_t size) {
  *in = (struct input){.text = malloc(size + 1)};
  CHECK(in->text != NULL);
  if (size > 0) memcpy(in->text, data, size);
  in->text[size] = '\0';
  char *rest = in->text;
  in->method = take_line(&rest);
  in->path = take_line(&rest);
  in->authorization = take_line(&rest);
  for (;;) {
    char *line = take_line(&rest), *colon = strchr(line, ':');
    if (colon == NULL || in->n_headers == MAX_LINES) break;
    *colon = '\0';
    in->names[in->n_headers] = line;
    in->values[in->n_headers++] = colon + 1;
  }
  in->body = rest;
}

/* ---- the canonical request, again ---- */

static void add_escaped(struct sc_buf *out, const char *text) {
  for (; *text != '\0'; text++) {
    char c = *text;
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_letter || (c >= '0' && c <= '9') || strchr("-._~", c) != NULL) sc_buf_add_char(out, c);
    else sc_buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
  }
}

/* From the end: a segment falls to a ".." behind it. False when there are too many. */
static bool add_path(struct sc_buf *out, char *path) {
  char *kept[MAX_PARTS], *slash;
  int n = 0, ups = 0;
  size_t len = strlen(path);
  bool is_absolute = len == 0 || path[0] == '/', ends_in_slash = len > 0 && path[len - 1] == '/';
  do {
    if (n == MAX_PARTS) return false;
    slash = strrchr(path, '/');
    char *segment = slash == NULL ? path : slash + 1;
    if (strcmp(segment, "..") == 0) ups++;
    else if (segment[0] == '\0' || strcmp(segment, ".") == 0) continue;
    else if (ups > 0) ups--;
    else kept[n++] = segment;
  } while (slash != NULL && ((*slash = '\0'), true));
  if (is_absolute) sc_buf_add_char(out, '/');
  for (int i = n - 1; i >= 0; i--) {
    add_escaped(out, kept[i]);
    if (i > 0) sc_buf_add_char(out, '/');
  }
  if (n > 0 && ends_in_slash) sc_buf_add_char(out, '/');
  return true;
}

/* The smallest pair, again and again. */
static bool add_query(struct sc_buf *out, char *query) {
  char *keys[MAX_PARTS], *values[MAX_PARTS];
  int n = 0;
  for (char *rest, *pair = strtok_r(query, "&", &rest); pair != NULL; pair = strtok_r(NULL, "&", &rest)) {
    if (n == MAX_PARTS) return false;
    char *equals = strchr(pair, '=');
    if (equals != NULL) *equals = '\0';
    keys[n] = pair;
    values[n++] = equals == NULL ? pair + strlen(pair) : equals + 1;
  }
  for (int left = n; left > 0; left--) {
    int least = 0;
    for (int i = 1; i < left; i++) {
      int order = strcmp(keys[i], keys[least]);
      if (order < 0 || (order == 0 && strcmp(values[i], values[least]) < 0)) least = i;
    }
    sc_buf_printf(out, "%s%s=%s", left < n ? "&" : "", keys[least], values[least]);
    keys[least] = keys[left - 1];
    values[least] = values[left - 1];
  }
  return true;
}

static void add_header(struct sc_buf *out, const struct input *in, const char *name) {
  const char *comma = "";
  sc_buf_printf(out, "%s:", name);
  for (int i = 0; i < in->n_headers; i++) {
    if (strcmp(in->names[i], name) != 0) continue;
    char *value = sc_strdup(in->values[i]);
    const char *blank = "";
    char *rest;
    sc_buf_add_str(out, comma);
    for (char *word = strtok_r(value, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest), blank = " ")
      sc_buf_printf(out, "%s%s", blank, word);
    comma = ",";
    free(value);
  }
  sc_buf_add_char(out, '\n');
}

/* False when it has more parts than this one takes. */
static bool add_canonical(struct sc_buf *out, const struct input *in, const char *signed_headers) {
  char *path = sc_strdup(in->path), *question = strchr(path, '?'), *names = sc_strdup(signed_headers), *name = names;
  char *query = question == NULL ? path + strlen(path) : question + 1;
  if (question != NULL) *question = '\0';
  sc_buf_printf(out, "%s\n", in->method);
  bool is_good = add_path(out, path);
  sc_buf_add_char(out, '\n');
  is_good = add_query(out, query) && is_good;
  sc_buf_add_char(out, '\n');
  for (char *end; name != NULL; name = end == NULL ? NULL : end + 1) {
    end = strchr(name, ';');
    if (end != NULL) *end = '\0';
    add_header(out, in, name);
  }
  sc_buf_printf(out, "\n%s\nHASH", signed_headers);
  free(path);
  free(names);
  return is_good;
}

static void check_canonical(const struct input *in, const struct scl_request *request, const char *signed_headers) {
  struct sc_buf want = SC_BUF_INIT, got = SC_BUF_INIT;
  scl_canonical_add(&got, request, sc_slice_str(signed_headers), "HASH");
  if (add_canonical(&want, in, signed_headers)) CHECK(sc_slice_equals(sc_buf_view(&want), sc_buf_view(&got)));
  sc_buf_fini(&want);
  sc_buf_fini(&got);
}

/* ---- the Authorization header, again ---- */

/* The value of the only part of that name; NULL when there is none or more. */
static const char *part_of(char *const words[], int n, const char *name) {
  const char *found = NULL;
  size_t len = strlen(name);
  for (int i = 0; i < n; i++) {
    if (strncmp(words[i], name, len) != 0 || words[i][len] != '=') continue;
    if (found != NULL && found[0] != '\0') return NULL;
    found = words[i] + len + 1;
  }
  return found != NULL && found[0] != '\0' ? found : NULL;
}

static int count_of(const char *text, char c) {
  int n = 0;
  for (; *text != '\0'; text++) n += *text == c;
  return n;
}

/* The signed headers when all is well, else NULL. */
static const char *read_naively(char *header, const char **credential) {
  char *words[MAX_PARTS];
  int n = 0;
  bool is_ours = strncmp(header, "AWS4-HMAC-SHA256 ", 17) == 0;
  char *rest;
  strtok_r(header, " ,", &rest);
  for (char *word = strtok_r(NULL, " ,", &rest); word != NULL; word = strtok_r(NULL, " ,", &rest)) {
    if (n == MAX_PARTS || strchr(word, '=') == NULL) return NULL;
    words[n++] = word;
  }
  *credential = part_of(words, n, "Credential");
  const char *signed_headers = part_of(words, n, "SignedHeaders");
  bool is_good = is_ours && *credential != NULL && signed_headers != NULL && part_of(words, n, "Signature") != NULL;
  is_good = is_good && count_of(*credential, '/') == 4 && (*credential)[0] != '/';
  return is_good ? signed_headers : NULL;
}

static void check_authorization(const struct input *in, const struct scl_request *request) {
  struct scl_authorization a;
  struct scl_refusal refusal = {0};
  const char *credential = NULL;
  char *copy = sc_strdup(in->authorization);
  const char *want = read_naively(copy, &credential);
  bool is_good = scl_authorization_read(sc_slice_str(in->authorization), true, &a, &refusal);
  CHECK(is_good == (want != NULL) || count_of(in->authorization, ',') + count_of(in->authorization, ' ') >= MAX_PARTS);
  CHECK(is_good == (refusal.type == NULL));
  if (is_good && want != NULL) {
    char again[4096];
    CHECK(sc_slice_is(a.signed_headers, want));
    int len = snprintf(again, sizeof(again), "%.*s/%.*s/%.*s/%.*s/%.*s", SC_SLICE_ARGS(a.key_id), SC_SLICE_ARGS(a.date),
                       SC_SLICE_ARGS(a.region), SC_SLICE_ARGS(a.service), SC_SLICE_ARGS(a.terminator));
    CHECK(len >= (int)sizeof(again) || strcmp(again, credential) == 0);
    check_canonical(in, request, want);
  }
  free(copy);
  sc_buf_fini(&refusal.text);
}

/* ---- both at work ---- */

static bool accepts(struct scl_signatures *signatures, const struct scl_request *request) {
  struct scl_refusal refusal = {0};
  bool is_good = scl_signatures_check(signatures, "kinesis", request, SIGNED_MS, NULL, &refusal);
  CHECK(is_good == (refusal.type == NULL));
  CHECK(is_good == (refusal.text.len == 0));
  sc_buf_fini(&refusal.text);
  return is_good;
}

static void check_signature(const struct input *in, struct scl_request *request) {
  struct sc_error err;
  struct scl_keyring *ring = scl_keyring_new();
  CHECK(scl_keyring_read(ring, SC_SLICE_LITERAL("AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), &err) ==
        SC_OK);
  struct scl_signatures *signatures = scl_signatures_new("us-east-1", ring);
  CHECK(signatures != NULL);
  if (accepts(signatures, request) && request->body.len > 0) {
    in->body[request->body.len / 2] ^= 1;
    CHECK(!accepts(signatures, request));
  }
  scl_signatures_free(signatures);
  scl_keyring_free(ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input in;
  struct scl_header headers[MAX_LINES + 1];
  if (memchr(data, '\0', size) != NULL) return 0;
  read_input(&in, data, size);
  struct scl_request request = {.method = sc_slice_str(in.method),
                                .path = sc_slice_str(in.path),
                                .body = sc_slice_str(in.body),
                                .headers = headers,
                                .n_headers = in.n_headers};
  for (int i = 0; i < in.n_headers; i++)
    headers[i] = (struct scl_header){sc_slice_str(in.names[i]), sc_slice_str(in.values[i])};
  check_canonical(&in, &request, FALLBACK);
  check_authorization(&in, &request);
  headers[request.n_headers++] = (struct scl_header){SC_SLICE_LITERAL("authorization"), sc_slice_str(in.authorization)};
  check_signature(&in, &request);
  free(in.text);
  return 0;
}
