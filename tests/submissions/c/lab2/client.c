/* Lab 2, the client: sends every line of its input and prints every reply. */

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

static const char usage[] =
    "usage: client [HOST [PORT]]\n"
    "Sends every line and prints every reply. It is 127.0.0.1 9090 unless given.\n";

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

static void send_all(int server, const char *data, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t sent = send(server, data + done, size - done, MSG_NOSIGNAL);
    if (sent < 0) cut_short("send", strerror(errno));
    done += (size_t)sent;
  }
  say("send", "%zu bytes", size);
}

/* Prints as it comes, up to the newline; what comes behind it is kept for the next time. */
static void print_reply(int server) {
  static char received[65536];
  static size_t begin, end;
  const char *newline = NULL;
  while (newline == NULL) {
    if (begin == end) {
      ssize_t size = recv(server, received, sizeof received, 0);
      if (size < 0) cut_short("recv", strerror(errno));
      if (size == 0) cut_short("recv", "the server has closed");
      say("receive", "%zd bytes", size);
      begin = 0;
      end = (size_t)size;
    }
    newline = memchr(received + begin, '\n', end - begin);
    size_t size = newline != NULL ? (size_t)(newline + 1 - received) - begin : end - begin;
    print(received + begin, size);
    begin += size;
  }
}

static bool is_exit(const char *line, size_t size) {
  return (size == 5 && memcmp(line, "exit\n", 5) == 0) ||
         (size == 6 && memcmp(line, "exit\r\n", 6) == 0);
}

static void converse(int server) {
  char *line = NULL;
  size_t room = 0;
  while (true) {
    if (isatty(STDIN_FILENO) && write(STDERR_FILENO, "> ", 2) < 0) break;
    ssize_t size = getline(&line, &room, stdin);
    if (size < 0) break;
    if (line[size - 1] != '\n') line[size++] = '\n'; /* in place of the \0 */
    send_all(server, line, (size_t)size);
    if (is_exit(line, (size_t)size)) {
      free(line);
      return;
    }
    print_reply(server);
  }
  free(line);
  send_all(server, "exit\n", 5);
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
