'use strict';
// What a program says about itself, and how it reads its command line.

const fs = require('fs');
const util = require('util');

/** Control characters of foreign text, made harmless. */
const visible = (text) => String(text).replace(/[\u0000-\u001f\u007f-\u009f]/g,
  (c) => '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0'));

/** A short, harmless quotation of something that somebody typed. */
const quote = (text) => {
  const shown = [...visible(text)];
  return '"' + (shown.length > 60 ? shown.slice(0, 60).join('') + '..."' : shown.join('') + '"');
};

/** The system's reason for a failure. */
const reason = (error) => {
  const known = typeof error.errno === 'number' && util.getSystemErrorMap().get(error.errno);
  return known ? known[1] : visible(error.message || error.code || error);
};

/** All of it, and at once: a descriptor that is full is waited for. */
const put = (fd, data) => {
  let rest = Buffer.from(data);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(fd, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
};

/** To the person; that nobody is there to read it changes nothing. */
const tell = (text) => {
  try { put(2, text); } catch { /* nobody is there */ }
};

/** To standard output; that it cannot be written is for the caller. */
const show = (data) => put(1, data);

/** A voice: says "[role] event: explanation" on standard error. */
const voice = (role) => (event, explanation) => tell(`[${role}] ${event}: ${visible(explanation)}\n`);

const portOf = (text) => {
  const port = /^[0-9]+$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : undefined;
};

/**
 * The arguments by their names, e.g. { host, port }; what is not given is undefined.
 * Ends the program if help is wanted, or if they are wrong.
 */
const argumentsOf = (role, names) => {
  const given = process.argv.slice(2);
  const usage = `usage: ${role} ${names.length > 1 ? '[HOST [PORT]]' : '[PORT]'}\n`;
  if (given.some((word) => word === '-h' || word === '--help')) {
    try { show(usage); } catch { process.exit(1); }
    process.exit(0);
  }
  const refuse = (why) => {
    tell(`${role}: ${why}\n${usage}`);
    process.exit(2);
  };
  if (given.length > names.length) refuse(`${quote(given[names.length])} is one argument too many`);
  const found = {};
  given.forEach((word, i) => {
    if (word.startsWith('-')) refuse(`there is no option ${quote(word)}`);
    if (names[i] === 'host' && word === '') refuse('a host cannot be empty');
    found[names[i]] = names[i] === 'port' ? portOf(word) : word;
    if (found[names[i]] === undefined) {
      refuse(`${quote(word)} is no port, which is a number from 1 to 65535`);
    }
  });
  return found;
};

/** 127.0.0.1:50000 or [::1]:50000 */
const written = (address, port) => {
  if (address === undefined) return 'a peer that has gone already';
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
};

module.exports = { visible, quote, reason, tell, show, voice, portOf, argumentsOf, written };
