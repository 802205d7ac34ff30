#include "engine/plan.h"

#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/assert.h"
#include "engine/base/text.h"
#include "engine/program.h"
#include "engine/sample.h"

struct sc_columns_settings sc_columns_settings(const struct sc_options *options) {
  static const char *const words[] = {"auto", "table", "json", "raw"};
  const char *word = sc_options_text(options, SC_OPT_COLUMNS);
  int mode = 0;
  while (mode < 3 && strcmp(words[mode], word) != 0) mode++;
  SC_ASSERT(strcmp(words[mode], word) == 0);
  if (strcmp(sc_options_text(options, SC_OPT_FORMAT), "raw") == 0) mode = SC_COLUMNS_RAW;
  return (struct sc_columns_settings){(enum sc_columns_mode)mode,
                                      (uint32_t)sc_options_int(options, SC_OPT_MAX_COLUMNS)};
}

struct sc_plan *sc_plan_new(uint32_t generation, uint32_t cap_columns) {
  SC_ASSERT(cap_columns <= SC_COLUMNS_MAX);
  struct sc_plan *plan = sc_alloc_zero(1, sizeof(*plan));
  plan->generation = generation;
  plan->cap_columns = cap_columns;
  plan->columns = sc_alloc_zero(cap_columns ? cap_columns : 1, sizeof(*plan->columns));
  return plan;
}

struct sc_column *sc_plan_add(struct sc_plan *plan, struct sc_slice name, enum sc_role role, struct sc_slice key) {
  SC_ASSERT(!plan->slots && plan->n_columns < plan->cap_columns);
  SC_ASSERT(name.len <= SC_COLUMN_NAME_MAX && key.len <= UINT32_MAX);
  SC_ASSERT(role != SC_ROLE_PAYLOAD || plan->n_payload == plan->n_columns);
  struct sc_column *column = &plan->columns[plan->n_columns++];
  if (name.len > 0) memcpy(column->name, name.ptr, name.len);
  column->role = role;
  column->modifier = -1;
  if (role != SC_ROLE_PAYLOAD) return column;
  plan->n_payload++;
  column->key = sc_strndup(key);
  column->key_len = (uint32_t)key.len;
  return column;
}

void sc_plan_leave_out(struct sc_plan *plan, struct sc_slice key) {
  SC_ARRAY_ROOM(plan->left_out, plan->n_left_out, plan->cap_left_out, 1);
  plan->left_out[plan->n_left_out++] = sc_slice_of(sc_strndup(key), key.len);
}

enum sc_unknown sc_plan_unknown(const struct sc_plan *plan, struct sc_slice key) {
  if (plan->unknown == SC_UNKNOWN_IGNORE) return SC_UNKNOWN_IGNORE;
  bool cannot_be_named = key.len > SC_SAMPLE_KEY_MAX || (key.len > 0 && memchr(key.ptr, 0, key.len) != NULL);
  if (cannot_be_named && plan->unknown == SC_UNKNOWN_ADD) return SC_UNKNOWN_IGNORE;
  for (uint32_t i = 0; i < plan->n_left_out; i++)
    if (sc_slice_equals(plan->left_out[i], key)) return SC_UNKNOWN_IGNORE;
  return plan->unknown;
}

static uint32_t hash_of(struct sc_slice key) {
  uint32_t h = sc_text_hash(key);
  return h ^ (h >> 15); /* the low bits choose the slot */
}

static bool has_key(const struct sc_plan *plan, uint32_t column, struct sc_slice key) {
  const struct sc_column *c = &plan->columns[column];
  return c->key_len == key.len && (key.len == 0 || memcmp(c->key, key.ptr, key.len) == 0);
}

/* The slot of the key, or the free one where it belongs. */
static uint32_t slot_of(const struct sc_plan *plan, struct sc_slice key) {
  uint32_t slot = hash_of(key) & plan->slot_mask;
  while (plan->slots[slot] && !has_key(plan, plan->slots[slot] - 1, key)) slot = (slot + 1) & plan->slot_mask;
  return slot;
}

void sc_plan_seal(struct sc_plan *plan) {
  SC_ASSERT(!plan->slots);
  uint32_t n_slots = 4;
  while (n_slots < plan->n_payload * 2) n_slots *= 2;
  plan->slots = sc_alloc_zero(n_slots, sizeof(*plan->slots));
  plan->slot_mask = n_slots - 1;
  for (uint32_t i = 0; i < plan->n_payload; i++) {
    uint32_t slot = slot_of(plan, sc_slice_of(plan->columns[i].key, plan->columns[i].key_len));
    SC_ASSERT(plan->slots[slot] == 0);
    plan->slots[slot] = i + 1;
  }
}

void sc_plan_free(struct sc_plan *plan) {
  if (plan == NULL) return;
  if (plan->free_sink != NULL) plan->free_sink(plan->sink);
  for (uint32_t i = 0; i < plan->n_columns; i++) free(plan->columns[i].key);
  for (uint32_t i = 0; i < plan->n_left_out; i++) free((char *)plan->left_out[i].ptr);
  free(plan->left_out);
  free(plan->columns);
  free(plan->slots);
  free(plan);
}

int sc_plan_find(const struct sc_plan *plan, struct sc_slice key, int expected) {
  if (expected >= 0 && (uint32_t)expected < plan->n_payload && has_key(plan, (uint32_t)expected, key)) return expected;
  if (plan->n_payload == 0) return -1; /* to null: every key comes here */
  uint32_t column = plan->slots[slot_of(plan, key)];
  return column ? (int)column - 1 : -1;
}
