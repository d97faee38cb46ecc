'use strict';
// What a datagram of the chat looks like, and how one is brought across.

const { isUtf8 } = require('buffer');

const LARGEST = 1200;
const LONGEST_TEXT = 1000;
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 2000;
const IN_FLIGHT = 8;

const isText = (text) => Buffer.byteLength(text) <= LONGEST_TEXT && !/(?!\t)\p{Cc}/u.test(text);
const isNick = (nick) => nick !== '...' && [...nick].length <= 32 && /^[^\s\p{Cc}]+$/u.test(nick);

/** The number in a word, from 1 on, or undefined. */
const numberIn = (word) => /^[1-9][0-9]{0,14}$/.test(word) ? Number(word) : undefined;

/** { verb, words, text } or undefined; `text` is undefined if there is no second line. */
const parse = (bytes) => {
  if (bytes.length > LARGEST || !isUtf8(bytes)) return undefined;
  const whole = bytes.toString();
  const newline = whole.indexOf('\n');
  const [verb, ...words] = (newline < 0 ? whole : whole.slice(0, newline)).split(' ');
  const text = newline < 0 ? undefined : whole.slice(newline + 1);
  if (words.includes('') || (text !== undefined && !isText(text))) return undefined;
  return { verb, words, text };
};

/** Sends what it is given, in numbers from 1, again and again until it is acknowledged. */
class Courier {
  #last = 0;
  #flying = new Map(); // number -> { item, timer }
  #waiting = [];

  /** `post(number, item)` sends one; `onSettled` is called after each that was acknowledged. */
  constructor(post, onSettled = () => {}) {
    this.post = post;
    this.onSettled = onSettled;
    this.progress = Date.now();
  }

  get load() { return this.#flying.size + this.#waiting.length; }

  add(item) {
    if (this.load === 0) this.progress = Date.now();
    this.#waiting.push(item);
    this.#launch();
  }

  #launch() {
    while (this.#flying.size < IN_FLIGHT && this.#waiting.length > 0) {
      const flight = { item: this.#waiting.shift() };
      const number = ++this.#last;
      this.#flying.set(number, flight);
      this.#fly(number, flight, FIRST_PAUSE);
    }
  }

  #fly(number, flight, pause) {
    this.post(number, flight.item);
    flight.timer = setTimeout(() => this.#fly(number, flight, Math.min(2 * pause, LONGEST_PAUSE)), pause);
  }

  settle(number) {
    const flight = this.#flying.get(number);
    if (!flight) return;
    clearTimeout(flight.timer);
    this.#flying.delete(number);
    this.progress = Date.now();
    this.#launch();
    this.onSettled();
  }

  /** Stops, and returns what was not acknowledged, in its order. */
  stop() {
    const left = [...this.#flying.keys()].sort((a, b) => a - b).map((n) => this.#flying.get(n));
    for (const { timer } of left) clearTimeout(timer);
    const items = [...left.map(({ item }) => item), ...this.#waiting];
    this.#flying.clear();
    this.#waiting = [];
    return items;
  }
}

/** Puts in order what arrives as it likes. */
class Sorter {
  #awaited = 1;
  #early = new Map();

  constructor(ahead) { this.ahead = ahead; }

  isTooFar(number) { return number > this.#awaited + this.ahead; }

  /** The items that are due now that this one has come. */
  *take(number, item) {
    if (number < this.#awaited || this.#early.has(number)) return;
    this.#early.set(number, item);
    while (this.#early.has(this.#awaited)) {
      const next = this.#early.get(this.#awaited);
      this.#early.delete(this.#awaited++);
      yield next;
    }
  }
}

module.exports = { LARGEST, LONGEST_TEXT, isText, isNick, numberIn, parse, Courier, Sorter };
