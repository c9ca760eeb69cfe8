/* Two threads that fill 100 MiB each with blocks of 64 KiB, and keep them; it ends with its input. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 << 10, BLOCKS = 1600, THREADS = 2 };

static void *fill(void *unused) {
  for (int i = 0; i < BLOCKS; i++) memset(malloc(BLOCK), 1, BLOCK);
  return unused;
}

int main(void) {
  for (int i = 0; i < THREADS; i++) {
    pthread_t thread;
    pthread_create(&thread, 0, fill, 0);
    pthread_join(thread, 0);
  }
  puts("ready");
  fflush(stdout);
  while (getchar() == '\n') {
    printf("{\"filled\": %d}\n", BLOCK * BLOCKS * THREADS);
    fflush(stdout);
  }
}
