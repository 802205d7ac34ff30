/* What the stages are measured on: records of a generated profile or of a file, as payloads and as GetRecords
 * replies. */
#ifndef SC_BENCH_MICRO_DATA_H
#define SC_BENCH_MICRO_DATA_H

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/batch.h"

/* About a full page of small records: 3 MB of payload, at most SC_GET_RECORDS_MAX records. */
#define SC_MICRO_PAYLOAD_BYTES (3u << 20)

struct sc_micro_data {
  char name[64];
  uint32_t n;
  size_t payload_bytes;
  size_t largest_bytes;
  struct sc_buf json, cbor; /* the reply's body, with SC_BODY_PADDING behind it */
  char *opened;             /* the JSON body opened: what records point into */
  struct sc_record *records;
};

int sc_micro_data_generate(const char *profile, uint64_t seed, struct sc_micro_data *out, struct sc_error *err);
/* The file's lines again and again until there are enough. */
int sc_micro_data_read(const char *path, struct sc_micro_data *out, struct sc_error *err);
void sc_micro_data_fini(struct sc_micro_data *data);

#endif
