/* The tags of one stream or consumer: texts by key. A plain struct, zero when empty; who changes it while others read locks.
 * Keys are unique and in the order of their bytes, and hold no NUL (sc_tagset_is_text).
 */
#ifndef SC_LOCAL_TAGSET_H
#define SC_LOCAL_TAGSET_H

#include "engine/base/slice.h"

#define SC_TAGSET_MAX 50 /* tags a resource may have; the caller sees to it */

struct sc_tag {
  char *key, *value;
};

struct sc_tagset {
  uint32_t n;
  struct sc_tag *tags; /* malloc'ed, as are the texts */
};

void sc_tagset_fini(struct sc_tagset *set);
/* Adds the tag, or gives it another value. */
void sc_tagset_set(struct sc_tagset *set, struct sc_slice key, struct sc_slice value);
/* Nothing when there is no such tag. */
void sc_tagset_remove(struct sc_tagset *set, struct sc_slice key);
bool sc_tagset_has(const struct sc_tagset *set, struct sc_slice key);
/* The place of the first tag whose key is above `after`, which need not be there. */
uint32_t sc_tagset_first_after(const struct sc_tagset *set, struct sc_slice after);

/* Only characters the service takes in tags: letters and digits of any script, blanks, and _ . / = + - % @ : */
bool sc_tagset_is_text(struct sc_slice text);

#endif
