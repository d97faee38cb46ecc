/* Lab 8, the server: names with passwords, sessions, and frames.
 *
 *   messages      to server.log, a line each
 *   signals       blocked, but for the time of pselect(): nothing comes between look and wait
 *   hashing       SHA-256, HMAC, PBKDF2: POSIX has none of them
 *   accounts      a journal, which is only ever appended to
 *   frames        of one client after another
 *   conversation  who is it? and then: every message comes back */

#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  MAX_PAYLOAD = 1 << 20,
  MAX_SILENCE = 5 * 60, /* seconds */
  MAX_NAME = 32,        /* characters, of 4 bytes at most */
  MAX_TRIES = 3,
  ROUNDS = 600000,
  SESSION = 24 * 60 * 60 /* seconds */
};

static const char usage[] =
    "usage: server [PORT]\n"
    "Knows who you are, and returns your messages. Asks for PORT unless it is given.\n";

/* ---- Messages ---- */

static int log_file = -1;

static void tell(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) return; /* there is nobody to tell */
}

static void append_to_log(const char *line, size_t size) {
  static bool is_broken;
  errno = ENOSPC;
  ssize_t written = write(log_file, line, size);
  bool failed = written != (ssize_t)size;
  if (failed && !is_broken) {
    char told[100];
    snprintf(told, sizeof told, "[server] error: write server.log: %s\n", strerror(errno));
    tell(told);
  }
  struct stat about;
  if (failed && written > 0 && fstat(log_file, &about) == 0 &&
      ftruncate(log_file, about.st_size - written) < 0) {
    tell("[server] error: half a line is in server.log\n");
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

/* ---- Signals ---- */

static volatile sig_atomic_t stopped_by;
static sigset_t while_waiting;

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

/* pselect(), to which a signal is the end. */
static int wait_for_any(int count, fd_set *to_read, fd_set *to_write, struct timespec *limit) {
  int ready = pselect(count, to_read, to_write, NULL, limit, &while_waiting);
  if (stopped_by) {
    say("stop", stopped_by == SIGINT ? "SIGINT" : "SIGTERM");
    exit(0);
  }
  return ready;
}

static void look_for_signals(void) { wait_for_any(0, NULL, NULL, &(struct timespec){0}); }

/* ---- Hashing (FIPS 180-4, RFC 2104, RFC 8018) ---- */

struct sha256 {
  uint32_t state[8];
  unsigned char block[64];
  uint64_t size;
};

static uint32_t rotate(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

static void compress(struct sha256 *hash) {
  static const uint32_t k[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; ++i) {
    uint32_t word;
    memcpy(&word, hash->block + 4 * i, 4);
    w[i] = ntohl(word);
  }
  for (int i = 16; i < 64; ++i) {
    uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  memcpy(v, hash->state, sizeof v);
  for (int i = 0; i < 64; ++i) {
    uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
    uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof v[0]);
    v[4] += t1;
    v[0] = t1 + t2;
  }
  for (int i = 0; i < 8; ++i) hash->state[i] += v[i];
}

static void sha256_begin(struct sha256 *hash) {
  *hash = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                    0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

static void sha256_add(struct sha256 *hash, const void *data, size_t size) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < size; ++i) {
    hash->block[hash->size++ % 64] = bytes[i];
    if (hash->size % 64 == 0) compress(hash);
  }
}

static void sha256_end(struct sha256 *hash, unsigned char digest[32]) {
  uint64_t bits = hash->size * 8;
  sha256_add(hash, "\x80", 1);
  while (hash->size % 64 != 56) sha256_add(hash, "", 1);
  for (int shift = 56; shift >= 0; shift -= 8) {
    unsigned char byte = (unsigned char)(bits >> shift);
    sha256_add(hash, &byte, 1);
  }
  for (int i = 0; i < 8; ++i) {
    uint32_t word = htonl(hash->state[i]);
    memcpy(digest + 4 * i, &word, 4);
  }
}

/* Both halves of HMAC, with the key already in them; each use begins with a copy. */
struct hmac {
  struct sha256 inner, outer;
};

static void hmac_begin(struct hmac *hmac, const void *key, size_t size) {
  unsigned char padded[64] = {0};
  if (size > sizeof padded) {
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_add(&hash, key, size);
    sha256_end(&hash, padded);
  } else {
    memcpy(padded, key, size);
  }
  for (int i = 0; i < 64; ++i) padded[i] ^= 0x36;
  sha256_begin(&hmac->inner);
  sha256_add(&hmac->inner, padded, 64);
  for (int i = 0; i < 64; ++i) padded[i] ^= 0x36 ^ 0x5c;
  sha256_begin(&hmac->outer);
  sha256_add(&hmac->outer, padded, 64);
}

static void hmac_of(struct hmac hmac, const void *data, size_t size, unsigned char digest[32]) {
  sha256_add(&hmac.inner, data, size);
  sha256_end(&hmac.inner, digest);
  sha256_add(&hmac.outer, digest, 32);
  sha256_end(&hmac.outer, digest);
}

static void as_hex(const unsigned char *bytes, size_t size, char *hex) {
  for (size_t i = 0; i < size; ++i) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* PBKDF2-HMAC-SHA256, in hex. */
static void slow_hash(const char *password, size_t size, const char *salt, char hex[65]) {
  struct hmac hmac;
  hmac_begin(&hmac, password, size);
  unsigned char block[64], round[32], sum[32];
  size_t salt_size = strlen(salt);
  memcpy(block, salt, salt_size);
  memcpy(block + salt_size, "\0\0\0\1", 4);
  hmac_of(hmac, block, salt_size + 4, round);
  memcpy(sum, round, sizeof sum);
  for (int i = 1; i < ROUNDS; ++i) {
    hmac_of(hmac, round, sizeof round, round);
    for (int byte = 0; byte < 32; ++byte) sum[byte] ^= round[byte];
    if (i % 10000 == 0) look_for_signals();
  }
  as_hex(sum, sizeof sum, hex);
}

/* Enough for a token, which nobody can guess. */
static void quick_hash(const char *token, size_t size, char hex[65]) {
  unsigned char digest[32];
  struct sha256 hash;
  sha256_begin(&hash);
  sha256_add(&hash, token, size);
  sha256_end(&hash, digest);
  as_hex(digest, sizeof digest, hex);
}

static void random_hex(size_t bytes, char *hex) {
  unsigned char random[32];
  int file = open("/dev/urandom", O_RDONLY);
  if (file < 0 || read(file, random, bytes) != (ssize_t)bytes) {
    fail("read /dev/urandom", strerror(errno));
  }
  close(file);
  as_hex(random, bytes, hex);
}

/* ---- Accounts: lines of words with tabs between them ----
 *
 *   user     NAME SALT HASH
 *   session  HASH ENDS NAME      ENDS in seconds since 1970
 *   logout   HASH */

struct user {
  struct user *next;
  char name[4 * MAX_NAME + 1], salt[33], hash[65];
};

struct session {
  struct session *next;
  char hash[65], name[4 * MAX_NAME + 1];
  long long ends;
};

static int journal = -1;
static struct user *users;
static struct session *sessions;

static void *allocate(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) fail("calloc", strerror(errno));
  return memory;
}

static struct user *find_user(const char *name) {
  struct user *user = users;
  while (user != NULL && strcmp(user->name, name) != 0) user = user->next;
  return user;
}

static bool is_equal(const char *left, const char *right) { /* in the same time, always */
  unsigned char difference = 0;
  for (int i = 0; i < 64; ++i) difference |= (unsigned char)(left[i] ^ right[i]);
  return difference == 0;
}

static struct session *find_session(const char *hash) {
  struct session *session = sessions;
  while (session != NULL && !is_equal(session->hash, hash)) session = session->next;
  return session != NULL && session->ends > time(NULL) ? session : NULL;
}

static void take_line(const char *line) {
  struct user user = {0};
  struct session session = {0};
  char hash[65];
  if (sscanf(line, "user\t%128[^\t]\t%32[^\t]\t%64s", user.name, user.salt, user.hash) == 3) {
    user.next = users;
    users = memcpy(allocate(sizeof user), &user, sizeof user);
  } else if (sscanf(line, "session\t%64s\t%lld\t%128[^\n]", session.hash, &session.ends,
                    session.name) == 3) {
    session.next = sessions;
    sessions = memcpy(allocate(sizeof session), &session, sizeof session);
  } else if (sscanf(line, "logout\t%64s", hash) == 1) {
    struct session *ended = find_session(hash);
    if (ended != NULL) ended->ends = 0;
  } else {
    say("error", "accounts: a line that is none was skipped");
  }
}

static void open_accounts(void) {
  journal = open("accounts", O_RDWR | O_APPEND | O_CREAT, 0600);
  FILE *file = journal < 0 ? NULL : fopen("accounts", "r");
  if (file == NULL) fail("open accounts", strerror(errno));
  char *line = NULL;
  size_t room = 0;
  ssize_t size;
  off_t whole = 0;
  while ((size = getline(&line, &room, file)) > 0 && line[size - 1] == '\n') {
    take_line(line);
    whole += size;
  }
  free(line);
  fclose(file);
  /* After a power cut the last line may be half of one; nobody was told OK for it. */
  if (ftruncate(journal, whole) < 0) fail("truncate accounts", strerror(errno));
}

/* On the disk first; false if it cannot be kept there. */
static bool append(const char *format, ...) {
  char line[400];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  struct stat before;
  if (fstat(journal, &before) < 0) return false;
  errno = ENOSPC;
  if (write(journal, line, (size_t)size) != size || fsync(journal) < 0) {
    say("error", "write accounts: %s", strerror(errno));
    if (ftruncate(journal, before.st_size) < 0) say("error", "accounts: half a line is left");
    return false;
  }
  take_line(line);
  return true;
}

/* ---- Frames ---- */

/* How a conversation ends. Who finds out jumps to serve(). */
enum { CLOSED = 1, SAID_EXIT, LOGGED_OUT, NO_RIGHT_ANSWER, NOT_STORED, BROKE_PROTOCOL, LOST };

static struct {
  int fd;
  char peer[80];
  char received[4 + MAX_PAYLOAD];
  size_t begin, end; /* of what has been received and not been used */
  jmp_buf done;
} client;

struct message {
  char *text; /* until the next one is received */
  size_t size;
};

static void done(int how) { longjmp(client.done, how); }

static void break_protocol(const char *how) {
  say("error", "%s sent %s", client.peer, how);
  done(BROKE_PROTOCOL);
}

static void wait_for_client(bool to_write) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(client.fd, &set);
  struct timespec limit = {.tv_sec = MAX_SILENCE};
  int ready =
      wait_for_any(client.fd + 1, to_write ? NULL : &set, to_write ? &set : NULL, &limit);
  if (ready == 0) {
    errno = ETIMEDOUT;
    done(LOST);
  }
}

static bool try_again(void) { return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK; }

/* Until there are so many bytes. False if the end comes before the first of them. */
static bool receive(size_t size) {
  if (client.begin > 0) {
    memmove(client.received, client.received + client.begin, client.end - client.begin);
    client.end -= client.begin;
    client.begin = 0;
  }
  while (client.end < size) {
    wait_for_client(false);
    ssize_t some = recv(client.fd, client.received + client.end,
                        sizeof client.received - client.end, 0);
    if (some < 0 && !try_again()) done(LOST);
    if (some == 0 && client.end == 0) return false;
    if (some == 0) break_protocol("half a frame and closed");
    if (some > 0) client.end += (size_t)some;
  }
  return true;
}

/* Steps over one character; false if there is none that is UTF-8 (RFC 3629). */
static bool next_character(const unsigned char **at, const unsigned char *end, uint32_t *code) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  unsigned char first = *(*at)++;
  int more = first < 0x80 ? 0 : first < 0xc0 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2
             : first < 0xf8 ? 3 : -1;
  if (more < 0 || end - *at < more) return false;
  *code = more == 0 ? first : first & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    if ((**at & 0xc0) != 0x80) return false;
    *code = *code << 6 | (*(*at)++ & 0x3fu);
  }
  return *code >= least[more] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff);
}

/* The number of characters; -1 if it is no UTF-8, -2 if there is a control character in it. */
static long count_characters(const char *text, size_t size) {
  const unsigned char *at = (const unsigned char *)text, *end = at + size;
  long count = 0;
  bool has_control = false;
  for (uint32_t code; at < end; ++count) {
    if (!next_character(&at, end, &code)) return -1;
    if (code < ' ' || (code >= 0x7f && code <= 0x9f)) has_control = true;
  }
  return has_control ? -2 : count;
}

/* False at the end. */
static bool receive_message(struct message *message) {
  uint32_t size;
  if (!receive(sizeof size)) return false;
  memcpy(&size, client.received, sizeof size);
  size = ntohl(size);
  if (size > MAX_PAYLOAD) break_protocol("a frame that is too long");
  receive(sizeof size + size);
  message->text = client.received + sizeof size;
  message->size = size;
  client.begin = sizeof size + size;
  if (count_characters(message->text, size) == -1) break_protocol("what is no UTF-8");
  say("receive", "%u bytes from %s", (unsigned)size, client.peer);
  return true;
}

static void send_message(const char *text, size_t size) {
  static char frame[4 + MAX_PAYLOAD];
  uint32_t header = htonl((uint32_t)size);
  memcpy(frame, &header, sizeof header);
  memcpy(frame + sizeof header, text, size);
  for (size_t done_bytes = 0; done_bytes < sizeof header + size;) {
    ssize_t sent = send(client.fd, frame + done_bytes, sizeof header + size - done_bytes,
                        MSG_NOSIGNAL);
    if (sent >= 0) {
      done_bytes += (size_t)sent;
    } else if (try_again()) {
      wait_for_client(true);
    } else {
      done(LOST);
    }
  }
  say("send", "%zu bytes to %s", size, client.peer);
}

static void send_text(const char *format, ...) {
  char text[400];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  send_message(text, (size_t)size);
}

/* ---- Conversation ---- */

static int wrong_answers;

static void refuse(const char *why) {
  send_text("ERR %s.", why);
  if (++wrong_answers == MAX_TRIES) done(NO_RIGHT_ANSWER);
}

static void check_stored(bool is_stored) {
  if (is_stored) return;
  send_text("ERR That could not be stored, sorry.");
  done(NOT_STORED);
}

static struct message ask(const char *question) {
  send_text("ASK %s", question);
  struct message answer;
  if (!receive_message(&answer)) done(CLOSED);
  return answer;
}

static void ask_name(char *name) {
  while (true) {
    struct message answer = ask("name What is your name?");
    while (answer.size > 0 && answer.text[0] == ' ') ++answer.text, --answer.size;
    while (answer.size > 0 && answer.text[answer.size - 1] == ' ') --answer.size;
    long count = count_characters(answer.text, answer.size);
    if (count >= 1 && count <= MAX_NAME) {
      memcpy(name, answer.text, answer.size);
      name[answer.size] = '\0';
      return;
    }
    refuse(count == -2 ? "A name has no control characters" : "A name has 1 to 32 characters");
  }
}

static bool is_password(struct message text) { return text.size >= 8 && text.size <= 128; }

static void check_password(const struct user *user) {
  while (true) {
    struct message answer = ask("password What is your password?");
    char hash[65];
    if (is_password(answer)) {
      slow_hash(answer.text, answer.size, user->salt, hash);
      if (is_equal(hash, user->hash)) return;
    }
    refuse("That is not your password");
  }
}

static void choose_password(const char *name) {
  while (true) {
    struct message answer = ask("new-password Choose a password:");
    if (!is_password(answer)) {
      refuse("A password has 8 to 128 bytes");
      continue;
    }
    char password[128], salt[33], hash[65];
    size_t size = answer.size;
    memcpy(password, answer.text, size);
    answer = ask("repeat-password And again:");
    if (answer.size != size || memcmp(answer.text, password, size) != 0) {
      refuse("Those were two different ones");
      continue;
    }
    random_hex(16, salt);
    slow_hash(password, size, salt, hash);
    check_stored(append("user\t%s\t%s\t%s\n", name, salt, hash));
    return;
  }
}

/* Ends with the session's hash. */
static void log_in(char session[65]) {
  struct message answer = ask("token Have you a session?");
  quick_hash(answer.text, answer.size, session);
  const struct session *known = find_session(session);
  if (known != NULL) {
    send_text("OK Welcome back, %s!", known->name);
    return;
  }
  if (answer.size > 0) send_text("ERR That session is over.");
  char name[4 * MAX_NAME + 1], token[65];
  ask_name(name);
  const struct user *user = find_user(name);
  user != NULL ? check_password(user) : choose_password(name);
  random_hex(32, token);
  quick_hash(token, 64, session);
  check_stored(append("session\t%s\t%lld\t%s\n", session, (long long)time(NULL) + SESSION, name));
  send_text("TOKEN %s", token);
  send_text(user != NULL ? "OK Hello, %s!" : "OK Nice to meet you, %s!", name);
}

static bool says(struct message message, const char *word) {
  return message.size == strlen(word) && memcmp(message.text, word, message.size) == 0;
}

static int converse(void) {
  char session[65];
  wrong_answers = 0;
  log_in(session);
  for (struct message message; receive_message(&message);) {
    if (says(message, "exit")) return SAID_EXIT;
    if (says(message, "logout")) {
      check_stored(append("logout\t%s\n", session));
      send_text("OK See you.");
      return LOGGED_OUT;
    }
    send_message(message.text, message.size);
  }
  return CLOSED;
}

static void serve(void) {
  static const char *const how[] = {
      [CLOSED] = "closed", [SAID_EXIT] = "said exit", [LOGGED_OUT] = "logged out",
      [NO_RIGHT_ANSWER] = "had no right answer", [NOT_STORED] = "could not be served",
      [BROKE_PROTOCOL] = "is dropped: it broke the protocol"};
  volatile int end = setjmp(client.done);
  if (end == 0) end = converse();
  if (end == LOST) {
    say("disconnect", "%s is lost: %s", client.peer, strerror(errno));
  } else {
    say("disconnect", "%s %s", client.peer, how[end]);
  }
  close(client.fd);
}

/* ---- Listening ---- */

/* A socket for IPv6 and one for IPv4; -1 where the machine has no such thing. */
static int listeners[2] = {-1, -1};

static bool open_listener(int *listener, int family, unsigned short port) {
  struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  bool is_ipv6 = family == AF_INET6;
  struct sockaddr *address = is_ipv6 ? (struct sockaddr *)&ipv6 : (struct sockaddr *)&ipv4;
  socklen_t size = is_ipv6 ? sizeof ipv6 : sizeof ipv4;
  int on = 1;
  *listener = socket(family, SOCK_STREAM, 0);
  if (*listener < 0) return is_ipv6;
  setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* old ones in TIME_WAIT */
  if (is_ipv6) setsockopt(*listener, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  fcntl(*listener, F_SETFL, O_NONBLOCK);
  if (bind(*listener, address, size) == 0 && listen(*listener, SOMAXCONN) == 0) return true;
  int error = errno;
  close(*listener);
  *listener = -1;
  errno = error;
  return is_ipv6 && error == EADDRNOTAVAIL;
}

static bool open_listeners(unsigned short port) {
  if (!open_listener(&listeners[0], AF_INET6, port)) return false;
  if (open_listener(&listeners[1], AF_INET, port)) return true;
  int error = errno;
  close(listeners[0]);
  errno = error;
  return false;
}

static void listen_from(unsigned short wanted) {
  long port = wanted;
  while (!open_listeners((unsigned short)port)) {
    char where[40];
    snprintf(where, sizeof where, "listen on port %ld", port);
    if (errno != EADDRINUSE) fail(where, strerror(errno));
    port = port == 65535 ? 1024 : port + 1;
    if (port == wanted || (wanted < 1024 && port == 65535)) fail("listen", "no port is free");
  }
  if (listeners[0] >= 0) say("listen", "[::]:%ld", port);
  say("listen", "0.0.0.0:%ld", port);
  if (printf("Listening on port %ld\n", port) < 0 || fflush(stdout) != 0) {
    fail("write standard output", strerror(errno));
  }
}

static void accept_from(int listener) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  client.fd = accept(listener, (struct sockaddr *)&address, &size);
  if (client.fd < 0) {
    if (try_again()) return;
    say("error", "accept: %s", strerror(errno));
    wait_for_any(0, NULL, NULL, &(struct timespec){.tv_nsec = 100000000});
    return;
  }
  fcntl(client.fd, F_SETFL, O_NONBLOCK);
  client.begin = client.end = 0;
  char host[INET6_ADDRSTRLEN];
  if (address.ss_family == AF_INET6) {
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address;
    inet_ntop(AF_INET6, &ipv6->sin6_addr, host, sizeof host);
    snprintf(client.peer, sizeof client.peer, "[%s]:%d", host, ntohs(ipv6->sin6_port));
  } else {
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;
    inet_ntop(AF_INET, &ipv4->sin_addr, host, sizeof host);
    snprintf(client.peer, sizeof client.peer, "%s:%d", host, ntohs(ipv4->sin_port));
  }
  say("connect", "%s", client.peer);
  serve();
}

static void serve_all(void) {
  while (true) {
    fd_set set;
    FD_ZERO(&set);
    int highest = -1;
    for (int i = 0; i < 2; ++i) {
      if (listeners[i] >= 0) FD_SET(listeners[i], &set);
      if (listeners[i] > highest) highest = listeners[i];
    }
    if (wait_for_any(highest + 1, &set, NULL, NULL) < 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (listeners[i] >= 0 && FD_ISSET(listeners[i], &set)) accept_from(listeners[i]);
    }
  }
}

/* ---- The port ---- */

/* 0 if it is none. */
static unsigned short parse_port(const char *text) {
  while (text[0] == '0' && text[1] != '\0') ++text;
  size_t digits = strspn(text, "0123456789");
  long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtol(text, NULL, 10) : 0;
  return port <= 65535 ? (unsigned short)port : 0;
}

/* What of a line fits, cut to a text without spaces around it. False at the end of input. */
static bool read_answer(char *answer, size_t room) {
  size_t size = 0;
  bool fits = true;
  char c = '\0';
  while (c != '\n') {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(STDIN_FILENO, &set);
    if (wait_for_any(STDIN_FILENO + 1, &set, NULL, NULL) < 0) continue;
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
  if (!fits) strcpy(answer, "?"); /* longer than any port, with or without spaces */
  return c == '\n';
}

static unsigned short ask_port(void) {
  char answer[1000];
  while (true) {
    tell("Port [9090]: ");
    read_answer(answer, sizeof answer);
    if (answer[0] == '\0') return 9090;
    unsigned short port = parse_port(answer);
    if (port != 0) return port;
    tell("That is no port: a port is a number from 1 to 65535.\n");
  }
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
  prepare_signals();
  say("start", "lab8_framing");
  open_accounts();
  listen_from(port != 0 ? port : ask_port());
  serve_all();
}
