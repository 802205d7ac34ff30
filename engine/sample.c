#include "engine/sample.h"

#include <stdlib.h>
#include <uthash.h>

#include "engine/base/array.h"
#include "engine/base/assert.h"

struct entry {
  char *key;
  size_t key_len;
  unsigned kinds;
  UT_hash_handle hh;
};

struct sc_sample {
  uint32_t max_columns;
  struct entry **entries; /* in the order first seen */
  uint32_t n, cap;
  struct entry *by_key;
  uint64_t records, left_out;
};

struct sc_sample *sc_sample_new(uint32_t max_columns) {
  struct sc_sample *sample = sc_alloc_zero(1, sizeof(*sample));
  sample->max_columns = max_columns;
  return sample;
}

void sc_sample_free(struct sc_sample *sample) {
  if (sample == NULL) return;
  HASH_CLEAR(hh, sample->by_key);
  for (uint32_t i = 0; i < sample->n; i++) {
    free(sample->entries[i]->key);
    free(sample->entries[i]);
  }
  free(sample->entries);
  free(sample);
}

void sc_sample_add(struct sc_sample *sample, struct sc_slice key, unsigned kinds) {
  struct entry *entry = NULL;
  HASH_FIND(hh, sample->by_key, key.len > 0 ? key.ptr : "", key.len, entry);
  if (entry == NULL && (sample->n == sample->max_columns || key.len > SC_SAMPLE_KEY_MAX)) {
    sample->left_out++;
    return;
  }
  if (entry == NULL) {
    entry = sc_alloc_zero(1, sizeof(*entry));
    entry->key = sc_strndup(key);
    entry->key_len = key.len;
    SC_ARRAY_ROOM(sample->entries, sample->n, sample->cap, 1);
    sample->entries[sample->n++] = entry;
    HASH_ADD_KEYPTR(hh, sample->by_key, entry->key, entry->key_len, entry);
  }
  entry->kinds |= kinds;
}

void sc_sample_add_record(struct sc_sample *sample) { sample->records++; }

void sc_sample_merge(struct sc_sample *into, const struct sc_sample *from) {
  for (uint32_t i = 0; i < from->n; i++) sc_sample_add(into, sc_sample_key(from, i), from->entries[i]->kinds);
  into->records += from->records;
  into->left_out += from->left_out;
}

uint64_t sc_sample_records(const struct sc_sample *sample) { return sample->records; }

uint32_t sc_sample_keys(const struct sc_sample *sample) { return sample->n; }

uint64_t sc_sample_keys_left_out(const struct sc_sample *sample) { return sample->left_out; }

struct sc_slice sc_sample_key(const struct sc_sample *sample, uint32_t i) {
  SC_ASSERT(i < sample->n);
  return sc_slice_of(sample->entries[i]->key, sample->entries[i]->key_len);
}

unsigned sc_sample_kinds(const struct sc_sample *sample, uint32_t i) {
  SC_ASSERT(i < sample->n);
  return sample->entries[i]->kinds;
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
