#include "net/kinesis/consumer.h"

#include "tests/unit/engine/base/check.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/log.h"
#include "tests/unit/net/aws/static_key.h"
#include "tests/unit/net/http/peer.h"

#define SCRIPT(...)                                  \
  static const struct answer script[] = __VA_ARGS__; \
  open_with(script, sizeof(script) / sizeof(script[0]))
#define OK(text) \
  { .status = "200 OK", .body = (text) }
#define FAULT(type, text) \
  { .status = "400 Bad Request", .body = "{\"__type\":\"" type "\",\"message\":\"" text "\"}" }
#define CONSUMER(name, status) \
  "{\"ConsumerName\":\"" name "\",\"ConsumerARN\":\"arn:" name "\",\"ConsumerStatus\":\"" status "\"}"
#define DESCRIBED(status) OK("{\"ConsumerDescription\":" CONSUMER("c", status) "}")
#define MISSING FAULT("ResourceNotFoundException", "Consumer c under stream: s, account 0 not found.")

static struct peer peer;
static struct sc_kinesis k;
static struct sc_kinesis_client *client;
static struct sc_error err;
static const struct sc_consumer_ref by_name = {.stream_arn = "arn:s", .name = "c"}, by_arn = {.arn = "arn:c"};

static bool never(void) { return false; }

static void open_with(const struct answer *script, size_t n) {
  peer_open(&peer, script, n);
  k = (struct sc_kinesis){.endpoint = {.region = "us-east-1"}, .credentials = static_key(NULL)};
  memcpy(k.endpoint.at[SC_ENDPOINT_CONTROL].host, "h", 2);
  memcpy(k.endpoint.at[SC_ENDPOINT_CONTROL].url, peer.url, sizeof(peer.url));
  assert_int_equal(sc_http_new(NULL, false, &k.http, &err), SC_OK);
  assert_int_equal(sc_kinesis_client_new(&k, never, &client, &err), SC_OK);
}

static int drop(void **state) {
  (void)state;
  sc_kinesis_client_free(client);
  sc_http_free(k.http);
  sc_credentials_close(k.credentials);
  peer_close(&peer);
  peer_free(&peer);
  return 0;
}

static void check_asked(size_t i, const char *text) {
  assert_true(i < atomic_load(&peer.answered));
  if (strstr(peer.requests[i], text) == NULL) fail_msg("%s", peer.requests[i]);
}

static struct sc_consumer settled;
static bool registered;

static int settle(const struct sc_consumer_ref *ref, bool may_register) {
  return sc_consumer_settle(client, ref, may_register, &settled, &registered, &err);
}

static void names(void **state) {
  (void)state;
  char name[SC_CONSUMER_NAME_MAX + 1], longest[300];
  sc_consumer_name_make("shardcopy-", "a.b_C-1", name);
  assert_string_equal(name, "shardcopy-a.b_C-1");
  sc_consumer_name_make("shardcopy-", "Zürich / 1", name);
  assert_string_equal(name, "shardcopy-Z__rich___1");
  memset(longest, 'x', sizeof(longest));
  longest[299] = '\0';
  sc_consumer_name_make("shardcopy-", longest, name);
  assert_int_equal(strlen(name), SC_CONSUMER_NAME_MAX);
  assert_true(sc_consumer_name_is_valid(name));
  assert_false(sc_consumer_name_is_valid(longest));
  assert_false(sc_consumer_name_is_valid(""));
  assert_false(sc_consumer_name_is_valid("a b"));
}

static void one_that_is_there_is_used(void **state) {
  (void)state;
  SCRIPT({DESCRIBED("ACTIVE")});
  assert_int_equal(settle(&by_name, true), SC_OK);
  assert_string_equal(settled.arn, "arn:c");
  assert_false(registered);
  check_asked(0, "{\"StreamARN\":\"arn:s\",\"ConsumerName\":\"c\"}");
}

static void by_arn_alone(void **state) {
  (void)state;
  SCRIPT({DESCRIBED("ACTIVE")});
  assert_int_equal(settle(&by_arn, false), SC_OK);
  check_asked(0, "\r\n\r\n{\"ConsumerARN\":\"arn:c\"}");
}

static void one_that_is_not_there_is_registered(void **state) {
  (void)state;
  SCRIPT({MISSING, OK("{\"Consumer\":" CONSUMER("c", "CREATING") "}"), DESCRIBED("CREATING"), DESCRIBED("ACTIVE")});
  assert_int_equal(settle(&by_name, true), SC_OK);
  assert_true(registered);
  check_asked(1, "RegisterStreamConsumer");
  assert_int_equal(atomic_load(&peer.answered), 4);
}

static void one_that_goes_is_waited_for(void **state) {
  (void)state;
  SCRIPT({DESCRIBED("DELETING"), MISSING, OK("{}"), DESCRIBED("ACTIVE")});
  assert_int_equal(settle(&by_name, true), SC_OK);
  assert_true(registered);
}

static void somebody_was_faster(void **state) {
  (void)state;
  SCRIPT({MISSING, FAULT("ResourceInUseException", "Consumer c already exists."), DESCRIBED("ACTIVE")});
  assert_int_equal(settle(&by_name, true), SC_OK);
  assert_false(registered);
}

static void none_may_be_registered(void **state) {
  (void)state;
  SCRIPT({MISSING});
  assert_int_equal(settle(&by_name, false), SC_E_CONFIG);
  assert_non_null(strstr(err.text, "no consumer c"));
  assert_non_null(strstr(err.hint, "consumers register"));
}

static void a_missing_stream_is_no_missing_consumer(void **state) {
  (void)state;
  SCRIPT({FAULT("ResourceNotFoundException", "Stream s under account 0 not found.")});
  assert_int_equal(settle(&by_name, true), SC_E_NO_SOURCE);
}

static void access_denied_says_what_to_allow(void **state) {
  (void)state;
  SCRIPT({FAULT("AccessDeniedException", "no")});
  assert_int_equal(settle(&by_name, true), SC_E_AUTH);
  assert_non_null(strstr(err.hint, "--consumer-arn"));
}

static void a_limit_that_passes(void **state) {
  (void)state;
  SCRIPT({MISSING, FAULT("LimitExceededException", "too many CREATING"), OK("{\"Consumers\":[]}"), MISSING, OK("{}"),
          DESCRIBED("ACTIVE")});
  assert_int_equal(settle(&by_name, true), SC_OK);
  check_asked(2, "ListStreamConsumers");
}

static void pages(void **state) {
  (void)state;
  struct sc_consumer *consumers;
  size_t n;
  SCRIPT({OK("{\"Consumers\":[" CONSUMER("a", "ACTIVE") "],\"NextToken\":\"t1\"}"),
          OK("{\"Consumers\":[],\"NextToken\":\"t2\"}"), OK("{\"Consumers\":[" CONSUMER("b", "DELETING") "]}")});
  assert_int_equal(sc_consumer_list(client, "arn:s", &consumers, &n, &err), SC_OK);
  assert_int_equal(n, 2);
  assert_string_equal(consumers[1].name, "b");
  assert_string_equal(consumers[1].status, "DELETING");
  check_asked(2, "{\"StreamARN\":\"arn:s\",\"NextToken\":\"t2\"}");
  free(consumers);
}

static void malformed(void **state) {
  (void)state;
  struct sc_consumer *consumers;
  size_t n;
  SCRIPT({OK("{\"Consumers\":[" CONSUMER("a", "ACTIVE") ",{\"ConsumerName\":\"b\"}]}"),
          OK("{\"ConsumerDescription\":7}")});
  assert_int_equal(sc_consumer_list(client, "arn:s", &consumers, &n, &err), SC_E_PROTOCOL);
  assert_null(consumers);
  assert_int_equal(settle(&by_name, true), SC_E_PROTOCOL);
}

static void deregistering(void **state) {
  (void)state;
  SCRIPT({OK(""), MISSING, FAULT("InvalidArgumentException", "no")});
  assert_int_equal(sc_consumer_deregister(client, &by_arn, &err), SC_OK);
  assert_int_equal(sc_consumer_deregister(client, &by_arn, &err), SC_OK);
  assert_int_equal(sc_consumer_deregister(client, &by_arn, &err), SC_E_REFUSED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),
      cmocka_unit_test_teardown(one_that_is_there_is_used, drop),
      cmocka_unit_test_teardown(by_arn_alone, drop),
      cmocka_unit_test_teardown(one_that_is_not_there_is_registered, drop),
      cmocka_unit_test_teardown(one_that_goes_is_waited_for, drop),
      cmocka_unit_test_teardown(somebody_was_faster, drop),
      cmocka_unit_test_teardown(none_may_be_registered, drop),
      cmocka_unit_test_teardown(a_missing_stream_is_no_missing_consumer, drop),
      cmocka_unit_test_teardown(access_denied_says_what_to_allow, drop),
      cmocka_unit_test_teardown(a_limit_that_passes, drop),
      cmocka_unit_test_teardown(pages, drop),
      cmocka_unit_test_teardown(malformed, drop),
      cmocka_unit_test_teardown(deregistering, drop),
  };
  sc_log_init(SC_ERROR_LEVEL, false);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
