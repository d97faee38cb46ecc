'use strict';
// A connection as a row of messages. Whoever uses it asks for one message at a time with next(),
// and for no other until that is dealt with; so a client that does not read is not read from.

const { reason } = require('./words.js');

const SILENCE = 5 * 60 * 1000;
const LINGER = 1000;

class Talk {
  #gone = false;
  #why = 'closed the connection';
  #wanted = null;
  #ended = false;

  constructor(socket, peer, say, { portion = Infinity, silence = SILENCE } = {}) {
    Object.assign(this, { socket, peer, say, portion });
    if (silence) {
      socket.setTimeout(silence, () => {
        this.#why = 'timed out';
        socket.destroy();
      });
    }
    socket.on('error', (error) => { this.#why = `was lost (${reason(error)})`; });
    socket.on('close', () => this.#leave());
    socket.on('readable', () => this.#pump());
    socket.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
  }

  get isGone() { return this.#gone; }

  onGone = () => {};

  #leave() {
    if (this.#gone) return;
    this.#gone = true;
    this.say('disconnect', `${this.peer} ${this.#why}`);
    this.onGone();
  }

  /** Calls back with a message, or null when there will be none. */
  next(callback) {
    this.#wanted = callback;
    this.#pump();
  }

  #pump() {
    while (this.#wanted && !this.#gone) {
      let message;
      try {
        message = this.cut(this.#ended);
      } catch (error) {
        return this.drop(error.message);
      }
      if (message === undefined && !this.#ended) {
        const portion = this.socket.read(Math.min(this.portion, this.socket.readableLength) || undefined);
        if (portion === null) return;
        this.take(portion);
        continue;
      }
      const wanted = this.#wanted;
      this.#wanted = null;
      wanted(message === undefined ? null : message);
    }
  }

  /** Calls back when the message has gone out whole. */
  send(message, callback = () => {}) {
    const { count } = this.put(message, (error) => {
      if (error || this.#gone) return;
      this.say('send', `${count} bytes to ${this.peer}`);
      callback();
    });
  }

  /** The conversation is over: a FIN, and for a while what still comes is read and forgotten. */
  end(why = this.#why) {
    if (this.#gone) return;
    this.#why = why;
    this.#wanted = null;
    this.socket.end(() => {
      this.#leave();
      this.socket.setTimeout(LINGER, () => this.socket.destroy());
      this.socket.removeAllListeners('readable');
      this.socket.resume();
    });
  }

  drop(error, why = 'broke the protocol') {
    if (this.#gone) return;
    this.say('error', `${this.peer}: ${error}`);
    this.#why = why;
    this.#leave();
    this.socket.destroy();
  }
}

const LONGEST = 65536;
const NEWLINE = Buffer.from('\n');

/** Lines, which end in \n or \r\n. `wantsEnds`: what has no end is no line. */
class LineTalk extends Talk {
  #rest = Buffer.alloc(0);
  #looked = 0;
  wantsEnds = false;

  take(portion) {
    this.say('receive', `${portion.length} bytes from ${this.peer}`);
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, portion]) : portion;
  }

  cut(isOver) {
    const end = this.#rest.indexOf(10, this.#looked);
    let line = end < 0 ? this.#rest : this.#rest.subarray(0, end);
    // At the very end of the stream a \r is a byte like any other.
    const bare = line.at(-1) === 13 ? line.subarray(0, -1) : line;
    if (bare.length > LONGEST) throw new Error(`a line of more than ${LONGEST} bytes`);
    if (end >= 0) {
      this.#rest = this.#rest.subarray(end + 1);
      this.#looked = 0;
      return bare;
    }
    this.#looked = this.#rest.length;
    if (!isOver || line.length === 0 || this.wantsEnds) return undefined;
    this.#rest = Buffer.alloc(0);
    this.#looked = 0;
    if (line.length > LONGEST) throw new Error(`a line of more than ${LONGEST} bytes`);
    return line;
  }

  put(line, callback) {
    const whole = Buffer.concat([Buffer.from(line), NEWLINE]);
    this.socket.write(whole, callback);
    return { count: whole.length };
  }
}

/** The echo dialogue; `words` are lines with a meaning of their own: { logout: () => ... }. */
const echo = (talk, words = {}) => {
  const answer = (message) => {
    if (message === null) return talk.end();
    const word = message.length < 10 ? message.toString('latin1') : '';
    if (word === 'exit') return talk.end('said exit');
    if (Object.hasOwn(words, word)) return words[word]();
    talk.send(message, () => talk.next(answer));
  };
  talk.next(answer);
};

module.exports = { Talk, LineTalk, echo };
