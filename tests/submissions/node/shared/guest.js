'use strict';
// The client of labs 2 to 9: answers what it is asked, then sends line by line and shows the replies.
// In labs 2 to 8 a line is asked for when the one before it has been answered; in lab 9 always.

const fs = require('fs');
const tty = require('tty');
const { isUtf8 } = require('buffer');
const { visible, tell, show, reason } = require('./words.js');
const { FrameCutter, writeFrame, LARGEST } = require('./frames.js');
const reach = require('./reach.js');

const TOKEN_FILE = 'session.token';
const NEWLINE = Buffer.from('\n');

const storedToken = () => {
  try { return fs.readFileSync(TOKEN_FILE, 'latin1').trim(); } catch { return ''; }
};
const forgetToken = () => fs.rmSync(TOKEN_FILE, { force: true });
const keepToken = (token) => {
  const fresh = `${TOKEN_FILE}.${process.pid}`;
  fs.rmSync(fresh, { force: true });
  fs.writeFileSync(fresh, token + '\n', { mode: 0o600, flag: 'wx' });
  fs.renameSync(fresh, TOKEN_FILE);
};

class Guest {
  #rest = Buffer.alloc(0);     // lines: of one that is not all there
  #cutter = new FrameCutter(); // frames
  #inDialogue;
  #owed = 0;                   // replies
  #isLeaving = false;          // we have said exit
  #patience = null;            // how long to wait for what is still on its way then
  #isEnding = false;           // the input has ended
  #isLost = false;             // the server has closed
  #isLoggingOut = false;
  #sentToken = false;
  #farewell = null;            // what may be the OK to `logout`
  #over = false;

  constructor({ socket, address, say, keyboard, isFramed, hasLogin, hasSession, isDialog }) {
    Object.assign(this, { socket, address, say, keyboard, isFramed, hasSession, isDialog });
    this.#inDialogue = !hasLogin;
    socket.on('end', () => this.#lose('the server has closed'));
    socket.on('error', (error) => this.#lose(reason(error)));
    if (this.#inDialogue) this.#prompt();
  }

  fail(what) {
    if (this.#over) return;
    this.#over = true;
    this.keyboard.show();
    this.say('error', what);
    process.exit(1);
  }

  #finish(why) {
    if (this.#over) return;
    this.#over = true;
    this.say('disconnect', why);
    process.exit(0);
  }

  #lose(why) {
    if (this.#over) return;
    if (this.#farewell !== null) {
      tell(visible(this.#farewell.toString().slice(3)) + '\n');
      forgetToken();
      return this.#finish('we logged out');
    }
    if (this.#isLeaving) return this.#finish('we said exit');
    this.#isLost = true;
    this.why = `talk to ${this.address}: ${why}`;
    const isExpected = this.#inDialogue && !this.#owed && !this.#isLoggingOut && !this.isDialog;
    if (!isExpected) this.fail(this.why); // else it is found at the next line
  }

  #send(bytes, callback = () => {}) {
    const sent = (error) => {
      if (error) return;
      this.say('send', `${bytes.length + (this.isFramed ? 0 : 1)} bytes`);
      callback();
    };
    if (this.isFramed) writeFrame(this.socket, bytes, sent);
    else this.socket.write(Buffer.concat([bytes, NEWLINE]), sent);
  }

  // ---- What comes ----

  received(bytes) {
    if (this.#over) return;
    this.#patience?.refresh();
    if (!this.isFramed) {
      this.say('receive', `${bytes.length} bytes`);
      this.#takeLines(bytes);
      return;
    }
    this.#cutter.add(bytes);
    try {
      for (let message; !this.#over && (message = this.#cutter.cut()) !== undefined;) {
        this.say('receive', `${message.length} bytes`);
        this.#take(message);
      }
    } catch (error) {
      this.fail(`receive from ${this.address}: ${error.message}`);
    }
  }

  #takeLines(bytes) {
    let rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    this.#rest = Buffer.alloc(0);
    while (rest.length > 0 && (!this.#inDialogue || this.#isLoggingOut)) {
      const end = rest.indexOf(10);
      if (end < 0) {
        if (rest.length > 65537) this.fail(`receive from ${this.address}: a line that does not end`);
        this.#rest = Buffer.from(rest);
        return;
      }
      const line = rest.subarray(0, end);
      rest = rest.subarray(end + 1);
      this.#take(line.at(-1) === 13 ? line.subarray(0, -1) : line);
    }
    if (rest.length === 0 || this.#over) return;
    this.#show(rest);
    if (rest.includes(10)) this.#answered();
  }

  #take(message) {
    if (this.#isLoggingOut && this.isDialog) return this.#takeAfterLogout(message);
    this.#takeUsually(message);
  }

  // What begins with OK may be an answer, too: the one behind which nothing comes is to `logout`.
  #takeAfterLogout(message) {
    if (this.#farewell !== null) this.#showMessage(this.#farewell);
    this.#farewell = null;
    if (/^OK( |$)/.test(message.toString('latin1'))) this.#farewell = message;
    else this.#showMessage(message);
  }

  #showMessage(message) {
    this.#show(this.isDialog && tty.isatty(1) ? Buffer.from(visible(message)) : message);
    this.#show(NEWLINE);
  }

  #takeUsually(message) {
    if (this.#inDialogue && !this.#isLoggingOut) {
      this.#showMessage(message);
      return this.#answered();
    }
    const text = message.toString();
    const [, word, rest] = /^(\S*) ?([^]*)$/.exec(text);
    if (word === 'ASK') {
      const [, what, question] = /^(\S*) ?([^]*)$/.exec(rest);
      this.#ask(what, question);
    } else if (word === 'OK') {
      tell(visible(rest) + '\n');
      if (this.#isLoggingOut) {
        forgetToken();
        return this.#finish('we logged out');
      }
      this.#inDialogue = true;
      this.#prompt();
    } else if (word === 'ERR') {
      tell(visible(rest) + '\n');
      if (this.#sentToken) forgetToken();
      this.#sentToken = false;
    } else if (word === 'TOKEN' && this.hasSession) {
      try {
        keepToken(rest.trim());
      } catch (error) {
        this.say('error', `write ${TOKEN_FILE}: ${reason(error)}`);
      }
    } else {
      this.fail(`receive from ${this.address}: a line of no meaning to us: ${text.slice(0, 40)}`);
    }
  }

  #ask(what, question) {
    this.#sentToken = false;
    if (what === 'token' && this.hasSession) {
      const token = storedToken();
      this.#sentToken = token !== '';
      return this.#send(Buffer.from(token));
    }
    const answer = (line) => {
      if (line === null) return this.fail(`answer ${this.address}: the input has ended at a question`);
      const bare = line.at(-1) === 13 ? line.subarray(0, -1) : line;
      if (this.isFramed) this.#refuseBad(bare);
      this.#send(bare);
    };
    if (this.hasSession && what.endsWith('password')) {
      this.keyboard.secret(visible(question) + ' ', answer);
    } else {
      tell(visible(question) + ' ');
      this.keyboard.line(answer);
    }
  }

  #show(bytes) {
    try {
      show(bytes);
    } catch (error) {
      this.fail(`write to standard output: ${reason(error)}`);
    }
  }

  // ---- What goes ----

  #refuseBad(line) {
    if (line.length > LARGEST) this.fail(`send to ${this.address}: a line of ${line.length} bytes is too long`);
    if (!isUtf8(line)) this.fail(`send to ${this.address}: a line that is no UTF-8`);
  }

  #answered() {
    if (this.#owed > 0) this.#owed--;
    else if (!this.isDialog) return;
    if (this.isDialog) this.#leaveIfAnswered();
    else this.#prompt();
  }

  #leaveIfAnswered() {
    if (this.#isEnding && !this.#isLeaving && this.#owed === 0) this.#say(Buffer.from('exit'));
  }

  #prompt() {
    if (this.keyboard.isTerminal) tell('> ');
    this.keyboard.line((line) => {
      if (line === null && this.keyboard.isTerminal) tell('\n');
      if (line !== null) return this.#say(line);
      this.#isEnding = true;
      this.#leaveIfAnswered();
    });
  }

  #say(line) {
    if (this.#over) return;
    if (this.#isLost) return this.fail(this.why);
    if (this.isFramed) this.#refuseBad(line);
    const bare = !this.isFramed && line.at(-1) === 13 ? line.subarray(0, -1) : line;
    const word = bare.length < 10 ? bare.toString('latin1') : '';
    if (word === 'exit') {
      this.#isLeaving = true;
      // What was said before it has come is still shown, to the server's close. In labs 2 to 8 that
      // is waited for, however long it takes.
      this.#send(line, () => {
        if (this.isDialog) this.#patience = setTimeout(() => this.#finish('we said exit'), 1000);
      });
    } else {
      this.#isLoggingOut = this.hasSession && word === 'logout';
      this.#owed++;
      // Not faster than the server reads.
      this.#send(line, () => { if (this.isDialog && !this.#isLoggingOut) this.#prompt(); });
    }
  }
}

/** Connects, and is a guest there. */
const visit = (host, port, say, keyboard, manner) => {
  const early = [];
  let guest = null;
  // Portions of 1 KB, into a buffer of our own: Node's has 64 KB.
  const onread = {
    buffer: Buffer.alloc(1024),
    callback: (count, buffer) => {
      const bytes = Buffer.from(buffer.subarray(0, count));
      if (guest) guest.received(bytes);
      else early.push(bytes);
      return true;
    },
  };
  reach.connect(host, port, { onread }, (trouble, socket, address) => {
    if (trouble) {
      say('error', trouble);
      process.exit(1);
    }
    say('connect', address);
    guest = new Guest({ socket, address, say, keyboard, ...manner });
    for (const bytes of early) guest.received(bytes);
  });
};

module.exports = { visit };
