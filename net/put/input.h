/* The input of put: reads a descriptor without ever waiting for it, and makes entries of its lines (queue.h).
 *
 * A line that is empty, or holds a carriage return alone, is passed over and counted. A line that cannot be a record
 * (too large with its key; no JSON object though the key is made of fields) is refused: it is counted and logged with
 * its number, and it ends the input unless skip_refused. One thread; the descriptor stays the caller's.
 *
 * After each read: lines = lines in the queue, confirmed or not + empty + refused.
 */
#ifndef SC_NET_PUT_INPUT_H
#define SC_NET_PUT_INPUT_H

#include "net/put/key.h"
#include "net/put/lines.h"
#include "net/put/queue.h"

struct sc_put_input {
  const char *name; /* for messages: the file's, or "standard input" */
  int fd;
  size_t most_record_bytes; /* data and key */
  bool skip_refused;
  struct sc_put_key *key;
  struct sc_put_queue *queue;
  /* the module's own; the figures may be read */
  struct sc_put_lines lines;
  struct sc_slice line, key_of_line; /* read, and waiting for memory; ptr NULL: none */
  uint64_t empty, refused, read_bytes;
  bool ended;            /* no more lines will come: the end, an error, a refused line, or stop */
  bool is_whole;         /* ended, and there was nothing behind the last line */
  bool warned_of_field;  /* of one that no line contains, or looked for it at the end */
  struct sc_error error; /* code 0: none */
};

/* The fields up to queue are filled in. */
void sc_put_input_init(struct sc_put_input *in);
void sc_put_input_fini(struct sc_put_input *in);
/* Reads on while the queue has room and there is something to read. */
void sc_put_input_read(struct sc_put_input *in, int64_t now_ms);
/* No more is read; a line that waits for memory counts as not read. */
void sc_put_input_stop(struct sc_put_input *in);
/* What to wait for before the next read: the descriptor, -1 when there is no room or no more. */
int sc_put_input_wants(const struct sc_put_input *in);

#endif
