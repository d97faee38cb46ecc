'use strict';
// server.log: a line for each message, one write a line.

const fs = require('fs');
const { visible, reason, tell, voice } = require('./words.js');

const pad = (number, digits = 2) => String(number).padStart(digits, '0');

const localTime = (now = new Date()) => {
  const east = -now.getTimezoneOffset();
  const offset = `${east < 0 ? '-' : '+'}${pad(Math.trunc(Math.abs(east) / 60))}:${pad(Math.abs(east) % 60)}`;
  return `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}T` +
    `${pad(now.getHours())}:${pad(now.getMinutes())}:${pad(now.getSeconds())}.` +
    `${pad(now.getMilliseconds(), 3)}${offset}`;
};

/** A voice that speaks to the log; ends the program if there can be none. */
const logVoice = (name = 'server.log') => {
  const console = voice('server');
  let file;
  try {
    file = fs.openSync(name, 'a');
  } catch (error) {
    console('error', `open ${name}: ${reason(error)}`);
    process.exit(1);
  }
  let isOutage = false;
  return (event, explanation) => {
    const line = Buffer.from(`${localTime()} [server] ${event}: ${visible(explanation)}\n`);
    try {
      const written = fs.writeSync(file, line);
      if (written < line.length) {
        fs.ftruncateSync(file, fs.fstatSync(file).size - written);
        throw new Error('there is no room');
      }
      isOutage = false;
    } catch (error) {
      if (!isOutage) console('error', `write ${name}: ${reason(error)}`);
      isOutage = true;
    }
  };
};

/** Says an error in the log and to the person, and ends the program. */
const fatal = (say, what) => {
  say('error', what);
  voice('server')('error', what);
  process.exit(1);
};

module.exports = { logVoice, fatal };
