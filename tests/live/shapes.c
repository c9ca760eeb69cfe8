/* Maps memory in given shapes, touches what it can write, says so, and waits for its input to end.

   Each argument is START,SIZE,PROT,FLAGS: hexadecimal addresses (0: wherever), PROT of r w x,
   FLAGS of n MAP_NORESERVE, s MAP_SHARED, d MADV_DONTFORK, D MADV_DONTDUMP, h MADV_HUGEPAGE,
   N MADV_NOHUGEPAGE, o maps over what is there. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int count, char **shapes) {
  for (int i = 1; i < count; i++) {
    unsigned long start, size;
    char prot[8] = "", flags[8] = "";
    if (sscanf(shapes[i], "%lx,%lx,%7[rwx-],%7[nsdDhNo-]", &start, &size, prot, flags) != 4)
      return 2;
    int protection = 0, how = MAP_ANONYMOUS;
    if (strchr(prot, 'r')) protection |= PROT_READ;
    if (strchr(prot, 'w')) protection |= PROT_WRITE;
    if (strchr(prot, 'x')) protection |= PROT_EXEC;
    how |= strchr(flags, 's') ? MAP_SHARED : MAP_PRIVATE;
    if (strchr(flags, 'n')) how |= MAP_NORESERVE;
    if (start) how |= strchr(flags, 'o') ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    char *memory = mmap((void *)start, size, protection, how, -1, 0);
    if (memory == MAP_FAILED) {
      perror(shapes[i]);
      return 3;
    }
    if (strchr(flags, 'd')) madvise(memory, size, MADV_DONTFORK);
    if (strchr(flags, 'D')) madvise(memory, size, MADV_DONTDUMP);
    if (strchr(flags, 'h')) madvise(memory, size, MADV_HUGEPAGE);
    if (strchr(flags, 'N')) madvise(memory, size, MADV_NOHUGEPAGE);
    if (protection & PROT_WRITE) memory[0] = 1;
  }
  puts("ready");
  fflush(stdout);
  return getchar() == EOF ? 0 : 1;
}
