// What a customer's program does with a client generated from the document: signs in, and reads who waits.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

type Waiting = components["schemas"]["DashboardMember"];

const [baseUrl = "", organization = "", username = "", password = ""] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl, headers: { "X-Tenant": organization } });

const { data: tokens, error: refusal } = await api.POST("/login", { body: { username, password } });
if (refusal) {
  throw new Error(refusal.code);
}
if ("mfa_required" in tokens) {
  throw new Error(`a second factor is needed: ${tokens.methods.join(" or ")}`);
}

const { data: page, error } = await api.GET("/admin-dashboard", {
  params: { query: { status: "pending_approval", sort: "oldest", limit: 100 } },
  headers: { Authorization: `Bearer ${tokens.access}` },
});
if (error) {
  throw new Error(error.code);
}

const describe = (person: Waiting): string => `${person.username} ${person.status} ${person.mail ?? "no mail"}`;
console.log(page.data.map(describe).join("\n"));
