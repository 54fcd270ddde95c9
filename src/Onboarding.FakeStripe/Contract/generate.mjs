// Writes stripe-contract.json: JSON Schemas of the part of Stripe's API that is used here, made from the type files of
// Stripe's own npm package, whose version of the API is the one that Stripe.net pins. Shapes only.
// `node generate.mjs` writes the file; `node generate.mjs --check` fails when it would write another one.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "node_modules/stripe/esm");
const resources = join(root, "resources");
const target = join(here, "stripe-contract.json");

// method, path, [file, parameters], [file, answer]; a list answers with pages of it.
const operations = [
  ["POST", "/v1/customers", ["Customers", "CustomerCreateParams"], ["Customers", "Customer"]],
  ["GET", "/v1/customers", ["Customers", "CustomerListParams"], ["Customers", "Customer"], "list"],
  ["GET", "/v1/customers/{id}", ["Customers", "CustomerRetrieveParams"], ["Customers", "Customer", "DeletedCustomer"]],
  ["POST", "/v1/customers/{id}", ["Customers", "CustomerUpdateParams"], ["Customers", "Customer"]],
  ["DELETE", "/v1/customers/{id}", ["Customers", "CustomerDeleteParams"], ["Customers", "DeletedCustomer"]],
  ["GET", "/v1/subscriptions", ["Subscriptions", "SubscriptionListParams"], ["Subscriptions", "Subscription"], "list"],
  ["GET", "/v1/subscriptions/{id}", ["Subscriptions", "SubscriptionRetrieveParams"], ["Subscriptions", "Subscription"]],
  ["POST", "/v1/subscriptions/{id}", ["Subscriptions", "SubscriptionUpdateParams"], ["Subscriptions", "Subscription"]],
  ["DELETE", "/v1/subscriptions/{id}", ["Subscriptions", "SubscriptionCancelParams"], ["Subscriptions", "Subscription"]],
  ["POST", "/v1/checkout/sessions", ["Checkout/Sessions", "Checkout.SessionCreateParams"], ["Checkout/Sessions", "Session"]],
  ["GET", "/v1/checkout/sessions", ["Checkout/Sessions", "Checkout.SessionListParams"], ["Checkout/Sessions", "Session"], "list"],
  ["GET", "/v1/checkout/sessions/{id}", ["Checkout/Sessions", "Checkout.SessionRetrieveParams"], ["Checkout/Sessions", "Session"]],
  ["POST", "/v1/checkout/sessions/{id}/expire", ["Checkout/Sessions", "Checkout.SessionExpireParams"], ["Checkout/Sessions", "Session"]],
  ["POST", "/v1/billing_portal/sessions", ["BillingPortal/Sessions", "BillingPortal.SessionCreateParams"], ["BillingPortal/Sessions", "Session"]],
  ["GET", "/v1/invoices", ["Invoices", "InvoiceListParams"], ["Invoices", "Invoice"], "list"],
  ["GET", "/v1/invoices/{id}", ["Invoices", "InvoiceRetrieveParams"], ["Invoices", "Invoice"]],
  ["POST", "/v1/invoices/create_preview", ["Invoices", "InvoiceCreatePreviewParams"], ["Invoices", "Invoice"]],
  ["GET", "/v1/events", ["Events", "EventListParams"], ["Events", "EventBase"], "list"],
  ["GET", "/v1/events/{id}", ["Events", "EventRetrieveParams"], ["Events", "EventBase"]],
  ["GET", "/v1/prices", ["Prices", "PriceListParams"], ["Prices", "Price"], "list"],
  ["GET", "/v1/prices/{id}", ["Prices", "PriceRetrieveParams"], ["Prices", "Price"]],
  ["GET", "/v1/products/{id}", ["Products", "ProductRetrieveParams"], ["Products", "Product"]],
];

// What stands where an id can stand too is followed for these only: nothing else is ever asked to be expanded.
const expanded = new Set(["Customer", "DeletedCustomer", "Subscription", "Invoice", "Price", "Product", "DeletedProduct"]);
const eventGroups = /^(customer|invoice|invoice_payment|invoiceitem|checkout\.session)\./;

const program = ts.createProgram(
  [join(root, "stripe.esm.node.d.ts"), ...new Set(operations.flatMap(([, , p, a]) => [p[0], a[0]]).map((file) => join(resources, `${file}.d.ts`)))],
  { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true, skipLibCheck: true, types: [] },
);
const checker = program.getTypeChecker();
const definitions = {};

function exported(file, name) {
  const source = program.getSourceFile(join(resources, `${file}.d.ts`));
  const symbol = name.split(".").reduce((within, part) => within && checker.getExportsOfModule(within).find((one) => one.name === part), checker.getSymbolAtLocation(source));
  if (!symbol) throw new Error(`${file} exports no ${name}`);
  return checker.getDeclaredTypeOfSymbol(symbol);
}

function nameOf(type) {
  const symbol = type.aliasSymbol ?? type.symbol;
  const declaration = symbol?.declarations?.[0];
  if (!declaration || symbol.name.startsWith("__")) return null;
  const file = relative(root, declaration.getSourceFile().fileName).replace(/\.d\.ts$/, "").replace(/^resources\//, "");
  const qualified = checker.getFullyQualifiedName(symbol).replace(/^".*?"\./, "");
  const of = (type.aliasTypeArguments ?? checker.getTypeArguments(type) ?? []).map((argument) => nameOf(argument) ?? "?").join(",");
  return `${file}:${qualified}${of ? `<${of}>` : ""}`;
}

const flag = (type, wanted) => (type.flags & wanted) !== 0;
const isOther = (type) => type.isIntersection() && type.types.some((part) => flag(part, ts.TypeFlags.String));
const isRecordLike = (type) => flag(type, ts.TypeFlags.Object);

function union(type) {
  let parts = type.types.filter((part) => !flag(part, ts.TypeFlags.Undefined));
  const literals = parts.filter((part) => part.isStringLiteral());
  // "or any other string": for what is sent and answered here the known values are all there are.
  if (literals.length > 0) parts = parts.filter((part) => !isOther(part));
  const takesId = parts.some((part) => flag(part, ts.TypeFlags.String));
  if (takesId) parts = parts.filter((part) => !isRecordLike(part) || expanded.has((part.aliasSymbol ?? part.symbol)?.name) || checker.getIndexInfosOfType(part).length > 0 || checker.isArrayType(part));
  const schemas = [];
  if (literals.length > 0) schemas.push({ enum: literals.map((part) => part.value).sort() });
  if (parts.some((part) => flag(part, ts.TypeFlags.BooleanLiteral))) schemas.push(booleans(parts));
  for (const part of parts) {
    if (!part.isStringLiteral() && !flag(part, ts.TypeFlags.BooleanLiteral)) schemas.push(schemaOf(part));
  }
  const unique = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return unique.length === 1 ? unique[0] : { anyOf: unique };
}

function booleans(parts) {
  const values = parts.filter((part) => flag(part, ts.TypeFlags.BooleanLiteral)).map((part) => part.intrinsicName === "true");
  return values.length === 2 ? { type: "boolean" } : { enum: values };
}

function schemaOf(type) {
  if (type.isUnion()) return union(type);
  if (isOther(type) || flag(type, ts.TypeFlags.String)) return { type: "string" };
  if (type.isStringLiteral() || type.isNumberLiteral()) return { enum: [type.value] };
  if (flag(type, ts.TypeFlags.Number)) return { type: "number" };
  if (flag(type, ts.TypeFlags.BooleanLiteral)) return { enum: [type.intrinsicName === "true"] };
  if (flag(type, ts.TypeFlags.Boolean)) return { type: "boolean" };
  if (flag(type, ts.TypeFlags.Null)) return { type: "null" };
  if (flag(type, ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return {};
  if (checker.isArrayType(type)) return { type: "array", items: schemaOf(checker.getTypeArguments(type)[0]) };
  const name = nameOf(type);
  // On the wire a decimal number is text, so that nothing rounds it.
  if (name?.startsWith("Decimal:")) return { type: "string" };
  if (name === null) return objectOf(type);
  if (!(name in definitions)) {
    definitions[name] = {};
    definitions[name] = objectOf(type);
  }
  return { $ref: name };
}

// TypeScript has one type of number; Stripe counts, dates and prices in whole ones, and only these are not.
const fractional = /percent|^(latitude|longitude|rate|exchange_rate|height|length|weight|width)$/;

function whole(schema) {
  if (schema.type === "number") return { type: "integer" };
  return schema.anyOf ? { anyOf: schema.anyOf.map(whole) } : schema;
}

function objectOf(type) {
  const index = checker.getIndexInfosOfType(type)[0];
  if (index) return { type: "object", values: schemaOf(index.type) };
  const properties = {};
  const required = [];
  for (const property of checker.getPropertiesOfType(type).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (property.name === "lastResponse") continue;
    // What changed, of whatever it is: any of its members with any value.
    const schema = property.name === "previous_attributes" ? { type: "object", values: {} } : schemaOf(checker.getTypeOfSymbol(property));
    properties[property.name] = fractional.test(property.name) ? schema : whole(schema);
    if (!(property.flags & ts.SymbolFlags.Optional)) required.push(property.name);
  }
  return { type: "object", properties, required };
}

function answer([file, ...types], kind) {
  const schemas = types.map((type) => schemaOf(exported(file, type)));
  const one = schemas.length === 1 ? schemas[0] : { anyOf: schemas };
  return kind !== "list" ? one : {
    type: "object",
    properties: { object: { enum: ["list"] }, data: { type: "array", items: one }, has_more: { type: "boolean" }, url: { type: "string" } },
    required: ["object", "data", "has_more", "url"],
  };
}

const described = operations.map(([method, path, [file, parameters], answers, kind]) => ({
  method, path, [method === "GET" || method === "DELETE" ? "query" : "form"]: schemaOf(exported(file, parameters)), response: answer(answers, kind),
}));

const events = {};
for (const event of exported("Events", "Event").types) {
  const type = checker.getTypeOfSymbol(event.getProperty("type")).value;
  if (eventGroups.test(type)) events[type] = schemaOf(event);
}

// What an event tells of depends on its type: CheckEvent knows that by "events".
for (const [name, definition] of Object.entries(definitions)) {
  if (name === "Events:Event.Data") definition.properties.object = { type: "object", values: {} };
}

const version = readFileSync(join(root, "apiVersion.d.ts"), "utf8").match(/ApiVersion[^"']*["']([^"']+)["']/)[1];
const sorted = (map) => Object.keys(map).sort().map((key) => `    ${JSON.stringify(key)}: ${JSON.stringify(map[key])}`).join(",\n");
const text = `{
  "api_version": ${JSON.stringify(version)},
  "operations": [
${described.map((operation) => `    ${JSON.stringify(operation)}`).join(",\n")}
  ],
  "events": {
${sorted(events)}
  },
  "$defs": {
${sorted(definitions)}
  }
}
`;

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error("stripe-contract.json is not what generate.mjs makes: run it, and look at the difference.");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
