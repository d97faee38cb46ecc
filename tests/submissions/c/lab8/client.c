/* Lab 8, the client: it asks for host and port, answers the server's questions, keeps its session,
 * and speaks in frames. */

#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum {
  MAX_PAYLOAD = 1 << 20, /* bytes */
  MAX_HOST = 1025        /* as the C library has it: characters of an address, with the NUL */
};

static const char usage[] =
    "usage: client [HOST [PORT]]\n"
    "Sends every line and prints every reply. Asks for what is not given.\n";
static const char token_file[] = "session.token";

static int server = -1;

/* ---- What a person is told ---- */

static void tell(const char *text, size_t size) {
  if (write(STDERR_FILENO, text, size) < 0) return; /* there is nobody to tell */
}

static void tell_text(const char *text) { tell(text, strlen(text)); }

/* Control characters (C0, DEL, C1) become \xNN. The result is to be freed. */
static char *printable(const char *text, size_t size) {
  char *shown = malloc(4 * size + 1), *end = shown;
  if (shown == NULL) abort();
  for (size_t i = 0; i < size; ++i) {
    unsigned char byte = (unsigned char)text[i];
    bool is_c1 = byte == 0xc2 && i + 1 < size && (unsigned char)text[i + 1] < 0xa0;
    if (is_c1) byte = (unsigned char)text[++i];
    if (byte < ' ' || byte == 0x7f || is_c1) {
      end += sprintf(end, "\\x%02x", byte);
    } else {
      *end++ = (char)byte;
    }
  }
  *end = '\0';
  return shown;
}

static void say(const char *event, const char *format, ...) {
  char text[600];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  char *shown = printable(text, strlen(text));
  char line[4 * sizeof text + 40];
  int size = snprintf(line, sizeof line, "[client] %s: %s\n", event, shown);
  tell(line, (size_t)size);
  free(shown);
}

static void fail(const char *what, const char *why) {
  if (server >= 0) say("disconnect", "cut short");
  say("error", "%s: %s", what, why);
  exit(1);
}

static void print(const char *data, size_t size) {
  if (fwrite(data, 1, size, stdout) != size || fflush(stdout) != 0) {
    fail("write standard output", strerror(errno));
  }
}

/* ---- What a person says ---- */

struct line {
  char *text;
  size_t size, room;
};

/* Without its newline. False at the end. */
static bool read_line(struct line *line) {
  ssize_t size = getline(&line->text, &line->room, stdin);
  if (size < 0) return false;
  line->size = (size_t)size;
  if (line->text[line->size - 1] == '\n') --line->size;
  return true;
}

static volatile sig_atomic_t is_hidden;
static struct termios shown_terminal;

static void show_input(void) {
  if (is_hidden) tcsetattr(STDIN_FILENO, TCSANOW, &shown_terminal); /* async-signal-safe */
  is_hidden = false;
}

/* Ends as the signal usually does, when the terminal is as it was. */
static void on_signal(int number) {
  show_input();
  signal(number, SIG_DFL);
  raise(number);
}

static bool read_secret_line(struct line *line) {
  if (tcgetattr(STDIN_FILENO, &shown_terminal) < 0) return read_line(line); /* no terminal */
  static const int signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
  for (int i = 0; i < 4; ++i) signal(signals[i], on_signal);
  struct termios hidden = shown_terminal;
  hidden.c_lflag &= (tcflag_t)~ECHO;
  hidden.c_lflag |= ECHONL;
  is_hidden = true;
  tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
  bool is_there = read_line(line);
  show_input();
  for (int i = 0; i < 4; ++i) signal(signals[i], SIG_DFL);
  return is_there;
}

/* An answer as a text without spaces around it; the usual one if it is empty. A NUL, with which no
 * good answer comes, becomes a question mark, with which none does either. */
static const char *ask(const char *question, const char *usual, struct line *line) {
  tell_text(question);
  if (!read_line(line)) return usual;
  for (size_t i = 0; i < line->size; ++i) {
    if (line->text[i] == '\0') line->text[i] = '?';
  }
  line->text[line->size] = '\0';
  if (line->size > 0 && line->text[line->size - 1] == '\r') line->text[--line->size] = '\0';
  while (line->size > 0 && line->text[line->size - 1] == ' ') line->text[--line->size] = '\0';
  const char *answer = line->text + strspn(line->text, " ");
  return *answer != '\0' ? answer : usual;
}

/* 0 if it is none. */
static unsigned short parse_port(const char *text) {
  while (text[0] == '0' && text[1] != '\0') ++text;
  size_t digits = strspn(text, "0123456789");
  long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtol(text, NULL, 10) : 0;
  return port <= 65535 ? (unsigned short)port : 0;
}

static unsigned short ask_port(void) {
  struct line line = {0};
  unsigned short port;
  while ((port = parse_port(ask("Port [9090]: ", "9090", &line))) == 0) {
    tell_text("That is no port: a port is a number from 1 to 65535.\n");
  }
  free(line.text);
  return port;
}

/* NULL, and why, if it has no address. */
static struct addrinfo *resolve(const char *host, unsigned short port, const char **why) {
  char service[8];
  snprintf(service, sizeof service, "%d", port);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  int error = *host != '\0' ? getaddrinfo(host, service, &hints, &found) : EAI_NONAME;
  *why = error == EAI_SYSTEM ? strerror(errno) : error != 0 ? gai_strerror(error) : NULL;
  return error == 0 ? found : NULL;
}

static char *ask_host(void) {
  struct line line = {0};
  while (true) {
    const char *host = ask("Host [127.0.0.1]: ", "127.0.0.1", &line), *why;
    struct addrinfo *found = resolve(host, 0, &why);
    if (found != NULL) {
      freeaddrinfo(found);
      char *copy = strdup(host);
      free(line.text);
      return copy;
    }
    tell_text(why);
    tell_text("; an address such as 127.0.0.1 or ::1 would do, or a name that is known.\n");
  }
}

/* ---- Frames ---- */

static bool is_utf8(const char *text, size_t size) { /* RFC 3629 */
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  const unsigned char *at = (const unsigned char *)text, *end = at + size;
  while (at < end) {
    unsigned char first = *at++;
    int more = first < 0x80   ? 0
               : first < 0xc0 ? -1
               : first < 0xe0 ? 1
               : first < 0xf0 ? 2
               : first < 0xf8 ? 3
                              : -1;
    if (more < 0 || end - at < more) return false;
    uint32_t code = more == 0 ? first : first & (0x3fu >> more);
    for (int i = 0; i < more; ++i) {
      if ((*at & 0xc0) != 0x80) return false;
      code = code << 6 | (*at++ & 0x3fu);
    }
    if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
  }
  return true;
}

static void send_message(const char *text, size_t size) {
  if (size > MAX_PAYLOAD) fail("send", "a line of more than 1048576 bytes");
  if (!is_utf8(text, size)) fail("send", "a line that is no UTF-8");
  static char frame[4 + MAX_PAYLOAD];
  uint32_t header = htonl((uint32_t)size);
  memcpy(frame, &header, sizeof header);
  if (size > 0) memcpy(frame + sizeof header, text, size);
  for (size_t done = 0; done < sizeof header + size;) {
    ssize_t sent = send(server, frame + done, sizeof header + size - done, MSG_NOSIGNAL);
    if (sent < 0) fail("send", strerror(errno));
    done += (size_t)sent;
  }
  say("send", "%zu bytes", size);
}

struct message {
  char *text; /* with a NUL behind it, until the next one is received */
  size_t size;
};

static void receive_bytes(void *buffer, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t some = recv(server, (char *)buffer + done, size - done, 0);
    if (some < 0) fail("recv", strerror(errno));
    if (some == 0) fail("recv", "the server has closed");
    done += (size_t)some;
  }
}

static struct message receive_message(void) {
  static char text[MAX_PAYLOAD + 1];
  uint32_t size;
  receive_bytes(&size, sizeof size);
  size = ntohl(size);
  if (size > MAX_PAYLOAD) fail("recv", "the server announces a frame that is too long");
  receive_bytes(text, size);
  text[size] = '\0';
  if (!is_utf8(text, size)) fail("recv", "the server has sent what is no UTF-8");
  say("receive", "%zu bytes", (size_t)size);
  return (struct message){.text = text, .size = size};
}

/* ---- Conversation ---- */

static void send_token(void) {
  struct line line = {0};
  FILE *file = fopen(token_file, "r");
  ssize_t size = file != NULL ? getline(&line.text, &line.room, file) : -1;
  if (file != NULL) fclose(file);
  send_message(line.text, size > 0 ? strcspn(line.text, "\n") : 0);
  free(line.text);
}

static void store_token(const char *token) {
  unlink(token_file);
  int file = open(token_file, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file < 0) fail("open session.token", strerror(errno));
  size_t size = strlen(token);
  if (write(file, token, size) != (ssize_t)size) fail("write session.token", strerror(errno));
  close(file);
}

/* `text` is the server's, behind the word; it is told with `end` behind it. */
static void tell_words(const char *text, size_t size, const char *end) {
  char *shown = printable(text, size);
  tell_text(shown);
  tell_text(end);
  free(shown);
}

static void answer(const char *what, struct message question) {
  char *text = strchr(question.text + 4, ' ');
  text = text != NULL ? text + 1 : question.text + question.size;
  tell_words(text, (size_t)(question.text + question.size - text), " ");
  struct line line = {0};
  bool is_secret = strcmp(what, "name") != 0;
  if (!(is_secret ? read_secret_line(&line) : read_line(&line))) {
    fail("answer", "the input has ended at a question");
  }
  send_message(line.text, line.size);
  free(line.text);
}

static bool begins(struct message message, const char *word) {
  return strncmp(message.text, word, strlen(word)) == 0;
}

/* Answers what the server asks until it says OK. */
static void log_in(void) {
  char what[20] = "";
  while (true) {
    struct message message = receive_message();
    if (begins(message, "ASK ")) {
      sscanf(message.text + 4, "%19[^ ]", what);
      strcmp(what, "token") == 0 ? send_token() : answer(what, message);
    } else if (begins(message, "TOKEN ")) {
      store_token(message.text + 6);
    } else if (begins(message, "ERR ")) {
      if (strcmp(what, "token") == 0) unlink(token_file);
      tell_words(message.text + 4, message.size - 4, "\n");
    } else if (begins(message, "OK ")) {
      tell_words(message.text + 3, message.size - 3, "\n");
      return;
    } else {
      fail("recv", "the server has said what is no question and no OK");
    }
  }
}

static bool is_line(struct line line, const char *word) {
  return line.size == strlen(word) && memcmp(line.text, word, line.size) == 0;
}

static void talk(void) {
  struct line line = {0};
  while (true) {
    if (isatty(STDIN_FILENO)) tell_text("> ");
    if (!read_line(&line)) break;
    send_message(line.text, line.size);
    if (is_line(line, "exit")) {
      free(line.text);
      return;
    }
    struct message reply = receive_message();
    if (is_line(line, "logout")) {
      if (begins(reply, "OK ")) tell_words(reply.text + 3, reply.size - 3, "\n");
      unlink(token_file);
      free(line.text);
      return;
    }
    reply.text[reply.size] = '\n';
    print(reply.text, reply.size + 1);
  }
  free(line.text);
  send_message("exit", 4);
}

/* ---- The connection ---- */

static void name_address(const struct addrinfo *address, char *text, size_t room) {
  char host[MAX_HOST] = "", port[16] = "";
  getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof host, port, sizeof port,
              NI_NUMERICHOST | NI_NUMERICSERV);
  snprintf(text, room, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

/* Tries one address after the other. */
static void connect_to(const char *host, unsigned short port) {
  const char *why;
  struct addrinfo *found = resolve(host, port, &why);
  char where[MAX_HOST + 40];
  snprintf(where, sizeof where, "connect to %.900s:%d", host, port);
  if (found == NULL) fail(where, why);
  int fd = -1;
  for (struct addrinfo *address = found; address != NULL && fd < 0; address = address->ai_next) {
    char name[MAX_HOST + 40];
    name_address(address, name, sizeof name);
    snprintf(where, sizeof where, "connect to %.1000s", name);
    fd = socket(address->ai_family, address->ai_socktype, 0);
    if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
      if (fd >= 0) say("connect", "%s", name);
      continue;
    }
    int error = errno;
    close(fd);
    fd = -1;
    errno = error;
  }
  if (fd < 0) fail(where, strerror(errno));
  freeaddrinfo(found);
  server = fd;
}

static void refuse(const char *why) {
  fprintf(stderr, "client: %s\n%s", why, usage);
  exit(2);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
      print(usage, strlen(usage));
      return 0;
    }
  }
  if (argc > 3) refuse("too many arguments");
  unsigned short port = argc > 2 ? parse_port(argv[2]) : 0;
  if (argc > 2 && port == 0) refuse("a port is a number from 1 to 65535");
  char *host = argc > 1 ? strdup(argv[1]) : ask_host();
  if (host == NULL) fail("strdup", strerror(errno));
  connect_to(host, port != 0 ? port : ask_port());
  free(host);
  log_in();
  talk();
  close(server);
  say("disconnect", "by this client");
  return 0;
}
