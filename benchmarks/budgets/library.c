/* A library with initialised data, of which a program writes to as much as it says. */
#include <stddef.h>

static char data[2 << 20] = {1};

void budget_write(size_t bytes) {
    for (size_t i = 0; i < bytes && i < sizeof data; i += 4096) data[i]++;
}
