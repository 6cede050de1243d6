/* Who owns what, and for how long. Meant to be run under valgrind and ASan. */
#include "check.h"

static const uint64_t one_voter[] = {1};

static PontoonNode make_single(uint64_t *now_ms) {
    PontoonConfig config = config_of(1, one_voter, 1);
    PontoonNode node = 0;
    PontoonWork work;
    PontoonStep step = {sizeof step, 0, 0, 0};
    OK(pontoon_make(&config, nothing(), nothing(), *now_ms, &node, NULL, 0));
    CHECK(node != 0);
    OK(pontoon_tick(node, *now_ms, &step));
    CHECK(step.ready == 0 && step.deadline_ms > *now_ms);
    *now_ms = step.deadline_ms;
    OK(pontoon_tick(node, *now_ms, &step));
    CHECK(step.ready == PONTOON_READY_WORK);
    /* A single voter elects itself once its vote is durable. */
    work.struct_size = sizeof work;
    while (pontoon_work(node, *now_ms, &work) == PONTOON_OK) OK(pontoon_work_done(node, *now_ms, work.sequence, NULL));
    CHECK(state_of(node).role == PONTOON_ROLE_LEADER);
    return node;
}

static PontoonWork take_work(PontoonNode node, uint64_t now_ms) {
    PontoonWork work;
    work.struct_size = sizeof work;
    OK(pontoon_work(node, now_ms, &work));
    return work;
}

/* A command's memory is the caller's again when pontoon_start returns. */
static void inputs_are_copied(void) {
    uint64_t now_ms = 0;
    PontoonNode node = make_single(&now_ms);
    uint8_t *command = (uint8_t *)malloc(6);
    uint8_t *snapshot = (uint8_t *)malloc(3);
    PontoonApply apply;
    PontoonWork work;
    CHECK(command != NULL && snapshot != NULL);
    memcpy(command, "before", 6);
    OK(pontoon_start(node, now_ms, command, 6, NULL, NULL));
    memset(command, '!', 6);
    free(command);
    work = take_work(node, now_ms);
    OK(pontoon_work_done(node, now_ms, work.sequence, NULL));
    apply.struct_size = sizeof apply;
    OK(pontoon_apply(node, 0, &apply));
    CHECK(apply.entries_len == 1 && apply.entries[0].data.len == 6);
    CHECK(memcmp(apply.entries[0].data.data, "before", 6) == 0);
    memcpy(snapshot, "abc", 3);
    OK(pontoon_snapshot(node, now_ms, 1, snapshot, 3, NULL));
    memset(snapshot, '!', 3);
    free(snapshot);
    /* The entry left the log, its view is still good. */
    CHECK(memcmp(apply.entries[0].data.data, "before", 6) == 0);
    work = take_work(node, now_ms);
    CHECK(work.snapshot_changed && work.snapshot.len == 3 && memcmp(work.snapshot.data, "abc", 3) == 0);
    OK(pontoon_work_done(node, now_ms, work.sequence, NULL));
    CHECK(memcmp(apply.entries[0].data.data, "before", 6) == 0);
    OK(pontoon_free(node));
}

static uint8_t *copy(PontoonBytes bytes) {
    uint8_t *memory = (uint8_t *)malloc(bytes.len + 1);
    CHECK(memory != NULL);
    memcpy(memory, bytes.data, bytes.len);
    return memory;
}

/* A batch does not move or change while inputs go on. */
static void a_batch_is_constant(void) {
    uint64_t now_ms = 0;
    PontoonNode node = make_single(&now_ms);
    PontoonWork work, second;
    uint8_t *state;
    int at;
    OK(pontoon_start(node, now_ms, text("first"), 5, NULL, NULL));
    work = take_work(node, now_ms);
    CHECK(work.persist && !work.snapshot_changed && work.snapshot.len == 0 && work.state.len > 0);
    state = copy(work.state);
    for (at = 0; at < 1000; at++) OK(pontoon_start(node, now_ms + at, text("more"), 4, NULL, NULL));
    CHECK(memcmp(state, work.state.data, work.state.len) == 0);
    second.struct_size = sizeof second;
    CHECK_STATUS(PONTOON_ERR_WORK_OUTSTANDING, pontoon_work(node, now_ms, &second));
    CHECK(memcmp(state, work.state.data, work.state.len) == 0);
    CHECK(state_of(node).state_bytes == work.state.len);
    OK(pontoon_work_done(node, now_ms, work.sequence, NULL));
    second = take_work(node, now_ms);
    CHECK(second.sequence == work.sequence + 1);
    CHECK(second.state.len == work.state.len + 1000 * (4 + 3));
    /* Free with a batch outstanding: the node owns it. */
    OK(pontoon_free(node));
    free(state);
}

/* After kill the views stay; free is the end of them. */
static void a_killed_node_keeps_its_views(void) {
    uint64_t now_ms = 0;
    PontoonNode node = make_single(&now_ms);
    PontoonWork work;
    uint8_t *state;
    OK(pontoon_start(node, now_ms, text("first"), 5, NULL, NULL));
    work = take_work(node, now_ms);
    state = copy(work.state);
    OK(pontoon_kill(node));
    OK(pontoon_kill(node));
    CHECK(memcmp(state, work.state.data, work.state.len) == 0);
    CHECK_STATUS(PONTOON_ERR_KILLED, pontoon_work_done(node, now_ms, work.sequence, NULL));
    CHECK(memcmp(state, work.state.data, work.state.len) == 0);
    CHECK(state_of(node).last_index == 1);
    OK(pontoon_free(node));
    free(state);
}

/* The memory that pontoon_make read is the caller's again. */
static void a_restart(void) {
    uint64_t now_ms = 0;
    PontoonNode node = make_single(&now_ms);
    PontoonConfig config;
    uint64_t *voters = (uint64_t *)malloc(sizeof *voters);
    PontoonWork work;
    PontoonBytes stored;
    uint8_t *state;
    OK(pontoon_start(node, now_ms, text("kept"), 4, NULL, NULL));
    work = take_work(node, now_ms);
    state = copy(work.state);
    stored.data = state;
    stored.len = work.state.len;
    OK(pontoon_free(node));
    CHECK(voters != NULL);
    voters[0] = 1;
    config = config_of(1, voters, 1);
    OK(pontoon_make(&config, stored, nothing(), now_ms, &node, NULL, 0));
    memset(state, 0xff, stored.len);
    free(state);
    free(voters);
    CHECK(state_of(node).last_index == 1 && state_of(node).term == 1 && state_of(node).stable_index == 1);
    OK(pontoon_free(node));
}

/* Nodes made and freed leave nothing, whatever they were doing. */
static void many_lives(void) {
    int at;
    PontoonNode last = 0;
    for (at = 0; at < 300; at++) {
        uint64_t now_ms = 0;
        PontoonNode node = make_single(&now_ms);
        CHECK(node != last);
        last = node;
        OK(pontoon_start(node, now_ms, text("x"), 1, NULL, NULL));
        if (at % 3 == 0) take_work(node, now_ms);
        if (at % 3 == 1) OK(pontoon_kill(node));
        OK(pontoon_free(node));
    }
}

int main(void) {
    inputs_are_copied();
    a_batch_is_constant();
    a_killed_node_keeps_its_views();
    a_restart();
    many_lives();
    puts("ownership: ok");
    return 0;
}
