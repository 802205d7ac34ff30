#include "net/put/input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/log.h"

#define REFUSED_LOGGED 20 /* each on its own; later ones are rate-limited */
#define FIELDS_AFTER_LINES 1000

void sc_put_input_init(struct sc_put_input *in) {
  sc_put_lines_init(&in->lines, in->most_record_bytes);
  in->line = in->key_of_line = sc_slice_of(NULL, 0);
  in->empty = in->refused = in->read_bytes = 0;
  in->ended = in->is_whole = in->warned_of_field = false;
  sc_error_clear(&in->error);
}

void sc_put_input_fini(struct sc_put_input *in) { sc_put_lines_fini(&in->lines); }

void sc_put_input_stop(struct sc_put_input *in) {
  in->ended = true;
  if (in->line.ptr != NULL) in->lines.number--;
  in->line.ptr = NULL;
}

int sc_put_input_wants(const struct sc_put_input *in) {
  return in->ended || in->line.ptr != NULL || !sc_put_queue_has_room(in->queue) ? -1 : in->fd;
}

/* ---- refused lines ---- */

static void log_refused(const struct sc_put_input *in, const struct sc_error *err) {
  if (in->refused <= REFUSED_LOGGED) sc_log_error(SC_WARN, "refused", err);
  else sc_log_often(SC_WARN, err->text, "refused=%llu", (unsigned long long)in->refused);
}

static void refuse(struct sc_put_input *in, struct sc_error *err) {
  in->refused++;
  sc_error_prefix(err, "%s, line %llu", in->name, (unsigned long long)in->lines.number);
  if (in->skip_refused) {
    log_refused(in, err);
    return;
  }
  if (!err->hint[0]) sc_error_hint(err, "--on-error=skip goes on without such lines");
  in->error = *err;
  in->ended = true;
}

static void refuse_size(struct sc_put_input *in, size_t bytes, const char *what) {
  struct sc_error err;
  sc_error_set(&err, SC_E_ROW, "%zu bytes%s; the stream takes at most %zu a record", bytes, what,
               in->most_record_bytes);
  if (in->most_record_bytes < SC_PUT_RECORD_BYTES_MAX)
    sc_error_hint(&err, "UpdateMaxRecordSize raises a stream's limit to 10 MiB; --on-error=skip goes on without");
  refuse(in, &err);
}

/* ---- lines ---- */

/* A field that no line contains is most likely misspelt. All partition keys are then alike. */
static void warn_of_unseen_field(struct sc_put_input *in) {
  struct sc_slice name = sc_put_key_unseen(in->key);
  struct sc_buf field = SC_BUF_INIT;
  in->warned_of_field = true;
  if (name.len == 0 || in->lines.number == 0) return;
  char *text = sc_strndup(name);
  sc_log_add_field(&field, "field", text);
  sc_log(SC_WARN, "no line so far has this field of the partition key; its part of the key is null", "%s",
         sc_buf_str(&field));
  free(text);
  sc_buf_fini(&field);
}

static bool is_empty(struct sc_slice line) { return line.len == 0 || (line.len == 1 && line.ptr[0] == '\r'); }

static void take_line(struct sc_put_input *in, struct sc_slice line) {
  struct sc_slice key;
  struct sc_error err;
  if (is_empty(line)) {
    in->empty++;
  } else if (sc_put_key_make(in->key, line, &key, &err) != SC_OK) {
    refuse(in, &err);
  } else if (line.len + key.len > in->most_record_bytes) {
    refuse_size(in, line.len + key.len, " with the partition key");
  } else {
    in->line = line;
    in->key_of_line = key;
  }
  if (in->lines.number == FIELDS_AFTER_LINES && !in->warned_of_field) warn_of_unseen_field(in);
}

/* True when no line waits for memory any more. Until then the line and its key stay where they were read. */
static bool hand_over(struct sc_put_input *in, int64_t now_ms) {
  if (in->line.ptr == NULL) return true;
  if (!sc_put_queue_fits(in->queue, in->line.len, in->key_of_line.len)) return false;
  sc_put_queue_add(in->queue, in->lines.number, in->line, in->key_of_line, now_ms);
  in->line.ptr = NULL;
  return true;
}

static void end_input(struct sc_put_input *in) {
  in->ended = in->is_whole = true;
  if (!in->warned_of_field) warn_of_unseen_field(in);
}

/* ---- reading ---- */

static void read_failed(struct sc_put_input *in, int os_errno) {
  sc_error_errno(&in->error, SC_E_IO, os_errno, "cannot read %s", in->name);
  in->ended = true;
}

/* False when there is nothing now, or no more. */
static bool read_some(struct sc_put_input *in) {
  struct pollfd ready = {.fd = in->fd, .events = POLLIN};
  size_t room;
  if (poll(&ready, 1, 0) == 0) return false;
  char *to = sc_put_lines_room(&in->lines, &room);
  ssize_t n = read(in->fd, to, room);
  if (n > 0) sc_put_lines_add(&in->lines, (size_t)n);
  if (n == 0) sc_put_lines_end(&in->lines);
  if (n < 0 && errno != EINTR && errno != EAGAIN) read_failed(in, errno);
  in->read_bytes += n > 0 ? (uint64_t)n : 0;
  return n >= 0;
}

void sc_put_input_read(struct sc_put_input *in, int64_t now_ms) {
  struct sc_slice line;
  while (!in->ended && sc_put_queue_has_room(in->queue) && hand_over(in, now_ms)) {
    switch (sc_put_lines_next(&in->lines, &line)) {
      case SC_PUT_LINES_LINE:
        take_line(in, line);
        break;
      case SC_PUT_LINES_TOO_LONG:
        refuse_size(in, line.len, " and more");
        break;
      case SC_PUT_LINES_MORE:
        if (!read_some(in)) return;
        break;
      case SC_PUT_LINES_END:
        end_input(in);
        break;
    }
  }
}
