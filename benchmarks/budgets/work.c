/* A program of known memory: blocks on the heap, a large block, a library's data, threads, and 15
 * requests, one each 100 ms (`requests`: so many more). Its regressions are arguments, name and amount: heap 1258291 means so many bytes more on the heap.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define KEPT (60 * MIB)
#define BLOCK 4000

static long amount(int argc, char **argv, const char *name) {
    for (int i = 1; i + 1 < argc; i += 2)
        if (!strcmp(argv[i], name)) return atol(argv[i + 1]);
    return 0;
}

static void fill(size_t bytes, size_t block) {
    for (size_t done = 0; done < bytes; done += block) memset(malloc(block), 1, block);
}

static void *mapped(size_t bytes) {
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void *thread(void *stack) {
    char touched[64 * 1024];
    memset(touched, 1, stack ? (size_t)(uintptr_t)stack : 16 * 1024);
    if (touched[0]) pause();
    return NULL;
}

void budget_write(size_t bytes);

static void map_file(const char *path, size_t bytes, int shared) {
    int file = open(path, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, (off_t)bytes)) abort();
    char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE, file, 0);
    volatile char sum = 0;
    for (size_t i = 0; i < bytes; i += 4096) sum += at[i];
    if (shared) memset(at, 1, bytes);
    unlink(path);
}

int main(int argc, char **argv) {
#define AMOUNT(name) amount(argc, argv, name)
    fill(KEPT + (size_t)AMOUNT("heap"), BLOCK);
    memset(malloc(20 * MIB), 1, 20 * MIB);
    budget_write(MIB / 4 + (size_t)AMOUNT("library"));
    if (AMOUNT("buffer")) memset(malloc((size_t)AMOUNT("buffer")), 1, (size_t)AMOUNT("buffer"));
    if (AMOUNT("shared")) map_file("/dev/shm/budget-work", (size_t)AMOUNT("shared"), 1);
    if (AMOUNT("file")) map_file("budget-work.data", (size_t)AMOUNT("file"), 0);
    if (AMOUNT("huge")) {
        size_t bytes = (size_t)AMOUNT("huge");
        char *at = mapped(bytes + 2 * MIB);
        at += -(uintptr_t)at & (2 * MIB - 1);
        madvise(at, bytes, MADV_HUGEPAGE);
        for (size_t i = 0; i < bytes; i += 2 * MIB) at[i] = 1;
    }
    for (long i = 0; i < AMOUNT("mappings"); i++) {
        char *at = mapped(3 * 4096);
        mprotect(at + 4096, 4096, PROT_READ);
    }
    pthread_t one;
    for (long i = 0; i < 4 + AMOUNT("threads"); i++)
        if (pthread_create(&one, NULL, thread, (void *)AMOUNT("stack"))) abort();
    for (long i = 0; i < AMOUNT("children"); i++)
        if (!fork()) sleep(1), _exit(0);
    for (int request = 0; request < 15 + AMOUNT("requests"); request++) {
        fill((size_t)AMOUNT("cache"), BLOCK);
        usleep(100 * 1000);
    }
    return 0;
}
