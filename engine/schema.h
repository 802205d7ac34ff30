/* The interface of targets whose rows have columns. A sink without it takes any record: its plan has no columns,
 * decoders only validate, and plan->sink is the sink.
 *
 * Control's session, or the only one there is; the calls wait as all of a session do (sink.h).
 */
#ifndef SC_SCHEMA_H
#define SC_SCHEMA_H

#include "engine/base/buf.h"

struct sc_error;
struct sc_plan;
struct sc_sample;
struct sc_session;

/* --dry-run: what the table would be filled with. */
struct sc_proposed {
  const char *metadata; /* "shard" ...; NULL: the key of a record */
  char *key;
  size_t key_len;
  char *column, *type;
};
struct sc_proposal {
  struct sc_proposed *columns;
  size_t n, cap;
  bool exists;       /* the table is there */
  struct sc_buf ddl; /* what would be run; empty: nothing */
};
/* Copies everything but metadata. */
void sc_proposal_add(struct sc_proposal *p, const char *metadata, struct sc_slice key, const char *column,
                     const char *type);
void sc_proposal_fini(struct sc_proposal *p);

struct sc_schema_ops {
  /* The plan of the table as it is. Missing table: made from sample when one is given, else *out is NULL and SC_OK. */
  int (*make_plan)(struct sc_session *session, const struct sc_sample *sample, uint32_t generation,
                   struct sc_plan **out, struct sc_error *err);
  /* Alters the table so that it holds what is requested, in one statement and as far as it may: a key without a column
   * gets one, a column that does not hold its kinds a wider type. What the target refuses for good is logged, and no
   * later plan of this sink asks for it. Nobody else of this load has a transaction open. SC_E_DB_RETRY (a lock that
   * others hold, too): try again. NULL: its plans never grant a request. */
  int (*alter)(struct sc_session *session, const struct sc_sample *requests, struct sc_error *err);
  /* --dry-run: what make_plan would make of the sample; nothing is written, no lock is taken. No columns: there is
   * nothing to make them of. */
  int (*propose)(struct sc_session *session, const struct sc_sample *sample, struct sc_proposal *out,
                 struct sc_error *err);
};

#endif
