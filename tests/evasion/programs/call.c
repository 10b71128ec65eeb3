// Makes system calls by number: call [-r] NUMBER ARGUMENT... [-- NUMBER ARGUMENT...]...
// An argument is a number, @TEXT for a string, xHEX for bytes, mSIZE for zeroed
// memory, or = for what the call before returned. -r reads what the last one opened.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long last;

static long argument(char *text) {
    if (text[0] == '@') return (long)(text + 1);
    if (text[0] == 'm') return (long)calloc(1, atol(text + 1));
    if (text[0] == '=') return last;
    if (text[0] != 'x') return strtol(text, NULL, 0);
    unsigned char *bytes = calloc(1, strlen(text));
    for (int i = 0; sscanf(text + 1 + 2 * i, "%2hhx", bytes + i) == 1; i++) {}
    return (long)bytes;
}

int main(int count, char **words) {
    int i = 1, reads = 0;
    if (count > 1 && !strcmp(words[1], "-r")) reads = 1, i++;
    while (i < count) {
        long number = strtol(words[i++], NULL, 0), a[6] = {0};
        for (int n = 0; i < count && strcmp(words[i], "--"); i++, n++)
            a[n] = argument(words[i]);
        i++;
        errno = 0;
        last = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        printf("%ld = %ld %s\n", number, last, last < 0 ? strerrorname_np(errno) : "");
    }
    fflush(stdout);
    char block[4096];
    ssize_t got;
    while (reads && last >= 0 && (got = read(last, block, sizeof block)) > 0)
        write(1, block, got);
    return last < 0;
}
