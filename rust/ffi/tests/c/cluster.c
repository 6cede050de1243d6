/* Three servers in one process, driven by pontoon_drain: they agree, survive
 * crashes with exactly what the persist callback stored, and use snapshots. */
#include "host.h"

static void all_logs_agree(Host *host) {
    size_t at;
    uint64_t index;
    for (at = 1; at < SERVERS; at++) {
        Server *one = &host->servers[0], *other = &host->servers[at];
        uint64_t common = one->applied < other->applied ? one->applied : other->applied;
        for (index = 1; index <= common; index++) CHECK(one->log[index] == other->log[index]);
    }
}

static void agreement(void) {
    Host host;
    uint64_t command;
    host_start(&host);
    for (command = 1; command <= 20; command++) CHECK(agree(&host, 1000 + command) == command);
    all_logs_agree(&host);
    host_stop(&host);
}

static void a_crash_of_all(void) {
    Host host;
    uint64_t last;
    size_t at;
    host_start(&host);
    agree(&host, 1);
    last = agree(&host, 2);
    for (at = 0; at < SERVERS; at++) {
        uint64_t term = state_of(host.servers[at].node).term;
        uint64_t len = state_of(host.servers[at].node).state_bytes;
        CHECK(len == host.servers[at].state.len);
        crash(&host.servers[at]);
        boot(&host.servers[at]);
        CHECK(state_of(host.servers[at].node).term == term);
        CHECK(state_of(host.servers[at].node).last_index == last);
    }
    CHECK(agree(&host, 3) == last + 1);
    CHECK(host.servers[0].log[1] == 1 && host.servers[0].log[2] == 2);
    all_logs_agree(&host);
    host_stop(&host);
}

/* A leader that is cut off, and crashes with entries nobody else has. */
static void a_lost_leader(void) {
    Host host;
    Server *old;
    uint64_t index;
    host_start(&host);
    agree(&host, 1);
    old = elect(&host);
    old->isolated = 1;
    {
        uint64_t lost = 666;
        OK(pontoon_start(old->node, host.now_ms, (const uint8_t *)&lost, sizeof lost, NULL, NULL));
        settle(&host);
    }
    index = agree(&host, 2);
    CHECK(elect(&host) != old);
    crash(old);
    boot(old);
    CHECK(state_of(old->node).last_index == index); /* 666 was stored */
    old->isolated = 0;
    pass(&host, 2000);
    agree(&host, 3);
    CHECK(old->log[index] == 2);
    all_logs_agree(&host);
    host_stop(&host);
}

/* A server is away while the others compact, and gets a snapshot in pieces. */
static void snapshots(void) {
    Host host;
    Server *behind;
    uint64_t command, sends;
    size_t at;
    host_start(&host);
    agree(&host, 1);
    behind = elect(&host) == &host.servers[0] ? &host.servers[1] : &host.servers[0];
    behind->isolated = 1;
    for (command = 2; command <= 60; command++) agree(&host, command);
    for (at = 0; at < SERVERS; at++) {
        if (&host.servers[at] != behind) take_snapshot(&host.servers[at]);
    }
    settle(&host);
    for (at = 0; at < SERVERS; at++) {
        if (&host.servers[at] == behind) continue;
        CHECK(host.servers[at].snapshot.len == 61 * sizeof(uint64_t));
        CHECK(host.servers[at].state.len < 200); /* the log is gone */
    }
    behind->isolated = 0;
    sends = behind->sends;
    pass(&host, 3000);
    agree(&host, 61);
    CHECK(behind->sends - sends >= 5); /* an answer for each piece */
    CHECK(state_of(behind->node).snapshot_index == 60);
    all_logs_agree(&host);
    for (at = 0; at < SERVERS; at++) {
        crash(&host.servers[at]);
        boot(&host.servers[at]);
    }
    CHECK(agree(&host, 62) == 62);
    all_logs_agree(&host);
    host_stop(&host);
}

/* What was stored for one server, or at another time, is not accepted. */
static void mixed_up_storage(void) {
    static const uint64_t voters[SERVERS] = {1, 2, 3};
    Host host;
    PontoonConfig config;
    PontoonNode node = 7;
    char error[512] = "";
    Server *server;
    Stored old = {NULL, 0};
    host_start(&host);
    agree(&host, 1);
    server = &host.servers[0];
    take_snapshot(server);
    settle(&host);
    store(&old, stored(&server->state));
    agree(&host, 2);
    take_snapshot(server);
    settle(&host);
    config = config_of(2, voters, SERVERS);
    CHECK_STATUS(PONTOON_ERR_DECODE, pontoon_make(&config, stored(&server->state), stored(&server->snapshot), 0, &node,
                                                  error, sizeof error));
    CHECK(strstr(error, "state of server 1") != NULL);
    config = config_of(1, voters, SERVERS);
    CHECK_STATUS(PONTOON_ERR_DECODE,
                 pontoon_make(&config, stored(&old), stored(&server->snapshot), 0, &node, error, sizeof error));
    CHECK(strstr(error, "stored together") != NULL);
    CHECK_STATUS(PONTOON_ERR_DECODE,
                 pontoon_make(&config, nothing(), stored(&server->snapshot), 0, &node, error, sizeof error));
    CHECK(node == 7);
    free(old.data);
    host_stop(&host);
}

/* A server whose disk fails is dead; the others go on, and it comes back with
 * what was stored before. */
static void a_broken_disk(void) {
    Host host;
    Server *server;
    PontoonCallbacks callbacks = callbacks_of_host();
    PontoonState state;
    uint64_t lost = 666, sends;
    host_start(&host);
    agree(&host, 1);
    server = elect(&host);
    server->disk_broken = 1;
    /* Not to be sent early, so that nobody else has it. */
    server->isolated = 1;
    OK(pontoon_start(server->node, host.now_ms, (const uint8_t *)&lost, sizeof lost, NULL, NULL));
    sends = server->sends;
    CHECK_STATUS(PONTOON_ERR_STORAGE, pontoon_drain(server->node, host.now_ms, &callbacks, server, NULL));
    CHECK(server->sends - sends <= SERVERS - 1); /* early messages alone */
    check_error(server->node, "stable storage failed");
    CHECK_STATUS(PONTOON_ERR_STORAGE, pontoon_tick(server->node, host.now_ms, NULL));
    state.struct_size = sizeof state;
    CHECK_STATUS(PONTOON_ERR_STORAGE, pontoon_get_state(server->node, &state));
    crash(server);
    server->disk_broken = 0;
    agree(&host, 2);
    server->isolated = 0;
    boot(server);
    CHECK(state_of(server->node).last_index == 1);
    pass(&host, 2000);
    agree(&host, 3);
    all_logs_agree(&host);
    host_stop(&host);
}

int main(void) {
    agreement();
    a_crash_of_all();
    a_lost_leader();
    snapshots();
    mixed_up_storage();
    a_broken_disk();
    puts("cluster: ok");
    return 0;
}
