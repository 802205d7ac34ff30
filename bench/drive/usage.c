#include "bench/drive/usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/base/text.h"

#define FILE_MOST 4096

struct sc_usage sc_usage_own(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  double us = (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  return (struct sc_usage){(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + us / 1e6, 0};
}

/* The next word of a line; empty at its end. */
static struct sc_slice take_word(struct sc_slice *rest) {
  struct sc_slice word = sc_text_trim(*rest);
  *rest = sc_text_cut(&word, ' ');
  return word;
}

static bool skip_words(struct sc_slice *rest, int n) {
  while (n > 0 && take_word(rest).len > 0) n--;
  return n == 0;
}

bool sc_usage_parse_stat(struct sc_slice text, uint64_t *ticks) {
  uint64_t user, kernel;
  const char *name_end = text.len == 0 ? NULL : memrchr(text.ptr, ')', text.len); /* the name may hold anything */
  if (name_end == NULL) return false;
  struct sc_slice rest = sc_slice_of(name_end + 1, (size_t)(text.ptr + text.len - name_end) - 1);
  if (!skip_words(&rest, 11)) return false; /* state (3) to cmajflt (13) */
  if (!sc_slice_to_u64(take_word(&rest), &user) || !sc_slice_to_u64(take_word(&rest), &kernel)) return false;
  *ticks = user + kernel;
  return true;
}

bool sc_usage_parse_statm(struct sc_slice text, uint64_t *pages) {
  uint64_t resident, shared;
  if (!skip_words(&text, 1)) return false;
  if (!sc_slice_to_u64(take_word(&text), &resident) || !sc_slice_to_u64(take_word(&text), &shared)) return false;
  if (shared > resident) return false;
  *pages = resident - shared;
  return true;
}

/* "cpu", then user, nice, system, idle, iowait, irq, softirq, steal. */
bool sc_usage_parse_machine(struct sc_slice text, uint64_t *ticks) {
  *ticks = 0;
  sc_text_cut(&text, '\n');
  if (!sc_slice_is(take_word(&text), "cpu")) return false;
  for (int i = 0; i < 8; i++) {
    uint64_t number;
    bool is_idle = i == 3 || i == 4;
    if (!sc_slice_to_u64(take_word(&text), &number)) return false;
    if (!is_idle) *ticks += number;
  }
  return true;
}

static bool read_path(const char *path, char room[FILE_MOST], struct sc_slice *out) {
  FILE *file = fopen(path, "re");
  if (file == NULL) return false;
  *out = sc_slice_of(room, fread(room, 1, FILE_MOST, file));
  fclose(file);
  return true;
}

bool sc_usage_machine(double *busy_s) {
  char room[FILE_MOST];
  struct sc_slice text;
  uint64_t ticks;
  if (!read_path("/proc/stat", room, &text) || !sc_usage_parse_machine(text, &ticks)) return false;
  *busy_s = (double)ticks / (double)sysconf(_SC_CLK_TCK);
  return true;
}

static int read_file(int64_t pid, const char *name, char room[FILE_MOST], struct sc_slice *out, struct sc_error *err) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%" PRId64 "/%s", pid, name);
  return read_path(path, room, out) ? SC_OK : sc_error_errno(err, SC_E_IO, errno, "reading %s", path);
}

int sc_usage_of(int64_t pid, struct sc_usage *out, struct sc_error *err) {
  char room[FILE_MOST];
  struct sc_slice text;
  uint64_t ticks, pages;
  int rc = read_file(pid, "stat", room, &text, err);
  if (rc != SC_OK) return rc;
  bool is_good = sc_usage_parse_stat(text, &ticks);
  if ((rc = read_file(pid, "statm", room, &text, err)) != SC_OK) return rc;
  if (!is_good || !sc_usage_parse_statm(text, &pages))
    return sc_error_set(err, SC_E_IO, "/proc/%" PRId64 " holds something else than expected", pid);
  out->cpu_s = (double)ticks / (double)sysconf(_SC_CLK_TCK);
  out->rss_bytes = (int64_t)(pages * (uint64_t)sysconf(_SC_PAGESIZE));
  return SC_OK;
}
