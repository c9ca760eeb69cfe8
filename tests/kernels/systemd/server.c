/* A server for a container: 20 MiB in .bss, 10 MiB in its heap, 16 MiB in tmpfs that it does not map. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char table[20 << 20];

int main(void)
{
    static char block[1 << 16];
    char *heap = malloc(10 << 20);
    FILE *file = fopen("/dev/shm/cache", "w");
    memset(table, 1, sizeof table);
    if (!heap || !file)
        return 1;
    memset(heap, 1, 10 << 20);
    for (int i = 0; i < 256; i++)
        fwrite(block, sizeof block, 1, file);
    fwrite(heap, 1, 1, file);  /* or no compiler would keep it */
    fclose(file);
    for (;;)
        pause();
}
