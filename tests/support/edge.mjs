// Runs the functions of CloudFront's edges for the emulator (distributions.py): a line of JSON with the text of a function, an event
// and the key-value store comes in, and a line with its answer goes out. Run as node --experimental-vm-modules.

import { createInterface } from 'node:readline';

import { event, handled } from '../../functions/edge/runtime.mjs';

for await (const line of createInterface({ input: process.stdin })) {
    const { source, type, request, response, store } = JSON.parse(line);
    let said;
    try {
        said = await handled(source, event(type, request, response), store);
    } catch (error) {
        said = { error: String(error) };
    }
    process.stdout.write(`${JSON.stringify(said)}\n`);
}
