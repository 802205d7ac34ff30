#include "sink/postgres/dead.h"

#include <stdio.h>

#include "engine/base/big_endian.h"
#include "engine/batch.h"
#include "sink/postgres/copy.h"

/* Bytes of the UTF-8 character at s, 0 when it is none (RFC 3629). */
static size_t utf8_length(struct sc_slice s) {
  const unsigned char *p = (const unsigned char *)s.ptr;
  size_t n = p[0] < 0x80                   ? 1
             : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
             : (p[0] & 0xF0) == 0xE0       ? 3
             : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
                                           : 0;
  if (!n || n > s.len) return 0;
  for (size_t i = 1; i < n; i++) {
    if ((p[i] & 0xC0) != 0x80) return 0;
  }
  bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
  bool beyond = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
  return overlong || beyond ? 0 : n;
}

static char *put_text(char *out, struct sc_slice text, bool ascii_only) {
  char *start = out;
  out += 4;
  for (size_t i = 0; i < text.len;) {
    size_t n = utf8_length(sc_slice_of(text.ptr + i, text.len - i));
    bool plain = n && text.ptr[i] && (n == 1 || !ascii_only);
    if (plain) memcpy(out, text.ptr + i, n);
    else out[0] = '?';
    out += plain ? n : 1;
    i += n ? n : 1;
  }
  sc_be_put32(start, (uint32_t)(out - start - 4));
  return out;
}

static char *put_string(char *out, const char *text, bool ascii_only) {
  return text != NULL ? put_text(out, sc_slice_str(text), ascii_only) : sc_pgcopy_put_null(out);
}

bool sc_pg_dead_encode(const struct sc_pg_names *names, bool ascii_only, const struct sc_dead_letter *letter,
                       struct sc_block *block) {
  char table[130];
  const char *sqlstate = letter->code != NULL ? letter->code : sc_pg_sqlstate_of(letter->reason);
  snprintf(table, sizeof(table), "%s.%s", names->schema, names->table);
  const char *const texts[] = {names->name_space, table, letter->shard_id, sqlstate, letter->text};
  size_t need = 128 + letter->sequence.len + letter->partition_key.len + letter->data.len;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) need += texts[i] != NULL ? strlen(texts[i]) : 0;
  if (!sc_block_reserve_dead(block, need)) return false;
  char *out = sc_pgcopy_put_count(block->dead + block->dead_len, 9);
  out = put_string(out, names->name_space, ascii_only);
  out = put_string(out, table, ascii_only);
  out = put_string(out, letter->shard_id, ascii_only);
  out = put_text(out, letter->sequence, ascii_only);
  out = letter->partition_key.ptr != NULL ? put_text(out, letter->partition_key, ascii_only) : sc_pgcopy_put_null(out);
  out = letter->arrival_us != INT64_MIN ? sc_pgcopy_put_time(out, letter->arrival_us) : sc_pgcopy_put_null(out);
  out = put_string(out, sqlstate, ascii_only);
  out = put_string(out, letter->text, ascii_only);
  out = sc_pgcopy_put_bytes(out, letter->data.ptr, letter->data.len);
  block->dead_len = (size_t)(out - block->dead);
  return true;
}
