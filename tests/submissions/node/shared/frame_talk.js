'use strict';
// A connection as a row of frames.

const { Talk } = require('./talk.js');
const { FrameCutter, writeFrame } = require('./frames.js');

class FrameTalk extends Talk {
  #cutter = new FrameCutter();

  take(piece) { this.#cutter.add(piece); }

  cut(isOver) {
    const message = this.#cutter.cut();
    if (message !== undefined) this.say('receive', `${message.length} bytes from ${this.peer}`);
    else if (isOver && !this.#cutter.isEmpty) throw new Error('closed in the middle of a frame');
    return message;
  }

  put(message, callback) {
    const payload = Buffer.from(message);
    writeFrame(this.socket, payload, callback);
    return { count: payload.length };
  }
}

module.exports = { FrameTalk };
