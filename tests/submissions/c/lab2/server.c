/* Lab 2, the server: one client after another, and lines that are cut out of the stream.
 *
 * SIGINT and SIGTERM are blocked but for the time of pselect(), so none of them can come
 * between a look at `stopped_by` and a call that waits. */

#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  PORTION = 1024,
  MAX_LINE = 65536, /* bytes, its end not counted */
  MAX_SILENCE = 5 * 60 /* seconds */
};

static const char usage[] =
    "usage: server [PORT]\n"
    "Returns every line that a client sends. PORT is 9090 unless given.\n";

static volatile sig_atomic_t stopped_by;
static sigset_t while_waiting;

static void say(const char *event, const char *format, ...) {
  char line[512];
  int size = snprintf(line, sizeof line, "[server] %s: ", event);
  va_list arguments;
  va_start(arguments, format);
  size += vsnprintf(line + size, sizeof line - (size_t)size - 1, format, arguments);
  va_end(arguments);
  if (size > (int)sizeof line - 2) size = (int)sizeof line - 2;
  line[size++] = '\n';
  if (write(STDERR_FILENO, line, (size_t)size) < 0) return; /* there is nobody to tell */
}

static void fail(const char *what) {
  say("error", "%s: %s", what, strerror(errno));
  exit(1);
}

static void on_signal(int number) { stopped_by = number; }

static void prepare_signals(void) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, &while_waiting);
  sigdelset(&while_waiting, SIGINT);
  sigdelset(&while_waiting, SIGTERM);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* Waits until there is something to read, or room to write, and false if that takes too long; a
 * signal is the end. */
static bool wait_for(int fd, bool to_write, int seconds) {
  struct timespec limit = {.tv_sec = seconds};
  fd_set set;
  int ready;
  do {
    FD_ZERO(&set);
    FD_SET(fd, &set);
    ready = pselect(fd + 1, to_write ? NULL : &set, to_write ? &set : NULL, NULL,
                    seconds > 0 ? &limit : NULL, &while_waiting);
  } while (ready < 0 && errno == EINTR && !stopped_by);
  if (stopped_by) {
    say("stop", stopped_by == SIGINT ? "SIGINT" : "SIGTERM");
    exit(0);
  }
  if (ready == 0) errno = ETIMEDOUT;
  return ready > 0;
}

static bool try_again(void) { return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK; }

/* Like recv(). */
static ssize_t receive(int fd, char *buffer, size_t size) {
  ssize_t received;
  do {
    if (!wait_for(fd, false, MAX_SILENCE)) return -1;
    received = recv(fd, buffer, size, 0);
  } while (received < 0 && try_again());
  return received;
}

/* False if the client is lost. */
static bool send_all(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
    if (sent < 0 && !try_again()) return false;
    if (sent < 0) {
      if (!wait_for(fd, true, MAX_SILENCE)) return false;
      continue;
    }
    data += sent;
    size -= (size_t)sent;
  }
  return true;
}

static int open_listener(unsigned short port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) fail("socket");
  int on = 1; /* or the port is refused for a minute after a restart */
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  fcntl(listener, F_SETFL, O_NONBLOCK);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  char where[64];
  snprintf(where, sizeof where, "listen on 0.0.0.0:%d", port);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail(where);
  if (listen(listener, SOMAXCONN) < 0) fail(where);
  say("listen", "0.0.0.0:%d", port);
  return listener;
}

/* -1 if there is none: it has gone already, or there is no descriptor for it. */
static int accept_client(int listener, char *peer, size_t size) {
  wait_for(listener, false, 0);
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  int client = accept(listener, (struct sockaddr *)&address, &length);
  if (client < 0) {
    if (try_again()) return -1;
    say("error", "accept: %s", strerror(errno));
    pselect(0, NULL, NULL, NULL, &(struct timespec){.tv_nsec = 100000000}, NULL);
    return -1;
  }
  fcntl(client, F_SETFL, O_NONBLOCK);
  char host[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &address.sin_addr, host, sizeof host);
  snprintf(peer, size, "%s:%d", host, ntohs(address.sin_port));
  say("connect", "%s", peer);
  return client;
}

enum outcome { GOES_ON, SAID_EXIT, TOO_LONG, LOST };

/* Answers one line, which is without its \n and has room behind it for one. */
static enum outcome answer(int client, const char *peer, char *line, size_t size) {
  if (size == 4 && memcmp(line, "exit", 4) == 0) return SAID_EXIT;
  line[size] = '\n';
  if (!send_all(client, line, size + 1)) return LOST;
  say("send", "%zu bytes to %s", size + 1, peer);
  return GOES_ON;
}

static enum outcome converse(int client, const char *peer) {
  static char line[MAX_LINE + 2]; /* and \r, and \n */
  size_t size = 0;
  char portion[PORTION];
  ssize_t received;
  while ((received = receive(client, portion, sizeof portion)) > 0) {
    say("receive", "%zd bytes from %s", received, peer);
    for (const char *c = portion; c < portion + received; ++c) {
      if (*c == '\n') {
        if (size > 0 && line[size - 1] == '\r') --size;
        enum outcome outcome = answer(client, peer, line, size);
        if (outcome != GOES_ON) return outcome;
        size = 0;
      } else {
        line[size++] = *c;
        if (size > MAX_LINE && (size > MAX_LINE + 1 || *c != '\r')) return TOO_LONG;
      }
    }
  }
  if (received == 0 && size > 0) return answer(client, peer, line, size);
  return received < 0 ? LOST : GOES_ON;
}

static void serve(int client, const char *peer) {
  switch (converse(client, peer)) {
    case GOES_ON:
      say("disconnect", "%s closed", peer);
      break;
    case SAID_EXIT:
      say("disconnect", "%s said exit", peer);
      break;
    case TOO_LONG:
      say("error", "%s sent a line of more than %d bytes", peer, MAX_LINE);
      say("disconnect", "%s is dropped", peer);
      break;
    case LOST:
      say("disconnect", "%s is lost: %s", peer, strerror(errno));
      break;
  }
  close(client);
}

static unsigned short parse_arguments(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
      if (fputs(usage, stdout) < 0 || fflush(stdout) != 0) fail("write standard output");
      exit(0);
    }
  }
  if (argc == 1) return 9090;
  size_t digits = strspn(argv[1], "0123456789");
  long port = digits > 0 && digits <= 5 && argv[1][digits] == '\0' ? strtol(argv[1], NULL, 10) : 0;
  if (argc == 2 && port >= 1 && port <= 65535) return (unsigned short)port;
  fprintf(stderr, "server: %s\n%s",
          argc > 2 ? "too many arguments" : "a port is a number from 1 to 65535", usage);
  exit(2);
}

int main(int argc, char **argv) {
  unsigned short port = parse_arguments(argc, argv);
  prepare_signals();
  say("start", "lab2_persistent");
  int listener = open_listener(port);
  while (true) {
    char peer[64];
    int client = accept_client(listener, peer, sizeof peer);
    if (client >= 0) serve(client, peer);
  }
}
