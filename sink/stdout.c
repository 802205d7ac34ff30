#include "sink/stdout.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/text/hex.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "engine/decoder.h"
#include "engine/plan.h"
#include "engine/program.h"
#include "engine/stop.h"
#include "engine/wait.h"
#include "sink/rows.h"

#define FILE_CHUNK ((size_t)1 << 20)
#define WAIT_MS 60000

struct sc_sink { /* plan->sink too */
  bool envelope;
};

struct sc_session {
  struct sc_wait wait;
  size_t chunk; /* bytes that a write never blocks on once the descriptor is writable */
  bool closed;  /* nobody reads any more */
};

static bool claims(const char *url) { return strcmp(url, "-") == 0; }

static int sink_open(const char *url, struct sc_options *options, const char *stream_name, struct sc_sink **out,
                     struct sc_error *err) {
  (void)url, (void)stream_name, (void)err;
  *out = sc_alloc_zero(1, sizeof(**out));
  (*out)->envelope = sc_options_flag(options, SC_OPT_ENVELOPE);
  return SC_OK;
}

static void sink_close(struct sc_sink *sink) { free(sink); }

static const char *describe(const struct sc_sink *sink) {
  (void)sink;
  return "standard output";
}

/* ---- Encoding ---- */

static void blank(char *line, size_t len, char c) {
  for (char *p = line, *end = line + len; p < end && (p = memchr(p, c, (size_t)(end - p)));) *p = ' ';
}

/* The payload as one line: white space around it is cut off, and line breaks inside it, which are white space in JSON,
 * become spaces. */
static char *put_line(char *out, struct sc_slice data) {
  data = sc_text_trim(data);
  if (data.len) memcpy(out, data.ptr, data.len);
  blank(out, data.len, '\n');
  blank(out, data.len, '\r');
  return out + data.len;
}

static char *put_slice(char *out, struct sc_slice s) {
  memcpy(out, s.ptr, s.len);
  return out + s.len;
}
#define PUT(out, literal) put_slice(out, SC_SLICE_LITERAL(literal))

/* A JSON string; at most 6 bytes for each of text, and its quotes. */
static char *put_string(char *out, struct sc_slice text) {
  *out++ = '"';
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    if (c < 32) {
      out = sc_hex_put(PUT(out, "\\u00"), &c, 1);
      continue;
    }
    if (c == '"' || c == '\\') *out++ = '\\';
    *out++ = (char)c;
  }
  *out++ = '"';
  return out;
}

static char *put_envelope(char *out, const char *shard_id, const struct sc_record *record) {
  char time[25];
  out = put_string(PUT(out, "{\"shard\":"), sc_slice_str(shard_id));
  out = put_string(PUT(out, ",\"sequence\":"), record->sequence);
  out = PUT(out, ",\"arrival\":");
  if (record->arrival_us == INT64_MIN) {
    out = PUT(out, "null");
  } else {
    sc_clock_format_ms(record->arrival_us / 1000, time);
    out = put_string(out, sc_slice_str(time));
  }
  out = put_string(PUT(out, ",\"partition_key\":"), record->partition_key);
  return put_line(PUT(out, ",\"data\":"), record->data);
}

static uint32_t encode(const struct sc_plan *plan, const struct sc_cells *cells, uint32_t first_row,
                       const struct sc_record *records, uint32_t span, struct sc_block *block,
                       struct sc_rejects *rejects, size_t *needed_bytes) {
  bool envelope = ((const struct sc_sink *)plan->sink)->envelope;
  uint32_t row = first_row;
  (void)rejects;
  *needed_bytes = 0;
  for (; row < cells->n_rows; row++) {
    const struct sc_record *record = &records[cells->record[row]];
    size_t bound = record->data.len + 2;
    if (envelope) bound += 512 + 6 * record->partition_key.len + record->sequence.len;
    if (!sc_rows_fit(block, bound, record->sequence.len, needed_bytes)) break;
    char *out = block->data + block->len;
    if (envelope) {
      out = put_envelope(out, block->spans[span].shard->id, record);
      *out++ = '}';
    } else {
      out = put_line(out, record->data);
    }
    *out++ = '\n';
    sc_rows_add(block, (size_t)(out - block->data), span, record->sequence);
  }
  return row - first_row;
}

/* ---- Writing ---- */

static int session_open(struct sc_sink *sink, const char *role, const struct sc_wait *wait, struct sc_session **out,
                        struct sc_error *err) {
  struct sc_session *s = sc_alloc_zero(1, sizeof(*s));
  struct stat st;
  (void)sink, (void)role, (void)err;
  bool file = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);
  s->wait = *wait;
  s->chunk = file ? FILE_CHUNK : PIPE_BUF;
  *out = s;
  return SC_OK;
}

static void session_close(struct sc_session *session) { free(session); }

static int wait_writable(struct sc_session *s, struct sc_error *err) {
  int rc;
  do {
    rc = s->wait.wait(s->wait.arg, STDOUT_FILENO, POLLOUT, WAIT_MS);
  } while (rc == SC_E_DEADLINE);
  return rc != SC_OK ? sc_error_set(err, rc, "interrupted while writing to standard output") : SC_OK;
}

/* One write. A reader that closed its end is no error (stop.h). */
static int write_some(struct sc_session *s, const char **data, size_t *len, struct sc_error *err) {
  ssize_t n = write(STDOUT_FILENO, *data, *len < s->chunk ? *len : s->chunk);
  if (n < 0 && errno == EPIPE) {
    s->closed = true;
    sc_stop_unread();
    return SC_OK;
  }
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    return sc_error_errno(err, SC_E_IO, errno, "cannot write to standard output");
  if (n > 0) {
    *data += n;
    *len -= (size_t)n;
  }
  return SC_OK;
}

static int push(struct sc_session *s, const struct sc_row_range *range, struct sc_error *err) {
  struct sc_slice lines = sc_block_slice(range->block, range->first, range->end);
  int rc = SC_OK;
  while (rc == SC_OK && lines.len && !s->closed) {
    rc = wait_writable(s, err);
    if (rc == SC_OK) rc = write_some(s, &lines.ptr, &lines.len, err);
  }
  return rc;
}

static const struct sc_rows_ops rows = {.encode = encode, .push = push};

const struct sc_sink_ops sc_sink_stdout = {
    .name = "stdout",
    .rows = &rows,
    .claims = claims,
    .open = sink_open,
    .close = sink_close,
    .describe = describe,
    .session_open = session_open,
    .session_close = session_close,
};
