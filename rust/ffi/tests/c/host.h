/* A host in one process: up to three servers, storage in memory, a network of
 * direct calls. One clock for all, which only the program moves. */
#ifndef HOST_H
#define HOST_H

#include "check.h"

#define SERVERS 3
#define LOG_MAX 4096

typedef struct Stored {
    uint8_t *data;
    size_t len;
} Stored;

typedef struct Server {
    uint64_t id;
    PontoonNode node; /* 0 while crashed */
    int isolated;
    int disk_broken;
    Stored state, snapshot; /* exactly what the persist callback was given last */
    uint64_t applied;       /* last index applied */
    uint64_t log[LOG_MAX];  /* command by index */
    uint64_t persists, sends;
    struct Host *host;
} Server;

typedef struct Host {
    uint64_t now_ms;
    Server servers[SERVERS];
} Host;

static inline void store(Stored *slot, PontoonBytes bytes) {
    free(slot->data);
    slot->data = (uint8_t *)malloc(bytes.len + 1);
    CHECK(slot->data != NULL);
    if (bytes.len > 0) memcpy(slot->data, bytes.data, bytes.len);
    slot->len = bytes.len;
}

static inline PontoonBytes stored(const Stored *slot) {
    PontoonBytes bytes = {slot->data, slot->len};
    return bytes;
}

static inline int on_persist(void *context, PontoonBytes state, PontoonBytes snapshot, uint32_t snapshot_changed) {
    Server *server = (Server *)context;
    if (server->disk_broken) return -1;
    /* A snapshot that did not change is the one that is stored. */
    CHECK(snapshot_changed || (snapshot.len == server->snapshot.len &&
                               (snapshot.len == 0 || memcmp(snapshot.data, server->snapshot.data, snapshot.len) == 0)));
    store(&server->state, state);
    store(&server->snapshot, snapshot);
    server->persists++;
    return 0;
}

/* Straight into the receiver. Its answer leaves when it is drained itself. */
static inline void on_send(void *context, const PontoonMessage *message) {
    Server *server = (Server *)context;
    Server *to = &server->host->servers[message->to - 1];
    server->sends++;
    if (to->node == 0 || server->isolated || to->isolated) return;
    OK(pontoon_receive(to->node, server->host->now_ms, message->ticket, message->data.data, message->data.len, NULL));
}

static inline void on_apply(void *context, const PontoonApply *apply) {
    Server *server = (Server *)context;
    size_t at;
    CHECK(apply->struct_size == sizeof *apply);
    if (apply->has_snapshot) {
        CHECK(apply->entries_len == 0 && apply->snapshot_index > server->applied);
        CHECK(apply->snapshot.len == (apply->snapshot_index + 1) * sizeof server->log[0]);
        memcpy(server->log, apply->snapshot.data, apply->snapshot.len);
        server->applied = apply->snapshot_index;
        return;
    }
    CHECK(apply->entries_len > 0);
    for (at = 0; at < apply->entries_len; at++) {
        const PontoonEntry *entry = &apply->entries[at];
        CHECK(entry->index == server->applied + 1 && entry->index < LOG_MAX);
        CHECK(entry->kind == PONTOON_ENTRY_COMMAND && entry->data.len == sizeof server->log[0]);
        memcpy(&server->log[entry->index], entry->data.data, entry->data.len);
        server->applied = entry->index;
    }
}

static inline PontoonCallbacks callbacks_of_host(void) {
    PontoonCallbacks callbacks = {sizeof callbacks, on_persist, on_send, on_apply};
    return callbacks;
}

/* A server as storage has it: it forgot all but state and snapshot. */
static inline void boot(Server *server) {
    static const uint64_t voters[SERVERS] = {1, 2, 3};
    PontoonConfig config = config_of(server->id, voters, SERVERS);
    char error[512] = "";
    PontoonStatus status;
    CHECK(server->node == 0);
    config.snapshot_chunk_bytes = 100; /* several pieces */
    status = pontoon_make(&config, stored(&server->state), stored(&server->snapshot), server->host->now_ms,
                          &server->node, error, sizeof error);
    if (status != PONTOON_OK) {
        fprintf(stderr, "server %d: %s\n", (int)server->id, error);
        exit(1);
    }
    server->applied = 0;
    memset(server->log, 0, sizeof server->log);
    if (server->snapshot.len > 0) {
        memcpy(server->log, server->snapshot.data, server->snapshot.len);
        server->applied = server->snapshot.len / sizeof server->log[0] - 1;
    }
    CHECK(state_of(server->node).snapshot_index == server->applied);
}

static inline void crash(Server *server) {
    OK(pontoon_kill(server->node));
    OK(pontoon_free(server->node));
    server->node = 0;
}

static inline void host_start(Host *host) {
    size_t at;
    memset(host, 0, sizeof *host);
    for (at = 0; at < SERVERS; at++) {
        host->servers[at].id = at + 1;
        host->servers[at].host = host;
        boot(&host->servers[at]);
    }
}

static inline void host_stop(Host *host) {
    size_t at;
    for (at = 0; at < SERVERS; at++) {
        if (host->servers[at].node != 0) crash(&host->servers[at]);
        free(host->servers[at].state.data);
        free(host->servers[at].snapshot.data);
    }
}

/* Drains all servers until none has anything left. */
static inline void settle(Host *host) {
    PontoonCallbacks callbacks = callbacks_of_host();
    int busy = 1;
    while (busy) {
        size_t at;
        busy = 0;
        for (at = 0; at < SERVERS; at++) {
            Server *server = &host->servers[at];
            uint64_t before = server->sends;
            if (server->node == 0) continue;
            OK(pontoon_drain(server->node, host->now_ms, &callbacks, server, NULL));
            busy |= server->sends != before;
        }
    }
}

/* Lets time pass, one millisecond after another. */
static inline void pass(Host *host, uint64_t ms) {
    while (ms-- > 0) {
        size_t at;
        host->now_ms++;
        for (at = 0; at < SERVERS; at++) {
            if (host->servers[at].node != 0) OK(pontoon_tick(host->servers[at].node, host->now_ms, NULL));
        }
        settle(host);
    }
}

static inline Server *leader_of(Host *host) {
    Server *leader = NULL;
    uint64_t term = 0;
    size_t at;
    for (at = 0; at < SERVERS; at++) {
        Server *server = &host->servers[at];
        PontoonState state;
        if (server->node == 0 || server->isolated) continue;
        state = state_of(server->node);
        if (state.role != PONTOON_ROLE_LEADER || state.term <= term) continue;
        leader = server;
        term = state.term;
    }
    return leader;
}

static inline Server *elect(Host *host) {
    int patience_ms = 60000;
    while (leader_of(host) == NULL) {
        CHECK(patience_ms-- > 0);
        pass(host, 1);
    }
    return leader_of(host);
}

/* One command, to the leader; returns its index. */
static inline uint64_t propose(Host *host, uint64_t command) {
    Server *leader = elect(host);
    PontoonStarted started = {sizeof started, 0, 0};
    PontoonStep step = {sizeof step, 0, 0, 0};
    OK(pontoon_start(leader->node, host->now_ms, (const uint8_t *)&command, sizeof command, &started, &step));
    CHECK(started.index > 0 && started.term == state_of(leader->node).term);
    return started.index;
}

/* One command, applied by every server that can be reached. */
static inline uint64_t agree(Host *host, uint64_t command) {
    uint64_t index = propose(host, command);
    size_t at;
    settle(host);
    pass(host, 400); /* two heartbeats */
    for (at = 0; at < SERVERS; at++) {
        Server *server = &host->servers[at];
        if (server->node == 0 || server->isolated) continue;
        CHECK(server->applied >= index);
        CHECK(server->log[index] == command);
    }
    return index;
}

/* The server puts its whole log up to what it applied into a snapshot. */
static inline void take_snapshot(Server *server) {
    size_t len = (size_t)(server->applied + 1) * sizeof server->log[0];
    OK(pontoon_snapshot(server->node, server->host->now_ms, server->applied, (const uint8_t *)server->log, len, NULL));
}

#endif
