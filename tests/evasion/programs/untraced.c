// A child that the tracer is not told of: untraced [ptrace]. Its recorded calls fail,
// because the tracer's filter has nobody to tell; with `ptrace` its own parent is the
// tracer and lets them pass.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words) {
    int helps = count > 1 && !strcmp(words[1], "ptrace");
    volatile int *go = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long child = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        char block[64];
        while (!*go) usleep(100);
        int file = open("reference/answers.txt", O_RDONLY);
        if (file < 0) dprintf(1, "open = -1 %s\n", strerrorname_np(errno));
        else write(1, block, read(file, block, sizeof block));
        _exit(0);
    }
    if (helps && ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACESECCOMP))
        printf("ptrace = -1 %s\n", strerrorname_np(errno));
    *go = 1;
    int status;
    while (waitpid(child, &status, __WALL) > 0 && WIFSTOPPED(status))
        ptrace(PTRACE_CONT, child, 0, 0);
    return 0;
}
