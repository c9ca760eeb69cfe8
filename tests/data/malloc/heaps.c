// Threads that each fill an arena of malloc with small blocks, then print where its heaps are.
//     heaps THREADS MIB [any]    with a third argument: 64 MiB of its own in the shape of a full heap
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAP (64UL << 20)
#define BLOCK 8192

static pthread_barrier_t filled;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t heaps[512];
static int known;
static size_t each;

static void remember(uintptr_t heap) {
  pthread_mutex_lock(&mutex);
  int i = 0;
  while (i < known && heaps[i] != heap) i++;
  if (i == known) heaps[known++] = heap;
  pthread_mutex_unlock(&mutex);
}

static void *fill(void *unused) {
  for (size_t done = 0; done < each; done += BLOCK) {
    char *block = malloc(BLOCK);
    memset(block, 1, BLOCK);
    remember((uintptr_t)block & ~(HEAP - 1));
  }
  pthread_barrier_wait(&filled);
  pause();
  return unused;
}

static void look_like_a_heap(void) {
  char *all = mmap(0, 3 * HEAP, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  char *start = (char *)(((uintptr_t)all + HEAP - 1) & ~(HEAP - 1));
  munmap(all, start - all);
  munmap(start + HEAP, all + 3 * HEAP - start - HEAP);
  memset(start, 1, 1 << 20);
}

int main(int count, char **arguments) {
  int threads = atoi(arguments[1]);
  each = strtoul(arguments[2], 0, 0) << 20;
  if (count > 3) look_like_a_heap();
  pthread_barrier_init(&filled, 0, threads + 1);
  pthread_t thread;
  for (int i = 0; i < threads; i++) pthread_create(&thread, 0, fill, 0);
  pthread_barrier_wait(&filled);
  for (int i = 0; i < known; i++) printf("%lx\n", (long)heaps[i]);
  printf("ready\n");
  fflush(stdout);
  pause();
}
