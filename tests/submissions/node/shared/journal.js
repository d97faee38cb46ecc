'use strict';
// What is not to be forgotten, as a file to which a line of JSON is added for each fact. A line that
// a kill has cut off is the last one at most, and no fact.

const fs = require('fs');

class Journal {
  #file;

  /** Opens it, or throws; `recall` is called with each fact in it. */
  constructor(name, recall) {
    this.#file = fs.openSync(name, 'a+', 0o600);
    const text = fs.readFileSync(this.#file, 'utf8');
    for (const line of text.split('\n')) {
      let fact = null;
      try { fact = JSON.parse(line); } catch { continue; }
      recall(fact);
    }
    if (text !== '' && !text.endsWith('\n')) fs.writeSync(this.#file, '\n');
  }

  /** It is on the disk when this returns; else this throws, and nothing of it is in the file. */
  add(fact) {
    const { size } = fs.fstatSync(this.#file);
    try {
      const line = Buffer.from(JSON.stringify(fact) + '\n');
      if (fs.writeSync(this.#file, line) < line.length) throw new Error('there is no room');
      fs.fsyncSync(this.#file);
    } catch (error) {
      try { fs.ftruncateSync(this.#file, size); } catch { /* the line is cut off, then */ }
      throw error;
    }
  }
}

module.exports = { Journal };
