/* The driver of a fuzz target in `make test`: hands each file named on the command line to LLVMFuzzerTestOneInput, in a
 * heap block of exactly its size, so that ASAN sees a read past the end. The file is named before it is tried. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *read_whole(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) return NULL;
  long length = ftell(file);
  rewind(file);
  uint8_t *data = length < 0 ? NULL : malloc(length == 0 ? 1 : (size_t)length);
  if (data != NULL && fread(data, 1, (size_t)length, file) != (size_t)length) {
    free(data);
    data = NULL;
  }
  fclose(file);
  *size = (size_t)length;
  return data;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    size_t size = 0;
    uint8_t *data = read_whole(argv[i], &size);
    if (data == NULL) {
      fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
    fprintf(stderr, "%s\n", argv[i]);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
  }
  return 0;
}
