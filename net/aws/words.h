/* A text split into words as a POSIX shell would, without expanding anything ("Shell Command Language", 2.2 Quoting):
 * blanks separate; '...' is literal; inside "..." a backslash escapes only " and \; elsewhere it escapes any character.
 * This is how the AWS CLI reads the command of credential_process and the headers of config sections.
 *
 * Pure; any thread. Allocates within twice the text and one pointer per word; the words are wiped when freed, since a
 * command line may hold a secret.
 */
#ifndef SC_NET_AWS_WORDS_H
#define SC_NET_AWS_WORDS_H

#include "engine/base/slice.h"

struct sc_words {
  char **items; /* n words and a NULL, as execvp(3) wants them */
  size_t n;
};

/* False, and *out is empty, when a quotation or an escape is not ended, or a NUL is in the text. */
bool sc_words_split(struct sc_slice text, struct sc_words *out);
void sc_words_fini(struct sc_words *words);

#endif
