#include "bench/local/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/local/api/service.h"
#include "bench/local/auth/signature.h"
#include "bench/local/auth/stub_keys.h"
#include "bench/local/disk/datadir.h"
#include "bench/local/faults/faultspec.h"
#include "bench/local/http/certs.h"
#include "bench/local/http/http.h"
#include "bench/local/http/tls.h"
#include "bench/local/http/transport.h"
#include "bench/local/seed/generate.h"
#include "engine/base/clock.h"
#include "engine/base/descriptors.h"
#include "engine/base/log.h"
#include "engine/base/text.h"

static const struct sc_command_spec command_specs[] = {
    {"", "", 0, 0, "Serve Kinesis on this machine.",
     "  shardcopy-local\n"
     "      an empty service on 127.0.0.1:4567\n"
     "  aws --endpoint-url http://127.0.0.1:4567 kinesis create-stream --stream-name demo --shard-count 2\n"
     "      any client works against it, with any credentials\n"
     "  SHARDCOPY_LOCAL_KEYS=AKIDEXAMPLE:SECRET shardcopy-local --verify-signatures\n"
     "      accept only requests signed with that key, as Kinesis does\n"
     "  shardcopy-local --stub-credentials --verify-signatures --stub-expiry 900\n"
     "      accept only keys that are handed out here: AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:4567,\n"
     "      AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:4567/v2/credentials/x, AWS_ENDPOINT_URL_STS and so on\n"
     "  shardcopy-local --generate demo:shards=32,records=1000000,seed=1\n"
     "      with a stream of a million sensor readings\n"
     "  shardcopy-local --limits=off\n"
     "      without throttling\n"
     "  shardcopy-local --load demo=events.ndjson:shards=4 --tls-listen 127.0.0.1:4568\n"
     "      with the lines of a file as records, over HTTPS too\n"
     "  shardcopy-local --data-dir ~/streams\n"
     "      keep streams and records over restarts, however the last run ended\n"
     "  curl -d '{\"operation\":\"GetRecords\",\"kind\":\"throttle\",\"count\":3}' "
     "http://127.0.0.1:4567/_local/faults\n"
     "      throttle the next three GetRecords calls. Names: operation, kind, count (default 1),\n"
     "      after (calls that pass first), p (probability for each call; without count it never ends), and with any\n"
     "      kind delay_ms, piece_bytes (the body in pieces), date_skew_ms (of the Date header). Kinds:\n"
     "        error (code, status, message, retry_after_ms: x-amz-retry-after; error=CODE for short), throttle, "
     "expired-token\n"
     "        slow, split, skewed-date: only late, in pieces of one byte, with a Date one hour ahead\n"
     "        reset, truncate, half-open, rst-stream: after `bytes` of the body (0; -1: before the header)\n"
     "        refused-stream: not executed; goaway: after the body, or `bytes` of it; both HTTP/2, as is rst-stream\n"
     "        entries: PutRecords fails its 1st, every + 1st ... entry (every, code, message)\n"
     "        GetRecords: expire-iterator, duplicate (the page comes again), behind-zero, end-late, end-falsely\n"
     "        (children: true names children that do not exist)\n"
     "        SubscribeToShard.event, the events of a subscription: corrupt, end, and most of the kinds above\n"
     "      GET /_local/faults lists faults and their hits; DELETE removes them\n"
     "  curl -X POST http://127.0.0.1:4567/_local/expire-iterators\n"
     "      make every iterator and NextToken handed out so far expire\n"},
};

static const struct sc_option_spec option_specs[] = {
#define SC_OPTION(id, ...) {__VA_ARGS__},
#include "bench/local/options.def"
#undef SC_OPTION
};

const struct sc_program_spec scl_local_program = {
    .name = "shardcopy-local",
    .env_prefix = "SHARDCOPY_LOCAL",
    .text =
        "A Kinesis service for one machine: for development, tests and benchmarks. Streams live in memory, or in a "
        "folder with --data-dir.",
    .version = SC_VERSION,
    .commands = command_specs,
    .n_commands = 1,
    .options = option_specs,
    .n_options = SCL_LOCAL_OPTIONS,
};

struct server {
  const struct sc_options *options;
  struct scl_timebase timebase;
  struct scl_keyring *keys;
  struct scl_signatures *signatures;  /* NULL: requests are not checked */
  struct scl_stub_credentials *stubs; /* NULL: none */
  struct scl_store *store;
  struct scl_datadir *datadir; /* NULL: in memory only */
  struct scl_service *service;
  struct scl_handler handler;
  struct scl_transport *transport;
  struct scl_certs certs;
  struct scl_tls_context *tls;
  struct sc_buf ready; /* the lines that are printed when it listens */
};

/* Whether the data folder has the stream already; logs it. */
static bool is_kept(const struct server *server, const char *stream) {
  bool is_there = server->datadir != NULL && scl_store_find(server->store, sc_slice_str(stream)) != NULL;
  if (is_there) sc_log(SC_INFO, "the data folder has the stream already, it stays as it is", "stream=%s", stream);
  return is_there;
}

static int generate(struct server *server, struct sc_slice spec, struct sc_error *err) {
  struct scl_generate what;
  int64_t start_ms = sc_clock_mono_ms();
  int rc = scl_generate_parse(spec, &what, err);
  if (rc == SC_OK && is_kept(server, what.stream)) return SC_OK;
  if (rc == SC_OK) rc = scl_generate_run(server->store, &what, sc_clock_wall_ms(), err);
  if (rc != SC_OK) {
    sc_error_prefix(err, "--generate %.*s", SC_SLICE_ARGS(spec));
    return rc;
  }
  sc_log(SC_INFO, "generated", "stream=%s shards=%u records=%llu ms=%lld", what.stream, what.shards,
         (unsigned long long)what.records, (long long)(sc_clock_mono_ms() - start_ms));
  return SC_OK;
}

static int load(struct server *server, struct sc_slice spec, struct sc_error *err) {
  struct scl_load what;
  int rc = scl_load_parse(spec, &what, err);
  if (rc == SC_OK && is_kept(server, what.stream)) return SC_OK;
  if (rc == SC_OK) rc = scl_load_run(server->store, &what, sc_clock_wall_ms(), err);
  if (rc != SC_OK) sc_error_prefix(err, "--load %.*s", SC_SLICE_ARGS(spec));
  return rc;
}

static int fill_store(struct server *server, struct sc_error *err) {
  const char *generates = sc_options_text(server->options, SCL_LOCAL_OPT_GENERATE);
  const char *loads = sc_options_text(server->options, SCL_LOCAL_OPT_LOAD);
  struct sc_slice spec, rest = sc_slice_str(generates == NULL ? "" : generates);
  int rc = SC_OK;
  while (rc == SC_OK && sc_text_next(&rest, ';', &spec))
    if (spec.len > 0) rc = generate(server, spec, err);
  rest = sc_slice_str(loads == NULL ? "" : loads);
  while (rc == SC_OK && sc_text_next(&rest, ';', &spec))
    if (spec.len > 0) rc = load(server, spec, err);
  return rc;
}

static int add_faults(struct server *server, struct sc_error *err) {
  const char *spec = sc_options_text(server->options, SCL_LOCAL_OPT_FAULTS);
  struct scl_faultlist list = {0};
  if (spec == NULL) return SC_OK;
  int rc = scl_faultspec_read(sc_slice_str(spec), &list, err);
  if (rc == SC_OK) scl_faults_add(scl_service_faults(server->service), list.items, list.n);
  else sc_error_prefix(err, "--faults");
  scl_faultlist_fini(&list);
  return rc;
}

static int prepare_tls(struct server *server, struct sc_error *err) {
  struct sc_buf dir = SC_BUF_INIT;
  const char *given = sc_options_text(server->options, SCL_LOCAL_OPT_CERT_DIR);
  if (given != NULL) sc_buf_add_str(&dir, given);
  if (dir.len == 0 && !scl_certs_default_dir(&dir))
    return sc_error_fail(err, SC_E_USAGE, "name one with --cert-dir", "no folder for certificates: HOME is not set");
  int rc = scl_certs_ensure(sc_buf_str(&dir), &server->certs, err);
  if (rc == SC_OK)
    server->tls = scl_tls_context_new(sc_buf_str(&server->certs.server), sc_buf_str(&server->certs.server_key), err);
  sc_buf_fini(&dir);
  return server->tls == NULL ? err->code : SC_OK;
}

static int listen_plain(struct server *server, struct sc_error *err) {
  char bound[SCL_TRANSPORT_ADDRESS];
  const char *address = sc_options_text(server->options, SCL_LOCAL_OPT_LISTEN);
  if (strcmp(address, "off") == 0) return SC_OK;
  int rc = scl_transport_listen(server->transport, address, NULL, bound, err);
  if (rc == SC_OK) sc_buf_printf(&server->ready, "listening http %s\n", bound);
  return rc;
}

static int listen_tls(struct server *server, struct sc_error *err) {
  char bound[SCL_TRANSPORT_ADDRESS];
  const char *address = sc_options_text(server->options, SCL_LOCAL_OPT_TLS_LISTEN);
  if (address == NULL) return SC_OK;
  int rc = prepare_tls(server, err);
  if (rc == SC_OK) rc = scl_transport_listen(server->transport, address, server->tls, bound, err);
  if (rc == SC_OK) sc_buf_printf(&server->ready, "listening https %s ca=%s\n", bound, sc_buf_str(&server->certs.ca));
  return rc;
}

static int listen_all(struct server *server, struct sc_error *err) {
  int rc = listen_plain(server, err);
  if (rc == SC_OK) rc = listen_tls(server, err);
  if (rc == SC_OK && server->ready.len == 0)
    rc = sc_error_set(err, SC_E_USAGE, "nothing to listen on: --listen is off and there is no --tls-listen");
  return rc;
}

static int write_ready_file(const struct server *server, const char *path, struct sc_error *err) {
  struct sc_buf temporary = SC_BUF_INIT;
  sc_buf_printf(&temporary, "%s.new", path);
  FILE *file = fopen(sc_buf_str(&temporary), "we");
  bool good = file != NULL && fwrite(server->ready.ptr, 1, server->ready.len, file) == server->ready.len;
  if (file != NULL) good = fclose(file) == 0 && good;
  good = good && rename(sc_buf_str(&temporary), path) == 0;
  if (!good) sc_error_errno(err, SC_E_IO, errno, "writing %s", path);
  sc_buf_fini(&temporary);
  return good ? SC_OK : err->code;
}

static int say_ready(const struct server *server, struct sc_error *err) {
  const char *path = sc_options_text(server->options, SCL_LOCAL_OPT_READY_FILE);
  int rc = path == NULL ? SC_OK : write_ready_file(server, path, err);
  fputs(sc_buf_str(&server->ready), stdout);
  fflush(stdout);
  return rc;
}

/* The data folder's thread cannot write: the main thread is to end the service, and finds out why. */
static void end_service(void *context, const struct sc_error *err) {
  (void)context;
  sc_log_error(SC_ERROR_LEVEL, "the data folder cannot be written, shardcopy-local ends", err);
  kill(getpid(), SIGTERM);
}

static int open_datadir(struct server *server, struct sc_error *err) {
  const char *path = sc_options_text(server->options, SCL_LOCAL_OPT_DATA_DIR);
  if (path == NULL) return SC_OK;
  int64_t now_ms = scl_timebase_now_ms(&server->timebase);
  return scl_datadir_open(path, server->store, now_ms, end_service, NULL, &server->datadir, err);
}

/* Makes the key ring, and the checker of signatures if there is to be one. */
static int prepare_keys(struct server *server, struct sc_error *err) {
  const struct sc_options *options = server->options;
  const char *keys = sc_options_text(options, SCL_LOCAL_OPT_KEYS),
             *file = sc_options_text(options, SCL_LOCAL_OPT_KEYS_FILE);
  bool verifies = sc_options_flag(options, SCL_LOCAL_OPT_VERIFY_SIGNATURES);
  int rc = SC_OK;
  server->keys = scl_keyring_new();
  if (keys != NULL) rc = scl_keyring_read(server->keys, sc_slice_str(keys), err);
  if (rc == SC_OK && file != NULL) rc = scl_keyring_read_file(server->keys, file, err);
  if (rc != SC_OK || !verifies) return rc;
  if (scl_keyring_count(server->keys) == 0 && !sc_options_flag(options, SCL_LOCAL_OPT_STUB_CREDENTIALS))
    return sc_error_fail(err, SC_E_USAGE,
                         "name some with --keys or --keys-file, or hand some out with --stub-credentials",
                         "--verify-signatures without keys would refuse every request");
  server->signatures = scl_signatures_new(sc_options_text(options, SCL_LOCAL_OPT_REGION), server->keys);
  if (server->signatures != NULL) return SC_OK;
  return sc_error_set(err, SC_E_INTERNAL, "OpenSSL offers no SHA-256");
}

/* After prepare_keys. */
static void prepare_stubs(struct server *server) {
  const struct sc_options *options = server->options;
  struct scl_stub_settings settings = {.account = SCL_SERVICE_ACCOUNT,
                                       .region = sc_options_text(options, SCL_LOCAL_OPT_REGION),
                                       .expiry_s = sc_options_int(options, SCL_LOCAL_OPT_STUB_EXPIRY),
                                       .container_token = sc_options_text(options, SCL_LOCAL_OPT_STUB_TOKEN),
                                       .keys = server->keys,
                                       .signatures = server->signatures};
  if (sc_options_flag(options, SCL_LOCAL_OPT_STUB_CREDENTIALS)) server->stubs = scl_stub_credentials_new(&settings);
}

static int start(struct server *server, struct sc_error *err) {
  const struct sc_options *options = server->options;
  scl_timebase_init(&server->timebase);
  int rc = prepare_keys(server, err);
  if (rc != SC_OK) return rc;
  prepare_stubs(server);
  struct scl_service_settings settings = {
      .region = sc_options_text(options, SCL_LOCAL_OPT_REGION),
      .page_span_ms = sc_options_int(options, SCL_LOCAL_OPT_PAGE_SPAN_MS),
      .page_bytes = (uint64_t)sc_options_int(options, SCL_LOCAL_OPT_PAGE_BYTES),
      .is_limited = strcmp(sc_options_text(options, SCL_LOCAL_OPT_LIMITS), "aws") == 0,
      .signatures = server->signatures,
      .stubs = server->stubs,
      .iterator_is_last = sc_options_flag(options, SCL_LOCAL_OPT_ITERATOR_LAST),
      .faults_seed = (uint64_t)sc_options_int(options, SCL_LOCAL_OPT_FAULTS_SEED),
      .subscription_ms = sc_options_int(options, SCL_LOCAL_OPT_SUBSCRIPTION_MS),
  };
  server->store =
      scl_store_new(sc_options_int(options, SCL_LOCAL_OPT_CREATE_MS), sc_options_int(options, SCL_LOCAL_OPT_UPDATE_MS));
  scl_store_set_delays(server->store, sc_options_int(options, SCL_LOCAL_OPT_CONSUMER_MS),
                       sc_options_int(options, SCL_LOCAL_OPT_DELETE_MS));
  server->service = scl_service_new(&settings, server->store, &server->timebase);
  server->handler = (struct scl_handler){scl_service_handle, server->service,
                                         (int)sc_options_int(options, SCL_LOCAL_OPT_MAX_CONCURRENT_STREAMS)};
  server->transport =
      scl_transport_new((int)sc_options_int(options, SCL_LOCAL_OPT_THREADS), &scl_http_protocol, &server->handler);
  rc = add_faults(server, err);
  if (rc == SC_OK) rc = listen_all(server, err);
  if (rc == SC_OK) rc = open_datadir(server, err);
  if (rc == SC_OK) rc = fill_store(server, err);
  if (rc == SC_OK) rc = scl_transport_start(server->transport, err);
  return rc != SC_OK ? rc : say_ready(server, err);
}

/* Ends the threads that use a part before the part is freed: transport, service, data folder, store. Returns the error
 * of the data folder, which may be why the service ends. */
static int stop(struct server *server, struct sc_error *err) {
  scl_transport_free(server->transport);
  scl_service_free(server->service);
  int rc = scl_datadir_close(server->datadir, err);
  scl_store_free(server->store);
  scl_stub_credentials_free(server->stubs);
  scl_signatures_free(server->signatures);
  scl_keyring_free(server->keys);
  scl_timebase_fini(&server->timebase);
  if (server->tls != NULL) scl_tls_context_free(server->tls);
  scl_certs_fini(&server->certs);
  sc_buf_fini(&server->ready);
  return rc;
}

int scl_server_run(const struct sc_options *options, struct sc_error *err) {
  sigset_t ends;
  int caught;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, NULL);
  signal(SIGPIPE, SIG_IGN);
  sc_descriptors_raise_limit();
  struct server server = {.options = options};
  struct sc_error stop_err;
  int rc = start(&server, err);
  while (rc == SC_OK && sigwait(&ends, &caught) != 0) continue;
  int stop_code = stop(&server, &stop_err);
  if (rc != SC_OK || stop_code == SC_OK) return rc;
  *err = stop_err;
  return stop_code;
}
