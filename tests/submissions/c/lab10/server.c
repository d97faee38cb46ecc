/* Lab 10, the server: a chat over UDP.
 *
 *   messages    to server.log, a line each
 *   events      one epoll set, for the sockets and the signals
 *   addresses   where datagrams come from and go to
 *   cookies     proof that somebody receives what is sent to an address
 *   members     a list of them; each has lines to hear and, too early, lines that it has said
 *   turns       take what has come, then do for each member what is due */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chat.h"

enum {
  MAX_SILENCE = 30000,  /* ms */
  COOKIE_LIFE = 60000,  /* ms, and up to twice that */
  RECEIVED_A_TURN = 100 /* datagrams of each socket */
};

static const char usage[] =
    "usage: server [PORT]\n"
    "Passes on what the members of a chat say. Asks for PORT unless it is given.\n";

/* ---- Messages ---- */

static int log_file = -1;

static void tell(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) return; /* there is nobody to tell */
}

static void append_to_log(const char *line, size_t size) {
  static bool is_broken;
  errno = ENOSPC;
  bool failed = write(log_file, line, size) != (ssize_t)size;
  if (failed && !is_broken) {
    char told[100];
    snprintf(told, sizeof told, "[server] error: write server.log: %s\n", strerror(errno));
    tell(told);
  }
  is_broken = failed;
}

static void say(const char *event, const char *format, ...) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct tm parts;
  localtime_r(&now.tv_sec, &parts);
  char when[32], zone[8], text[400], line[512];
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &parts);
  strftime(zone, sizeof zone, "%z", &parts); /* +0300 */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  int size = snprintf(line, sizeof line, "%s.%03ld%.3s:%.2s [server] %s: %s\n", when,
                      now.tv_nsec / 1000000, zone, zone + 3, event, text);
  append_to_log(line, (size_t)size);
}

static void fail(const char *what, const char *why) {
  char line[512];
  snprintf(line, sizeof line, "[server] error: %s: %s\n", what, why);
  tell(line);
  if (log_file >= 0) say("error", "%s: %s", what, why);
  exit(1);
}

/* ---- Events ---- */

static int events = -1, signals = -1;

static void watch(int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl", strerror(errno));
}

static void prepare_events(void) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, NULL);
  signals = signalfd(-1, &stop, SFD_CLOEXEC);
  events = epoll_create1(EPOLL_CLOEXEC);
  if (signals < 0 || events < 0) fail("prepare events", strerror(errno));
  watch(signals);
}

static void stop(void) {
  struct signalfd_siginfo signal;
  if (read(signals, &signal, sizeof signal) != sizeof signal) fail("read signal", strerror(errno));
  say("stop", signal.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
  exit(0);
}

/* Waits until something has come, or for so many milliseconds. A signal is the end. */
static void wait_for_events(int timeout) {
  struct epoll_event ready[3];
  int count = epoll_wait(events, ready, 3, timeout);
  for (int i = 0; i < count; ++i) {
    if (ready[i].data.fd == signals) stop();
  }
}

/* The same for the keyboard, which may be a file: that is always ready, and not for epoll. */
static void wait_for_keyboard(void) {
  struct pollfd polled[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = signals, .events = POLLIN}};
  if (poll(polled, 2, -1) > 0 && polled[1].revents != 0) stop();
}

/* ---- Addresses ---- */

struct address {
  int fd; /* the socket of that family */
  socklen_t size;
  union {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
  };
};

static bool is_same(const struct address *left, const struct address *right) {
  return left->size == right->size && memcmp(&left->any, &right->any, left->size) == 0;
}

static const char *name_of(const struct address *address) {
  static char name[INET6_ADDRSTRLEN + 10];
  char host[INET6_ADDRSTRLEN];
  if (address->any.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &address->ipv6.sin6_addr, host, sizeof host);
    snprintf(name, sizeof name, "[%s]:%d", host, ntohs(address->ipv6.sin6_port));
  } else {
    inet_ntop(AF_INET, &address->ipv4.sin_addr, host, sizeof host);
    snprintf(name, sizeof name, "%s:%d", host, ntohs(address->ipv4.sin_port));
  }
  return name;
}

/* What cannot be sent is lost, like others on their way: what matters is sent again. */
static void send_to(const struct address *to, const char *format, ...) {
  char bytes[MAX_DATAGRAM + 1];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(bytes, sizeof bytes, format, arguments);
  va_end(arguments);
  (void)sendto(to->fd, bytes, strlen(bytes), 0, &to->any, to->size);
}

/* At most once a second, whoever floods us. */
static void complain(const struct address *from, const char *why) {
  static int64_t next;
  int64_t now = now_in_ms();
  if (now < next) return;
  next = now + 1000;
  say("error", "a datagram of %s was dropped: %s", name_of(from), why);
}

/* ---- Cookies and tokens ---- */

enum { COOKIE = 20, TOKEN = 32 }; /* hex digits */

static unsigned char key[32];

static void fill_at_random(unsigned char *bytes, size_t size) {
  if (getrandom(bytes, size, 0) != (ssize_t)size) fail("getrandom", strerror(errno));
}

static void as_hex(const unsigned char *bytes, size_t digits, char *hex) {
  for (size_t i = 0; i < digits; i += 2) snprintf(hex + i, 3, "%02x", bytes[i / 2]);
}

static void make_cookie(const struct address *address, int64_t period, char cookie[COOKIE + 1]) {
  unsigned char text[sizeof address->ipv6 + sizeof period], digest[EVP_MAX_MD_SIZE];
  memcpy(text, &address->any, address->size);
  memcpy(text + address->size, &period, sizeof period);
  HMAC(EVP_sha256(), key, sizeof key, text, address->size + sizeof period, digest, NULL);
  as_hex(digest, COOKIE, cookie);
}

static int64_t period_of(int64_t now) { return now / COOKIE_LIFE; }

static bool is_equal(const char *secret, const char *word) { /* in the same time, always */
  size_t size = strlen(secret);
  if (strlen(word) != size) return false; /* how long they are is no secret */
  unsigned char difference = 0;
  for (size_t i = 0; i < size; ++i) difference |= (unsigned char)(secret[i] ^ word[i]);
  return difference == 0;
}

static bool is_good_cookie(const struct address *from, const char *cookie, int64_t now) {
  char now_good[COOKIE + 1], still_good[COOKIE + 1];
  make_cookie(from, period_of(now), now_good);
  make_cookie(from, period_of(now) - 1, still_good);
  return is_equal(now_good, cookie) || is_equal(still_good, cookie);
}

/* ---- Members ---- */

struct member {
  struct member *next;
  struct address address;
  char nick[4 * MAX_NICK + 1], token[TOKEN + 1];
  struct incoming said;
  struct outgoing to_hear;
  int64_t heard; /* when something came last */
  bool has_left; /* and is let go of at the end of this turn */
};

static struct member *members;

static struct member *find_address(const struct address *address) {
  struct member *member = members;
  while (member != NULL && (member->has_left || !is_same(&member->address, address))) {
    member = member->next;
  }
  return member;
}

static struct member *find_nick(const char *nick) {
  struct member *member = members;
  while (member != NULL && (member->has_left || strcmp(member->nick, nick) != 0)) {
    member = member->next;
  }
  return member;
}

static void tell_others(const struct member *speaker, const char *verb, const char *rest,
                        int64_t now) {
  struct line *line = make_line(verb, rest);
  ++line->users; /* this function, too */
  for (struct member *member = members; member != NULL; member = member->next) {
    if (member != speaker && !member->has_left) push(&member->to_hear, line, now);
  }
  if (--line->users == 0) free(line);
}

static void add_member(const struct address *address, const char *nick, int64_t now) {
  struct member *member = allocate(sizeof *member);
  unsigned char random[TOKEN / 2];
  fill_at_random(random, sizeof random);
  as_hex(random, TOKEN, member->token);
  strcpy(member->nick, nick);
  member->address = *address;
  member->heard = now;
  member->said.awaited = member->to_hear.number = 1;
  member->next = members;
  members = member;
  say("connect", "%s, %s", name_of(address), nick);
  send_to(address, "WELCOME %s", member->token);
  char rest[200];
  snprintf(rest, sizeof rest, "\n%s is here", nick);
  tell_others(member, "NOTE", rest, now);
}

/* `place` is where the list refers to it. */
static void remove_member(struct member **place, const char *why, int64_t now) {
  struct member *member = *place;
  *place = member->next;
  say("disconnect", "%s, %s, %s", name_of(&member->address), member->nick, why);
  char rest[200];
  snprintf(rest, sizeof rest, "\n%s has left", member->nick);
  tell_others(member, "NOTE", rest, now);
  while (member->to_hear.first != NULL) drop_first(&member->to_hear);
  forget_early(&member->said);
  free(member);
}

/* ---- What they send ---- */

static void take_join(const struct address *from, const char *nick, const char *cookie,
                      int64_t now) {
  if (!is_good_cookie(from, cookie, now)) {
    char fresh[COOKIE + 1];
    make_cookie(from, period_of(now), fresh);
    send_to(from, "COOKIE %s", fresh);
    return;
  }
  struct member *member = find_address(from);
  if (member != NULL && strcmp(member->nick, nick) == 0) {
    member->heard = now;
    send_to(from, "WELCOME %s", member->token);
  } else if (member != NULL) {
    send_to(from, "ERROR you are in already");
  } else if (!is_nick(nick)) {
    send_to(from, "ERROR that is no nick");
  } else if (find_nick(nick) != NULL) {
    send_to(from, "ERROR that nick is taken");
  } else {
    add_member(from, nick, now);
  }
}

static void take_say(struct member *member, uint64_t number, const char *text, int64_t now) {
  if (!take_in(&member->said, number, text)) return;
  send_to(&member->address, "ACK %llu", (unsigned long long)number);
  for (char *line; (line = next_in_order(&member->said)) != NULL; free(line)) {
    char rest[MAX_DATAGRAM];
    snprintf(rest, sizeof rest, " %s\n%s", member->nick, line);
    tell_others(member, "MSG", rest, now);
  }
}

static void send_members(const struct member *to) {
  char list[MAX_DATAGRAM + 1] = "MEMBERS";
  size_t size = strlen(list);
  for (const struct member *member = members; member != NULL; member = member->next) {
    if (member->has_left) continue;
    bool fits = size + 1 + strlen(member->nick) + strlen(" ...") <= MAX_DATAGRAM;
    size += (size_t)sprintf(list + size, " %s", fits ? member->nick : "...");
    if (!fits) break;
  }
  send_to(&to->address, "%s", list);
}

/* NULL, or why it is dropped. */
static const char *take(const struct address *from, const struct datagram *datagram, int64_t now) {
  if (is_a(datagram, "JOIN", 2, false) || is_a(datagram, "JOIN", 3, false)) {
    take_join(from, datagram->words[1], datagram->words[2], now);
    return NULL;
  }
  struct member *member = find_address(from);
  if (member == NULL || !is_equal(member->token, datagram->words[1])) return "no member's token";
  uint64_t number = parse_number(datagram->words[2]);
  if (is_a(datagram, "SAY", 3, true) && number != 0) {
    take_say(member, number, datagram->text, now);
  } else if (is_a(datagram, "ACK", 3, false) && number != 0) {
    acknowledge(&member->to_hear, number, now);
  } else if (is_a(datagram, "PING", 2, false)) {
    send_to(from, "PONG");
  } else if (is_a(datagram, "WHO", 2, false)) {
    send_members(member);
  } else if (is_a(datagram, "LEAVE", 2, false)) {
    send_to(from, "BYE");
    member->has_left = true;
  } else {
    return "it is malformed";
  }
  member->heard = now;
  return NULL;
}

/* ---- Turns ---- */

/* One for IPv6 and one for IPv4; -1 where the machine has no such thing. */
static int sockets[2] = {-1, -1};

static void receive_from(int fd, int64_t now) {
  for (int i = 0; i < RECEIVED_A_TURN; ++i) {
    struct datagram datagram;
    struct address from = {.fd = fd, .size = sizeof from.ipv6};
    ssize_t size = recvfrom(fd, datagram.bytes, MAX_DATAGRAM + 1, MSG_DONTWAIT, &from.any,
                            &from.size);
    if (size < 0) return;
    const char *why = "it is malformed";
    if (parse(&datagram, (size_t)size)) why = take(&from, &datagram, now);
    if (why != NULL) complain(&from, why);
  }
}

static const char *why_gone(const struct member *member, int64_t now) {
  const struct outgoing *to_hear = &member->to_hear;
  if (member->has_left) return "left";
  if (now - member->heard >= MAX_SILENCE) return "fell silent";
  if (to_hear->count >= MAX_UNACKNOWLEDGED) return "did not keep up";
  if (to_hear->count > 0 && now - to_hear->progress >= PATIENCE) return "acknowledged nothing";
  return NULL;
}

static void attend_to_members(int64_t now) {
  for (struct member **place = &members; *place != NULL;) {
    struct member *member = *place;
    const char *why = why_gone(member, now);
    if (why != NULL) {
      remove_member(place, why, now);
      continue;
    }
    char bytes[MAX_DATAGRAM + 1];
    while (next_to_send(&member->to_hear, now, "", bytes)) send_to(&member->address, "%s", bytes);
    place = &member->next;
  }
}

/* When the next turn is due, even if nothing comes. */
static int64_t next_turn(void) {
  int64_t due = never;
  for (const struct member *member = members; member != NULL; member = member->next) {
    due = earlier(due, member->heard + MAX_SILENCE);
    due = earlier(due, next_due(&member->to_hear));
    if (member->to_hear.count > 0) due = earlier(due, member->to_hear.progress + PATIENCE);
  }
  return due;
}

static void chat(void) {
  for (int i = 0; i < 2; ++i) {
    if (sockets[i] >= 0) watch(sockets[i]);
  }
  while (true) {
    wait_for_events(ms_until(next_turn(), now_in_ms()));
    int64_t now = now_in_ms();
    for (int i = 0; i < 2; ++i) {
      if (sockets[i] >= 0) receive_from(sockets[i], now);
    }
    attend_to_members(now);
  }
}

/* ---- The port ---- */

/* No SO_REUSEADDR: two servers would share a port, and each get some of the datagrams. */
static bool open_socket(int *fd, int family, unsigned short port) {
  struct address address = {.size = sizeof address.ipv4};
  address.any.sa_family = (sa_family_t)family;
  address.ipv4.sin_port = htons(port); /* at the same place in both */
  if (family == AF_INET6) address.size = sizeof address.ipv6;
  *fd = socket(family, SOCK_DGRAM, 0);
  if (*fd < 0) return family == AF_INET6;
  int on = 1;
  if (family == AF_INET6) setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(*fd, &address.any, address.size) == 0) return true;
  int error = errno;
  close(*fd);
  *fd = -1;
  errno = error;
  return family == AF_INET6 && error == EADDRNOTAVAIL;
}

static bool open_sockets(unsigned short port) {
  if (!open_socket(&sockets[0], AF_INET6, port)) return false;
  if (open_socket(&sockets[1], AF_INET, port)) return true;
  int error = errno;
  if (sockets[0] >= 0) close(sockets[0]);
  errno = error;
  return false;
}

static void open_from(unsigned short wanted) {
  long port = wanted;
  while (!open_sockets((unsigned short)port)) {
    char where[40];
    snprintf(where, sizeof where, "bind to port %ld", port);
    if (errno != EADDRINUSE) fail(where, strerror(errno));
    port = port == 65535 ? 1024 : port + 1;
    if (port == wanted || (wanted < 1024 && port == 65535)) fail("bind", "no port is free");
  }
  if (sockets[0] >= 0) say("listen", "[::]:%ld", port);
  say("listen", "0.0.0.0:%ld", port);
  if (printf("Listening on port %ld\n", port) < 0 || fflush(stdout) != 0) {
    fail("write standard output", strerror(errno));
  }
}

/* 0 if it is none. */
static unsigned short parse_port(const char *text) {
  while (text[0] == '0' && text[1] != '\0') ++text;
  size_t digits = strspn(text, "0123456789");
  long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtol(text, NULL, 10) : 0;
  return port <= 65535 ? (unsigned short)port : 0;
}

/* What of a line fits, without the spaces around it; the default if that is nothing. */
static void read_answer(char *answer, size_t room) {
  size_t size = 0;
  bool fits = true;
  char c = '\0';
  while (c != '\n') {
    wait_for_keyboard();
    if (read(STDIN_FILENO, &c, 1) != 1) break;
    if (c == '\0') c = '?'; /* would be the end of a text */
    if (size == 0 && c == ' ') continue;
    if (size < room - 1) answer[size++] = c;
    else fits = false;
  }
  if (size > 0 && answer[size - 1] == '\n') --size;
  if (size > 0 && answer[size - 1] == '\r') --size;
  while (size > 0 && answer[size - 1] == ' ') --size;
  answer[size] = '\0';
  if (size == 0) strcpy(answer, "9090");
  if (!fits) strcpy(answer, "?"); /* longer than any port */
}

static unsigned short ask_port(void) {
  char answer[1000];
  unsigned short port = 0;
  while (port == 0) {
    tell("Port [9090]: ");
    read_answer(answer, sizeof answer);
    port = parse_port(answer);
    if (port == 0) tell("That is no port: a port is a number from 1 to 65535.\n");
  }
  return port;
}

/* 0 if it has to be asked for. */
static unsigned short parse_arguments(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
      if (fputs(usage, stdout) < 0 || fflush(stdout) != 0) fail("write", strerror(errno));
      exit(0);
    }
  }
  if (argc == 1) return 0;
  unsigned short port = parse_port(argv[1]);
  if (argc == 2 && port != 0) return port;
  fprintf(stderr, "server: %s\n%s",
          argc > 2 ? "too many arguments" : "a port is a number from 1 to 65535", usage);
  exit(2);
}

int main(int argc, char **argv) {
  unsigned short port = parse_arguments(argc, argv);
  int file = open("server.log", O_WRONLY | O_APPEND | O_CREAT, 0666);
  if (file < 0) fail("open server.log", strerror(errno));
  log_file = file;
  prepare_events();
  say("start", "lab10_udpchat");
  fill_at_random(key, sizeof key);
  open_from(port != 0 ? port : ask_port());
  chat();
}
