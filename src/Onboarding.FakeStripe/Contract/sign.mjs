// Signs the body on standard input as Stripe's own library does, and prints the header. `node sign.mjs SECRET [TIMESTAMP]`
import { text } from "node:stream/consumers";
import Stripe from "stripe";

const [secret, timestamp] = process.argv.slice(2);
const stripe = new Stripe("sk_test_never_used");
process.stdout.write(stripe.webhooks.generateTestHeaderString({ payload: await text(process.stdin), secret, ...(timestamp ? { timestamp: Number(timestamp) } : {}) }));
