'use strict';
// Standard input as lines of bytes, one at a time and only when somebody wants one.

const tty = require('tty');
const { quote, tell, portOf } = require('./words.js');
const { resolve } = require('./reach.js');

class Keyboard {
  #parts = [];      // the line so far
  #queue = [];      // what was read besides
  #ended = false;
  #wants = null;    // who waits for a line
  #started = false;
  #typed = null;    // of a secret, byte by byte

  get isTerminal() { return tty.isatty(0); }

  #start() {
    this.#started = true;
    const end = () => { this.#ended = true; this.#serve(); };
    try {
      process.stdin.on('data', (chunk) => {
        this.#queue.push(chunk);
        this.#serve();
      }).on('end', end).on('error', end);
    } catch { // closed, or something that cannot be read
      end();
    }
  }

  /** Calls back with a line without its newline, and whether it had one; with null at the end. */
  line(callback) {
    this.#wants = callback;
    if (!this.#started) this.#start();
    this.#serve();
  }

  /** As line(), but what is typed on a terminal is not shown there. */
  secret(question, callback) {
    if (!this.isTerminal) {
      tell(question);
      return this.line(callback);
    }
    if (!this.#started) this.#start();
    process.stdin.setRawMode(true);
    tell(question);
    this.#typed = [];
    this.line((line, complete) => {
      this.show();
      tell('\n');
      callback(line, complete);
    });
  }

  /** What is typed is shown again. */
  show() {
    if (this.#typed === null) return;
    this.#typed = null;
    process.stdin.setRawMode(false);
  }

  // Without the terminal's help: Enter, Ctrl-C, Ctrl-D, Ctrl-U and Backspace are ours to know.
  #key(byte) {
    switch (byte) {
      case 3:
        this.show();
        process.kill(process.pid, 'SIGINT');
        break;
      case 4:
        if (this.#typed.length === 0) this.#answer(null, false);
        break;
      case 10: case 13:
        this.#answer(Buffer.from(this.#typed), true);
        break;
      case 21:
        this.#typed.length = 0;
        break;
      case 8: case 127:
        while (this.#typed.length > 0 && (this.#typed.pop() & 0xc0) === 0x80);
        break;
      default:
        this.#typed.push(byte);
    }
  }

  /** Nobody wants a line any more; what has come is kept. */
  rest() {
    this.#wants = null;
    if (this.#started) process.stdin.pause();
  }

  #serve() {
    while (this.#wants && this.#queue.length > 0) {
      const chunk = this.#queue.shift();
      if (this.#typed !== null) {
        if (chunk.length > 1) this.#queue.unshift(chunk.subarray(1));
        this.#key(chunk[0]);
        continue;
      }
      const newline = chunk.indexOf(10);
      if (newline < 0) {
        this.#parts.push(chunk);
        continue;
      }
      this.#parts.push(chunk.subarray(0, newline));
      if (newline + 1 < chunk.length) this.#queue.unshift(chunk.subarray(newline + 1));
      this.#deliver(true);
    }
    if (this.#wants && this.#ended) {
      if (this.#parts.length > 0) this.#deliver(false);
      else this.#answer(null, false);
    }
    if (!this.#started || this.#ended) return;
    if (this.#wants) process.stdin.resume();
    else process.stdin.pause();
  }

  #deliver(complete) {
    const line = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#answer(line, complete);
  }

  #answer(line, complete) {
    const wanted = this.#wants;
    this.#wants = null;
    setImmediate(wanted, line, complete);
  }

  /** Asks until `check` takes the answer: it calls back with (complaint) or (null, value). */
  ask(question, standard, check, callback) {
    tell(question);
    this.line((line) => {
      if (line === null) {
        tell('\n');
        return callback(standard);
      }
      const answer = line.toString().replace(/\r$/, '').replace(/^ +| +$/g, '');
      if (answer === '') return callback(standard);
      check(answer, (complaint, value) => {
        if (!complaint) return callback(value);
        tell(complaint + '\n');
        this.ask(question, standard, check, callback);
      });
    });
  }

  askPort(callback) {
    this.ask('Port [9090]: ', 9090, (answer, verdict) => {
      const port = portOf(answer);
      verdict(port ? null : `${quote(answer)} is no port: type a number from 1 to 65535`, port);
    }, callback);
  }

  askHost(callback) {
    this.ask('Host [127.0.0.1]: ', '127.0.0.1', (answer, verdict) => {
      resolve(answer, (error) => verdict(error &&
        `${quote(answer)} is no host: type an address or a name that resolves`, answer));
    }, callback);
  }
}

module.exports = { Keyboard };
