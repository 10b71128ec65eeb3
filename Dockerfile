# The exam room's container: an interpreter for the room's files, the tracer for the
# recorder, and the agent's user. The room and the recorder themselves are brought in
# at the start of each sample, so that no stale image can disagree with the code.
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        file \
        less \
        nano \
        procps \
        python3 \
        strace \
        vim-tiny \
        xxd \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 --shell /bin/bash agent

WORKDIR /home/agent
