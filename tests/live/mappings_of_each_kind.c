/* Makes threads with stacks of several sorts, malloc arenas, and mappings of each kind; prints where
   they are, one a line, then "ready"; ends when its standard input does.

     stack TID START END      a thread's stack
     arena START              a heap of a malloc arena
     mapping START END KIND   anything else
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB (1ul << 20)
#define HEAP (64 * MIB)

static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t reported;
static volatile int spin = 1;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* Reports the arena heap that a block of malloc is in, unless that is the one of the block before or
   the main arena's, which is what brk gave. */
static void report_heap(void *block, uintptr_t *last) {
    static uintptr_t first_break;
    uintptr_t address = (uintptr_t)block, heap = address & ~(HEAP - 1);
    if (!block)
        fail("malloc");
    if (!first_break)
        first_break = address; /* main calls first */
    if (heap != *last && (address < first_break || address >= (uintptr_t)sbrk(0)))
        printf("arena %lx\n", heap);
    *last = heap;
}

/* Where the calling thread's stack is, and its arena (pthread_getattr_np itself uses malloc). */
static void report_stack(void) {
    uintptr_t none = 0;
    pthread_attr_t attributes;
    void *start;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) ||
        pthread_attr_getstack(&attributes, &start, &size))
        fail("pthread_getattr_np");
    pthread_attr_destroy(&attributes);
    pthread_mutex_lock(&output);
    printf("stack %ld %lx %lx\n", syscall(SYS_gettid), (long)start, (long)start + size);
    report_heap(malloc(100), &none);
    pthread_mutex_unlock(&output);
}

static void *wait_for_ever(void *unused) {
    report_stack();
    pthread_barrier_wait(&reported);
    for (;;)
        pause();
    return unused;
}

static void *spin_then_wait(void *unused) {
    report_stack();
    pthread_barrier_wait(&reported);
    while (spin)
        ;
    for (;;)
        pause();
    return unused;
}

/* Fills an arena with `size` bytes. */
static void *allocate(void *size) {
    uintptr_t last = 0;
    report_stack();
    pthread_mutex_lock(&output);
    for (size_t done = 0; done < (size_t)size; done += 100000) {
        char *block = malloc(100000);
        report_heap(block, &last);
        memset(block, 1, 100000);
    }
    pthread_mutex_unlock(&output);
    pthread_barrier_wait(&reported);
    for (;;)
        pause();
    return size;
}

static void start(void *(*run)(void *), void *argument, size_t size, int guarded, void *place) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    if (place)
        pthread_attr_setstack(&attributes, place, size);
    else if (size)
        pthread_attr_setstacksize(&attributes, size);
    if (!guarded)
        pthread_attr_setguardsize(&attributes, 0);
    if (pthread_create(&thread, &attributes, run, argument))
        fail("pthread_create");
    pthread_attr_destroy(&attributes);
}

/* A stack between two pieces of shared memory, so that neither a guard nor a neighbour helps. */
static void *lonely_stack(size_t size) {
    char *place = mmap(NULL, 3 * size, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED)
        fail("mmap");
    return mmap(place + size, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void report_mapping(void *place, int protection, const char *kind) {
    if (place == MAP_FAILED)
        fail(kind);
    if (protection & PROT_WRITE)
        memset(place, 1, MIB);
    printf("mapping %lx %lx %s\n", (long)place, (long)place + MIB, kind);
}

static void map(int file, int flags, int protection, const char *kind) {
    report_mapping(mmap(NULL, MIB, protection, flags, file, 0), protection, kind);
}

static int sized(int file, const char *what) {
    if (file < 0 || ftruncate(file, MIB))
        fail(what);
    return file;
}

static void make_mappings(const char *folder) {
    int both = PROT_READ | PROT_WRITE;
    char path[4096];
    map(-1, MAP_SHARED | MAP_ANONYMOUS, both, "shared memory");
    map(sized(memfd_create("pool-12", 0), "memfd"), MAP_SHARED, both, "shared memory");
    snprintf(path, sizeof path, "/memory-watcher-test-%d", getpid());
    map(sized(shm_open(path, O_RDWR | O_CREAT, 0600), path), MAP_SHARED, both, "shared memory");
    shm_unlink(path);
    int segment = shmget(IPC_PRIVATE, MIB, 0600);
    report_mapping(shmat(segment, NULL, 0), both, "shared memory");
    shmctl(segment, IPC_RMID, NULL);
    snprintf(path, sizeof path, "%s/kept [heap]", folder);
    map(sized(open(path, O_RDWR | O_CREAT, 0600), path), MAP_SHARED, both, "file");
    snprintf(path, sizeof path, "%s/gone", folder);
    map(sized(open(path, O_RDWR | O_CREAT, 0600), path), MAP_PRIVATE, both, "deleted file");
    unlink(path);
    map(open("/dev/zero", O_RDWR), MAP_PRIVATE, both, "named anonymous");
    map(-1, MAP_PRIVATE | MAP_ANONYMOUS, PROT_NONE, "guard");
    map(-1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, both, "anonymous"); /* no thread in it */
}

int main(int count, char **arguments) {
    if (count != 2)
        return 2;
    pthread_barrier_init(&reported, NULL, 9);
    report_stack();
    start(wait_for_ever, NULL, 0, 1, NULL);
    start(wait_for_ever, NULL, 256 * 1024, 0, NULL);
    start(wait_for_ever, NULL, 256 * 1024, 0, NULL);
    start(wait_for_ever, NULL, MIB, 1, lonely_stack(MIB));
    start(spin_then_wait, NULL, 2 * MIB, 1, NULL);
    start(allocate, (void *)MIB, 0, 1, NULL);
    start(allocate, (void *)(20 * MIB), 0, 1, NULL);
    start(allocate, (void *)(200 * MIB), 0, 1, NULL);
    pthread_barrier_wait(&reported);
    make_mappings(arguments[1]);
    puts("ready");
    fflush(stdout);
    getchar(); /* a line: stop spinning */
    spin = 0;
    while (getchar() != EOF)
        ;
    return 0;
}
