/* Two leaders in one term: the node that sees it is lost, its neighbours are
 * not, and neither is the process. */
#include "host.h"

/* Server `id` of a cluster of its own becomes leader of term 1 there and sends
 * an AppendEntries to server `to`. */
typedef struct Capture {
    uint64_t to;
    uint8_t data[256];
    size_t len;
} Capture;

static void elect_alone(Host *host, Server *server) {
    PontoonStep step = {sizeof step, 0, 0, 0};
    OK(pontoon_tick(server->node, host->now_ms, &step));
    host->now_ms = step.deadline_ms;
    OK(pontoon_tick(server->node, host->now_ms, NULL));
    settle(host);
    CHECK(state_of(server->node).role == PONTOON_ROLE_LEADER && state_of(server->node).term == 1);
}

static void capture_append(Host *host, Server *leader, Capture *capture) {
    PontoonWork work;
    PontoonStep step = {sizeof step, 0, 0, 0};
    uint64_t command = 13;
    size_t at;
    OK(pontoon_start(leader->node, host->now_ms, (const uint8_t *)&command, sizeof command, NULL, NULL));
    work.struct_size = sizeof work;
    OK(pontoon_work(leader->node, host->now_ms, &work));
    for (at = 0; at < work.early_len; at++) {
        if (work.early[at].to != capture->to) continue;
        CHECK(!work.early[at].is_reply && work.early[at].data.len <= sizeof capture->data);
        memcpy(capture->data, work.early[at].data.data, work.early[at].data.len);
        capture->len = work.early[at].data.len;
    }
    OK(pontoon_work_done(leader->node, host->now_ms, work.sequence, &step));
    CHECK(capture->len > 0);
}

static void check_lost(PontoonNode node, uint64_t now_ms) {
    PontoonState state = {sizeof state, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    PontoonWork work;
    PontoonApply apply;
    PontoonCallbacks callbacks = callbacks_of_host();
    work.struct_size = sizeof work;
    apply.struct_size = sizeof apply;
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_tick(node, now_ms, NULL));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_start(node, now_ms, text("x"), 1, NULL, NULL));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_receive(node, now_ms, 0, text("x"), 1, NULL));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_undelivered(node, now_ms, 2, 1, NULL));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_snapshot(node, now_ms, 1, NULL, 0, NULL));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_work(node, now_ms, &work));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_work_done(node, now_ms, 1, NULL));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_work_failed(node, 1));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_apply(node, 1, &apply));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_drain(node, now_ms, &callbacks, NULL, NULL));
    CHECK_STATUS(PONTOON_ERR_PANIC, pontoon_get_state(node, &state));
    CHECK(state.id == 99); /* not written */
    check_error(node, "servers 1 and 3 both lead term 1");
}

int main(void) {
    Host host, other;
    Server *first;
    Capture capture;
    uint64_t index;
    memset(&capture, 0, sizeof capture);
    capture.to = 1;

    host_start(&host);
    first = &host.servers[0];
    elect_alone(&host, first);
    index = agree(&host, 1);

    host_start(&other);
    elect_alone(&other, &other.servers[2]);
    capture_append(&other, &other.servers[2], &capture);
    host_stop(&other);

    CHECK_STATUS(PONTOON_ERR_PANIC,
                 pontoon_receive(first->node, host.now_ms, 1, capture.data, capture.len, NULL));
    check_lost(first->node, host.now_ms);
    OK(pontoon_kill(first->node));
    CHECK_STATUS(PONTOON_ERR_KILLED, pontoon_tick(first->node, host.now_ms, NULL));
    OK(pontoon_free(first->node));
    CHECK_STATUS(PONTOON_ERR_BAD_HANDLE, pontoon_free(first->node));
    first->node = 0;

    /* The others serve on, and the lost one comes back from its storage. */
    CHECK(agree(&host, 2) == index + 1);
    boot(first);
    pass(&host, 1000);
    CHECK(agree(&host, 3) == index + 2);
    CHECK(first->log[index] == 1 && first->log[index + 1] == 2);
    host_stop(&host);
    puts("panic: ok");
    return 0;
}
