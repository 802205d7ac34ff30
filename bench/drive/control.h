/* The calls around a load, one after the other, in JSON: a stream made, its shards listed, a consumer registered.
 * Blocking. */
#ifndef SC_BENCH_DRIVE_CONTROL_H
#define SC_BENCH_DRIVE_CONTROL_H

#include "bench/drive/drive.h"

/* CreateStream, then waits until it is ACTIVE, at most 30 s. */
int sc_drive_create(const struct sc_drive *drive, uint64_t *calls, struct sc_error *err);
/* Fills drive->shards by ListShards, page by page. To be freed with sc_drive_forget_shards in any case. */
int sc_drive_list(struct sc_drive *drive, uint64_t *calls, struct sc_error *err);
/* RegisterStreamConsumer, then waits until it is ACTIVE; fills drive->consumer. */
int sc_drive_register(struct sc_drive *drive, struct sc_error *err);
void sc_drive_forget_shards(struct sc_drive *drive);

#endif
