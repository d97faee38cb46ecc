'use strict';
// Four bytes of length, then as many bytes of UTF-8.

const { isUtf8 } = require('buffer');

const LARGEST = 1 << 20;

/** Cuts messages out of what comes, piece by piece. */
class FrameCutter {
  #pieces = [];
  #size = 0;

  get isEmpty() { return this.#size === 0; }

  add(piece) {
    this.#pieces.push(piece);
    this.#size += piece.length;
  }

  /** A message, or undefined if it is not all there; throws at what is no frame. */
  cut() {
    if (this.#size < 4) return undefined;
    if (this.#pieces[0].length < 4) this.#join();
    const length = this.#pieces[0].readUInt32BE(0);
    if (length > LARGEST) throw new Error(`a frame of ${length} bytes, and ${LARGEST} is the most`);
    if (this.#size < 4 + length) return undefined;
    this.#join();
    const [all] = this.#pieces;
    const payload = all.subarray(4, 4 + length);
    this.#pieces = all.length > 4 + length ? [all.subarray(4 + length)] : [];
    this.#size -= 4 + length;
    if (!isUtf8(payload)) throw new Error('a message that is no UTF-8');
    return payload;
  }

  #join() {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
  }
}

/** Both parts leave in one writev(). */
const writeFrame = (socket, payload, callback) => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(payload.length);
  socket.cork();
  socket.write(header);
  const isTaken = socket.write(payload, callback);
  socket.uncork();
  return isTaken;
};

module.exports = { FrameCutter, writeFrame, LARGEST };
