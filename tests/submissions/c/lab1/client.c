/* Lab 1, the client: sends one line of its input and prints what comes back. */

#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTION = 1024 };

static const char usage[] =
    "usage: client [HOST [PORT]]\n"
    "Sends a line and prints what comes back. It is 127.0.0.1 9090 unless given.\n";

static void say(const char *event, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  char line[4 * sizeof text + 32];
  size_t size = (size_t)snprintf(line, sizeof line, "[client] %s: ", event);
  for (const char *c = text; *c != '\0'; ++c) { /* a host comes from outside */
    bool is_plain = *c >= ' ' && *c <= '~';
    size += (size_t)snprintf(line + size, 5, is_plain ? "%c" : "\\x%02x", (unsigned char)*c);
  }
  line[size++] = '\n';
  if (write(STDERR_FILENO, line, size) < 0) return; /* there is nobody to tell */
}

static void fail(const char *what, const char *why) {
  say("error", "%s: %s", what, why);
  exit(1);
}

static void cut_short(const char *what, const char *why) {
  say("disconnect", "cut short");
  fail(what, why);
}

static int connect_to(const char *host, unsigned short port) {
  char where[300];
  snprintf(where, sizeof where, "connect to %.200s:%d", host, port);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) fail(where, "no IPv4 address");
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (server < 0) fail("socket", strerror(errno));
  if (connect(server, (struct sockaddr *)&address, sizeof address) < 0) fail(where, strerror(errno));
  say("connect", "%s:%d", host, port);
  return server;
}

static void print(const char *data, size_t size) {
  if (fwrite(data, 1, size, stdout) != size || fflush(stdout) != 0) {
    cut_short("write standard output", strerror(errno));
  }
}

/* Sends a portion and prints its echo, in as many pieces as it comes. */
static void exchange(int server, const char *portion, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t sent = send(server, portion + done, size - done, MSG_NOSIGNAL);
    if (sent < 0) cut_short("send", strerror(errno));
    done += (size_t)sent;
  }
  say("send", "%zu bytes", size);
  char echo[PORTION];
  for (size_t missing = size; missing > 0;) {
    ssize_t received = recv(server, echo, missing, 0);
    if (received < 0) cut_short("recv", strerror(errno));
    if (received == 0) cut_short("recv", "the server closed before all had come back");
    say("receive", "%zd bytes", received);
    print(echo, (size_t)received);
    missing -= (size_t)received;
  }
}

/* The line goes in portions, so it may be of any length, and neither side waits for the other. */
static void converse(int server) {
  char portion[PORTION];
  size_t size = 0;
  bool has_begun = false;
  int c = 0;
  while (c != '\n' && (c = getchar()) != EOF) {
    has_begun = true;
    portion[size++] = (char)c;
    if (size == PORTION) {
      exchange(server, portion, size);
      size = 0;
    }
  }
  if (c == EOF && has_begun) portion[size++] = '\n';
  if (size > 0) exchange(server, portion, size);
}

static bool is_help(const char *text) {
  return strcmp(text, "-h") == 0 || strcmp(text, "--help") == 0;
}

static unsigned short parse_port(const char *text) {
  size_t digits = strspn(text, "0123456789");
  long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtol(text, NULL, 10) : 0;
  return port <= 65535 ? (unsigned short)port : 0;
}

static void refuse(const char *why) {
  fprintf(stderr, "client: %s\n%s", why, usage);
  exit(2);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    if (is_help(argv[i])) {
      if (fputs(usage, stdout) < 0 || fflush(stdout) != 0) fail("write", strerror(errno));
      return 0;
    }
  }
  if (argc > 3) refuse("too many arguments");
  unsigned short port = argc > 2 ? parse_port(argv[2]) : 9090;
  if (port == 0) refuse("a port is a number from 1 to 65535");
  int server = connect_to(argc > 1 ? argv[1] : "127.0.0.1", port);
  converse(server);
  close(server);
  say("disconnect", "by this client");
  return 0;
}
