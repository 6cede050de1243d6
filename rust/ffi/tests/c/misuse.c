/* Everything that a caller can get wrong short of a wild pointer has a status,
 * writes no output and changes nothing. */
#include "check.h"

static const uint64_t voters[] = {1, 2, 3};

static PontoonNode make(void) {
    PontoonConfig config = config_of(1, voters, 3);
    PontoonNode node = 0;
    OK(pontoon_make(&config, nothing(), nothing(), 0, &node, NULL, 0));
    return node;
}

/* ---- pontoon_make ---- */

static void refuse_config(PontoonConfig config, PontoonStatus expected, const char *part) {
    char error[512] = "", tiny[4];
    PontoonNode node = 99;
    CHECK_STATUS(expected, pontoon_make(&config, nothing(), nothing(), 0, &node, error, sizeof error));
    if (strstr(error, part) == NULL) {
        fprintf(stderr, "\"%s\" is not in \"%s\"\n", part, error);
        exit(1);
    }
    CHECK_STATUS(expected, pontoon_make(&config, nothing(), nothing(), 0, &node, tiny, sizeof tiny));
    CHECK(strlen(tiny) == 3 && memcmp(tiny, error, 3) == 0);
    CHECK_STATUS(expected, pontoon_make(&config, nothing(), nothing(), 0, &node, NULL, 0));
    CHECK(node == 99);
}

static void configurations(void) {
    static const uint64_t twice[] = {1, 2, 2};
    const PontoonConfig good = config_of(1, voters, 3);
    PontoonConfig config = good;
    char error[64] = "untouched";
    PontoonNode node = 99;
    PontoonBytes lost = {NULL, 5}, junk = {text("#!/bin/sh\nexit 0\n"), 17};

    config.struct_size = 0;
    refuse_config(config, PONTOON_ERR_STRUCT_SIZE, "struct_size of PontoonConfig is 0");
    config.struct_size = sizeof config - 1;
    refuse_config(config, PONTOON_ERR_STRUCT_SIZE, "sizeof");
    config = good, config.struct_size = (size_t)-1;
    refuse_config(config, PONTOON_ERR_STRUCT_SIZE, "struct_size");
    config = good, config.voters = NULL;
    refuse_config(config, PONTOON_ERR_NULL, "voters is NULL");
    config = good, config.voters_len = 0;
    refuse_config(config, PONTOON_ERR_CONFIG, "voters is empty");
    config = good, config.voters_len = (size_t)-1;
    refuse_config(config, PONTOON_ERR_CONFIG, "limit is 1024");
    config = good, config.voters = twice;
    refuse_config(config, PONTOON_ERR_CONFIG, "server 2 twice");
    config = good, config.id = 4;
    refuse_config(config, PONTOON_ERR_CONFIG, "this server, 4");
    config = good, config.profile = 2;
    refuse_config(config, PONTOON_ERR_CONFIG, "profile is 2");
    config = good, config.election_timeout_ms_min = 10;
    refuse_config(config, PONTOON_ERR_CONFIG, "heartbeat_interval_ms");
    config = good, config.max_append_bytes = PONTOON_COMMAND_BYTES_MAX + 1;
    refuse_config(config, PONTOON_ERR_CONFIG, "max_append_bytes");
    config = good, config.snapshot_chunk_bytes = (size_t)-1;
    refuse_config(config, PONTOON_ERR_CONFIG, "snapshot_chunk_bytes");

    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_make(NULL, nothing(), nothing(), 0, &node, NULL, 0));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_make(&good, nothing(), nothing(), 0, NULL, NULL, 0));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_make(&good, lost, nothing(), 0, &node, NULL, 0));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_make(&good, nothing(), lost, 0, &node, NULL, 0));
    CHECK_STATUS(PONTOON_ERR_DECODE, pontoon_make(&good, junk, nothing(), 0, &node, NULL, 100));
    CHECK_STATUS(PONTOON_ERR_DECODE, pontoon_make(&good, nothing(), junk, 0, &node, error, 0));
    CHECK(node == 99 && strcmp(error, "untouched") == 0);
    OK(pontoon_make(&good, nothing(), nothing(), 0, &node, error, sizeof error));
    CHECK(strcmp(error, "untouched") == 0);
    OK(pontoon_free(node));
}

/* A caller compiled against a later header. */
static void larger_structs(void) {
    struct {
        PontoonConfig config;
        uint64_t later[2];
    } larger;
    struct {
        PontoonState state;
        uint64_t later[2];
        uint64_t beyond;
    } state;
    PontoonNode node = 0;
    memset(&larger, 0, sizeof larger);
    larger.config = config_of(1, voters, 3);
    larger.config.struct_size = sizeof larger;
    larger.later[1] = 1;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_make(&larger.config, nothing(), nothing(), 0, &node, NULL, 0));
    larger.later[1] = 0;
    OK(pontoon_make(&larger.config, nothing(), nothing(), 0, &node, NULL, 0));
    memset(&state, 0xff, sizeof state);
    state.state.struct_size = sizeof state - sizeof state.beyond;
    OK(pontoon_get_state(node, &state.state));
    CHECK(state.state.struct_size == sizeof state - sizeof state.beyond && state.state.id == 1);
    CHECK(state.later[0] == 0 && state.later[1] == 0 && state.beyond == UINT64_MAX);
    OK(pontoon_free(node));
}

/* ---- all functions with one kind of handle ---- */

static void on_send(void *context, const PontoonMessage *message) { (void)context, (void)message; }
static int on_persist(void *context, PontoonBytes state, PontoonBytes snapshot, uint32_t changed) {
    (void)context, (void)state, (void)snapshot, (void)changed;
    return 0;
}

static void refuse_all(PontoonNode node, PontoonStatus expected) {
    PontoonCallbacks callbacks = {sizeof callbacks, on_persist, on_send, NULL};
    PontoonWork work;
    PontoonApply apply;
    PontoonEvents events = {sizeof events, NULL, 0, 81};
    PontoonStarted started = {sizeof started, 77, 78};
    PontoonStep step = {sizeof step, 79, 80, 0};
    memset(&work, 0x55, sizeof work);
    memset(&apply, 0x55, sizeof apply);
    work.struct_size = sizeof work;
    apply.struct_size = sizeof apply;
    CHECK_STATUS(expected, pontoon_start(node, 0, text("x"), 1, &started, &step));
    CHECK_STATUS(expected, pontoon_snapshot(node, 0, 1, text("x"), 1, &step));
    CHECK_STATUS(expected, pontoon_tick(node, 0, &step));
    CHECK_STATUS(expected, pontoon_receive(node, 0, 0, text("x"), 1, &step));
    CHECK_STATUS(expected, pontoon_undelivered(node, 0, 2, 0, &step));
    CHECK_STATUS(expected, pontoon_work(node, 0, &work));
    CHECK_STATUS(expected, pontoon_work_done(node, 0, 1, &step));
    CHECK_STATUS(expected, pontoon_work_failed(node, 1));
    CHECK_STATUS(expected, pontoon_apply(node, 1, &apply));
    CHECK_STATUS(expected, pontoon_events(node, &events));
    CHECK_STATUS(expected, pontoon_drain(node, 0, &callbacks, NULL, &step));
    /* Whatever else is wrong. */
    step.struct_size = 0;
    CHECK_STATUS(expected, pontoon_start(node, 0, NULL, 1, NULL, &step));
    CHECK_STATUS(expected, pontoon_receive(node, 0, 0, NULL, 1, &step));
    CHECK_STATUS(expected, pontoon_work(node, 0, NULL));
    CHECK_STATUS(expected, pontoon_apply(node, 1, NULL));
    CHECK_STATUS(expected, pontoon_events(node, NULL));
    CHECK_STATUS(expected, pontoon_drain(node, 0, NULL, NULL, &step));
    CHECK(started.index == 77 && started.term == 78 && step.deadline_ms == 79 && step.ready == 80);
    CHECK(events.lost == 81);
    CHECK(work.sequence == 0x5555555555555555u && apply.snapshot_index == 0x5555555555555555u);
}

static void handles(void) {
    PontoonNode node = make(), other = make();
    PontoonState state = {sizeof state, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    PontoonNode bad[6];
    size_t at;
    bad[0] = 0;
    bad[1] = 1;
    bad[2] = UINT64_MAX;
    bad[3] = node + 1000000;
    bad[4] = node + ((uint64_t)1 << 32);
    bad[5] = node;
    OK(pontoon_kill(node));
    OK(pontoon_kill(node));
    refuse_all(node, PONTOON_ERR_KILLED);
    check_error(node, "killed");
    CHECK(state_of(node).id == 1);
    OK(pontoon_free(node));
    for (at = 0; at < 6; at++) {
        refuse_all(bad[at], PONTOON_ERR_BAD_HANDLE);
        CHECK_STATUS(PONTOON_ERR_BAD_HANDLE, pontoon_get_state(bad[at], &state));
        CHECK_STATUS(PONTOON_ERR_BAD_HANDLE, pontoon_last_error(bad[at], NULL, 0, NULL));
        CHECK_STATUS(PONTOON_ERR_BAD_HANDLE, pontoon_kill(bad[at]));
        CHECK_STATUS(PONTOON_ERR_BAD_HANDLE, pontoon_free(bad[at]));
    }
    CHECK(state.id == 99);
    /* The place is taken again, the number is not. */
    node = make();
    CHECK(node != bad[5]);
    CHECK_STATUS(PONTOON_ERR_BAD_HANDLE, pontoon_tick(bad[5], 0, NULL));
    CHECK(state_of(other).id == 1);
    OK(pontoon_free(node));
    OK(pontoon_free(other));
}

/* ---- arguments ---- */

static void arguments(void) {
    PontoonNode node = make();
    PontoonWork work;
    PontoonApply apply;
    PontoonState state;
    PontoonStep step;
    PontoonStarted started;
    PontoonCallbacks callbacks = {sizeof callbacks, on_persist, on_send, NULL};
    uint8_t future[] = {2, 1, 1, 1};
    size_t needed = 0;
    char buffer[8];

    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_start(node, 0, NULL, 1, NULL, NULL));
    check_error(node, "command is NULL");
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_receive(node, 0, 0, NULL, 1, NULL));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_snapshot(node, 0, 1, NULL, 1, NULL));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_get_state(node, NULL));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_work(node, 0, NULL));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_apply(node, 0, NULL));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_drain(node, 0, NULL, NULL, NULL));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_last_error(node, NULL, 1, NULL));
    callbacks.persist = NULL;
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_drain(node, 0, &callbacks, NULL, NULL));
    callbacks.persist = on_persist, callbacks.send = NULL;
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_drain(node, 0, &callbacks, NULL, NULL));
    check_error(node, "send is NULL");

    work.struct_size = sizeof work - 1;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_work(node, 0, &work));
    apply.struct_size = 0;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_apply(node, 0, &apply));
    state.struct_size = (size_t)-1;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_get_state(node, &state));
    callbacks.struct_size = 8, callbacks.send = on_send;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_drain(node, 0, &callbacks, NULL, NULL));
    step.struct_size = 1;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_tick(node, 0, &step));
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_undelivered(node, 0, 2, 0, &step));
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_work_done(node, 0, 0, &step));
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_snapshot(node, 0, 0, NULL, 0, &step));
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_receive(node, 0, 0, NULL, 0, &step));
    started.struct_size = 1;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_start(node, 0, NULL, 0, &started, NULL));

    CHECK_STATUS(PONTOON_ERR_NOT_LEADER, pontoon_start(node, 0, NULL, 0, NULL, NULL));
    check_error(node, "none is known");
    CHECK_STATUS(PONTOON_ERR_DECODE, pontoon_receive(node, 0, 0, NULL, 0, NULL));
    CHECK_STATUS(PONTOON_ERR_DECODE, pontoon_receive(node, 0, 0, text("\1\1"), 2, NULL));
    CHECK_STATUS(PONTOON_ERR_VERSION, pontoon_receive(node, 0, 0, future, sizeof future, NULL));
    check_error(node, "version 2, this library knows version 1");
    CHECK_STATUS(PONTOON_ERR_UNKNOWN_PEER, pontoon_undelivered(node, 0, 1, 0, NULL));
    CHECK_STATUS(PONTOON_ERR_UNKNOWN_PEER, pontoon_undelivered(node, 0, 4, 0, NULL));
    OK(pontoon_undelivered(node, 0, 2, 12345, NULL));
    CHECK_STATUS(PONTOON_ERR_OUT_OF_RANGE, pontoon_snapshot(node, 0, 0, NULL, 0, NULL));
    CHECK_STATUS(PONTOON_ERR_OUT_OF_RANGE, pontoon_snapshot(node, 0, 1, NULL, 0, NULL));
    CHECK_STATUS(PONTOON_ERR_OUT_OF_RANGE, pontoon_work_done(node, 0, 0, NULL));
    CHECK_STATUS(PONTOON_ERR_OUT_OF_RANGE, pontoon_work_failed(node, 1));
    check_error(node, "batch 1 is not outstanding, none is");
    work.struct_size = sizeof work;
    apply.struct_size = sizeof apply;
    CHECK_STATUS(PONTOON_ERR_NO_WORK, pontoon_work(node, 0, &work));
    CHECK_STATUS(PONTOON_ERR_NO_WORK, pontoon_apply(node, 0, &apply));
    check_error(node, "batch 1 is not outstanding"); /* having nothing to do is no error */

    OK(pontoon_last_error(node, NULL, 0, &needed));
    CHECK(needed == strlen("batch 1 is not outstanding, none is") + 1);
    OK(pontoon_last_error(node, buffer, sizeof buffer, &needed));
    CHECK(strcmp(buffer, "batch 1") == 0);

    {
        /* Too long, and long enough. */
        uint8_t *command = (uint8_t *)calloc(1, PONTOON_MESSAGE_BYTES_MAX + 1);
        CHECK(command != NULL);
        CHECK_STATUS(PONTOON_ERR_TOO_LARGE, pontoon_start(node, 0, command, PONTOON_COMMAND_BYTES_MAX + 1, NULL, NULL));
        CHECK_STATUS(PONTOON_ERR_NOT_LEADER, pontoon_start(node, 0, command, PONTOON_COMMAND_BYTES_MAX, NULL, NULL));
        CHECK_STATUS(PONTOON_ERR_TOO_LARGE,
                     pontoon_receive(node, 0, 0, command, PONTOON_MESSAGE_BYTES_MAX + 1, NULL));
        CHECK_STATUS(PONTOON_ERR_TOO_LARGE, pontoon_start(node, 0, command, (size_t)-1, NULL, NULL));
        free(command);
    }
    state.struct_size = sizeof state;
    OK(pontoon_get_state(node, &state));
    CHECK(state.term == 0 && state.last_index == 0 && state.role == PONTOON_ROLE_FOLLOWER && !state.has_leader);
    OK(pontoon_free(node));
}

/* Any time at all, also one that goes back. */
static void times(void) {
    PontoonNode node = make();
    PontoonStep step = {sizeof step, 0, 0, 0};
    uint64_t deadline_ms;
    OK(pontoon_tick(node, 100, &step));
    deadline_ms = step.deadline_ms;
    OK(pontoon_tick(node, 50, &step));
    CHECK(step.deadline_ms == deadline_ms && step.ready == 0);
    OK(pontoon_tick(node, UINT64_MAX, &step));
    OK(pontoon_tick(node, UINT64_MAX, &step));
    OK(pontoon_tick(node, 0, &step));
    OK(pontoon_free(node));
    {
        PontoonConfig config = config_of(1, voters, 3);
        OK(pontoon_make(&config, nothing(), nothing(), UINT64_MAX, &node, NULL, 0));
        OK(pontoon_tick(node, 0, &step));
        OK(pontoon_free(node));
    }
}

/* ---- batches in the wrong order ---- */

static void batches(void) {
    PontoonNode node = make();
    PontoonStep step = {sizeof step, 0, 0, 0};
    PontoonWork work, second;
    PontoonCallbacks callbacks = {sizeof callbacks, on_persist, on_send, NULL};
    work.struct_size = sizeof work;
    second.struct_size = sizeof second;
    OK(pontoon_tick(node, 0, &step));
    OK(pontoon_tick(node, step.deadline_ms, &step));
    CHECK(step.ready & PONTOON_READY_WORK);
    OK(pontoon_work(node, 0, &work));
    CHECK(work.persist && work.messages_len == 2 && work.early_len == 0 && work.early == NULL);
    OK(pontoon_tick(node, step.deadline_ms, &step));
    CHECK(!(step.ready & PONTOON_READY_WORK)); /* not while it is outstanding */
    CHECK_STATUS(PONTOON_ERR_WORK_OUTSTANDING, pontoon_work(node, 0, &second));
    CHECK_STATUS(PONTOON_ERR_WORK_OUTSTANDING, pontoon_drain(node, 0, &callbacks, NULL, NULL));
    CHECK_STATUS(PONTOON_ERR_OUT_OF_RANGE, pontoon_work_done(node, 0, work.sequence + 1, NULL));
    CHECK_STATUS(PONTOON_ERR_OUT_OF_RANGE, pontoon_work_failed(node, work.sequence + 1));
    OK(pontoon_work_done(node, 0, work.sequence, NULL));
    CHECK_STATUS(PONTOON_ERR_OUT_OF_RANGE, pontoon_work_done(node, 0, work.sequence, NULL));
    OK(pontoon_tick(node, step.deadline_ms, NULL));
    OK(pontoon_work(node, 0, &work));
    OK(pontoon_work_failed(node, work.sequence));
    refuse_all(node, PONTOON_ERR_STORAGE);
    check_error(node, "storage failed");
    CHECK(work.messages[0].data.len > 0 && work.messages[0].data.data[0] == 1); /* the view is still there */
    OK(pontoon_free(node));
}

/* A message between other servers, or to the wrong one. */
static void strangers(void) {
    static const uint64_t four[] = {1, 2, 3, 4};
    PontoonNode node = make(), stranger = 0;
    PontoonConfig config = config_of(4, four, 4);
    PontoonStep step = {sizeof step, 0, 0, 0};
    PontoonWork work;
    size_t at;
    work.struct_size = sizeof work;
    OK(pontoon_make(&config, nothing(), nothing(), 0, &stranger, NULL, 0));
    OK(pontoon_tick(stranger, 0, &step));
    OK(pontoon_tick(stranger, step.deadline_ms, &step));
    OK(pontoon_work(stranger, 0, &work));
    CHECK(work.messages_len == 3);
    for (at = 0; at < 3; at++) {
        const PontoonMessage *message = &work.messages[at];
        CHECK_STATUS(PONTOON_ERR_UNKNOWN_PEER,
                     pontoon_receive(node, 0, 0, message->data.data, message->data.len, NULL));
        check_error(node, message->to == 1 ? "server 4 is not another voter" : "the message is for server");
        /* Its own word comes back. */
        CHECK_STATUS(PONTOON_ERR_UNKNOWN_PEER,
                     pontoon_receive(stranger, 0, 0, message->data.data, message->data.len, NULL));
    }
    CHECK(state_of(node).term == 0);
    OK(pontoon_free(node));
    OK(pontoon_free(stranger));
}

/* ---- callbacks that call back ---- */

typedef struct Reentry {
    PontoonNode node, other;
    int sends, persists, kill_at_persist;
} Reentry;

static void try_all(Reentry *reentry) {
    PontoonState state = {sizeof state, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    refuse_all(reentry->node, PONTOON_ERR_REENTRY);
    CHECK_STATUS(PONTOON_ERR_REENTRY, pontoon_get_state(reentry->node, &state));
    CHECK_STATUS(PONTOON_ERR_REENTRY, pontoon_free(reentry->node));
    CHECK(state.id == 99);
    check_error(reentry->node, "callback"); /* allowed, as is pontoon_kill */
    OK(pontoon_tick(reentry->other, 1, NULL));
    CHECK_STATUS(PONTOON_ERR_REENTRY, pontoon_free(reentry->other));
    CHECK(state_of(reentry->other).id == 1);
}

static void send_back(void *context, const PontoonMessage *message) {
    Reentry *reentry = (Reentry *)context;
    (void)message;
    reentry->sends++;
    try_all(reentry);
}

static int persist_back(void *context, PontoonBytes state, PontoonBytes snapshot, uint32_t changed) {
    Reentry *reentry = (Reentry *)context;
    uint8_t first = state.data[0];
    (void)snapshot, (void)changed;
    reentry->persists++;
    try_all(reentry);
    CHECK(state.data[0] == first);
    if (reentry->kill_at_persist) OK(pontoon_kill(reentry->node));
    return 0;
}

static void from_callbacks(int kill_at_persist) {
    Reentry reentry = {0, 0, 0, 0, 0};
    PontoonCallbacks callbacks = {sizeof callbacks, persist_back, send_back, NULL};
    PontoonStep step = {sizeof step, 0, 0, 0};
    reentry.node = make();
    reentry.other = make();
    reentry.kill_at_persist = kill_at_persist;
    OK(pontoon_tick(reentry.node, 0, &step));
    OK(pontoon_tick(reentry.node, step.deadline_ms, NULL));
    CHECK_STATUS(kill_at_persist ? PONTOON_ERR_KILLED : PONTOON_OK,
                 pontoon_drain(reentry.node, 0, &callbacks, &reentry, &step));
    CHECK(reentry.persists == 1 && reentry.sends == (kill_at_persist ? 0 : 2));
    if (!kill_at_persist) CHECK(state_of(reentry.node).role == PONTOON_ROLE_CANDIDATE);
    OK(pontoon_free(reentry.node));
    OK(pontoon_free(reentry.other));
}

static int persist_fails(void *context, PontoonBytes state, PontoonBytes snapshot, uint32_t changed) {
    (void)state, (void)snapshot, (void)changed;
    ++*(int *)context;
    return 5;
}

static void send_never(void *context, const PontoonMessage *message) {
    (void)context, (void)message;
    CHECK(0);
}

static void a_failing_persist(void) {
    PontoonNode node = make();
    PontoonCallbacks callbacks = {sizeof callbacks, persist_fails, send_never, NULL};
    PontoonStep step = {sizeof step, 0, 0, 0};
    int calls = 0;
    OK(pontoon_tick(node, 0, &step));
    OK(pontoon_tick(node, step.deadline_ms, NULL));
    CHECK_STATUS(PONTOON_ERR_STORAGE, pontoon_drain(node, 0, &callbacks, &calls, NULL));
    CHECK(calls == 1);
    refuse_all(node, PONTOON_ERR_STORAGE);
    OK(pontoon_free(node));
}

/* A drains, its callback drains B, whose callback calls A. */
typedef struct Ring {
    PontoonNode nodes[3];
    uint64_t now_ms;
    int depth, reentries;
} Ring;

static void send_around(void *context, const PontoonMessage *message) {
    Ring *ring = (Ring *)context;
    PontoonNode to = ring->nodes[message->to - 1];
    PontoonCallbacks callbacks = {sizeof callbacks, on_persist, send_around, NULL};
    PontoonStatus status = pontoon_receive(to, ring->now_ms, 1, message->data.data, message->data.len, NULL);
    if (status == PONTOON_ERR_REENTRY) {
        ring->reentries++;
        return;
    }
    OK(status);
    CHECK(ring->depth++ < 3);
    OK(pontoon_drain(to, ring->now_ms, &callbacks, ring, NULL));
    ring->depth--;
}

static void around(void) {
    Ring ring = {{0, 0, 0}, 0, 0, 0};
    PontoonCallbacks callbacks = {sizeof callbacks, on_persist, send_around, NULL};
    PontoonStep step = {sizeof step, 0, 0, 0};
    size_t at;
    for (at = 0; at < 3; at++) {
        PontoonConfig config = config_of(at + 1, voters, 3);
        OK(pontoon_make(&config, nothing(), nothing(), 0, &ring.nodes[at], NULL, 0));
    }
    OK(pontoon_tick(ring.nodes[0], 0, &step));
    ring.now_ms = step.deadline_ms;
    OK(pontoon_tick(ring.nodes[0], ring.now_ms, NULL));
    OK(pontoon_drain(ring.nodes[0], ring.now_ms, &callbacks, &ring, NULL));
    CHECK(ring.reentries == 2); /* both votes came back while A was draining */
    for (at = 0; at < 3; at++) OK(pontoon_free(ring.nodes[at]));
}

static void texts(void) {
    int status;
    for (status = 0; status <= PONTOON_ERR_LIMIT; status++) {
        int other;
        CHECK(strlen(pontoon_status_text(status)) > 0);
        for (other = 0; other < status; other++) {
            CHECK(strcmp(pontoon_status_text(status), pontoon_status_text(other)) != 0);
        }
    }
    CHECK(strcmp(pontoon_status_text(-1), pontoon_status_text(PONTOON_ERR_LIMIT + 1)) == 0);
    CHECK(strlen(pontoon_status_text(INT32_MIN)) > 0);
    CHECK(pontoon_abi_version() == PONTOON_ABI_VERSION);
    CHECK(strchr(pontoon_version(), '.') != NULL);
}

int main(void) {
    configurations();
    larger_structs();
    handles();
    arguments();
    times();
    batches();
    strangers();
    from_callbacks(0);
    from_callbacks(1);
    a_failing_persist();
    around();
    texts();
    puts("misuse: ok");
    return 0;
}
