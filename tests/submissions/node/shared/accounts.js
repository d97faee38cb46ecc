'use strict';
// People with their passwords, and their sessions.

const crypto = require('crypto');
const { Journal } = require('./journal.js');

const DAY = 24 * 60 * 60 * 1000;
const COST = { N: 1 << 14, r: 8, p: 1 };

const digest = (token) => crypto.createHash('sha256').update(token).digest('hex');

class Accounts {
  #people = new Map();   // { salt, key } by name
  #sessions = new Map(); // { name, until } by the token's digest
  #journal;

  constructor() {
    this.#journal = new Journal('accounts.jsonl', (fact) => this.#learn(fact));
  }

  #learn({ person, salt, key, session, name, until, over }) {
    if (person !== undefined) this.#people.set(person, { salt, key });
    if (session !== undefined) this.#sessions.set(session, { name, until });
    if (over !== undefined) this.#sessions.delete(over);
  }

  #add(fact) {
    this.#journal.add(fact);
    this.#learn(fact);
  }

  has(name) { return this.#people.has(name); }

  /** Calls back with a record for this password. Threads do the work. */
  seal(password, callback) {
    const salt = crypto.randomBytes(16);
    crypto.scrypt(password, salt, 32, COST, (error, key) => {
      if (error) throw error;
      callback({ salt: salt.toString('base64'), key: key.toString('base64') });
    });
  }

  /** Calls back with whether that is the password of NAME. */
  check(name, password, callback) {
    const { salt, key } = this.#people.get(name);
    crypto.scrypt(password, Buffer.from(salt, 'base64'), 32, COST, (error, found) => {
      if (error) throw error;
      callback(crypto.timingSafeEqual(found, Buffer.from(key, 'base64')));
    });
  }

  register(name, record) { this.#add({ person: name, ...record }); }

  /** A token, by which NAME is known for a day. */
  begin(name) {
    const token = crypto.randomBytes(24).toString('hex');
    this.#add({ session: digest(token), name, until: Date.now() + DAY });
    return token;
  }

  whose(token) {
    const session = this.#sessions.get(digest(token));
    return session && Date.now() < session.until ? session.name : undefined;
  }

  finish(token) { this.#add({ over: digest(token) }); }
}

module.exports = { Accounts };
