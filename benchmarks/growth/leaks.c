/* Programs that grow in known ways: leaks heap|mmap|threads|arenas SECONDS */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define THREADS 8

static double seconds;

static void nap(double time) { usleep((useconds_t)(time * 1e6)); }

/* Small blocks of malloc that nothing points to any more: 40 KiB/s, in [heap]. */
static void heap(void) {
    for (double time = 0; time < seconds; time += 0.1, nap(0.1))
        for (int k = 0; k < 40; k++) memset(malloc(100), 1, 100);
}

/* 64 KiB from mmap each half second, kept. */
static void mappings(void) {
    for (double time = 0; time < seconds; time += 0.5, nap(0.5)) {
        /* A page without access behind each, so that the kernel does not join them. */
        char *at = mmap(NULL, 69632, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(at + 65536, 4096, PROT_NONE);
        memset(at, 1, 65536);
    }
}

static void *sleeper(void *unused) {
    volatile char used[100 << 10];
    for (size_t at = 0; at < sizeof used; at += 4096) used[at] = 1;
    pause();
    return unused;
}

/* A thread more each second, which never ends and has used 100 KiB of its stack. */
static void threads(void) {
    pthread_t thread;
    for (double time = 0; time < seconds; time += 1, nap(1))
        pthread_create(&thread, NULL, sleeper, NULL);
}

static void *burst(void *unused) {
    char **blocks = malloc(20000 * sizeof *blocks);
    nap(seconds * 0.4);
    for (int k = 0; k < 20000; k++) memset(blocks[k] = malloc(400), 1, 400);
    nap(3);
    /* Each eighth is kept, so that no page of the arena can be given back. */
    for (int k = 0; k < 20000; k++) if (k % 8) free(blocks[k]);
    pause();
    return unused;
}

/* Eight threads allocate 8 MiB each, and free most of it: their arenas stay full. */
static void arenas(void) {
    pthread_t thread;
    for (int k = 0; k < THREADS; k++) pthread_create(&thread, NULL, burst, NULL);
    nap(seconds);
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    seconds = atof(arguments[2]);
    if (!strcmp(arguments[1], "heap")) heap();
    else if (!strcmp(arguments[1], "mmap")) mappings();
    else if (!strcmp(arguments[1], "threads")) threads();
    else if (!strcmp(arguments[1], "arenas")) arenas();
    else return 2;
    return 0;
}
