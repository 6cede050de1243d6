/* Checks that end the program with a place and a reason. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pontoon.h"

#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

#define CHECK_STATUS(expected, call)                                              \
    do {                                                                          \
        PontoonStatus got_ = (call);                                              \
        if (got_ != (expected)) {                                                 \
            fprintf(stderr, "%s:%d: %s: expected \"%s\", got \"%s\"\n", __FILE__, __LINE__, #call, \
                    pontoon_status_text(expected), pontoon_status_text(got_));    \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

#define OK(call) CHECK_STATUS(PONTOON_OK, call)

static inline const uint8_t *text(const char *string) { return (const uint8_t *)string; }

static inline PontoonBytes nothing(void) {
    PontoonBytes bytes = {NULL, 0};
    return bytes;
}

static inline PontoonConfig config_of(uint64_t id, const uint64_t *voters, size_t voters_len) {
    PontoonConfig config;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.id = id;
    config.voters = voters;
    config.voters_len = voters_len;
    config.seed = id;
    return config;
}

static inline PontoonState state_of(PontoonNode node) {
    PontoonState state;
    state.struct_size = sizeof state;
    OK(pontoon_get_state(node, &state));
    return state;
}

/* What the node says about its latest failure contains `part`. */
static inline void check_error(PontoonNode node, const char *part) {
    char sentence[512];
    OK(pontoon_last_error(node, sentence, sizeof sentence, NULL));
    if (strstr(sentence, part) == NULL) {
        fprintf(stderr, "\"%s\" is not in \"%s\"\n", part, sentence);
        exit(1);
    }
}

#endif
