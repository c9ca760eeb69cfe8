/* Holds many MiB in small pages, and maps and unmaps a page all the time while it lives.

       stall_target MIB SECONDS

   Prints `ready`, and at its end the longest time that one mmap, touch and munmap took, and that of one alone that
   is longer than all others but one in a thousand: both in microseconds. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **given)
{
    (void)count;
    size_t size = (size_t)atol(given[1]) << 20, looks = 0, most = 1 << 20;
    double *took = malloc(most * sizeof *took);
    char *held = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(held, size, MADV_NOHUGEPAGE);
    memset(held, 1, size);
    puts("ready");
    fflush(stdout);
    double end = now() + atof(given[2]) * 1e6;
    while (now() < end && looks < most) {
        double begin = now();
        char *block = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        block[0] = 1;
        munmap(block, 65536);
        took[looks++] = now() - begin;
        usleep(300);
    }
    qsort(took, looks, sizeof *took, ascending);
    printf("%.0f %.0f\n", took[looks - 1], took[looks - 1 - looks / 1000]);
    return 0;
}
