// Calls the Python half from TypeScript, and shows how an error of it arrives.
import { app } from './pictures.ts';

const price = await app.sendTask('orders.price', [[{ pieces: 2, cents: 450 }]]);
console.log(await price.get({ timeout: 10 }));

const nothing = await app.sendTask('orders.price', [[]]);
try {
  await nothing.get({ timeout: 10 });
} catch (error) {
  console.log(String(error)); // error.stack ends with the traceback of Python
}
await app.close();
