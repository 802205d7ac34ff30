#include "engine/base/mailbox.h"

#include <pthread.h>

#include "engine/base/park.h"
#include "tests/unit/engine/base/check.h"

enum { SENDERS = 3, EACH = 2000, LONG_MS = 30000 };

struct message {
  int sender, number;
  char padding[9]; /* an odd size */
};

static void test_order_and_growth(void **state) {
  (void)state;
  struct sc_mailbox *box = sc_mailbox_new(sizeof(struct message), NULL);
  struct message m = {0};
  int received = 0;
  assert_true(sc_mailbox_is_empty(box));
  assert_false(sc_mailbox_receive(box, &m));
  for (int i = 0; i < 1000; i++) {
    m = (struct message){.sender = 1, .number = i};
    sc_mailbox_send(box, &m);
    if (i % 3 != 0) continue; /* the circle's start moves while it grows */
    assert_true(sc_mailbox_receive(box, &m));
    assert_int_equal(m.number, received++);
  }
  while (sc_mailbox_receive(box, &m)) assert_int_equal(m.number, received++);
  assert_int_equal(received, 1000);
  assert_true(sc_mailbox_is_empty(box));
  sc_mailbox_free(box);
}

static void test_messages_left_behind_are_freed(void **state) {
  (void)state;
  struct sc_mailbox *box = sc_mailbox_new(4, NULL);
  for (uint32_t i = 0; i < 100; i++) sc_mailbox_send(box, &i);
  assert_false(sc_mailbox_is_empty(box));
  sc_mailbox_free(box);
  sc_mailbox_free(NULL);
}

struct sender {
  pthread_t id;
  int number;
  struct sc_mailbox *box;
};

static void *send_all(void *arg) {
  struct sender *s = arg;
  for (int i = 0; i < EACH; i++) {
    struct message m = {.sender = s->number, .number = i};
    sc_mailbox_send(s->box, &m);
  }
  return NULL;
}

/* Sleeps while the box is empty; false when no message comes. */
static bool receive(struct sc_mailbox *box, struct sc_park *park, struct message *m) {
  while (!sc_mailbox_receive(box, m)) {
    sc_park_prepare(park);
    if (!sc_mailbox_is_empty(box)) sc_park_cancel(park);
    else if (!sc_park_wait(park, LONG_MS)) return false;
  }
  return true;
}

static void test_many_senders_one_sleeping_receiver(void **state) {
  (void)state;
  struct sc_error err;
  struct sc_park *park = sc_park_new(&err);
  struct sc_mailbox *box = sc_mailbox_new(sizeof(struct message), park);
  struct sender senders[SENDERS];
  int next[SENDERS] = {0}, wrong = 0, total = 0;
  struct message m;
  for (int i = 0; i < SENDERS; i++) {
    senders[i] = (struct sender){.number = i, .box = box};
    assert_int_equal(pthread_create(&senders[i].id, NULL, send_all, &senders[i]), 0);
  }
  for (; total < SENDERS * EACH && receive(box, park, &m); total++) wrong += m.number != next[m.sender]++;
  for (int i = 0; i < SENDERS; i++) pthread_join(senders[i].id, NULL);
  assert_int_equal(total, SENDERS * EACH);
  assert_int_equal(wrong, 0);
  assert_true(sc_mailbox_is_empty(box));
  sc_mailbox_free(box);
  sc_park_free(park);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order_and_growth),
      cmocka_unit_test(test_messages_left_behind_are_freed),
      cmocka_unit_test(test_many_senders_one_sleeping_receiver),
  };
  return cmocka_run_group_tests_name("base/mailbox", tests, NULL, NULL);
}
