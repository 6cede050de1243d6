/* Threads: inputs and outputs of one node from all sides, drains of nodes that
 * call into each other, and nodes that die meanwhile. */
#include <pthread.h>
#include <sched.h>

#include "check.h"

#define THREADS 4
#define COMMANDS 200

static const uint64_t one_voter[] = {1};

static PontoonNode make_leader(void) {
    PontoonConfig config = config_of(1, one_voter, 1);
    PontoonNode node = 0;
    PontoonStep step = {sizeof step, 0, 0, 0};
    PontoonWork work;
    OK(pontoon_make(&config, nothing(), nothing(), 0, &node, NULL, 0));
    OK(pontoon_tick(node, 0, &step));
    OK(pontoon_tick(node, step.deadline_ms, NULL));
    work.struct_size = sizeof work;
    while (pontoon_work(node, 0, &work) == PONTOON_OK) OK(pontoon_work_done(node, 0, work.sequence, NULL));
    CHECK(state_of(node).role == PONTOON_ROLE_LEADER);
    return node;
}

static pthread_t spawn(void *(*run)(void *), void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, argument) == 0);
    return thread;
}

static void join(pthread_t thread) { CHECK(pthread_join(thread, NULL) == 0); }

/* ---- one node, several threads that start and drain ---- */

typedef struct Shared {
    PontoonNode node;
    pthread_mutex_t lock;
    uint64_t applied;
    uint32_t from_thread[THREADS]; /* next number expected of each thread */
} Shared;

static int on_persist(void *context, PontoonBytes state, PontoonBytes snapshot, uint32_t changed) {
    (void)context, (void)snapshot, (void)changed;
    CHECK(state.len > 0);
    return 0;
}

static void on_send(void *context, const PontoonMessage *message) { (void)context, (void)message; }

static void on_apply(void *context, const PontoonApply *apply) {
    Shared *shared = (Shared *)context;
    size_t at;
    CHECK(pthread_mutex_lock(&shared->lock) == 0);
    for (at = 0; at < apply->entries_len; at++) {
        uint32_t command[2];
        CHECK(apply->entries[at].index == ++shared->applied);
        CHECK(apply->entries[at].data.len == sizeof command);
        memcpy(command, apply->entries[at].data.data, sizeof command);
        CHECK(command[1] == shared->from_thread[command[0]]++);
    }
    CHECK(pthread_mutex_unlock(&shared->lock) == 0);
}

/* WORK_OUTSTANDING says that another thread takes care of it. */
static void drain(Shared *shared) {
    PontoonCallbacks callbacks = {sizeof callbacks, on_persist, on_send, on_apply};
    PontoonStatus status = pontoon_drain(shared->node, 0, &callbacks, shared, NULL);
    CHECK(status == PONTOON_OK || status == PONTOON_ERR_WORK_OUTSTANDING);
}

typedef struct Starter {
    Shared *shared;
    uint32_t number;
} Starter;

static void *start_commands(void *argument) {
    Starter *starter = (Starter *)argument;
    uint32_t command[2];
    command[0] = starter->number;
    for (command[1] = 0; command[1] < COMMANDS; command[1]++) {
        PontoonStep step = {sizeof step, 0, 0, 0};
        OK(pontoon_start(starter->shared->node, 0, (const uint8_t *)command, sizeof command, NULL, &step));
        drain(starter->shared);
        if (command[1] % 50 == 0) CHECK(state_of(starter->shared->node).last_index > 0);
    }
    return NULL;
}

static void one_node(void) {
    Shared shared;
    Starter starters[THREADS];
    pthread_t threads[THREADS];
    uint32_t at;
    memset(&shared, 0, sizeof shared);
    shared.node = make_leader();
    CHECK(pthread_mutex_init(&shared.lock, NULL) == 0);
    for (at = 0; at < THREADS; at++) {
        starters[at].shared = &shared;
        starters[at].number = at;
        threads[at] = spawn(start_commands, &starters[at]);
    }
    for (at = 0; at < THREADS; at++) join(threads[at]);
    /* No drain left anything undone, though most found another at work. */
    CHECK(shared.applied == THREADS * COMMANDS);
    CHECK(state_of(shared.node).delivered_index == shared.applied);
    OK(pontoon_free(shared.node));
    CHECK(pthread_mutex_destroy(&shared.lock) == 0);
}

/* ---- the pull form: two threads fight for batches ---- */

static void *pull(void *argument) {
    PontoonNode node = *(PontoonNode *)argument;
    int done = 0;
    while (done < COMMANDS) {
        PontoonWork work;
        PontoonStatus status;
        uint64_t at, sum = 0;
        OK(pontoon_start(node, 0, text("command"), 7, NULL, NULL));
        work.struct_size = sizeof work;
        status = pontoon_work(node, 0, &work);
        if (status == PONTOON_OK) {
            for (at = 0; at < work.state.len; at += 16) sum += work.state.data[at];
            CHECK(sum > 0);
            OK(pontoon_work_done(node, 0, work.sequence, NULL));
        } else {
            CHECK(status == PONTOON_ERR_WORK_OUTSTANDING || status == PONTOON_ERR_NO_WORK);
        }
        done++;
    }
    return NULL;
}

static void two_pullers(void) {
    PontoonNode node = make_leader();
    PontoonWork work;
    pthread_t first = spawn(pull, &node), second = spawn(pull, &node);
    join(first);
    join(second);
    work.struct_size = sizeof work;
    while (pontoon_work(node, 0, &work) == PONTOON_OK) OK(pontoon_work_done(node, 0, work.sequence, NULL));
    CHECK(state_of(node).last_index == 2 * COMMANDS && state_of(node).commit_index == 2 * COMMANDS);
    OK(pontoon_free(node));
}

/* ---- two drains, each of which calls into the other's node ---- */

static const uint64_t two_voters[] = {1, 2};

typedef struct Pair {
    PontoonNode nodes[2];
    pthread_barrier_t meet;
    int met;
    uint64_t now_ms;
} Pair;

typedef struct Side {
    Pair *pair;
    int met;
    uint32_t index;
} Side;

/* Both threads are inside a callback at once; each calls the other's node. */
static void send_across(void *context, const PontoonMessage *message) {
    Side *side = (Side *)context;
    PontoonNode own = side->pair->nodes[side->index], other = side->pair->nodes[message->to - 1];
    if (!side->met) {
        side->met = 1;
        pthread_barrier_wait(&side->pair->meet);
    }
    OK(pontoon_receive(other, side->pair->now_ms, 1, message->data.data, message->data.len, NULL));
    CHECK(state_of(other).id == message->to);
    CHECK_STATUS(PONTOON_ERR_REENTRY, pontoon_tick(own, 0, NULL));
    CHECK_STATUS(PONTOON_ERR_REENTRY, pontoon_free(other)); /* would wait for ever */
}

static void *drain_across(void *argument) {
    Side *side = (Side *)argument;
    PontoonCallbacks callbacks = {sizeof callbacks, on_persist, send_across, NULL};
    OK(pontoon_drain(side->pair->nodes[side->index], side->pair->now_ms, &callbacks, side, NULL));
    return NULL;
}

static void two_drains(void) {
    Pair pair;
    Side sides[2];
    pthread_t threads[2];
    uint32_t at;
    memset(&pair, 0, sizeof pair);
    CHECK(pthread_barrier_init(&pair.meet, NULL, 2) == 0);
    pair.now_ms = 10000;
    for (at = 0; at < 2; at++) {
        PontoonConfig config = config_of(at + 1, two_voters, 2);
        PontoonStep step = {sizeof step, 0, 0, 0};
        OK(pontoon_make(&config, nothing(), nothing(), 0, &pair.nodes[at], NULL, 0));
        OK(pontoon_tick(pair.nodes[at], 0, &step));
        OK(pontoon_tick(pair.nodes[at], step.deadline_ms, &step));
        CHECK(state_of(pair.nodes[at]).role == PONTOON_ROLE_CANDIDATE);
        sides[at].pair = &pair;
        sides[at].met = 0;
        sides[at].index = at;
    }
    for (at = 0; at < 2; at++) threads[at] = spawn(drain_across, &sides[at]);
    for (at = 0; at < 2; at++) join(threads[at]);
    for (at = 0; at < 2; at++) OK(pontoon_free(pair.nodes[at]));
    CHECK(pthread_barrier_destroy(&pair.meet) == 0);
}

/* ---- outputs while another thread drains; free waits for that drain ---- */

typedef struct Gate {
    PontoonNode node;
    pthread_barrier_t inside, leave;
    int left, applies;
} Gate;

static int persist_at_gate(void *context, PontoonBytes state, PontoonBytes snapshot, uint32_t changed) {
    Gate *gate = (Gate *)context;
    uint8_t first = state.data[0];
    (void)snapshot, (void)changed;
    pthread_barrier_wait(&gate->inside);
    pthread_barrier_wait(&gate->leave);
    /* Stay inside until pontoon_free has begun. */
    while (pontoon_last_error(gate->node, NULL, 0, NULL) != PONTOON_ERR_BAD_HANDLE) sched_yield();
    CHECK(state.data[0] == first);
    gate->left = 1;
    return 0;
}

static void *drain_at_gate(void *argument) {
    Gate *gate = (Gate *)argument;
    PontoonCallbacks callbacks = {sizeof callbacks, persist_at_gate, on_send, NULL};
    callbacks.apply = gate->applies ? on_apply : NULL;
    CHECK_STATUS(PONTOON_ERR_KILLED, pontoon_drain(gate->node, 0, &callbacks, gate, NULL));
    return NULL;
}

static void free_waits(int applies) {
    Gate gate;
    pthread_t thread;
    PontoonWork work;
    PontoonApply apply;
    PontoonCallbacks callbacks = {sizeof callbacks, persist_at_gate, on_send, NULL};
    memset(&gate, 0, sizeof gate);
    gate.applies = applies;
    CHECK(pthread_barrier_init(&gate.inside, NULL, 2) == 0 && pthread_barrier_init(&gate.leave, NULL, 2) == 0);
    gate.node = make_leader();
    OK(pontoon_start(gate.node, 0, text("x"), 1, NULL, NULL));
    thread = spawn(drain_at_gate, &gate);
    pthread_barrier_wait(&gate.inside);
    /* Inputs go on, the outputs belong to the drain. */
    OK(pontoon_start(gate.node, 0, text("y"), 1, NULL, NULL));
    CHECK(state_of(gate.node).last_index == 2);
    work.struct_size = sizeof work;
    apply.struct_size = sizeof apply;
    CHECK_STATUS(PONTOON_ERR_WORK_OUTSTANDING, pontoon_work(gate.node, 0, &work));
    CHECK_STATUS(PONTOON_ERR_WORK_OUTSTANDING, pontoon_work_done(gate.node, 0, 2, NULL));
    CHECK_STATUS(PONTOON_ERR_WORK_OUTSTANDING, pontoon_work_failed(gate.node, 2));
    /* Entries belong to the drain only if it applies them. */
    CHECK_STATUS(applies ? PONTOON_ERR_WORK_OUTSTANDING : PONTOON_ERR_NO_WORK, pontoon_apply(gate.node, 0, &apply));
    CHECK_STATUS(PONTOON_ERR_WORK_OUTSTANDING, pontoon_drain(gate.node, 0, &callbacks, &gate, NULL));
    check_error(gate.node, "another thread is draining");
    pthread_barrier_wait(&gate.leave);
    OK(pontoon_free(gate.node));
    CHECK(gate.left == 1);
    join(thread);
    CHECK(pthread_barrier_destroy(&gate.inside) == 0 && pthread_barrier_destroy(&gate.leave) == 0);
}

/* ---- nodes killed and freed under everybody's feet ---- */

static void *hammer(void *argument) {
    PontoonNode node = *(PontoonNode *)argument;
    uint64_t started = 0;
    for (;;) {
        PontoonCallbacks callbacks = {sizeof callbacks, on_persist, on_send, NULL};
        PontoonStatus status = pontoon_start(node, started, text("x"), 1, NULL, NULL);
        if (status == PONTOON_OK) status = pontoon_drain(node, started, &callbacks, NULL, NULL);
        if (status == PONTOON_ERR_BAD_HANDLE) return NULL;
        CHECK(status == PONTOON_OK || status == PONTOON_ERR_WORK_OUTSTANDING || status == PONTOON_ERR_KILLED);
        started++;
    }
}

static void *free_once(void *argument) {
    PontoonStatus status = pontoon_free(*(PontoonNode *)argument);
    CHECK(status == PONTOON_OK || status == PONTOON_ERR_BAD_HANDLE);
    return status == PONTOON_OK ? argument : NULL;
}

static void death_in_the_middle(void) {
    int round;
    for (round = 0; round < 10; round++) {
        PontoonNode nodes[2];
        pthread_t threads[THREADS], freers[2];
        void *freed[2];
        size_t at;
        nodes[0] = make_leader();
        nodes[1] = make_leader();
        for (at = 0; at < THREADS; at++) threads[at] = spawn(hammer, &nodes[at % 2]);
        while (state_of(nodes[0]).last_index < 20) sched_yield();
        OK(pontoon_kill(nodes[0]));
        CHECK_STATUS(PONTOON_ERR_KILLED, pontoon_tick(nodes[0], 0, NULL));
        for (at = 0; at < 2; at++) freers[at] = spawn(free_once, &nodes[0]);
        for (at = 0; at < 2; at++) CHECK(pthread_join(freers[at], &freed[at]) == 0);
        CHECK((freed[0] == NULL) != (freed[1] == NULL)); /* one of them did it */
        while (state_of(nodes[1]).last_index < 20) sched_yield(); /* its neighbour lives */
        OK(pontoon_free(nodes[1]));
        for (at = 0; at < THREADS; at++) join(threads[at]);
    }
}

int main(void) {
    one_node();
    two_pullers();
    two_drains();
    free_waits(0);
    free_waits(1);
    death_in_the_middle();
    puts("threads: ok");
    return 0;
}
