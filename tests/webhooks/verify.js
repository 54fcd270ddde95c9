// Verifies received webhooks as a customer would. Reads a list of cases from standard input:
//   {"by": "standardwebhooks" | "svix" | "v1a", "secret": what the customer has, "headers": {...}, "body": base64, "now": Unix seconds}
// and prints a list of as many sentences, "verified" or why not.
import { createPublicKey, verify } from "node:crypto";
import { text } from "node:stream/consumers";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

const libraries = { standardwebhooks: StandardWebhook, svix: SvixWebhook };

// The libraries know v1 only; v1a is verified with what Node brings along. An ed25519 key in SPKI (RFC 8410) begins so.
const spki = Buffer.from("302a300506032b6570032100", "hex");

function verifyV1a({ secret, headers, body }) {
  const key = createPublicKey({
    key: Buffer.concat([spki, Buffer.from(secret.slice("whpk_".length), "base64")]),
    format: "der",
    type: "spki",
  });
  const signed = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`), body]);
  const signatures = headers["webhook-signature"].split(" ").filter((one) => one.startsWith("v1a,"));
  if (!signatures.some((one) => verify(null, signed, key, Buffer.from(one.slice("v1a,".length), "base64")))) {
    throw new Error("No matching signature found");
  }
}

const answers = JSON.parse(await text(process.stdin)).map(({ body, now, ...received }) => {
  const one = { ...received, body: Buffer.from(body, "base64") };
  Date.now = () => now * 1000;
  try {
    if (one.by === "v1a") {
      verifyV1a(one);
    } else {
      new libraries[one.by](one.secret).verify(one.body, one.headers);
    }
    return "verified";
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(answers));
