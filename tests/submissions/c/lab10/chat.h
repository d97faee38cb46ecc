/* What both ends of the chat have in common: what a datagram looks like, and how lines arrive once
 * and in order although datagrams do not. */

#ifndef CHAT_H
#define CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  MAX_DATAGRAM = 1200, /* bytes */
  MAX_TEXT = 1000,     /* bytes */
  MAX_NICK = 32,       /* characters */
  MAX_AHEAD = 64,      /* of the number that is awaited */
  MAX_IN_FLIGHT = 8,
  MAX_UNACKNOWLEDGED = 1000,
  FIRST_PAUSE = 200, /* ms */
  LONGEST_PAUSE = 2000,
  PATIENCE = 30000
};

static const int64_t never = INT64_MAX;

/* Milliseconds since some time or other, and never 0. */
static inline int64_t now_in_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1 + 1000 * (int64_t)now.tv_sec + now.tv_nsec / 1000000;
}

static inline int64_t earlier(int64_t left, int64_t right) { return left < right ? left : right; }

/* A timeout as poll() and epoll_wait() want it. */
static inline int ms_until(int64_t due, int64_t now) {
  if (due == never) return -1;
  return due > now ? (int)(due - now) : 0;
}

static inline void *allocate(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) abort();
  return memory;
}

/* ---- Text (RFC 3629) ---- */

/* Steps over one character; false if there is none that is UTF-8. */
static inline bool next_character(const unsigned char **at, const unsigned char *end,
                                  uint32_t *code) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  unsigned char first = *(*at)++;
  int more = 0;
  if (first >= 0xf8 || (first >= 0x80 && first < 0xc0)) return false;
  if (first >= 0xc0) more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  if (end - *at < more) return false;
  *code = more == 0 ? first : first & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    if ((**at & 0xc0) != 0x80) return false;
    *code = *code << 6 | (*(*at)++ & 0x3fu);
  }
  return *code >= least[more] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff);
}

/* The number of characters; -1 if it is no UTF-8, -2 if there is a control character but tab. */
static inline long count_characters(const char *text, size_t size) {
  const unsigned char *at = (const unsigned char *)text, *end = at + size;
  long count = 0;
  bool has_control = false;
  for (uint32_t code; at < end; ++count) {
    if (!next_character(&at, end, &code)) return -1;
    if ((code < ' ' && code != '\t') || (code >= 0x7f && code <= 0x9f)) has_control = true;
  }
  return has_control ? -2 : count;
}

static inline bool is_nick(const char *nick) {
  long count = count_characters(nick, strlen(nick));
  return count >= 1 && count <= MAX_NICK && strpbrk(nick, " \t") == NULL &&
         strcmp(nick, "...") != 0;
}

/* ---- Datagrams ---- */

struct datagram {
  char bytes[MAX_DATAGRAM + 2]; /* a byte more shows that one is too long; and a NUL */
  const char *words[3];         /* of the first line; those that are not there are empty */
  int count;                    /* of them */
  const char *text;             /* what is below, or NULL */
};

/* Cuts up `size` bytes in place; what is for a person to read, behind ERROR and MEMBERS, is one
 * word. False if they are malformed. */
static inline bool parse(struct datagram *datagram, size_t size) {
  char *bytes = datagram->bytes, *end = bytes + size;
  if (size > MAX_DATAGRAM || memchr(bytes, '\0', size) != NULL) return false;
  *end = '\0';
  char *newline = strchr(bytes, '\n');
  datagram->text = newline != NULL ? newline + 1 : NULL;
  if (newline != NULL) *newline = '\0';
  if (count_characters(bytes, strlen(bytes)) == -1) return false;
  if (newline != NULL) {
    size_t text_size = (size_t)(end - newline - 1);
    if (text_size > MAX_TEXT || count_characters(newline + 1, text_size) < 0) return false;
  }
  for (int i = 0; i < 3; ++i) datagram->words[i] = "";
  datagram->count = 0;
  bool is_for_a_person = strncmp(bytes, "ERROR ", 6) == 0 || strncmp(bytes, "MEMBERS ", 8) == 0;
  for (char *word = bytes; word != NULL;) {
    char *space = is_for_a_person && datagram->count == 1 ? NULL : strchr(word, ' ');
    if (space != NULL) *space++ = '\0';
    if (*word == '\0' || datagram->count == 3) return false;
    datagram->words[datagram->count++] = word;
    word = space;
  }
  return true;
}

/* True for "VERB ..." with so many words, and a text below or none. */
static inline bool is_a(const struct datagram *datagram, const char *verb, int words,
                        bool has_text) {
  return strcmp(datagram->words[0], verb) == 0 && datagram->count == words &&
         (datagram->text != NULL) == has_text;
}

/* 0 if it is none. */
static inline uint64_t parse_number(const char *word) {
  size_t digits = strspn(word, "0123456789");
  return digits > 0 && digits < 19 && word[digits] == '\0' ? strtoull(word, NULL, 10) : 0;
}

/* ---- What goes out: again and again, until it is acknowledged ---- */

struct line {
  int users; /* entries that have it */
  const char *verb;
  char rest[]; /* of its datagram, behind the number */
};

struct entry {
  struct entry *next;
  struct line *line;
  int64_t due; /* 0: has not been sent yet */
  int pause;
  bool is_acknowledged;
};

struct outgoing {
  struct entry *first, *last;
  uint64_t number; /* of the first */
  int count;
  int64_t progress; /* when something was acknowledged, or was first waited for */
};

static inline struct line *make_line(const char *verb, const char *rest) {
  struct line *line = allocate(sizeof *line + strlen(rest) + 1);
  line->verb = verb;
  strcpy(line->rest, rest);
  return line;
}

static inline void push(struct outgoing *outgoing, struct line *line, int64_t now) {
  struct entry *entry = allocate(sizeof *entry);
  entry->line = line;
  entry->pause = FIRST_PAUSE;
  ++line->users;
  if (outgoing->first == NULL) {
    outgoing->first = entry;
    outgoing->progress = now;
  } else {
    outgoing->last->next = entry;
  }
  outgoing->last = entry;
  ++outgoing->count;
}

static inline void drop_first(struct outgoing *outgoing) {
  struct entry *entry = outgoing->first;
  outgoing->first = entry->next;
  ++outgoing->number;
  --outgoing->count;
  if (--entry->line->users == 0) free(entry->line);
  free(entry);
}

/* The next line that is to be sent now, as a datagram with a NUL behind it: "VERB before number",
 * and the rest. False if there is none. */
static inline bool next_to_send(struct outgoing *outgoing, int64_t now, const char *before,
                                char bytes[MAX_DATAGRAM + 1]) {
  uint64_t number = outgoing->number;
  struct entry *entry = outgoing->first;
  for (int i = 0; i < MAX_IN_FLIGHT && entry != NULL; ++i, ++number, entry = entry->next) {
    if (entry->is_acknowledged || entry->due > now) continue;
    entry->due = now + entry->pause;
    entry->pause = entry->pause < LONGEST_PAUSE / 2 ? 2 * entry->pause : LONGEST_PAUSE;
    snprintf(bytes, MAX_DATAGRAM + 1, "%s %s%s%llu%s", entry->line->verb, before,
             *before != '\0' ? " " : "", (unsigned long long)number, entry->line->rest);
    return true;
  }
  return false;
}

static inline int64_t next_due(const struct outgoing *outgoing) {
  int64_t due = never;
  const struct entry *entry = outgoing->first;
  for (int i = 0; i < MAX_IN_FLIGHT && entry != NULL; ++i, entry = entry->next) {
    if (!entry->is_acknowledged) due = earlier(due, entry->due);
  }
  return due;
}

static inline void acknowledge(struct outgoing *outgoing, uint64_t number, int64_t now) {
  if (number < outgoing->number || number - outgoing->number >= MAX_IN_FLIGHT) return;
  struct entry *entry = outgoing->first;
  for (uint64_t i = outgoing->number; i < number && entry != NULL; ++i) entry = entry->next;
  if (entry == NULL || entry->due == 0) return;
  entry->is_acknowledged = true;
  outgoing->progress = now;
  while (outgoing->first != NULL && outgoing->first->is_acknowledged) drop_first(outgoing);
}

/* ---- What comes in: once, and in order ---- */

struct incoming {
  uint64_t awaited;
  char *early[MAX_AHEAD + 1]; /* number n at n modulo its size */
};

/* False if it is too early to be kept, and so must not be acknowledged. */
static inline bool take_in(struct incoming *incoming, uint64_t number, const char *text) {
  if (number > incoming->awaited + MAX_AHEAD) return false;
  char **place = &incoming->early[number % (MAX_AHEAD + 1)];
  if (number >= incoming->awaited && *place == NULL) {
    *place = strcpy(allocate(strlen(text) + 1), text);
  }
  return true;
}

/* The next one in order, to be freed; NULL if it has not come yet. */
static inline char *next_in_order(struct incoming *incoming) {
  char **place = &incoming->early[incoming->awaited % (MAX_AHEAD + 1)], *text = *place;
  if (text == NULL) return NULL;
  *place = NULL;
  ++incoming->awaited;
  return text;
}

static inline void forget_early(struct incoming *incoming) {
  for (int i = 0; i <= MAX_AHEAD; ++i) {
    free(incoming->early[i]);
    incoming->early[i] = NULL;
  }
}

#endif
