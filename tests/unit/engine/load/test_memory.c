#include "engine/load/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/error.h"
#include "tests/unit/engine/base/check.h"

enum { MIB = 1 << 20 };

/* Much like the program's own, with n threads of each kind. */
static struct sc_memory_request request_of(uint32_t n, uint64_t mib) {
  return (struct sc_memory_request){.total_bytes = mib * MIB,
                                    .fetch_threads = n,
                                    .parse_threads = n,
                                    .write_threads = n,
                                    .fetch_given = true,
                                    .parse_given = true,
                                    .write_given = true,
                                    .connections = 64,
                                    .scratch_bytes = 3 * MIB / 2,
                                    .largest_reply_cost = 17 * MIB,
                                    .block_bytes = 256 << 10,
                                    .block_cost = 350 << 10,
                                    .spare_bytes = 1400 << 10,
                                    .replay_dead_cost = MIB + 4096};
}

static int deal(const struct sc_memory_request *w, struct sc_memory *m) {
  struct sc_error err;
  memset(m, 0, sizeof(*m));
  return sc_memory_deal(w, m, &err);
}

/* The least value in MiB, as the message says it. */
static uint64_t least_mib(struct sc_memory_request w) {
  struct sc_memory m;
  struct sc_error err;
  w.total_bytes = 1;
  assert_int_equal(sc_memory_deal(&w, &m, &err), SC_E_MEMORY);
  const char *number = strstr(err.text, "at least ");
  assert_non_null(number);
  char hint[40];
  uint64_t mib = strtoull(number + strlen("at least "), NULL, 10);
  snprintf(hint, sizeof(hint), "--memory %lluMiB, ", (unsigned long long)mib);
  assert_non_null(strstr(err.hint, hint));
  return mib;
}

/* What the pools cannot have. */
static uint64_t fixed(const struct sc_memory_request *w, const struct sc_memory *m) {
  return SC_MEMORY_BASE_BYTES + m->parse_threads * w->scratch_bytes +
         (uint64_t)m->fetch_threads * w->connections * SC_MEMORY_CONNECTION_BYTES;
}

static void assert_sound(const struct sc_memory_request *w, const struct sc_memory *m) {
  uint64_t owned = (uint64_t)m->parse_threads * m->blocks_a_parser * w->block_cost;
  assert_int_equal(fixed(w, m) + m->bodies_bytes + m->blocks_bytes, w->total_bytes); /* all of it, and no more */
  assert_true(m->bodies_bytes > w->largest_reply_cost);
  assert_true(m->blocks_a_parser > m->write_threads); /* one for each, and one more */
  assert_int_equal(m->blocks_bytes, owned + w->spare_bytes + m->write_threads * w->replay_dead_cost);
  assert_true(m->blocks_ahead >= 1);
  /* all parse threads together are never further ahead of a write thread than a quarter of its transaction, but for the
   * one block each */
  assert_true(m->blocks_ahead == 1 || m->blocks_ahead * m->parse_threads * w->block_bytes <= m->flush_bytes / 4);
  /* and that bound leaves blocks for the others */
  assert_true(m->blocks_ahead < m->blocks_a_parser);
  /* every write thread may hold a transaction back while its next block is filled */
  assert_true(owned / w->block_cost * w->block_bytes >= m->write_threads * m->flush_bytes);
}

static void all_is_dealt_out(void **state) {
  (void)state;
  static const uint32_t threads[] = {1, 2, 3, 4, 8, 16, 32, 64};
  for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
    struct sc_memory_request w = request_of(threads[i], 0);
    uint64_t least = least_mib(w);
    for (uint64_t mib = least; mib < 4096; mib += mib / 3) {
      struct sc_memory m;
      w.total_bytes = mib * MIB;
      assert_int_equal(deal(&w, &m), SC_OK);
      assert_sound(&w, &m);
      assert_int_equal(m.fetch_threads, threads[i]);
      assert_true(m.flush_bytes >= MIB && m.flush_bytes <= 32 * MIB);
    }
  }
}

static void the_least_value_is_the_least(void **state) {
  (void)state;
  for (uint32_t n = 1; n <= 64; n *= 2) {
    struct sc_memory m;
    uint64_t mib = least_mib(request_of(n, 0));
    struct sc_memory_request enough = request_of(n, mib), short_of = request_of(n, mib - 1);
    assert_int_equal(deal(&enough, &m), SC_OK);
    assert_int_equal(deal(&short_of, &m), SC_E_MEMORY);
  }
}

static void flush_bytes_as_wished(void **state) {
  (void)state;
  struct sc_memory m;
  struct sc_memory_request w = request_of(2, 1024);
  assert_int_equal(deal(&w, &m), SC_OK);
  assert_int_equal(m.flush_bytes, 32 * MIB); /* there is room for the most */
  w.flush_bytes = 100 * MIB;
  assert_int_equal(deal(&w, &m), SC_OK);
  assert_int_equal(m.flush_bytes, 100 * MIB);
  assert_sound(&w, &m);
  w.total_bytes = 200u * MIB; /* two transactions of 100 MiB */
  assert_int_equal(deal(&w, &m), SC_E_MEMORY);
}

/* Transactions smaller than a block, and more parse threads than there are blocks in one. */
static void a_block_may_always_wait(void **state) {
  (void)state;
  static const size_t flush[] = {1, 16384, MIB, 4 * MIB};
  struct sc_memory m;
  for (size_t i = 0; i < sizeof(flush) / sizeof(flush[0]); i++) {
    for (uint32_t n = 1; n <= 64; n *= 2) {
      struct sc_memory_request w = request_of(n, 0);
      w.flush_bytes = flush[i];
      w.total_bytes = least_mib(w) * MIB;
      assert_int_equal(deal(&w, &m), SC_OK);
      assert_sound(&w, &m);
      assert_int_equal(m.blocks_ahead, flush[i] == 4 * MIB && n <= 2 ? 4 / n : 1);
    }
  }
}

/* Little memory on a machine with many processors: nobody asked for so many threads. */
static void threads_nobody_asked_for_give_way(void **state) {
  (void)state;
  struct sc_memory m;
  for (uint32_t n = 1; n <= 128; n *= 2) {
    struct sc_memory_request w = request_of(n, 64);
    w.fetch_given = w.parse_given = w.write_given = false;
    assert_int_equal(deal(&w, &m), SC_OK);
    assert_sound(&w, &m);
    uint32_t most = m.fetch_threads > m.parse_threads ? m.fetch_threads : m.parse_threads;
    uint32_t fewest = m.fetch_threads < m.write_threads ? m.fetch_threads : m.write_threads;
    assert_true(fewest >= 1 && most <= n && most - fewest <= 1); /* no pool pays for the others */
    if (m.parse_threads == n) continue;
    w = request_of(n, 64); /* one more of each would not have fitted */
    w.fetch_threads = w.parse_threads = w.write_threads = most + 1;
    assert_int_equal(deal(&w, &m), SC_E_MEMORY);
  }
}

static void threads_asked_for_stay(void **state) {
  (void)state;
  struct sc_memory m;
  struct sc_memory_request w = request_of(8, 100);
  assert_int_equal(deal(&w, &m), SC_E_MEMORY);
  w.fetch_given = w.parse_given = false;
  assert_int_equal(deal(&w, &m), SC_OK);
  assert_int_equal(m.write_threads, 8);
  assert_true(m.fetch_threads < 8 && m.parse_threads < 8);
  assert_sound(&w, &m);
}

/* The message speaks of the threads there must be, and not of more. */
static void the_message_counts_what_is_left(void **state) {
  (void)state;
  struct sc_memory m;
  struct sc_error err;
  struct sc_memory_request w = request_of(16, 1);
  w.fetch_given = w.parse_given = w.write_given = false;
  assert_int_equal(sc_memory_deal(&w, &m, &err), SC_E_MEMORY);
  assert_non_null(strstr(err.text, "1 fetch, 1 parse and 1 write threads need"));
  assert_int_equal(least_mib(w), least_mib(request_of(1, 0)));
}

static void a_default_for_every_machine(void **state) {
  (void)state;
  uint64_t bytes = sc_memory_default();
  assert_true(bytes > 0 && bytes <= (uint64_t)1024 * MIB);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(all_is_dealt_out),
                                     cmocka_unit_test(the_least_value_is_the_least),
                                     cmocka_unit_test(flush_bytes_as_wished),
                                     cmocka_unit_test(a_block_may_always_wait),
                                     cmocka_unit_test(threads_nobody_asked_for_give_way),
                                     cmocka_unit_test(threads_asked_for_stay),
                                     cmocka_unit_test(the_message_counts_what_is_left),
                                     cmocka_unit_test(a_default_for_every_machine)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
