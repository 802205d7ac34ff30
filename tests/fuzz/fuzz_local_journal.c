/* The journal of the local service: bytes that anybody may have written, and changes of a store that must come back.
 * The first byte says what the others are:
 *
 *   'f'  a file as it is, its head included
 *   'e'  entries: a byte of kind, two of length (little endian), the payload; framed here, so that sums are right
 *   'c'  changes of a store, eight bytes each (store_text.h)
 *
 * Whatever replay takes must be the same again when all of it is written to a new journal; changes are the same from
 * the journal that was written as they were made; and a journal that is cut off anywhere is one with fewer entries,
 * never an error. */
#include "bench/local/disk/frames.h"
#include "bench/local/disk/persist.h"
#include "bench/local/disk/replay.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/bench/local/store/store_text.h"

#define NOW INT64_C(1700000000000)
#define MAX_CHANGES 400

static void add_entry(void *context, uint8_t kind, const struct sc_slice *parts, int n_parts) {
  scl_frames_add(context, kind, parts, n_parts);
}

static struct sc_buf text_of(struct scl_store *store) {
  struct sc_buf text = SC_BUF_INIT;
  text_of_store(store, &text);
  return text;
}

static void check_same(struct scl_store *a, struct scl_store *b) {
  struct sc_buf text = text_of(a), other = text_of(b);
  CHECK(sc_slice_equals(sc_buf_view(&text), sc_buf_view(&other)));
  sc_buf_fini(&text);
  sc_buf_fini(&other);
}

/* NULL when the bytes are refused. */
static struct scl_store *replay(struct sc_slice file, int64_t now_ms, struct scl_replay *result) {
  struct sc_error err;
  struct scl_store *store = scl_store_new(0, 0);
  char *copy = malloc(file.len + 1); /* of its own size: ASAN watches its end */
  CHECK(copy != NULL);
  if (file.len > 0) memcpy(copy, file.ptr, file.len);
  int rc = scl_replay_run(store, sc_slice_of(copy, file.len), "journal", now_ms, result, &err);
  free(copy);
  CHECK(rc == SC_OK || rc == SC_E_IO);
  if (rc == SC_OK) CHECK(result->good_bytes + result->torn_bytes == file.len);
  if (rc == SC_OK) return store;
  scl_store_free(store);
  return NULL;
}

static void check_written_anew(struct scl_store *store) {
  struct sc_buf file = SC_BUF_INIT;
  struct scl_persist_sink sink = {.context = &file, .add = add_entry};
  struct scl_replay result;
  scl_frames_add_head(&file);
  scl_persist_all(store, &sink);
  struct scl_store *again = replay(sc_buf_view(&file), 0, &result);
  CHECK(again != NULL && result.torn_bytes == 0 && result.records == result.live_records);
  check_same(store, again);
  scl_store_free(again);
  sc_buf_fini(&file);
}

static void check_file(struct sc_slice file) {
  struct scl_replay result;
  struct scl_store *store = replay(file, 0, &result);
  if (store == NULL) return;
  check_written_anew(store);
  scl_store_free(store);
}

static void check_entries(struct sc_slice entries) {
  struct sc_buf file = SC_BUF_INIT;
  scl_frames_add_head(&file);
  while (entries.len >= 3) {
    size_t len = (unsigned char)entries.ptr[1] | (size_t)(unsigned char)entries.ptr[2] << 8;
    if (len > entries.len - 3) len = entries.len - 3;
    struct sc_slice payload = sc_slice_of(entries.ptr + 3, len);
    scl_frames_add(&file, (uint8_t)entries.ptr[0], &payload, 1);
    entries = sc_slice_of(payload.ptr + len, entries.len - 3 - len);
  }
  check_file(sc_buf_view(&file));
  sc_buf_fini(&file);
}

static void check_changes(struct sc_slice numbers) {
  struct sc_buf file = SC_BUF_INIT;
  struct scl_persist_sink sink = {.context = &file, .add = add_entry};
  struct scl_store_recorder recorder = scl_persist_recorder(&sink);
  struct scl_store *store = scl_store_new(100, 50);
  struct scl_replay result;
  scl_store_set_recorder(store, &recorder);
  scl_frames_add_head(&file);
  uint64_t last = 0;
  for (int i = 0; i < MAX_CHANGES && numbers.len >= 8; i++) {
    memcpy(&last, numbers.ptr, 8);
    change_store(store, last, NOW + (int64_t)(last % 100000));
    numbers = sc_slice_of(numbers.ptr + 8, numbers.len - 8);
  }
  struct scl_store *again = replay(sc_buf_view(&file), 0, &result);
  CHECK(again != NULL && result.torn_bytes == 0);
  check_same(store, again);
  check_written_anew(store);
  struct scl_store *torn =
      replay(sc_slice_of(file.ptr, SCL_FRAMES_HEAD + last % (file.len - SCL_FRAMES_HEAD + 1)), 0, &result);
  CHECK(torn != NULL);
  scl_store_free(torn);
  scl_store_free(again);
  scl_store_free(store);
  sc_buf_fini(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  struct sc_slice rest = sc_slice_of((const char *)data + 1, size - 1);
  if (data[0] == 'f') check_file(rest);
  else if (data[0] == 'e') check_entries(rest);
  else if (data[0] == 'c') check_changes(rest);
  return 0;
}
