// A conversation with the official Node SDK, unmodified: a line of JSON in, a line of JSON out. The first line says whom
// it talks to ({url, client_id, client_secret}); each further one calls a method ({method, options}).
"use strict";

const readline = require("readline");
const Cronofy = require("cronofy");

const lines = readline.createInterface({ input: process.stdin });
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

async function ask(sdk, { method, options }) {
  try {
    const answer = await sdk[method](options);
    return { answer: answer === undefined ? null : answer, config: sdk.config };
  } catch (error) {
    if (error.statusCode === undefined) throw error;
    return { status: error.statusCode, body: error.error.entity };
  }
}

async function main() {
  let sdk = null;
  for await (const line of lines) {
    const said = JSON.parse(line);
    if (sdk === null) {
      sdk = new Cronofy({ client_id: said.client_id, client_secret: said.client_secret });
      sdk.urls.api = said.url;
    } else {
      say(await ask(sdk, said));
    }
  }
}

main();
