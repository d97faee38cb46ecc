'use strict';
// The beginning of the servers of labs 5 to 9: the log, the question, a free port.

const { argumentsOf, show, reason, written } = require('./words.js');
const { logVoice, fatal } = require('./log.js');
const { stopOnSignals, openFree } = require('./service.js');
const { Keyboard } = require('./keyboard.js');

/**
 * `prepare(say, keyboard)` is called before anything listens, and returns what is to be done with a
 * socket that was accepted. `ready(keyboard)` is called when clients may come.
 */
module.exports = (name, options, prepare, ready = (keyboard) => keyboard.rest()) => {
  const { port } = argumentsOf('server', ['port']);
  const say = logVoice();
  const keyboard = new Keyboard();
  stopOnSignals(say);
  say('start', name);
  const begin = (wanted) => {
    const reception = prepare(say, keyboard);
    openFree(['::', '0.0.0.0'], wanted, options, reception, (trouble, servers, got) => {
      if (trouble) fatal(say, trouble);
      for (const server of servers) {
        server.on('error', (error) => say('error', `accept: ${reason(error)}`));
        say('listen', written(server.address().address, got));
      }
      try {
        show(`Listening on port ${got}\n`);
      } catch (error) {
        fatal(say, `write to standard output: ${reason(error)}`);
      }
      ready(keyboard);
    });
  };
  if (port) begin(port);
  else keyboard.askPort(begin);
};
