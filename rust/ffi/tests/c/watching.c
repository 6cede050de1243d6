/* Events of a node, and what a message says. */
#include "check.h"

static const uint64_t voters[] = {1, 2, 3};

static PontoonNode make_of(size_t servers, size_t trace_events) {
    PontoonConfig config = config_of(1, voters, servers);
    PontoonNode node = 0;
    config.trace_events = trace_events;
    OK(pontoon_make(&config, nothing(), nothing(), 0, &node, NULL, 0));
    return node;
}

static PontoonEvents events_of(PontoonNode node) {
    PontoonEvents events;
    events.struct_size = sizeof events;
    OK(pontoon_events(node, &events));
    CHECK((events.events == NULL) == (events.events_len == 0));
    return events;
}

static uint64_t stand_for_election(PontoonNode node) {
    PontoonStep step = {sizeof step, 0, 0, 0};
    OK(pontoon_tick(node, 0, &step));
    OK(pontoon_tick(node, step.deadline_ms, &step));
    return step.deadline_ms;
}

static void do_work(PontoonNode node, PontoonStep *step) {
    PontoonWork work;
    work.struct_size = sizeof work;
    OK(pontoon_work(node, 0, &work));
    OK(pontoon_work_done(node, 0, work.sequence, step));
}

static void check_event(PontoonEvents events, size_t at, PontoonEvent expected) {
    CHECK(at < events.events_len);
    CHECK(memcmp(&events.events[at], &expected, sizeof expected) == 0);
}

static PontoonEvent event_of(uint32_t kind, uint64_t term, uint64_t index, uint64_t log_term) {
    PontoonEvent event;
    memset(&event, 0, sizeof event);
    event.kind = kind;
    event.term = term;
    event.index = index;
    event.log_term = log_term;
    return event;
}

static PontoonEvent by_server_1(PontoonEvent event) {
    event.has_peer = 1;
    event.peer = 1;
    return event;
}

/* A single server from its start to its first snapshot. */
static void a_life(void) {
    PontoonNode node = make_of(1, 100);
    PontoonStep step = {sizeof step, 0, 0, 0};
    PontoonEvents events;
    PontoonEvent expected;
    PontoonApply apply;

    events = events_of(node);
    CHECK(events.events_len == 1 && events.lost == 0);
    check_event(events, 0, by_server_1(event_of(PONTOON_EVENT_TIMER_RESET, 0, 0, 0)));
    CHECK(events_of(node).events_len == 0);

    stand_for_election(node);
    events = events_of(node);
    CHECK(events.events_len == 4);
    check_event(events, 0, event_of(PONTOON_EVENT_TIMEOUT, 0, 0, 0));
    check_event(events, 1, by_server_1(event_of(PONTOON_EVENT_TIMER_RESET, 0, 0, 0)));
    expected = event_of(PONTOON_EVENT_ROLE_CHANGE, 1, 0, 0), expected.role = PONTOON_ROLE_CANDIDATE;
    check_event(events, 2, expected);
    check_event(events, 3, by_server_1(event_of(PONTOON_EVENT_VOTE, 1, 0, 0)));

    do_work(node, &step);
    CHECK(step.ready & PONTOON_READY_EVENTS);
    events = events_of(node);
    CHECK(events.events_len == 2);
    check_event(events, 0, by_server_1(event_of(PONTOON_EVENT_PERSIST, 1, 0, 0)));
    expected = event_of(PONTOON_EVENT_ROLE_CHANGE, 1, 0, 0), expected.role = PONTOON_ROLE_LEADER;
    check_event(events, 1, expected);

    /* Two commands at once are one event. */
    OK(pontoon_start(node, 0, text("x"), 1, NULL, NULL));
    OK(pontoon_start(node, 0, text("abc"), 3, NULL, &step));
    CHECK(step.ready == (PONTOON_READY_WORK | PONTOON_READY_EVENTS));
    do_work(node, &step);
    events = events_of(node);
    CHECK(events.events_len == 3);
    expected = by_server_1(event_of(PONTOON_EVENT_APPEND, 1, 1, 1));
    expected.last = 2, expected.digest = UINT64_C(0xe71fa2190541574b);
    check_event(events, 0, expected);
    check_event(events, 1, by_server_1(event_of(PONTOON_EVENT_PERSIST, 1, 2, 1)));
    expected = event_of(PONTOON_EVENT_COMMIT, 0, 2, 1), expected.role = PONTOON_ROLE_LEADER;
    check_event(events, 2, expected);

    apply.struct_size = sizeof apply;
    OK(pontoon_apply(node, 1000, &apply));
    OK(pontoon_snapshot(node, 0, 1, text("s"), 1, NULL));
    /* A view is constant until the next one. */
    check_event(events, 2, expected);
    events = events_of(node);
    CHECK(events.events_len == 1);
    check_event(events, 0, event_of(PONTOON_EVENT_SNAPSHOT, 0, 1, 1));
    OK(pontoon_free(node));
}

/* Nobody takes them, or nobody wants them. */
static void few_or_none(void) {
    PontoonNode node = make_of(3, 2);
    PontoonEvents events;
    PontoonStep step = {sizeof step, 0, 0, 0};
    uint64_t now_ms = stand_for_election(node);
    events = events_of(node);
    CHECK(events.lost == 3 && events.events_len == 2 && events.events[1].kind == PONTOON_EVENT_VOTE);
    events = events_of(node);
    CHECK(events.lost == 0 && events.events_len == 0);
    OK(pontoon_free(node));
    node = make_of(3, 0);
    stand_for_election(node);
    OK(pontoon_tick(node, now_ms, &step));
    CHECK(!(step.ready & PONTOON_READY_EVENTS));
    CHECK(events_of(node).events_len == 0 && events_of(node).lost == 0);
    events.struct_size = 1;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_events(node, &events));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_events(node, NULL));
    OK(pontoon_kill(node));
    events.struct_size = sizeof events, events.lost = 77;
    CHECK_STATUS(PONTOON_ERR_KILLED, pontoon_events(node, &events));
    OK(pontoon_free(node));
    CHECK_STATUS(PONTOON_ERR_BAD_HANDLE, pontoon_events(node, &events));
    CHECK(events.lost == 77);
}

/* A program that was compiled before trace_events was there. */
static void an_older_configuration(void) {
    PontoonConfig config = config_of(1, voters, 3);
    PontoonNode node = 0;
    config.trace_events = 100; /* not a part of it */
    config.struct_size = offsetof(PontoonConfig, trace_events);
    OK(pontoon_make(&config, nothing(), nothing(), 0, &node, NULL, 0));
    CHECK(events_of(node).events_len == 0);
    OK(pontoon_free(node));
    config.struct_size += 4;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_make(&config, nothing(), nothing(), 0, &node, NULL, 0));
    config.struct_size -= 8;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_make(&config, nothing(), nothing(), 0, &node, NULL, 0));
}

static void messages(void) {
    static const uint8_t later[] = {2, 1, 1, 1};
    PontoonNode candidate = make_of(3, 0), voter = 0;
    PontoonConfig config = config_of(2, voters, 3);
    PontoonWork work;
    PontoonMessageInfo info;
    uint64_t now_ms = stand_for_election(candidate);
    memset(&info, 0x55, sizeof info);
    info.struct_size = sizeof info;
    work.struct_size = sizeof work;
    OK(pontoon_make(&config, nothing(), nothing(), 0, &voter, NULL, 0));
    OK(pontoon_work(candidate, now_ms, &work));
    CHECK(work.messages_len == 2 && work.messages[0].to == 2);
    OK(pontoon_describe(work.messages[0].data.data, work.messages[0].data.len, &info));
    CHECK(info.from == 1 && info.to == 2 && info.kind == PONTOON_MESSAGE_REQUEST_VOTE && !info.is_reply);
    CHECK(info.term == 1 && info.index == 0 && info.log_term == 0 && !info.ok && info.entries_len == 0);
    OK(pontoon_receive(voter, now_ms, 5, work.messages[0].data.data, work.messages[0].data.len, NULL));
    OK(pontoon_work(voter, now_ms, &work));
    CHECK(work.messages_len == 1 && work.messages[0].is_reply);
    OK(pontoon_describe(work.messages[0].data.data, work.messages[0].data.len, &info));
    CHECK(info.from == 2 && info.to == 1 && info.kind == PONTOON_MESSAGE_REQUEST_VOTE && info.is_reply);
    CHECK(info.term == 1 && info.ok);

    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_describe(NULL, 1, &info));
    CHECK_STATUS(PONTOON_ERR_NULL, pontoon_describe(later, 1, NULL));
    CHECK_STATUS(PONTOON_ERR_DECODE, pontoon_describe(NULL, 0, &info));
    CHECK_STATUS(PONTOON_ERR_DECODE, pontoon_describe(work.messages[0].data.data, work.messages[0].data.len - 1, &info));
    CHECK_STATUS(PONTOON_ERR_VERSION, pontoon_describe(later, sizeof later, &info));
    CHECK_STATUS(PONTOON_ERR_TOO_LARGE, pontoon_describe(later, PONTOON_MESSAGE_BYTES_MAX + 1, &info));
    CHECK(info.from == 2 && info.ok);
    info.struct_size = 8;
    CHECK_STATUS(PONTOON_ERR_STRUCT_SIZE, pontoon_describe(later, sizeof later, &info));
    OK(pontoon_free(candidate));
    OK(pontoon_free(voter));
}

int main(void) {
    a_life();
    few_or_none();
    an_older_configuration();
    messages();
    puts("watching: ok");
    return 0;
}
