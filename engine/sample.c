/* What the first records say about the columns: the second part of plan.h. */
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/plan.h"

struct entry {
  struct sc_slice key; /* owned */
  unsigned kinds;
};

struct sc_sample {
  uint32_t max_columns, n;
  struct entry *entries; /* in the order first seen */
  uint32_t cap;
  uint32_t *slots; /* open addressing: hash of the key -> entry + 1 */
  uint32_t slot_mask;
  uint64_t records, left_out;
};

struct sc_sample *sc_sample_new(uint32_t max_columns) {
  SC_ASSERT(max_columns <= SC_COLUMNS_MAX);
  struct sc_sample *sample = sc_alloc_zero(1, sizeof(*sample));
  uint32_t n_slots = 4;
  while (n_slots < max_columns * 2) n_slots *= 2;
  sample->max_columns = max_columns;
  sample->slots = sc_alloc_zero(n_slots, sizeof(*sample->slots));
  sample->slot_mask = n_slots - 1;
  return sample;
}

void sc_sample_free(struct sc_sample *sample) {
  if (sample == NULL) return;
  for (uint32_t i = 0; i < sample->n; i++) free((char *)sample->entries[i].key.ptr);
  free(sample->entries);
  free(sample->slots);
  free(sample);
}

static uint32_t hash_of(struct sc_slice key) {
  uint32_t h = 0x811c9dc5u; /* FNV-1a */
  for (size_t i = 0; i < key.len; i++) h = (h ^ (unsigned char)key.ptr[i]) * 0x01000193u;
  return h ^ (h >> 15);
}

static uint32_t *slot_of(const struct sc_sample *sample, struct sc_slice key) {
  uint32_t slot = hash_of(key) & sample->slot_mask;
  while (sample->slots[slot] && !sc_slice_equals(sample->entries[sample->slots[slot] - 1].key, key))
    slot = (slot + 1) & sample->slot_mask;
  return &sample->slots[slot];
}

static struct entry *add_entry(struct sc_sample *sample, struct sc_slice key) {
  if (sample->n == sample->cap) {
    sample->cap = sample->cap ? sample->cap * 2 : 16;
    sample->entries = sc_realloc(sample->entries, sample->cap * sizeof(*sample->entries));
  }
  struct entry *entry = &sample->entries[sample->n++];
  *entry = (struct entry){.key = {sc_strndup(key), key.len}};
  return entry;
}

void sc_sample_add(struct sc_sample *sample, struct sc_slice key, unsigned kinds) {
  uint32_t *slot = slot_of(sample, key);
  if (*slot) {
    sample->entries[*slot - 1].kinds |= kinds;
    return;
  }
  if (sample->n == sample->max_columns || key.len > SC_SAMPLE_KEY_MAX) {
    sample->left_out++;
    return;
  }
  add_entry(sample, key)->kinds = kinds;
  *slot = sample->n;
}

void sc_sample_add_record(struct sc_sample *sample) { sample->records++; }

void sc_sample_merge(struct sc_sample *into, const struct sc_sample *from) {
  for (uint32_t i = 0; i < from->n; i++) sc_sample_add(into, from->entries[i].key, from->entries[i].kinds);
  into->records += from->records;
  into->left_out += from->left_out;
}

uint64_t sc_sample_records(const struct sc_sample *sample) { return sample->records; }

uint32_t sc_sample_keys(const struct sc_sample *sample) { return sample->n; }

uint64_t sc_sample_keys_left_out(const struct sc_sample *sample) { return sample->left_out; }

struct sc_slice sc_sample_key(const struct sc_sample *sample, uint32_t i) {
  SC_ASSERT(i < sample->n);
  return sample->entries[i].key;
}

unsigned sc_sample_kinds(const struct sc_sample *sample, uint32_t i) {
  SC_ASSERT(i < sample->n);
  return sample->entries[i].kinds;
}

static enum sc_inferred infer_number(unsigned kinds) {
  bool fraction = kinds & SC_KIND_FRACTION;
  if (kinds & SC_KIND_BIG || (fraction && kinds & SC_KIND_LONG)) return SC_INFER_NUMERIC;
  return fraction ? SC_INFER_DOUBLE : SC_INFER_BIGINT;
}

enum sc_inferred sc_infer(unsigned kinds) {
  const unsigned numbers = SC_KIND_INTEGER | SC_KIND_LONG | SC_KIND_FRACTION | SC_KIND_BIG;
  kinds &= ~(unsigned)SC_KIND_NULL;
  if (kinds & SC_KIND_NESTED) return SC_INFER_JSON;
  if (kinds == SC_KIND_BOOL) return SC_INFER_BOOL;
  if (kinds == SC_KIND_TIME) return SC_INFER_TIME;
  if (kinds != 0 && (kinds & ~numbers) == 0) return infer_number(kinds);
  return SC_INFER_TEXT;
}
