/* What the readers of JSON and of CBOR share (members.h): private to members*.c. */
#ifndef SC_LOCAL_MEMBERS_PARTS_H
#define SC_LOCAL_MEMBERS_PARTS_H

#include "bench/local/api/members.h"

/* The first wrong type is the whole refusal. */
void sc_refuse_type(struct sc_refusal *refusal, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* found: "STRING_VALUE", as the service names what it found. */
void sc_refuse_scalar(struct sc_refusal *refusal, const struct sc_member *member, const char *found);
/* False and a refusal when the member cannot be read from such a value: a list, an object, or (neither) a scalar. */
bool sc_members_fit(struct sc_refusal *refusal, const struct sc_member *member, bool is_list, bool is_object);

bool sc_members_integer(double number, int64_t *out);
bool sc_members_time(double seconds, int64_t *ms);

/* The constraints of all values that were read; nothing when a type was wrong. */
void sc_members_check(const struct sc_member *members, int n, const struct sc_value *values,
                      struct sc_refusal *refusal);

#endif
