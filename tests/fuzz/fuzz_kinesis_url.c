/* Source URLs: what is taken is valid, and says the same again when it is written with every byte escaped; what is
 * refused does not show the secret in it. */
#include "engine/base/buf.h"
#include "net/aws/endpoint.h"
#include "net/kinesis/kinesis_url.h"
#include "tests/fuzz/fuzz.h"

#define SECRET "TOPSECRET"

static int keep(void *arg, const char *name, const char *value, struct sc_error *err) {
  struct sc_buf *options = arg;
  (void)err;
  CHECK(name[0] != '\0');
  sc_buf_printf(options, "%s=%s\n", name, value);
  return SC_OK;
}

static int parse(const struct sc_buf *url, struct sc_kinesis_url *out, struct sc_buf *options, struct sc_error *err) {
  sc_buf_clear(options);
  return sc_kinesis_url_parse(sc_buf_str(url), keep, options, out, err);
}

static void check_taken(const struct sc_kinesis_url *url) {
  struct sc_stream_arn arn;
  struct sc_slice name = sc_slice_str(url->stream);
  CHECK(name.len == 0 || sc_stream_name_is_valid(name));
  if (url->arn[0]) {
    CHECK(sc_stream_arn_parse(sc_slice_str(url->arn), &arn));
    CHECK(sc_slice_equals(arn.name, name));
  }
}

static void check_again(const struct sc_kinesis_url *first) {
  struct sc_buf url = SC_BUF_INIT, options = SC_BUF_INIT;
  struct sc_kinesis_url again;
  struct sc_error err;
  sc_buf_add_str(&url, "kinesis:?table=");
  for (const char *p = first->arn[0] ? first->arn : first->stream; *p; p++)
    sc_buf_printf(&url, "%%%02X", (unsigned char)*p);
  CHECK(parse(&url, &again, &options, &err) == SC_OK);
  CHECK(options.len == 0);
  CHECK(strcmp(again.stream, first->stream) == 0 && strcmp(again.arn, first->arn) == 0);
  sc_buf_fini(&url);
  sc_buf_fini(&options);
}

static void try_url(const char *prefix, const uint8_t *data, size_t size) {
  struct sc_buf url = SC_BUF_INIT, options = SC_BUF_INIT;
  struct sc_kinesis_url out;
  struct sc_error err;
  sc_buf_add_str(&url, prefix);
  sc_buf_add(&url, data, size);
  bool secret_once = memmem(data, size, SECRET, strlen(SECRET)) == NULL;
  if (parse(&url, &out, &options, &err) == SC_OK) {
    check_taken(&out);
    if (out.stream[0]) check_again(&out);
  } else {
    CHECK(err.code == SC_E_USAGE);
    CHECK(!secret_once || (!strstr(err.text, SECRET) && !strstr(err.hint, SECRET)));
  }
  sc_buf_fini(&url);
  sc_buf_fini(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (memchr(data, 0, size) || size > 2 * SC_KINESIS_URL_MAX) return 0;
  try_url("", data, size);
  try_url("kinesis:", data, size);
  try_url("kinesis://AKID:" SECRET "@", data, size);
  return 0;
}
