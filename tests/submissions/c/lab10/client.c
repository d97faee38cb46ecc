/* Lab 10, the client: one member of a chat.
 *
 *   telling     what is for a person goes to standard error, what the others say to standard output
 *   keyboard    lines of it, read only when poll() has something
 *   joining     until there is a token; each time with a socket of its own
 *   chatting    one poll() for the keyboard, the server and what is due */

#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chat.h"

enum {
  JOIN_PAUSE = 200, /* ms, and so on */
  LONGEST_JOIN_PAUSE = 800,
  WAIT_FOR_SERVER = 10000,
  MAX_SILENCE = 15000,
  PING_EVERY = 5000,
  LEAVE_EVERY = 200,
  LEAVES = 5,
  MAX_UNSAID = 100, /* lines that are not acknowledged; no more are read meanwhile */
  MAX_HOST = 1025   /* as the C library has it: characters of an address, with the NUL */
};

static const char usage[] =
    "usage: client [HOST [PORT]]\n"
    "Chats with the others at a server. Asks for what is not given.\n"
    "In the chat: /who, /quit, and //text for a line that begins with a slash.\n";

/* ---- Telling ---- */

/* A text with control characters (C0, DEL, C1) as \xNN; it is to be freed. */
static char *printable(const char *text) {
  char *shown = allocate(4 * strlen(text) + 1), *end = shown;
  for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; ++at) {
    bool is_c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
    if (is_c1) ++at;
    if (is_c1 || *at < ' ' || *at == 0x7f) end += sprintf(end, "\\x%02x", *at);
    else *end++ = (char)*at;
  }
  return shown;
}

/* One line, or a question: one write(). */
static void tell(const char *before, const char *text, const char *after) {
  char *shown = printable(text);
  char *all = allocate(strlen(before) + strlen(shown) + strlen(after) + 1);
  size_t size = (size_t)sprintf(all, "%s%s%s", before, shown, after);
  if (write(STDERR_FILENO, all, size) < 0) errno = 0; /* there is nobody to tell */
  free(all);
  free(shown);
}

static void say(const char *event, const char *explanation) {
  char before[40];
  snprintf(before, sizeof before, "[client] %s: ", event);
  tell(before, explanation, "\n");
}

static void fail(const char *what, const char *which, const char *why) {
  char text[MAX_HOST + 200];
  snprintf(text, sizeof text, "%s %.1000s: %s", what, which, why);
  say("error", text);
  exit(1);
}

/* Every line at once. */
static void print(const char *text) {
  if (fputs(text, stdout) < 0 || fflush(stdout) != 0) {
    fail("write", "standard output", strerror(errno));
  }
}

/* ---- Keyboard ---- */

static struct {
  char *bytes; /* that have been read and not been used */
  size_t size, room;
  bool has_ended;
} keyboard;

static void read_keyboard(void) {
  if (keyboard.room < keyboard.size + 4096) {
    keyboard.room = 2 * keyboard.room + 4096;
    keyboard.bytes = realloc(keyboard.bytes, keyboard.room);
    if (keyboard.bytes == NULL) abort();
  }
  ssize_t some = read(STDIN_FILENO, keyboard.bytes + keyboard.size, 4096);
  if (some > 0) keyboard.size += (size_t)some;
  else keyboard.has_ended = true;
}

/* The next line without its end, to be freed; NULL if it is not there. A NUL in it becomes \x01,
 * which is a control character, too. */
static char *take_line(void) {
  char *newline = keyboard.size > 0 ? memchr(keyboard.bytes, '\n', keyboard.size) : NULL;
  if (keyboard.size == 0 || (newline == NULL && !keyboard.has_ended)) return NULL;
  size_t size = newline != NULL ? (size_t)(newline - keyboard.bytes) : keyboard.size;
  char *line = allocate(size + 1);
  memcpy(line, keyboard.bytes, size);
  for (size_t i = 0; i < size; ++i) {
    if (line[i] == '\0') line[i] = '\x01';
  }
  if (size > 0 && line[size - 1] == '\r') line[size - 1] = '\0';
  size_t used = size + (newline != NULL);
  keyboard.size -= used;
  memmove(keyboard.bytes, keyboard.bytes + used, keyboard.size);
  return line;
}

/* Waits for it. NULL at the end. */
static char *next_line(void) {
  char *line;
  while ((line = take_line()) == NULL && !keyboard.has_ended) read_keyboard();
  return line != NULL ? line : take_line();
}

/* The answer without the spaces around it, to be freed; NULL at the end. */
static char *ask(const char *question) {
  tell(question, "", "");
  char *line = next_line();
  if (line == NULL) return NULL;
  size_t begin = strspn(line, " "), size = strlen(line);
  while (size > begin && line[size - 1] == ' ') --size;
  line[size] = '\0';
  memmove(line, line + begin, size - begin + 1);
  return line;
}

/* 0 if it is none. */
static unsigned short parse_port(const char *text) {
  while (text[0] == '0' && text[1] != '\0') ++text;
  size_t digits = strspn(text, "0123456789");
  long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtol(text, NULL, 10) : 0;
  return port <= 65535 ? (unsigned short)port : 0;
}

static unsigned short ask_port(void) {
  while (true) {
    char *answer = ask("Port [9090]: ");
    unsigned short port = answer == NULL || *answer == '\0' ? 9090 : parse_port(answer);
    free(answer);
    if (port != 0) return port;
    tell("That is no port: a port is a number from 1 to 65535.\n", "", "");
  }
}

/* NULL, and why, if it has no address. */
static struct addrinfo *resolve(const char *host, unsigned short port, const char **why) {
  char service[8];
  snprintf(service, sizeof service, "%d", port);
  struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found = NULL;
  int error = *host != '\0' ? getaddrinfo(host, service, &hints, &found) : EAI_NONAME;
  *why = error == EAI_SYSTEM ? strerror(errno) : error != 0 ? gai_strerror(error) : NULL;
  return error == 0 ? found : NULL;
}

static char *ask_host(void) {
  while (true) {
    char *host = ask("Host [127.0.0.1]: ");
    if (host == NULL || *host == '\0') {
      free(host);
      return strdup("127.0.0.1");
    }
    const char *why;
    struct addrinfo *found = resolve(host, 0, &why);
    if (found != NULL) {
      freeaddrinfo(found);
      return host;
    }
    free(host);
    tell(why, "", "; an address such as 127.0.0.1 or ::1 would do, or a name that is known.\n");
  }
}

/* NULL at the end. */
static char *ask_nick(void) {
  char *nick;
  while ((nick = ask("Nick: ")) != NULL && !is_nick(nick)) {
    free(nick);
    tell("A nick has 1 to 32 characters, and no space in it.\n", "", "");
  }
  return nick;
}

/* ---- The server ---- */

static struct {
  const char *host; /* as it was typed */
  struct addrinfo *addresses;
  int fd;                   /* connected, so that nobody else is heard; -1 if there is none */
  char name[MAX_HOST + 20]; /* of the address that it is connected to */
} server = {.fd = -1};

static void connect_to(const struct addrinfo *address) {
  if (server.fd >= 0) close(server.fd);
  server.fd = socket(address->ai_family, address->ai_socktype, 0);
  if (server.fd < 0 || connect(server.fd, address->ai_addr, address->ai_addrlen) < 0) return;
  char host[MAX_HOST] = "", port[16] = "";
  getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof host, port, sizeof port,
              NI_NUMERICHOST | NI_NUMERICSERV);
  snprintf(server.name, sizeof server.name, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host,
           port);
}

/* What is not sent is lost, or nobody is there just now. */
static void send_text(const char *format, ...) {
  char text[MAX_DATAGRAM + 1];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  (void)send(server.fd, text, strlen(text), MSG_NOSIGNAL);
}

/* The next one that is not malformed; false if there is none. ICMP's "refused" is no answer. */
static bool receive(struct datagram *datagram) {
  while (true) {
    ssize_t size = recv(server.fd, datagram->bytes, MAX_DATAGRAM + 1, MSG_DONTWAIT);
    if (size >= 0 && parse(datagram, (size_t)size)) return true;
    if (size < 0 && errno != ECONNREFUSED) return false;
  }
}

/* ---- Joining ---- */

enum { MAX_TOKEN = 64, MAX_COOKIE = 200 };

static struct {
  char *nick, token[MAX_TOKEN + 1];
  struct outgoing said;
  struct incoming to_hear;
  int64_t heard; /* when something came last */
  int64_t next_ping, next_leave;
  int leaves; /* that were sent */
  bool is_quitting, is_gone;
} me = {.said = {.number = 1}};

/* The first answer to JOIN that comes in this time. False if none comes. */
static bool await_answer(struct datagram *answer, int64_t until) {
  for (int64_t now; (now = now_in_ms()) < until;) {
    struct pollfd polled = {.fd = server.fd, .events = POLLIN};
    poll(&polled, 1, ms_until(until, now));
    while (receive(answer)) {
      if (is_a(answer, "COOKIE", 2, false) || is_a(answer, "ERROR", 2, false)) return true;
      if (is_a(answer, "WELCOME", 2, false) && strlen(answer->words[1]) <= MAX_TOKEN) return true;
    }
  }
  return false;
}

enum joined { NOBODY_THERE, REFUSED, WELCOME };

/* By a socket of its own: what is still on its way to an old one is lost. */
static enum joined join_at(const struct addrinfo *address, int64_t patience, bool tells) {
  connect_to(address);
  char cookie[MAX_COOKIE + 1] = "";
  int64_t end = now_in_ms() + patience;
  for (int64_t pause = JOIN_PAUSE, now; (now = now_in_ms()) < end;) {
    send_text(*cookie != '\0' ? "JOIN %s %s" : "JOIN %s", me.nick, cookie);
    struct datagram answer;
    bool is_answered = await_answer(&answer, now + pause);
    pause = pause < LONGEST_JOIN_PAUSE / 2 ? 2 * pause : LONGEST_JOIN_PAUSE;
    if (!is_answered) continue;
    if (strcmp(answer.words[0], "ERROR") == 0) {
      if (tells) tell("", answer.words[1], "\n");
      return REFUSED;
    }
    if (strcmp(answer.words[0], "WELCOME") == 0) {
      strcpy(me.token, answer.words[1]);
      return WELCOME;
    }
    snprintf(cookie, sizeof cookie, "%s", answer.words[1]);
    end = now_in_ms() + patience;
    pause = JOIN_PAUSE;
  }
  return NOBODY_THERE;
}

/* Numbers begin at 1 again, and what was not acknowledged is said again. */
static void begin(void) {
  int64_t now = now_in_ms();
  struct outgoing anew = {.number = 1};
  while (me.said.first != NULL) {
    if (!me.said.first->is_acknowledged) push(&anew, me.said.first->line, now);
    drop_first(&me.said);
  }
  me.said = anew;
  forget_early(&me.to_hear);
  me.to_hear.awaited = 1;
  me.heard = now;
  me.next_ping = now + PING_EVERY;
  say("connect", server.name);
}

static enum joined join(bool tells) {
  int count = 0;
  for (struct addrinfo *at = server.addresses; at != NULL; at = at->ai_next) ++count;
  for (struct addrinfo *at = server.addresses; at != NULL; at = at->ai_next) {
    enum joined joined = join_at(at, WAIT_FOR_SERVER / count, tells);
    if (joined == WELCOME) begin();
    if (joined != NOBODY_THERE) return joined;
  }
  return NOBODY_THERE;
}

/* False if the person would rather not. */
static bool enter(void) {
  while ((me.nick = ask_nick()) != NULL) {
    enum joined joined = join(true);
    if (joined == WELCOME) return true;
    if (joined == NOBODY_THERE) fail("join at", server.host, "no answer within 10 s");
    free(me.nick);
  }
  return false;
}

static void come_back(void) {
  say("disconnect", "nothing has come for 15 s; joining again");
  enum joined joined;
  for (bool is_first = true; (joined = join(is_first)) != WELCOME; is_first = false) {
    /* The nick may still be ours, from before. */
    if (joined == REFUSED) poll(NULL, 0, 1000);
  }
}

/* ---- What the others say ---- */

/* `kind` is M or N, of MSG or NOTE, and stays the first letter of what waits for its turn. */
static void hear(char kind, uint64_t number, const char *nick, const char *text) {
  char line[MAX_DATAGRAM + 10];
  snprintf(line, sizeof line, kind == 'M' ? "M%s: %s\n" : "N%s%s", nick, text);
  if (!take_in(&me.to_hear, number, line)) return;
  send_text("ACK %s %llu", me.token, (unsigned long long)number);
  for (char *next; (next = next_in_order(&me.to_hear)) != NULL; free(next)) {
    if (*next == 'M') print(next + 1);
    else tell("* ", next + 1, "\n");
  }
}

static void take(const struct datagram *datagram) {
  uint64_t number = parse_number(datagram->words[1]);
  if (is_a(datagram, "MSG", 3, true) && number != 0 && is_nick(datagram->words[2])) {
    hear('M', number, datagram->words[2], datagram->text);
  } else if (is_a(datagram, "NOTE", 2, true) && number != 0) {
    hear('N', number, "", datagram->text);
  } else if (is_a(datagram, "ACK", 2, false) && number != 0) {
    acknowledge(&me.said, number, now_in_ms());
  } else if (is_a(datagram, "MEMBERS", 2, false)) {
    tell("* here: ", datagram->words[1], "\n");
  } else if (is_a(datagram, "BYE", 1, false) && me.leaves > 0) {
    me.is_gone = true;
  } else if (!is_a(datagram, "PONG", 1, false)) {
    return; /* the server does not say that */
  }
  me.heard = now_in_ms();
}

/* ---- What is typed ---- */

/* In as many pieces as are needed, cut between characters. */
static void say_to_all(const char *text) {
  const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
  while (at < end) {
    const unsigned char *begin = at, *next = at;
    for (uint32_t code; next < end && next_character(&next, end, &code);) {
      if (next - begin > MAX_TEXT) break;
      at = next;
    }
    char rest[MAX_TEXT + 2];
    snprintf(rest, sizeof rest, "\n%.*s", (int)(at - begin), (const char *)begin);
    push(&me.said, make_line("SAY", rest), now_in_ms());
  }
}

static void obey(const char *line) {
  if (count_characters(line, strlen(line)) < 0) {
    tell("Not sent, for it is no text: ", line, "\n");
  } else if (strcmp(line, "/quit") == 0) {
    me.is_quitting = true;
  } else if (strcmp(line, "/who") == 0) {
    send_text("WHO %s", me.token);
  } else if (line[0] == '/' && line[1] != '/') {
    tell("Not sent: ", line, " is no command. There are /who, /quit and //text.\n");
  } else {
    say_to_all(line[0] == '/' ? line + 1 : line);
  }
}

static bool takes_lines(void) { return !me.is_quitting && me.said.count < MAX_UNSAID; }

static void take_lines(void) {
  for (char *line; takes_lines() && (line = take_line()) != NULL; free(line)) obey(line);
  if (keyboard.has_ended && keyboard.size == 0) me.is_quitting = true;
}

/* ---- Chatting ---- */

static void leave(int64_t now) {
  if (now < me.next_leave) return;
  if (me.leaves == LEAVES) {
    me.is_gone = true;
    return;
  }
  send_text("LEAVE %s", me.token);
  ++me.leaves;
  me.next_leave = now + LEAVE_EVERY;
}

/* Returns when there is something to do again. */
static int64_t do_what_is_due(int64_t now) {
  char bytes[MAX_DATAGRAM + 1];
  while (next_to_send(&me.said, now, me.token, bytes)) send_text("%s", bytes);
  if (now >= me.next_ping) {
    send_text("PING %s", me.token);
    me.next_ping = now + PING_EVERY;
  }
  if (me.is_quitting && me.said.count == 0) {
    leave(now);
    return me.next_leave;
  }
  return earlier(next_due(&me.said), earlier(me.next_ping, me.heard + MAX_SILENCE));
}

static void chat(void) {
  take_lines(); /* those that were typed together with the nick */
  while (!me.is_gone) {
    int64_t now = now_in_ms();
    if (now - me.heard >= MAX_SILENCE && me.leaves == 0) {
      come_back();
      continue;
    }
    int64_t due = do_what_is_due(now);
    bool reads = takes_lines() && !keyboard.has_ended;
    struct pollfd polled[] = {{.fd = server.fd, .events = POLLIN},
                              {.fd = reads ? STDIN_FILENO : -1, .events = POLLIN}};
    if (!me.is_gone && poll(polled, 2, ms_until(due, now)) > 0 && polled[1].revents != 0) {
      read_keyboard();
    }
    for (struct datagram datagram; receive(&datagram);) take(&datagram);
    take_lines();
  }
  say("disconnect", "left");
}

/* ---- The beginning ---- */

static void refuse(const char *why) {
  fprintf(stderr, "client: %s\n%s", why, usage);
  exit(2);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
      print(usage);
      return 0;
    }
  }
  if (argc > 3) refuse("too many arguments");
  unsigned short port = argc > 2 ? parse_port(argv[2]) : 0;
  if (argc > 2 && port == 0) refuse("a port is a number from 1 to 65535");
  server.host = argc > 1 ? argv[1] : ask_host();
  const char *why;
  server.addresses = resolve(server.host, port != 0 ? port : ask_port(), &why);
  if (server.addresses == NULL) fail("look up", server.host, why);
  if (enter()) chat();
  return 0;
}
