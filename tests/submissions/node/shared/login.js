'use strict';
// Who is it? The same questions in lines and in frames.

const { nameIn } = require('./names.js');
const { reason } = require('./words.js');

const QUESTIONS = {
  'token': 'Do you hold a pass?',
  'name': 'What do people call you?',
  'password': 'And your password?',
  'new-password': 'Choose a password of 8 to 128 bytes:',
  'repeat-password': 'The same again:',
};

/** Calls back with (name, token) once `OK` has gone out. */
const login = (talk, accounts, callback) => {
  let wrong = 0;
  let name;
  let chosen;

  talk.wantsEnds = true;

  const ask = (what, then) => talk.send(`ASK ${what} ${QUESTIONS[what]}`, () => talk.next((answer) => {
    if (answer === null) talk.end();
    else then(answer);
  }));
  const refuse = (why, again) => talk.send(`ERR ${why}`, () => {
    if (++wrong === 3) talk.end('had three wrong answers');
    else again();
  });
  const enter = (greeting, token) => {
    talk.wantsEnds = false;
    talk.send(`OK ${greeting}, ${name}!`, () => callback(name, token));
  };
  const store = (act, then) => {
    let result;
    try {
      result = act();
    } catch (error) {
      talk.say('error', `store what ${talk.peer} said: ${reason(error)}`);
      return talk.send('ERR That cannot be stored now.', () => talk.end('cannot be stored'));
    }
    then(result);
  };
  const admit = (greeting) => store(() => accounts.begin(name), (token) =>
    talk.send(`TOKEN ${token}`, () => enter(greeting, token)));

  const askName = () => ask('name', (answer) => {
    name = nameIn(answer);
    if (name === undefined) refuse('That is no name: 1 to 32 characters that can be seen.', askName);
    else if (accounts.has(name)) askPassword();
    else askNew();
  });
  const askPassword = () => ask('password', (answer) =>
    accounts.check(name, answer, (isRight) => {
      if (talk.isGone) return;
      if (isRight) admit('Hello');
      else refuse('That is not it.', askPassword);
    }));
  const askNew = () => ask('new-password', (answer) => {
    chosen = Buffer.from(answer);
    if (chosen.length < 8 || chosen.length > 128) refuse('8 to 128 bytes, please.', askNew);
    else askRepeat();
  });
  const askRepeat = () => ask('repeat-password', (answer) => {
    if (!chosen.equals(answer)) return refuse('They differ.', askNew);
    accounts.seal(answer, (record) => {
      if (talk.isGone) return;
      if (accounts.has(name)) return refuse('Somebody was faster: that name is taken.', askName);
      store(() => accounts.register(name, record), () => admit('Nice to meet you'));
    });
  });

  ask('token', (answer) => {
    if (answer.length === 0) return askName();
    const token = answer.toString('latin1');
    name = accounts.whose(token);
    if (name !== undefined) enter('Welcome back', token);
    else talk.send('ERR That pass is not valid, or not any more.', askName);
  });
};

/** What `logout` does. */
const logout = (talk, accounts, token) => {
  try {
    accounts.finish(token);
  } catch (error) {
    talk.say('error', `end the session of ${talk.peer}: ${reason(error)}`);
    return talk.send('ERR That cannot be stored now.', () => talk.end('could not log out'));
  }
  talk.send('OK Good bye.', () => talk.end('logged out'));
};

/** Opens the accounts, or ends the program. */
const openAccounts = (say) => {
  const { Accounts } = require('./accounts.js');
  const { fatal } = require('./log.js');
  try {
    return new Accounts();
  } catch (error) {
    return fatal(say, `open accounts.jsonl: ${reason(error)}`);
  }
};

module.exports = { login, logout, openAccounts };
