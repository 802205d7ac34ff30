/* Preloaded into a program (LD_PRELOAD) it counts allocations by thread, and by who asked: the program itself or a
 * library. At the end lines of THREAD, OWN and LIBRARIES, tabs between, go to the file that COUNT_ALLOCS names. It
 * takes the place of any other allocator. glibc only. What libc allocates on our behalf (getline, asprintf) counts as a
 * library's. */
#define _GNU_SOURCE
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define THREADS_MAX 256
#define NAME_BYTES 16

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *ptr);

static struct {
  char name[NAME_BYTES];
  uint64_t own, libraries;
} counts[THREADS_MAX];
static unsigned n_counts;
static uintptr_t program_start, program_end;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Threads are named after their first allocations, so the name is asked each time. */
static unsigned slot_of_thread(void) {
  char name[NAME_BYTES] = "";
  prctl(PR_GET_NAME, name);
  unsigned i = 0;
  while (i < n_counts && strncmp(counts[i].name, name, NAME_BYTES) != 0) i++;
  if (i == THREADS_MAX) return i - 1;
  if (i == n_counts) memcpy(counts[n_counts++].name, name, NAME_BYTES);
  return i;
}

static void count(const void *caller) {
  uintptr_t at = (uintptr_t)caller;
  pthread_mutex_lock(&lock);
  unsigned slot = slot_of_thread();
  if (at >= program_start && at < program_end) counts[slot].own++;
  else counts[slot].libraries++;
  pthread_mutex_unlock(&lock);
}

void *malloc(size_t size) {
  count(__builtin_return_address(0));
  return __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
  count(__builtin_return_address(0));
  return __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size) {
  count(__builtin_return_address(0));
  return __libc_realloc(ptr, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

void free(void *ptr) { __libc_free(ptr); }

int posix_memalign(void **out, size_t alignment, size_t size) {
  count(__builtin_return_address(0));
  *out = __libc_memalign(alignment, size);
  return *out == NULL ? 12 : 0; /* ENOMEM */
}

/* The first object listed is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *arg) {
  (void)size;
  (void)arg;
  program_start = UINTPTR_MAX;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + part->p_vaddr;
    if (part->p_type != PT_LOAD) continue;
    if (start < program_start) program_start = start;
    if (start + part->p_memsz > program_end) program_end = start + part->p_memsz;
  }
  return 1;
}

__attribute__((constructor)) static void begin(void) { dl_iterate_phdr(find_program, NULL); }

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("COUNT_ALLOCS");
  FILE *out = path == NULL ? NULL : fopen(path, "we");
  if (out == NULL) return;
  for (unsigned i = 0; i < n_counts; i++)
    fprintf(out, "%.*s\t%lu\t%lu\n", NAME_BYTES, counts[i].name, counts[i].own, counts[i].libraries);
  fclose(out);
}
