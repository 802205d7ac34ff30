/* The AWS shared files: a text that is taken does not change what a section behind it says, and taken twice it says the
 * same. */
#include "engine/base/buf.h"
#include "net/aws/aws_config.h"
#include "tests/fuzz/fuzz.h"

static const char tail[] =
    "\n[profile fuzzed]\nregion = here ; comment\nservices = sv\n"
    "[services sv]\nkinesis =\n endpoint_url = there\n";

static bool same(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static const char *const names[] = {"default", "a", "work"};
static const char *const keys[] = {"region",   "aws_access_key_id", "aws_secret_access_key",
                                   "services", "endpoint_url",      "x"};

static void check_same(const struct sc_aws_config *once, const struct sc_aws_config *twice) {
  for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
    CHECK(sc_aws_config_has_profile(once, names[n]) == sc_aws_config_has_profile(twice, names[n]));
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
      CHECK(same(sc_aws_config_profile(once, names[n], keys[k]), sc_aws_config_profile(twice, names[n], keys[k])));
      CHECK(same(sc_aws_config_service(once, names[n], "kinesis", keys[k]),
                 sc_aws_config_service(twice, names[n], "kinesis", keys[k])));
    }
  }
}

static void try_text(struct sc_slice text, bool is_credentials) {
  struct sc_aws_config *once = sc_aws_config_new(), *twice = sc_aws_config_new();
  struct sc_error err;
  int rc = sc_aws_config_add(once, text, is_credentials, "text", &err);
  if (rc == SC_OK) {
    CHECK(sc_aws_config_add(twice, text, is_credentials, "text", &err) == SC_OK);
    CHECK(sc_aws_config_add(twice, text, is_credentials, "text", &err) == SC_OK);
    check_same(once, twice);
    /* A text with another header for the tail's names would replace its sections. */
    bool may_replace = memmem(text.ptr, text.len, "fuzzed", 6) != NULL || memmem(text.ptr, text.len, "sv", 2) != NULL;
    CHECK(sc_aws_config_add(once, sc_slice_of(tail, sizeof(tail) - 1), false, "tail", &err) == SC_OK);
    const char *url = sc_aws_config_service(once, "fuzzed", "kinesis", "endpoint_url");
    CHECK(is_credentials || may_replace || same(url, "there"));
  } else {
    CHECK(rc == SC_E_CONFIG && err.hint[0]);
  }
  sc_aws_config_free(once);
  sc_aws_config_free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 1 << 16) return 0;
  try_text(sc_slice_of((const char *)data, size), false);
  try_text(sc_slice_of((const char *)data, size), true);
  return 0;
}
